// Writing: read a prompt, draw, stop at a string.

const MAX_PROMPT = 16384;     // of a longer prompt only the last ids are read
const IDS_PER_CHECKPOINT = 64;  // a state is kept for every so many ids
const MAX_ACTIVATIONS = 20000;  // pieces whose activations are kept

// The text that the network has read and written so far, id by id. It can go
// back to an earlier place without reading everything before it again.
class Transcript {
  constructor(network, vocabulary) {
    Object.assign(this, {network, vocabulary});
    this.reset();
  }

  // `hasHiddenStart`: the first id stands for an empty prompt, and is no piece.
  reset(hasHiddenStart = false) {
    this.hasHiddenStart = hasHiddenStart;
    this.ids = [];
    this.pieces = [];       // the text of each id; the bytes of a character are one
    this.activations = [];  // of all units after each piece, packed
    this.checkpoints = [];
    this.state = this.network.zeroState();
    this.decode = this.vocabulary.decoder();
    this.keepCheckpoint(true);
  }

  // Reads one id; returns its text, empty for a byte within a character.
  read(id) {
    if (id === this.vocabulary.boundary) this.state = this.network.zeroState();
    this.network.read(id, this.state);
    this.ids.push(id);
    const text = this.decode(id);
    if (text && !(this.hasHiddenStart && this.ids.length === 1)) {
      this.pieces.push(text);
      this.activations.push(packedActivations(this.state));
      const dropped = this.activations.length - 1 - MAX_ACTIVATIONS;
      if (dropped >= 0) this.activations[dropped] = undefined;
    }
    this.keepCheckpoint(Boolean(text));
    return text;
  }

  // Within a character there is no checkpoint: the decoder has pending bytes.
  keepCheckpoint(isBetweenCharacters) {
    const last = this.checkpoints.at(-1);
    if (!isBetweenCharacters || (last && this.ids.length < last.ids + IDS_PER_CHECKPOINT)) return;
    this.checkpoints.push({
      ids: this.ids.length, pieces: this.pieces.length, state: copyState(this.state),
    });
  }

  // Goes back so that these ids begin with all that was read; returns the
  // ids that are still to be read.
  rewindFor(ids, hasHiddenStart) {
    let same = 0;
    while (same < ids.length && ids[same] === this.ids[same]) same++;
    if (same === 0 || hasHiddenStart !== this.hasHiddenStart) {
      this.reset(hasHiddenStart);
      return ids.slice(-MAX_PROMPT);
    }
    if (same < this.ids.length) this.rewind(same);
    return ids.slice(this.ids.length);
  }

  // Goes back to the last checkpoint up to a number of ids.
  rewind(most) {
    while (this.checkpoints.at(-1).ids > most) this.checkpoints.pop();
    const {ids, pieces, state} = this.checkpoints.at(-1);
    this.ids.length = ids;
    this.pieces.length = this.activations.length = pieces;
    this.state = copyState(state);
    this.decode = this.vocabulary.decoder();
  }

  // The activation of one unit after each piece that has one.
  unit(number) {
    const first = this.activations.findIndex(Boolean);
    const kept = first < 0 ? [] : this.activations.slice(first);
    return {values: Int8Array.from(kept, packed => packed[number]), first: Math.max(0, first)};
  }
}

// Writes with one seed: what comes next is determined by the prompt, the seed
// and the position, the number of ids drawn.
class Sampler {
  constructor(network, vocabulary) {
    Object.assign(this, {network, vocabulary, position: 0, rest: ""});
    this.transcript = new Transcript(network, vocabulary);
  }

  // Prepares to read a prompt; returns the ids to read before `begin`. If the
  // end of a prompt may be part of a longer word, it is not read: the whole
  // word is drawn from those that begin with it.
  promptIds(prompt) {
    const settled = this.vocabulary.settledLength(prompt);
    this.rest = prompt.slice(settled);
    this.vocabulary.encode(this.rest);  // raises if a character is unknown
    const read = prompt.slice(0, settled), hasHiddenStart = !read && this.vocabulary.boundary === null;
    return this.transcript.rewindFor(this.vocabulary.promptIds(read), hasHiddenStart);
  }

  // After the prompt: the next id drawn is the first.
  begin() {
    this.position = 0;
    this.look();
    const isEmptyDocument = this.transcript.ids.length === 1;
    if (isEmptyDocument) this.leaveOut(this.vocabulary.boundary);
  }

  // Computes the logits for the next id. The stand-in is never written.
  look() {
    this.logits = this.network.logits(this.transcript.state);
    this.leaveOut(this.vocabulary.standIn);
  }

