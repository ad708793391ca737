// Look inside: what each unit holds while the model writes, and the written
// text coloured by one of them.

const REDUCED_MOTION = matchMedia("(prefers-reduced-motion: reduce)");

class Inside {
  constructor(layers) {
    this.layers = layers;
    this.chosen = {layer: 0, unit: 0};
    this.place = -1;  // the piece whose state is shown; -1 for the last
    this.coloured = {by: null, count: 0};  // the pieces in the colours of a unit
    this.values = {values: new Int8Array(0), first: 0};
    this.text = new PieceText(byId("coloured"), i => this.classOf(i));
    this.text.listen((i, byKey) => this.choosePlace(i, byKey), () => this.place, {Escape: () => this.follow()});
    byId("coloured").addEventListener("pointerleave", ({pointerType}) => {
      if (pointerType === "mouse") this.follow();  // a finger leaves at once
    });
    this.strips = layers.map((layer, i) => this.stripOf(layer, i));
    this.connect();
    this.showUnit();
  }

  stripOf({cell, units}, i) {
    const label = `Layer ${i + 1}: ${cell}, ${grouped(units)} units`;
    const strip = new CellStrip(units, label, unit => this.chooseUnit(i, unit));
    byId("layers").append(element("h3", "", label), strip.canvas);
    return strip;
  }

