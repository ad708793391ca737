// Vocabularies: a text as the ids of its characters, words or bytes, and back.
//
// `data` is what Python packed. Python counts code points, and so do the
// iterators over strings here; indices into strings are UTF-16 units.

class Vocabulary {
  static of(data) {
    const kinds = {character: CharacterVocabulary, word: WordVocabulary, byte: ByteVocabulary};
    return new kinds[data.unit](data);
  }

  constructor(data) {
    this.unit = data.unit;
    this.units = data.vocabulary;     // the text of each id; null for bytes
    this.standIn = data.stand_in;     // the id of U+FFFD: read, but never written
    this.boundary = data.boundary;    // the id between documents, before which the state is reset
    this.documents = data.documents;  // how a text is divided into them
    this.form = {newline: data.newline, normalize: data.normalize, lineEnd: data.line_end};
    this.respellings = new Map(data.respellings);
  }

  // The ids of a text that the network reads as a prompt: at least one.
  promptIds(text) {
    if (this.boundary !== null) return [this.boundary, ...this.encode(text)];
    return this.encode(text || this.newLine());
  }

  // What is read instead of an empty prompt.
  newLine() {
    return this.alphabet.has("\n") ? "\n" : this.alphabet.keys().next().value;
  }

  // The ids of a whole text, with a boundary around each of its documents.
  documentIds(text) {
    if (this.boundary === null) return this.encode(text);
    const documents = documentsIn(text, this.documents).map(document => this.encode(document));
    return [this.boundary, ...documents.flatMap(ids => [...ids, this.boundary])];
  }

  // How many characters an id counts as.
  lengthOf(id) {
    return id === this.boundary ? 1 : this.charactersOf(id);
  }

  // The length of the part whose ids do not depend on what comes next.
  settledLength(text) {
    return text.length;
  }

  // The ids, except the stand-in, of the words that begin with a text.
  beginningWith() {
    return [];
  }

  // A text in the line ends, the normal form and the characters of the model:
  // {text, changes}, with what was replaced: {character, count, readAs}. What
  // is unknown and resembles nothing known is left out: it is read as "".
  respelled(text) {
    text = this.normalized(text);
    const counts = new Map();
    let last = "";
    const known = Array.from(text, character => {
      const before = last;
      last = character;
      if (this.knows(character)) return character;
      counts.set(character, (counts.get(character) || 0) + 1);
      return this.nearest(character, before);
    });
    const changes = [...counts].map(([character, count]) =>
      ({character, count, readAs: this.nearest(character, "")}));
    return {text: known.join(""), changes};
  }

  // The same for a whole text: {ids, changes}. Line ends that separate documents
  // need not be among the characters of the model.
  respelledIds(text) {
    if (this.boundary === null) {
      const {text: known, changes} = this.respelled(text);
      return {ids: this.encode(known), changes};
    }
    const found = documentsIn(text.replace(/\r\n?/g, "\n"), this.documents)
      .map(document => this.respelled(document));
    const changes = new Map();
    for (const change of found.flatMap(({changes}) => changes)) {
      const count = changes.get(change.character)?.count || 0;
      changes.set(change.character, {...change, count: count + change.count});
    }
    const ids = found.flatMap(({text: known}) => [...this.encode(known), this.boundary]);
    return {ids: [this.boundary, ...ids], changes: [...changes.values()]};
  }

  normalized(text) {
    const {newline, normalize, lineEnd} = this.form;
    // A browser's text field has no carriage returns.
    text = text.replace(/\r\n?/g, "\n");
    if (newline === "keep" && lineEnd) text = text.replaceAll("\n", lineEnd);
    if (normalize) return text.normalize(normalize);
    return [...text].every(character => this.knows(character)) ? text : text.normalize("NFC");
  }

  knows(character) {
    return this.alphabet.has(character);
  }

