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
    this.pieces = [];
    this.spans = [];  // the elements of each piece, in a list
    this.row = null;  // the line that is being filled
    this.last = "";   // the last character
    this.box.replaceChildren();
  }

  // Adds the pieces of a list that are not shown yet.
  extend(pieces) {
    const rows = document.createDocumentFragment();
    for (let i = this.spans.length; i < pieces.length; i++) {
      this.spans.push([]);
      this.pieces.push(pieces[i]);
      let span = null;
      for (const character of pieces[i]) span = this.add(character, i, span, rows);
    }
    this.box.append(rows);
  }

  // Shows these pieces. Keeps those at the beginning that are shown already,
  // and returns how many they are.
  update(pieces) {
    let same = 0;
    while (same < this.pieces.length && this.pieces[same] === pieces[same]) same++;
    this.truncate(same);
    this.extend(pieces);
    return same;
  }

  truncate(count) {
    this.pieces.length = count;
    for (const span of this.spans.splice(count).flat()) {
      const row = span.parentNode;
      span.remove();
      if (!row.firstChild) row.remove();
    }
    this.row = this.box.lastElementChild;
    this.last = count ? this.pieces[count - 1].at(-1) : "";
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

  // Gives pieces the class that `classOf` tells now.
  recolour(from = 0, to = this.spans.length) {
    for (let i = from; i < to; i++) {
      const own = this.classOf(i);
      for (const span of this.spans[i]) span.className = [own, span.kind].filter(Boolean).join(" ");
    }
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
