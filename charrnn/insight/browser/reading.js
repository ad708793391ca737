// A text coloured by its surprise, and a panel with what was expected in place
// of the piece that is chosen. A reading has, for each piece of the text:
//
//   pieces           the text of each, in a list
//   bits(i)          its surprise; 0 for the first, which is context
//   characters(i)    the number of characters that it counts as
//   alternatives(i)  the likeliest units there: [{name, probability}, ...]
//   isScored(i)      whether anything comes before it
//   own(i)           its name among the alternatives
//
// and `piece`, what a piece is called; `step`, the bits of a level of colour;
// `clearly`, the bits from which on N stops at a piece.

const MAX_LEVEL = 8;  // of the colours

class ReadingView {
  // `root` gets the class "ready" when it is filled, "open" with a piece chosen.
  constructor(root) {
    this.root = root;
    this.text = new PieceText(byId("text"), i => this.classOf(i));
    const go = step => () => this.choose(this.chosen + step, true);
    this.text.listen((i, byKey) => this.choose(i, byKey), () => this.chosen, this.keys());
    byId("back").addEventListener("click", go(-1));
    byId("on").addEventListener("click", go(1));
    byId("next").addEventListener("click", () => this.nextSurprise());
    byId("close").addEventListener("click", () => this.close());
  }

  // Keys besides the arrows.
  keys() {
    const next = () => this.nextSurprise();
    return {n: next, N: next};
  }

  show(reading) {
    this.reading = reading;
    this.chosen = -1;  // the piece shown in the panel; -1 for none
    this.text.clear();
    this.text.extend(reading.pieces);
    this.running = this.runningMeans();
    this.root.classList.add("ready");
  }

  classOf(i) {
    const level = Math.min(MAX_LEVEL, Math.floor(this.reading.bits(i) / this.reading.step));
    return level > 0 && this.reading.isScored(i) ? "s" + level : "";
  }

  // Mean surprise up to each piece, in bits per character.
  runningMeans() {
    const {pieces, bits, characters, isScored} = this.reading;
    let total = 0, count = 0;
    return Float64Array.from(pieces, (_, i) => {
      total += bits(i);
      count += isScored(i) ? characters(i) : 0;
      return total / Math.max(1, count);
    });
  }

  // Shows a piece in the panel; `scroll` brings it into view.
  choose(i, scroll) {
    const {pieces, piece, isScored} = this.reading;
    if (i < 0 || i >= pieces.length) return;
    this.text.mark(this.chosen, false);
    this.text.mark(this.chosen = i, true);
    this.root.classList.add("open");
    if (scroll) this.bringIntoView(this.text.spans[i][0]);
    byId("table").hidden = !isScored(i);
    byId("what").textContent = "\u201C" + nameOf(pieces[i]) + "\u201D";
    if (isScored(i)) return this.tell(i);
    byId("how").textContent = "The first " + piece + ": nothing comes before it, so it is not scored.";
    byId("sofar").textContent = "";
  }

  bringIntoView(span) {
    const box = span.getBoundingClientRect(), panel = byId("panel").getBoundingClientRect();
    // At the window's foot the panel covers a part of the text.
    const bottom = panel.left > box.right ? innerHeight : panel.top;
    if (box.top < 0 || box.bottom > bottom) span.scrollIntoView({block: "center"});
  }

  // Fills the panel with what is known of a scored piece.
  tell(i) {
    const bits = this.reading.bits(i);
    byId("how").textContent = "probability " + percent(2 ** -bits) + ", surprise " + bits.toFixed(2) + " bits";
    byId("sofar").textContent = "up to here " + this.running[i].toFixed(2) + " bits per character";
    const own = this.reading.own(i);
    const rows = this.reading.alternatives(i).map(expected => rowOf(expected, own));
    byId("expected").replaceChildren(...rows);
  }

  close() {
    this.text.mark(this.chosen, false);
    this.chosen = -1;
    this.root.classList.remove("open");
  }

  nextSurprise() {
    const {pieces, bits, clearly, isScored} = this.reading;
    const here = Math.max(this.chosen, 0);
    for (let step = 1; step <= pieces.length; step++) {  // after the last, the first
      const i = (here + step) % pieces.length;
      if (isScored(i) && bits(i) >= clearly) return this.choose(i, true);
    }
  }
}

// A row of the table: a unit, its probability in figures and as a bar.
function rowOf({name, probability}, own) {
  const line = element("tr", name === own ? "own" : "");
  const figure = probability < 0.001 ? "< 0.1 %" : (100 * probability).toFixed(1) + " %";
  const bar = element("i"), cell = element("td");
  bar.style.width = 100 * probability + "%";
  cell.append(bar);
  line.append(element("td", "", nameOf(name)), element("td", "", figure), cell);
  return line;
}
