// A text whose pieces, characters or words, are elements of their own, so that
// each has a colour and can be chosen.

class PieceText {
  // `box` is the element to fill; `classOf(i)` the class of piece number i.
  constructor(box, classOf) {
    this.box = box;
    this.classOf = classOf;
    this.clear();
  }

  clear() {
    this.spans = [];  // the elements of each piece, in a list
    this.row = null;  // the line that is being filled
    this.last = "";   // the last character
    this.fragment = document.createDocumentFragment();
    this.box.replaceChildren();
  }

  // Adds the pieces of a list that are not shown yet.
  extend(pieces) {
    const rows = document.createDocumentFragment();
    for (let i = this.spans.length; i < pieces.length; i++) {
      this.spans.push([]);
      let span = null;
      for (const character of pieces[i]) span = this.add(character, i, span, rows);
    }
    this.box.append(rows);
  }

  // Adds a character of piece i to its last element, or to a new one.
  add(character, i, span, rows) {
    // A row ends with LF, CR or CRLF.
    const ended = this.last === "\n" || (this.last === "\r" && character !== "\n");
    if (!this.row || ended) {
      rows.append(this.row = element("div", "row"));
      span = null;
    }
    const kind = character === "\n" ? "end" : isSign(character) ? "sign" : "";
    if (!span || kind || span.kind) {
      span = element("span", [this.classOf(i), kind].filter(Boolean).join(" "));
      this.spans[i].push(Object.assign(span, {kind, index: i}));
      this.row.append(span);
    }
    span.textContent += character;
    this.last = character;
    return span;
  }

  // Gives every piece the class that `classOf` tells now.
  recolour() {
    this.spans.forEach((spans, i) => {
      const own = this.classOf(i);
      for (const span of spans) span.className = [own, span.kind].filter(Boolean).join(" ");
    });
  }

  mark(i, isChosen) {
    for (const span of this.spans[i] || []) span.classList.toggle("chosen", isChosen);
  }

  // The piece that is nearest to piece i one line up (-1) or down (1), as lines
  // stand on the screen, where a long line of the text is broken into several.
  // -1 if there is none.
  lineAway(i, direction) {
    const here = this.spans[i][0].getBoundingClientRect();
    let best = -1, distance = Infinity, line = null;
    for (let j = i + direction; j >= 0 && j < this.spans.length; j += direction) {
      if (!this.spans[j].length) continue;
      const box = this.spans[j][0].getBoundingClientRect();
      if (direction * (box.top - here.top) < here.height / 2) continue;
      if (line !== null && Math.abs(box.top - line) > here.height / 2) break;
      line = box.top;
      const away = Math.abs(box.left - here.left);
      if (away < distance) [distance, best] = [away, j];
    }
    return best;
  }

  // Calls `choose(i, byKey)` when a piece is pointed at, tapped, or reached by
  // an arrow key from `chosen()`; `others` are functions of other keys.
  listen(choose, chosen, others = {}) {
    // A finger sends no "pointerover" where it has been already, a mouse may.
    for (const type of ["pointerover", "pointerdown"]) {
      this.box.addEventListener(type, ({target}) => {
        if (target.index !== undefined) choose(target.index, false);
      });
    }
    const from = () => Math.max(chosen(), 0);
    const keys = {
      ArrowRight: () => choose(chosen() + 1, true),
      ArrowLeft: () => choose(chosen() - 1, true),
      ArrowDown: () => choose(this.lineAway(from(), 1), true),
      ArrowUp: () => choose(this.lineAway(from(), -1), true),
      Home: () => choose(0, true),
      End: () => choose(this.spans.length - 1, true),
      ...others,
    };
    this.box.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (!this.spans.length) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}
