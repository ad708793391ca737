// The session: answers the page's messages, in a worker or in the page itself.
//
// A message is {id, kind, ...}; `post` is called with {id, answer} or
// {id, error} for each, and with {event, detail} while it reads and writes.
// Long work is done in slices, between which other messages are received.

const CHOICES = 10;  // the likeliest ids that the page shows

class Session {
  constructor(post) {
    this.post = post;
    // Writing and reading go on side by side; in each, one message after another.
    this.jobs = {write: new Job(), read: new Job()};
  }

  receive({id, kind, ...data}) {
    const writing = {load: this.load, start: this.start, write: this.write, choices: this.choices, take: this.take};
    const reading = {read: this.readText, logits: this.logitsOf};
    const immediate = {
      unit: this.unit, state: this.stateNow, settings: this.changeSettings, pause: this.pause, stop: this.stop,
    };
    const answer = handler => handler.call(this, data);
    if (writing[kind]) this.jobs.write.add(() => answer(writing[kind]), this.answerTo(id));
    else if (reading[kind]) this.jobs.read.add(() => answer(reading[kind]), this.answerTo(id));
    else answerNow(() => answer(immediate[kind]), this.answerTo(id));
  }

  answerTo(id) {
    return answer => this.post({id, ...answer});
  }

  // Ends what is written, or what is read, at the next slice.
  pause() {
    this.jobs.write.isEnding = true;
  }

  // Changes the settings of what is being written.
  changeSettings({settings}) {
    checkFilters(settings);
    this.settings = settings;
  }

  stop() {
    this.jobs.read.isEnding = true;
  }

  // `text`: the JSON that Python packed.
  load({text}) {
    const {facts, vocabulary, network, weights} = JSON.parse(text);
    this.facts = facts;
    this.vocabulary = Vocabulary.of(vocabulary);
    this.network = new Network(network, decodeWeights(weights, network.arrays));
    this.sampler = new Sampler(this.network, this.vocabulary);
    return facts;
  }

  // Reads a text as the prompt.
  async start({text, settings}) {
    const {text: prompt, changes} = this.vocabulary.respelled(text);
    const {transcript} = this.sampler;
    const ids = this.sampler.promptIds(prompt);
    const isWhole = await this.slowly(this.jobs.write, ids, id => transcript.read(id));
    this.sampler.begin();
    this.numbers = null;
    this.isStale = !isWhole;
    this.draft = new Draft([]);
    const detail = {
      text: prompt, changes, rest: this.sampler.rest, pieces: transcript.pieces.slice(),
      ...this.where(settings),
    };
    this.post({event: "started", detail});
    return detail;
  }

  // Draws up to `length` ids; the answer says why it stopped. `goesOn`: with
  // the same random numbers as before.
  async write({length, settings, goesOn}) {
    this.checkIsCurrent();
    this.changeSettings({settings});
    this.prepare(settings, goesOn);
    let reason = null, count = 0;
    const clock = new Clock();
    while (!reason) {
      if (this.jobs.write.isEnding) reason = "paused";
      else if (count >= length) reason = "length";
      else {
        count += this.sampler.rest ? 0 : 1;  // to complete the prompt counts nothing
        reason = this.writeOnce(this.sampler.drawn(this.settings, this.numbers));
        if (await clock.waits(this.settings.perSecond)) this.tell();
      }
    }
    this.tellPieces(this.draft.release());
    this.isStale = ["stop", "stop_after", "end"].includes(reason);
    this.tell();
    return {reason, count, position: this.sampler.position};
  }

  prepare({seed, endings}, goesOn) {
    if (!goesOn || !this.numbers) this.numbers = new Uniforms(BigInt(seed));
    const key = JSON.stringify(endings);
    if (!goesOn || key !== this.draft.key) this.draft = Object.assign(new Draft(endings), {key});
    this.wrote = {pieces: [], text: "", cut: 0};
  }

  // Writes ids, and notes the pieces that no stop string can cut; returns the
  // reason to end, or null.
  writeOnce(ids) {
    const {texts, replaced, ended} = this.sampler.write(ids);
    const added = texts.join("").slice(replaced.length);
    if (replaced && !added) this.wrote.pieces.push(...texts);
    else if (replaced) {
      this.head = replaced;  // it is in the text already
      this.tellPieces(this.draft.add(added));
    } else texts.forEach(text => this.draft.reason || this.tellPieces(this.draft.add(text)));
    this.wrote.cut += this.draft.surplus || 0;
    return this.draft.reason || (ended ? "end" : null);
  }

