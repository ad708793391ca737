// A second way to look at a text that was read: the colours show what the
// prediction of the chosen piece depends on, and the panel lists the strongest.

const LISTED = 5;  // pieces in the panel

class ConnectionsView extends ReadingView {
  constructor(root) {
    super(root);
    this.connected = false;
    byId("by-surprise").addEventListener("click", () => this.turn(false));
    byId("by-connections").addEventListener("click", () => this.turn(true));
  }

  keys() {
    const other = () => this.turn(!this.connected);
    return {...super.keys(), c: other, C: other};
  }

  // `share(i, back)`: of the piece so far back in the prediction of piece i.
  show(reading, share, window) {
    this.share = share;
    this.window = window;
    super.show(reading);
  }

  // Colours by connections or, again, by surprise.
  turn(connected) {
    this.connected = connected;
    byId("by-surprise").setAttribute("aria-pressed", !connected);
    byId("by-connections").setAttribute("aria-pressed", connected);
    byId("legend").hidden = connected;
    byId("shares").hidden = !connected;
    this.text.recolour();
    // Something to see at once: the last piece, if none is chosen.
    const last = this.reading.pieces.length - 1;
    this.choose(this.chosen < 0 && connected ? last : this.chosen, false);
  }

  classOf(i) {
    if (!this.connected) return super.classOf(i);
    const back = this.chosen - i;
    if (back < 1 || back > this.window) return "";
    const level = Math.round(MAX_LEVEL * this.share(this.chosen, back) / this.largest);
    return level > 0 ? "s" + level : "";
  }

  choose(i, scroll) {
    if (i < 0 || i >= this.reading.pieces.length) return;
    const before = this.chosen;
    this.largest = Math.max(1e-9, ...this.sharesOf(i));
    super.choose(i, scroll);
    if (this.connected) this.recolourFor(before, i);
  }

  close() {
    const before = this.chosen;
    super.close();
    if (this.connected) this.recolourFor(before);
  }

  recolourFor(...places) {
    for (const i of places) this.text.recolour(Math.max(0, i - this.window), i + 1);
    this.text.mark(this.chosen, true);
  }

  // The shares of the pieces before piece i, the nearest first.
  sharesOf(i) {
    return Array.from({length: Math.min(i, this.window)}, (_, k) => this.share(i, k + 1));
  }

  tell(i) {
    super.tell(i);
    const {piece, pieces} = this.reading;
    const [what, how] = byId("table").tHead.rows[0].cells;
    this.heading ??= what.textContent;
    what.textContent = this.connected ? "depends on" : this.heading;
    how.textContent = this.connected ? "share" : "probability";
    if (!this.connected) return;
    const shares = this.sharesOf(i).map((share, k) => ({share, back: k + 1}));
    shares.sort((a, b) => b.share - a.share || a.back - b.back);
    const rows = shares.slice(0, LISTED).map(({share, back}) => {
      const row = rowOf({name: pieces[i - back], probability: share}, null);
      row.cells[0].append(element("span", "faint", " " + back + " back"));
      return row;
    });
    byId("expected").replaceChildren(...rows);
    byId("sofar").textContent = "shares of the gradient within " + this.window + " " + piece + "s";
  }
}

// The shares as `share(i, back)`, unpacked from bytes that zlib compressed.
async function unpackedShares({columns, steps_of_share: steps}, scored) {
  const bytes = Uint8Array.from(atob(columns), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const shares = new Uint8Array(await new Response(stream).arrayBuffer());
  return (i, back) => shares[(back - 1) * scored + i - 1] / steps;
}