  nearest(character, before) {
    const opens = character === '"' && /^[\s(\[{<—–-]?$/u.test(before);
    return this.respellings.get(opens ? OPENING_QUOTE : character) ?? "";
  }
}

const OPENING_QUOTE = 'opening "';

class CharacterVocabulary extends Vocabulary {
  constructor(data) {
    super(data);
    this.alphabet = new Map(this.units.map((character, id) => [character, id]));
  }

  encode(text) {
    return Array.from(text, character => {
      const id = this.alphabet.get(character);
      if (id === undefined) throw new Error(`The model does not know ${nameOfUnknown(character)}.`);
      return id;
    });
  }

  // A function that decodes one id after another.
  decoder() {
    return id => id === this.boundary ? "" : this.units[id];
  }

  charactersOf() {
    return 1;
  }
}

// Frequent words, each with the space before it, and every single character:
// what is no frequent word is spelled out.
class WordVocabulary extends Vocabulary {
  constructor(data) {
    super(data);
    this.ids = new Map(this.units.map((word, id) => [word, id]));
    this.alphabet = new Map([...this.ids].filter(([word]) => [...word].length === 1));
    this.cuts = new RegExp(data.cuts, "gu");
    this.continuations = data.continuations;  // one of each kind that may lengthen a cut
  }

  encode(text) {
    return (text.match(this.cuts) || []).flatMap(word => {
      const id = this.ids.get(word);
      return id === undefined ? this.spelled(word) : [id];
    });
  }

  spelled(word) {
    return Array.from(word, character => {
      const id = this.alphabet.get(character);
      if (id === undefined) throw new Error(`The model does not know ${nameOfUnknown(character)}.`);
      return id;
    });
  }

  decoder() {
    return id => id === this.boundary ? "" : this.units[id];
  }

  charactersOf(id) {
    return [...this.units[id]].length;
  }

  beginningWith(text) {
    return [...this.units.keys()].filter(id => id !== this.standIn && this.units[id].startsWith(text));
  }

  // The last place where the text is cut whatever comes next: one where it is
  // cut before each of these continuations.
  settledLength(text) {
    const start = this.spaceNear(text);
    const rest = text.slice(start);
    const borders = this.continuations.map(next => this.borders(rest + next));
    const common = [...borders[0]].filter(place =>
      place <= rest.length && borders.every(found => found.has(place)));
    return start + common.at(-1);  // they are in order
  }

  borders(text) {
    const ends = new Set([0]);
    for (const found of text.matchAll(this.cuts)) ends.add(found.index + found[0].length);
    return ends;
  }

  // White space ends any cut: only the end of a long text needs to be cut.
  spaceNear(text) {
    for (let end = text.length - LONGEST_CUT; end > 0; end--) {
      if (text[end] === " " && /[\p{L}\p{N}\p{P}]/u.test(text[end - 1])) return end;
    }
    return 0;
  }
}

const LONGEST_CUT = 1 << 13;  // characters

// The bytes of UTF-8. A byte that is not UTF-8 is one character in a string,
// from U+DC80 to U+DCFF, half of a surrogate pair, as in Python.
class ByteVocabulary extends Vocabulary {
  constructor(data) {
    super(data);
    this.alphabet = new Map([["\n", 10]]);
  }

  knows() {
    return true;
  }

  encode(text) {
    return Array.from(text).flatMap(character => {
      const code = character.codePointAt(0);
      if (code >= 0xDC80 && code <= 0xDCFF) return [code & 0xFF];
      return [...new TextEncoder().encode(character)];
    });
  }

  // A character of several bytes is returned with the last of them.
  decoder() {
    const pending = [];
    return byte => {
      if (byte === this.boundary) return "";
      pending.push(byte);
      let text = "";
      while (pending.length) {
        const size = sizeOfCharacter(pending);
        if (size > pending.length) break;
        const bytes = pending.splice(0, Math.max(1, size));
        text += size ? new TextDecoder("utf-8", {ignoreBOM: true}).decode(Uint8Array.from(bytes))
          : String.fromCharCode(0xDC00 + bytes[0]);
      }
      return text;
    };
  }

  charactersOf(byte) {
    return Number(byte < 0x80 || byte >= 0xC0);
  }
}

// How many bytes the character has that begins with these; 0 if they begin none.
function sizeOfCharacter([first, second, ...others]) {
  if (first < 0x80) return 1;
  const size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  // The second byte rules out overlong forms, surrogates, and what is beyond U+10FFFF.
  const least = {0xE0: 0xA0, 0xF0: 0x90}[first] ?? 0x80;
  const most = {0xED: 0x9F, 0xF4: 0x8F}[first] ?? 0xBF;
  const fits = second === undefined || (second >= least && second <= most);
  return fits && others.slice(0, size - 2).every(byte => byte >= 0x80 && byte < 0xC0) ? size : 0;
}

// The documents of a text: "files", "lines", or separated by another string.
function documentsIn(text, by) {
  if (by === "files") return text.trim() ? [text] : [];
  const parts = by === "lines" ? text.split(/\r\n|\r|\n/)
    : text.split(by).map(part => part.replace(/^[\r\n]+|[\r\n]+$/g, ""));
  return parts.filter(part => part.trim());
}

// A character so that a reader can find it, and bytes that are no UTF-8.
const nameOfUnknown = character =>
  `“${character}” (U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")})`;
const shown = text => text.replace(/[\uDC80-\uDCFF]/gu, c => "\\x" + (c.codePointAt(0) & 0xFF).toString(16));