  leaveOut(id) {
    if (id !== null) this.logits[id] = -Infinity;
  }

  // What may come next: [{ids, text, probability}], in the order in which the
  // random number chooses among them.
  candidates(filters) {
    if (this.rest) return this.completions(filters);
    return Array.from(probabilities(this.logits, filters), (probability, id) =>
      ({ids: [id], probability}));
  }

  // p(word | the prompt's settled part, the word begins with the rest). The rest
  // is also a candidate as it is cut, and spelled out.
  completions(filters) {
    const paths = this.paths();
    const first = surprises(this.network.logits(this.transcript.state));
    const nats = paths.map(path => first[path[0]] + this.surpriseOfLater(path));
    const p = probabilities(nats.map(x => -x), filters);
    return paths.map((ids, place) => ({ids, probability: p[place]}));
  }

  paths() {
    const words = this.vocabulary.beginningWith(this.rest).map(id => [id]);
    const asCut = this.vocabulary.encode(this.rest);
    const spelled = Array.from(this.rest).flatMap(c => this.vocabulary.encode(c));
    return distinct([...words, asCut, spelled]);
  }

  // The surprise of a path's ids after the first, in nats.
  surpriseOfLater(path) {
    const state = copyState(this.transcript.state);
    let nats = 0;
    for (let i = 1; i < path.length; i++) {
      this.network.read(path[i - 1], state);
      nats += surprises(this.network.logits(state))[path[i]];
    }
    return nats;
  }

  // Draws what comes next: ids.
  drawn(filters, numbers) {
    const number = numbers.at(this.position);
    if (!this.rest) return [draw(probabilities(this.logits, filters), number)];
    const candidates = this.completions(filters);
    return candidates[draw(candidates.map(c => c.probability), number)].ids;
  }

  // Writes ids; returns {texts, replaced, ended}: the text of each piece, how
  // much of it the prompt has already, and whether they end a document.
  write(ids) {
    const replaced = this.rest;
    const texts = ids.map(id => this.transcript.read(id)).filter(Boolean);
    this.rest = "";
    this.position++;
    this.look();
    return {texts, replaced, ended: ids[0] === this.vocabulary.boundary};
  }
}

function distinct(paths) {
  return [...new Map(paths.map(path => [path.join(), path])).values()];
}

// Text being drawn, of which a few pieces may yet be cut: a piece that may be
// the beginning of a stop string is kept back until the next ones decide.
//
// `endings`: [{string, kept}]; a string that is not kept is cut from the text.
class Draft {
  constructor(endings) {
    // Of two that end at the same character the longer one counts.
    this.endings = [...endings].sort((a, b) => b.string.length - a.string.length);
    this.longest = this.endings.length ? this.endings[0].string.length : 0;
    this.last = "";    // the last characters drawn, as many as the longest ending has
    this.pending = [];  // pieces not released
    this.reason = null;
  }

  // Adds a piece; returns the pieces that can no longer be cut.
  add(piece) {
    if (!this.endings.length) return [piece];
    this.pending.push(piece);
    for (const [place, character] of [...piece].entries()) {
      this.last = (this.last + character).slice(-this.longest);
      const ending = this.endings.find(({string}) => this.last.endsWith(string));
      if (ending) return this.end(ending, [...piece].slice(place + 1).join(""));
    }
    return this.releaseAllBut(this.charactersAtRisk());
  }

  // The pending pieces without the ending that is cut, and what comes after it.
  end({string, kept}, after) {
    this.reason = kept ? "stop_after" : "stop";
    const pieces = this.release();
    let surplus = after.length + (kept ? 0 : string.length);
    while (surplus && pieces.length) {
      const piece = pieces.pop();
      if (piece.length > surplus) pieces.push(piece.slice(0, piece.length - surplus));
      surplus -= Math.min(surplus, piece.length);
    }
    this.surplus = surplus;  // characters to cut that have been released
    return pieces;
  }

  release() {
    return this.pending.splice(0);
  }

  // Releases whole pieces as long as the last characters stay pending.
  releaseAllBut(characters) {
    let left = this.pending.join("").length - characters, count = 0;
    while (count < this.pending.length && this.pending[count].length <= left) {
      left -= this.pending[count++].length;
    }
    return this.pending.splice(0, count);
  }

  // How many of the last characters may begin a string that is cut.
  charactersAtRisk() {
    const sizes = this.endings.filter(({kept}) => !kept).flatMap(({string}) =>
      Array.from(string, (_, size) => size).filter(size => this.last.endsWith(string.slice(0, size))));
    return Math.max(0, ...sizes);
  }
}
