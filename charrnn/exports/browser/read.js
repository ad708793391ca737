// Read: a text of the user's own, coloured by how much it surprises the model.

const LEVELS = 8;
const BITS_PER_LEVEL = {character: 1, word: 2, byte: 1};
const CLEAR_LEVEL = 6;  // from which on N stops

// What the view of a reading needs, from the engine's answer.
function readingOf({pieces, nats, scored, lengths, expected}, {unit}) {
  const step = BITS_PER_LEVEL[unit];
  return {
    pieces,
    piece: unit === "word" ? "word" : "character",
    step,
    clearly: step * CLEAR_LEVEL,
    bits: i => nats[i] / Math.LN2,
    characters: i => lengths[i],
    isScored: i => scored[i] === 1,
    own: i => unit === "byte" ? firstByte(pieces[i]) : pieces[i],
    alternatives: i => expected[i].map(([name, probability]) => ({name, probability})),
  };
}

// The first byte of a character, as it is named among the alternatives.
function firstByte(piece) {
  if (piece <= "\x7F") return piece;
  return "\\x" + new TextEncoder().encode(piece)[0].toString(16);
}

class Reader {
  constructor() {
    this.view = new ReadingView(byId("read"));
    byId("start-reading").addEventListener("click", () => this.read());
    byId("stop-reading").addEventListener("click", () => model.ask("stop"));
    byId("read-written").addEventListener("click", () => {
      byId("to-read").value = byId("written").value;
      this.read();
    });
    model.addEventListener("progress", ({detail}) => this.tellProgress(detail));
    model.ready.then(facts => this.showLegend(facts));
  }

  showLegend({unit}) {
    const step = BITS_PER_LEVEL[unit];
    const cells = Array.from({length: LEVELS + 1}, (_, level) =>
      element("span", level ? "s" + level : "", level * step + (level === LEVELS ? " +" : "")));
    byId("surprise-legend").replaceChildren(...cells);
    byId("read").querySelector("th").textContent = unit === "byte" ? "first byte" : "expected";
  }

  async read() {
    this.say("Reading\u2026");
    this.setReading(true);
    try {
      this.show(await model.ask("read", {text: byId("to-read").value}));
    } catch (error) {
      this.say("", error.message);
    }
    this.setReading(false);
  }

  setReading(isReading) {
    this.isReading = isReading;
    const hadFocus = [byId("start-reading"), byId("stop-reading")].includes(document.activeElement);
    byId("start-reading").hidden = isReading;
    byId("stop-reading").hidden = !isReading;
    if (hadFocus) byId(isReading ? "stop-reading" : "start-reading").focus();
  }

  tellProgress({done, total}) {
    if (!this.isReading) return;
    const tenth = Math.floor(10 * done / total);
    if (tenth === this.tenth) return;  // a screen reader speaks each of them
    this.tenth = tenth;
    byId("read-status").textContent = `Read ${grouped(done)} of ${grouped(total)}\u2026`;
  }

  show(answer) {
    this.tellChanges(answer.changes);
    const count = answer.pieces.length;
    if (count < 2 || answer.bitsPerCharacter === null) {
      return this.say("", `Expected a text of at least two ${model.facts.plural}. Received ${count}.`);
    }
    byId("read-result").hidden = false;
    this.view.show(readingOf(answer, model.facts));
    this.view.close();
    const bits = answer.bitsPerCharacter.toFixed(2);
    this.say(`${bits} bits per character${answer.isWhole ? "" : " of what was read until it was stopped"}. ${this.meaning()}`);
  }

  // What the figure means, next to that of the model's own kind of text.
  meaning() {
    const usual = model.facts.bitsPerCharacter;
    return "The more, the more surprising" + (usual ? `; new text like its own has ${usual.toFixed(2)}.` : ".");
  }

  tellChanges(changes) {
    const told = changes.map(({character, count, readAs}) =>
      `${nameOf(character)} ${readAs ? `as ${nameOf(readAs)}` : "left out"}${count > 1 ? ` (${grouped(count)} times)` : ""}`);
    const listed = told.slice(0, 12).join(", ") + (told.length > 12 ? `, and ${told.length - 12} more` : "");
    byId("changes").textContent = told.length ? `The model does not know all characters. Read: ${listed}.` : "";
  }

  say(status, problem = "") {
    byId("read-status").textContent = status;
    byId("read-problem").textContent = problem;
    if (problem) byId("read-result").hidden = true;
    this.tenth = 0;
  }
}

const reader = new Reader();