  tellPieces(pieces) {
    for (const piece of pieces) {
      this.wrote.text += piece;
      this.wrote.pieces.push((this.head || "") + piece);
      this.head = "";
    }
  }

  // Posts what was written since the last time.
  tell() {
    this.post({event: "wrote", detail: {...this.wrote, ...this.where(this.settings)}});
    this.wrote = {pieces: [], text: "", cut: 0};
  }

  // The state, and what may come next: nothing after the end of a text.
  where(settings) {
    const choices = this.isStale ? [] : this.candidatesNow(settings);
    return {
      position: this.sampler.position,
      state: packedActivations(this.sampler.transcript.state),
      choices: choices.map(({name, probability, isEnd}) => ({name, probability, isEnd})),
    };
  }

  // The likeliest candidates; those with the same text are one.
  candidatesNow(settings) {
    const found = new Map();
    const all = this.sampler.candidates(settings).filter(({probability}) => probability > 0)
      .sort((a, b) => b.probability - a.probability).slice(0, 2 * CHOICES);
    for (const {ids, probability} of all) {
      const name = this.nameOf(ids), same = found.get(name);
      if (same) same.probability += probability;
      else found.set(name, {ids, name, probability, isEnd: ids[0] === this.vocabulary.boundary});
    }
    return [...found.values()].slice(0, CHOICES);
  }

  // A byte beyond ASCII is named as in a Python literal.
  nameOf(ids) {
    if (this.vocabulary.unit === "byte" && ids[0] >= 0x80 && ids[0] < 0x100) return "\\x" + ids[0].toString(16);
    const decode = this.vocabulary.decoder();
    return ids.map(id => decode(id)).join("");
  }

  choices({settings}) {
    this.checkIsCurrent();
    checkFilters(settings);
    return this.where(settings);
  }

  // Writes the choice with this name instead of drawing one.
  take({name, settings}) {
    this.checkIsCurrent();
    const chosen = this.candidatesNow(settings).find(choice => choice.name === name);
    if (!chosen) throw new Error("This choice is no longer among the likeliest.");
    this.wrote = {pieces: [], text: "", cut: 0};
    const reason = this.writeOnce(chosen.ids);
    this.tellPieces(this.draft.release());
    this.isStale = Boolean(reason);
    this.settings = settings;
    this.tell();
    return {reason};
  }

  checkIsCurrent() {
    if (this.isStale) throw new Error("The text has ended here. Start again from a text.");
  }

  unit({layer, unit, of}) {
    const {layers} = this.network;
    const before = layers.slice(0, layer).reduce((total, {units}) => total + units, 0);
    const transcript = of === "read" ? this.reading : this.sampler.transcript;
    return transcript ? transcript.unit(before + unit) : {values: new Int8Array(0), first: 0};
  }

  // What all units held after a piece of the text; after the last by default.
  stateNow({piece}) {
    const {activations, state} = this.sampler.transcript;
    return {state: piece === undefined ? packedActivations(state) : activations[piece] || null};
  }

  // Reads a text from the zero state: how likely each piece is, and what was
  // expected in its place. The first piece has nothing before it, except in a
  // model of documents, whose boundary comes first.
  async readText({text}) {
    const {ids, changes} = this.vocabulary.respelledIds(text);
    const reading = this.reading = new Transcript(this.network, this.vocabulary);
    const marks = new Marks(this.vocabulary, id => this.nameOf([id]));
    let logits = null;
    const isWhole = await this.slowly(this.jobs.read, ids, id => {
      marks.add(id, logits);
      const text = reading.read(id);
      marks.end(text);
      logits = this.network.logits(reading.state);
    });
    return {...marks.result(), changes, isWhole};
  }

  // Calls `step` with each id, in slices of time; returns whether all were read.
  async slowly(job, ids, step) {
    const clock = new Clock();
    for (const [done, id] of ids.entries()) {
      if (job.isEnding) return false;
      step(id);
      if (await clock.waits()) this.post({event: "progress", detail: {done: done + 1, total: ids.length}});
    }
    return true;
  }

  // For tests: the logits after each id of a text.
  logitsOf({text}) {
    const transcript = new Transcript(this.network, this.vocabulary);
    return this.vocabulary.documentIds(text).map(id => {
      transcript.read(id);
      return this.network.logits(transcript.state);
    });
  }
}

function answerNow(work, answer) {
  try {
    answer({answer: work()});
  } catch (error) {
    answer({error: error.message});
  }
}
