// What surprised the network in a text that it read, and what it expected.

const ALTERNATIVES = 5;  // the likeliest ids at each place

class Marks {
  constructor(vocabulary, nameOf) {
    Object.assign(this, {vocabulary, nameOf});
    this.found = {pieces: [], nats: [], scored: [], lengths: [], expected: []};
    this.begin();
  }

  begin() {
    this.piece = {nats: 0, length: 0, scored: 0, expected: null};
  }

  // `logits`: those for this id; null if nothing comes before it.
  add(id, logits) {
    this.isBoundary = id === this.vocabulary.boundary;
    this.piece.length += this.vocabulary.lengthOf(id);
    if (!logits) return;
    const nats = surprises(logits);
    this.piece.nats += nats[id];
    this.piece.scored = 1;
    this.piece.expected ??= this.likeliest(nats);  // in place of the first byte
  }

  likeliest(nats) {
    const ids = Array.from(nats.keys()).sort((a, b) => nats[a] - nats[b] || a - b);
    return ids.slice(0, ALTERNATIVES).map(id =>
      [id === this.vocabulary.boundary ? "\n" : this.nameOf(id), Math.exp(-nats[id])]);
  }

  // Ends a piece, if the id had a text; the boundary is shown as a line feed.
  end(text) {
    if (!text && !this.isBoundary) return;
    const {nats, length, scored, expected} = this.piece;
    this.begin();
    if (this.isBoundary && !scored) return;  // the one before the first document
    const values = {pieces: text || "\n", nats, scored, lengths: length, expected: expected || []};
    for (const [name, value] of Object.entries(values)) this.found[name].push(value);
  }

  result() {
    const {pieces, nats, scored, lengths, expected} = this.found;
    const characters = lengths.reduce((total, length, i) => total + scored[i] * length, 0);
    const bits = nats.reduce((total, x) => total + x, 0) / Math.LN2;
    return {
      pieces, expected, nats: Float32Array.from(nats), scored: Uint8Array.from(scored),
      lengths: Uint8Array.from(lengths), bitsPerCharacter: characters ? bits / characters : null,
    };
  }
}
