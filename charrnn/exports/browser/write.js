// Write: one text field holds the prompt and what the model writes after it.
//
// The engine has read the text up to some place, and `current` is the field's
// text then. If the user changes it, or puts the cursor elsewhere, the engine
// reads the text before the cursor as a new prompt.

const MILLISECONDS_AFTER_TYPING = 400;

class Writing {
  constructor() {
    this.field = byId("written");
    this.pieces = [];      // of the text, up to where the engine is
    this.isWriting = false;
    this.current = null;   // null: the engine has read no text yet
    this.sample = null;    // {seed}: what Write goes on with
    this.earlier = [];     // texts before each Write, for Undo
    this.listen();
    model.ready.then(facts => this.begin(facts), () => {});
  }

  listen() {
    byId("start").addEventListener("click", () => this.start());
    byId("pause").addEventListener("click", () => this.pause());
    byId("again").addEventListener("click", () => this.undo());
    byId("copy").addEventListener("click", () => this.copy());
    byId("download").addEventListener("click", () => this.download());
    byId("settings").addEventListener("input", () => this.change());
    byId("settings").addEventListener("submit", event => event.preventDefault());
    this.field.addEventListener("keydown", event => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.start();
    });
    this.field.addEventListener("input", () => model.tell("edited"));
    for (const type of ["input", "keyup", "pointerup"]) {
      this.field.addEventListener(type, () => this.previewSoon());
    }
    model.addEventListener("started", ({detail}) => { this.pieces = detail.pieces; });
    model.addEventListener("wrote", ({detail}) => this.append(detail));
    model.addEventListener("progress", ({detail}) => this.tellProgress(detail));
    this.showWriting(false);
  }

  async begin(facts) {
    byId("length").value ||= facts.length;
    this.change();
    await this.preview();
  }

  // Writes from the cursor on.
  async start() {
    if (this.isWriting || !model.facts) return;
    this.say("");
    this.setWriting(true);
    try {
      await this.write();
    } catch (error) {
      this.say("", error.message);
    }
    this.setWriting(false);
  }

  async write() {
    const settings = this.settings(), length = readLength(model.facts), seed = readSeed();
    this.earlier.push(this.field.value);
    const goesOn = this.goesOnWith(seed);
    if (!goesOn) {
      await this.readPrompt(settings);
      this.sample = {seed: seed ?? newSeed()};
    }
    if (this.isPausing) return this.say("Paused before anything was written.");
    this.say("Writing\u2026");
    const done = await model.ask("write", {length, settings: {...settings, seed: this.sample.seed}, goesOn});
    await this.end(done, settings);
  }

  // Whether Write goes on as if it had not stopped.
  goesOnWith(seed) {
    return this.sample !== null && !this.isEdited() && (seed === null || seed === this.sample.seed);
  }

  // The text before the cursor becomes the prompt; what follows it goes.
  async readPrompt(settings) {
    if (this.begun !== undefined && !this.isEdited()) this.field.value = this.begun;
    const {text} = await this.read(settings);
    this.begun = undefined;
    this.setText(text);
  }

  // The engine reads the text before the cursor.
  async read(settings) {
    const before = this.beforeCursor();
    const detail = await model.ask("start", {text: before, settings});
    this.sample = null;
    this.current = before;
    this.notes = changesInWords(detail.changes);
    return detail;
  }

  async end({reason, count}, settings) {
    const said = endingInWords(reason, count, model.facts);
    const seed = this.sample.seed;
    this.say([this.notes, said, `Seed ${seed}.`].filter(Boolean).join(" "));
    this.notes = "";
    model.tell("paused", {reason, written: count});
    if (reason === "end") {  // Write begins another document from the same prompt
      this.begun = this.earlier.at(-1);
      this.sample = null;
    } else if (reason.startsWith("stop")) {
      await this.read(settings);  // what the engine drew beyond the text goes
    }
  }

  pause() {
    this.isPausing = true;
    return model.ask("pause").then(() => this.done);
  }

  // Adds what was written; a stop string may cut what was there before.
  append({pieces, text, cut}) {
    const {field} = this, isAtEnd = field.scrollTop + field.clientHeight >= field.scrollHeight - 40;
    const end = field.value.length;
    if (cut) this.cut(cut);
    this.pieces.push(...pieces);
    field.setRangeText(text, field.value.length, field.value.length, field.selectionEnd >= end ? "end" : "preserve");
    this.current = field.value;
    if (isAtEnd) field.scrollTop = field.scrollHeight;
  }

  cut(characters) {
    const text = this.pieces.join(""), rest = text.slice(0, text.length - characters);
    while (this.pieces.join("").length > rest.length) this.pieces.pop();
    this.field.value = this.field.value.slice(0, -characters);
  }

  // Writes a choice instead of drawing one.
  async take(name) {
    if (this.isWriting) await this.pause();
    try {
      const settings = this.settings();
      this.earlier.push(this.field.value);
      if (this.isEdited()) await this.readPrompt(settings);
      else this.setText(this.field.value);
      await model.ask("take", {name, settings});
      this.say("");
    } catch (error) {
      this.say("", error.message);
    }
    this.showWriting(false);
  }

  settings() {
    return readSettings(model.facts);
  }

  // A changed setting counts at once, for what is being written and for the choices.
  async change() {
    byId("temperature-value").value = byId("temperature").value;
    if (!model.facts) return;
    try {
      const settings = this.settings();
      this.say(byId("status").textContent);  // now: later it might clear what Write says meanwhile
      await model.ask("settings", {settings});
      if (!this.isWriting && this.current !== null && this.begun === undefined) choices.show(await model.ask("choices", {settings}));
    } catch (error) {
      this.say("", error.message);
    }
  }

  // Who taps into the text, to scroll it, may not know that the cursor counts.
  showPlace() {
    const isAtEnd = this.beforeCursor() === this.field.value;
    byId("start").textContent = isAtEnd ? "Write" : "Write from the cursor";
  }

  // Shows what may come after the cursor, soon after the last key.
  previewSoon() {
    this.showPlace();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.preview(), MILLISECONDS_AFTER_TYPING);
  }

  async preview() {
    if (this.isWriting || !model.facts || this.current === this.beforeCursor()) return;
    try {
      await this.read(this.settings());
      this.say(this.notes);
    } catch (error) {
      this.say("", error.message);
    }
  }

  beforeCursor() {
    return this.field.value.slice(0, this.field.selectionEnd);
  }

  isEdited() {
    return this.current !== this.field.value || this.current !== this.beforeCursor();
  }

  setText(text) {
    this.field.value = text;
    this.current = this.field.value;
  }

  undo() {
    this.field.value = this.earlier.pop();
    this.begun = undefined;
    this.showWriting(false);
    this.say("");
    model.tell("edited");
    return this.preview();
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.field.value);
    } catch {  // where the page may not use the clipboard by itself
      this.field.select();
      document.execCommand("copy");
    }
    this.say("Copied.");
  }

  download() {
    const url = URL.createObjectURL(new Blob([bytesOf(this.field.value)], {type: "text/plain"}));
    const name = model.facts.name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "text";
    Object.assign(document.createElement("a"), {href: url, download: `${name}.txt`}).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  setWriting(isWriting) {
    if (isWriting) {
      this.isPausing = false;
      this.done = new Promise(resolve => { this.finish = resolve; });
    }
    this.isWriting = isWriting;
    this.field.readOnly = isWriting;
    this.showWriting(isWriting);
    if (isWriting) model.tell("writing");
    else this.finish();
  }

  showWriting(isWriting) {
    const hadFocus = [byId("start"), byId("pause")].includes(document.activeElement);
    byId("start").hidden = isWriting;
    byId("pause").hidden = !isWriting;
    if (hadFocus) byId(isWriting ? "pause" : "start").focus();
    this.showPlace();
    byId("again").disabled = isWriting || !this.earlier.length;
  }

  tellProgress({done, total}) {
    if (this.isWriting) byId("status").textContent = `Reading ${Math.floor(100 * done / total)} % of the text\u2026`;
  }

  say(status, problem = "") {
    byId("status").textContent = status;
    byId("problem").textContent = problem;
  }
}

function endingInWords(reason, count, {plural, unit}) {
  const many = `${count.toLocaleString("en")} ${count === 1 ? unit : plural}`;
  return {
    paused: `Paused after ${many}.`,
    length: `Wrote ${many}.`,
    stop: `Wrote ${many}, up to a text to stop before.`,
    stop_after: `Wrote ${many}, up to a text to stop after.`,
    end: `Wrote ${many}: the text has ended. Write begins another.`,
  }[reason];
}

// What the model read instead of the characters that it does not know.
function changesInWords(changes) {
  const told = changes.slice(0, 8).map(({character, readAs}) =>
    `${nameOf(character)} ${readAs ? `as ${nameOf(readAs)}` : "as nothing"}`);
  return told.length ? `The model does not know all characters: it reads ${told.join(", ")}.` : "";
}

// UTF-8, with the bytes of a model of bytes as they are.
function bytesOf(text) {
  const encoder = new TextEncoder();
  return Uint8Array.from(Array.from(text).flatMap(character => {
    const code = character.codePointAt(0);
    return code >= 0xDC80 && code <= 0xDCFF ? [code & 0xFF] : [...encoder.encode(character)];
  }));
}

const writing = new Writing();