  connect() {
    for (const event of ["started", "wrote"]) {
      model.addEventListener(event, ({detail}) => this.showWritten(event, detail));
    }
    for (const event of ["writing", "paused"]) {
      model.addEventListener(event, () => this.showWriting(event === "writing"));
    }
    document.addEventListener("tab", () => this.refresh());
    byId("inside-start").addEventListener("click", () => writing.start());
    byId("inside-pause").addEventListener("click", () => writing.pause());
    byId("slowly").addEventListener("change", ({target}) => {
      byId("speed").value = target.checked ? "5" : "";
      byId("speed").dispatchEvent(new Event("change", {bubbles: true}));
    });
    byId("unit-back").addEventListener("click", () => this.stepUnit(-1));
    byId("unit-on").addEventListener("click", () => this.stepUnit(1));
    byId("probe").append(...Object.keys(PROBES).map(name => element("option", "", name)));
    byId("find").addEventListener("click", () => this.find(byId("probe").value));
    new ResizeObserver(() => this.strips.forEach(strip => strip.resize())).observe(byId("layers"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      this.strips.forEach(strip => strip.draw()));
    this.showWriting(writing.isWriting);
  }

  get isShown() {
    return !byId("inside").hidden;
  }

  showWriting(isWriting) {
    const hadFocus = [byId("inside-start"), byId("inside-pause")].includes(document.activeElement);
    byId("inside-start").hidden = isWriting;
    byId("inside-pause").hidden = !isWriting;
    if (hadFocus) byId(isWriting ? "inside-pause" : "inside-start").focus();
    byId("slowly").checked = byId("speed").value !== "";
    if (this.place >= 0) this.follow();
    if (!isWriting) this.refresh();
  }

  // While it writes; with less motion, the cells change when it pauses.
  showWritten(event, {state}) {
    if (!this.isShown || (REDUCED_MOTION.matches && writing.isWriting)) return;
    if (this.place < 0) this.showState(state);
    this.refreshText();
  }

  async refresh() {
    if (!this.isShown) return;
    this.strips.forEach(strip => strip.resize());
    await this.refreshState();
    await this.refreshText();
  }

  async refreshState() {
    const piece = this.place < 0 ? {} : {piece: this.place};
    const {state} = await model.ask("state", piece);
    if (state) this.showState(state);
  }

  showState(state) {
    this.state = state;
    let start = 0;
    for (const strip of this.strips) strip.show(state.subarray(start, start += strip.count));
    byId("unit-value").textContent = this.valueInWords();
  }

  // Asks for what the unit held, then colours the text, whose end may be new.
  async refreshText() {
    if (this.isAsking) return this.isStale = true;
    this.isAsking = true;
    do {
      this.isStale = false;
      const {chosen} = this;
      this.values = await model.ask("unit", chosen);
      this.showText(writing.pieces, chosen);
    } while (this.isStale);
    this.isAsking = false;
  }

  showText(pieces, unit) {
    const box = byId("coloured");
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 40;
    const same = this.text.update(pieces);
    const {by, count} = this.coloured;
    this.text.recolour(by === unit ? Math.min(same, count) : 0);
    this.coloured = {by: unit, count: this.values.first + this.values.values.length};
    byId("inside-empty").hidden = pieces.length > 0;
    box.hidden = pieces.length === 0;
    if (this.place < 0 && isAtEnd) box.scrollTop = box.scrollHeight;
  }

  classOf(i) {
    const value = this.values.values[i - this.values.first];
    return value === undefined ? "" : "l" + levelOf(value);
  }

  chooseUnit(layer, unit) {
    this.chosen = {layer, unit};
    this.showUnit();
    byId("found").textContent = "";
    this.refreshText();
  }

  // To the next unit, on into the next layer.
  stepUnit(step) {
    let {layer, unit} = this.chosen;
    unit += step;
    if (unit < 0 && layer > 0) unit += this.layers[--layer].units;
    else if (unit === this.layers[layer].units && layer + 1 < this.layers.length) [layer, unit] = [layer + 1, 0];
    if (unit >= 0 && unit < this.layers[layer].units) this.chooseUnit(layer, unit);
  }

  showUnit() {
    const {layer, unit} = this.chosen, name = `Layer ${layer + 1}, unit ${unit}`;
    byId("unit-title").textContent = name;
    const value = this.valueInWords();
    this.strips.forEach((strip, i) => strip.mark(i === layer ? unit : -1, i === layer ? `${name} ${value}` : "no unit chosen"));
    byId("unit-value").textContent = value;
  }

  // What the chosen unit holds, and after which piece.
  valueInWords() {
    const {layer, unit} = this.chosen, {pieces} = writing;
    const value = this.strips[layer].state[unit] / 127;
    const piece = this.place < 0 ? pieces.at(-1) : pieces[this.place];
    return piece === undefined ? "" : `holds ${value.toFixed(2)} after \u201C${nameOf(piece)}\u201D`;
  }

  choosePlace(i, byKey) {
    if (i < 0 || i >= this.text.spans.length) return;
    this.text.mark(this.place, false);
    this.text.mark(this.place = i, true);
    byId("unit-value").ariaLive = "polite";  // but not while it writes
    if (byKey) this.text.spans[i][0].scrollIntoView({block: "nearest"});
    this.refreshState();
  }

  // Shows the state at the text's end again.
  follow() {
    this.text.mark(this.place, false);
    this.place = -1;
    byId("unit-value").ariaLive = "off";
    this.refreshState();
  }

  // Chooses the unit that follows a probe most closely in the written text.
  async find(name) {
    const pieces = writing.pieces.slice();
    if (pieces.length < MIN_PIECES) {
      return byId("found").textContent = `Let it write at least ${MIN_PIECES} ${model.facts.plural} first.`;
    }
    const places = this.layers.flatMap(({units}, layer) => Array.from({length: units}, (_, unit) => ({layer, unit})));
    const answers = await Promise.all(places.map(place => model.ask("unit", place)));
    const {first} = answers[0], end = Math.min(pieces.length, first + answers[0].values.length);
    const probe = PROBES[name](pieces).slice(first, end);
    const best = bestUnit(answers.map(({values}) => values.subarray(0, end - first)), probe);
    if (best) this.chooseUnit(places[best.unit].layer, places[best.unit].unit);
    byId("found").textContent = foundInWords(name, best);
  }
}

function foundInWords(name, best) {
  if (!best) return `This text says nothing about ${name}.`;
  const {correlation, isClear} = best;
  const way = correlation < 0 ? "falls with" : "rises with";
  return `It ${way} ${name} (correlation ${correlation.toFixed(2)}${isClear ? "" : "; may be chance: let it write more"}).`;
}

model.ready.then(({layers}) => {
  const total = layers.reduce((sum, {units}) => sum + units, 0);
  byId("unit-count").textContent = `${grouped(total)} units`;
  new Inside(layers);
}, () => {});
