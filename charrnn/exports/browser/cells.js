// The units of one layer as a strip of cells, coloured by what each holds. It
// is a slider to the keyboard and to screen readers: its value is a unit.

const MIN_CELL = 8, MAX_CELL = 18;  // pixels
const CELLS_AREA = 60_000;          // pixels that a layer takes about,
const HEIGHT = 110;                 // or on a phone this height
const ACTIVATION_LEVELS = 7;

// The level of colour of an activation, which is from -127 to 127.
const levelOf = value => Math.round((value / 127 + 1) / 2 * (ACTIVATION_LEVELS - 1));

function coloursOfPage() {
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue("--" + name).trim();
  return {
    line: colour("line"), chosen: colour("ink"),
    levels: Array.from({length: ACTIVATION_LEVELS}, (_, i) => colour("activation-" + i)),
  };
}

class CellStrip {
  // `choose(unit)` is called with the number of a unit in the layer.
  constructor(count, label, choose) {
    Object.assign(this, {count, choose, chosen: -1, state: new Int8Array(count)});
    this.canvas = element("canvas");
    this.canvas.tabIndex = 0;
    const attributes = {role: "slider", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": count - 1, "aria-valuenow": 0};
    for (const [name, value] of Object.entries(attributes)) this.canvas.setAttribute(name, value);
    this.canvas.addEventListener("pointerdown", event => this.chooseAt(event));
    this.canvas.addEventListener("keydown", event => this.chooseByKey(event));
  }

  // Fits the cells into the width that the page gives the strip.
  resize() {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const size = Math.sqrt(Math.min(CELLS_AREA, HEIGHT * width) / this.count);
    const fitting = Math.floor(width / Math.min(MAX_CELL, Math.max(MIN_CELL, size)));
    this.columns = Math.min(this.count, fitting < 16 ? fitting : fitting - fitting % 8);
    this.size = Math.min(MAX_CELL, width / this.columns);
    const height = this.size * Math.ceil(this.count / this.columns) + 1;
    this.canvas.style.height = height + "px";
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.draw();
  }

  draw() {
    if (!this.columns) return;
    const context = this.canvas.getContext("2d"), colours = coloursOfPage(), {size} = this;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const box = unit => [size * (unit % this.columns), size * Math.floor(unit / this.columns)];
    for (let unit = 0; unit < this.count; unit++) {
      const [x, y] = box(unit);
      context.fillStyle = colours.line;  // a frame, for a cell in the page's colour
      context.fillRect(x, y, size, size);
      context.fillStyle = colours.levels[levelOf(this.state[unit])];
      context.fillRect(x + 0.5, y + 0.5, size - 1, size - 1);
    }
    if (this.chosen < 0) return;
    const [x, y] = box(this.chosen);
    context.strokeStyle = colours.chosen;
    context.lineWidth = 2.5;
    context.strokeRect(x + 0.25, y + 0.25, size - 0.5, size - 0.5);
  }

  // Shows what the units hold: `state` is of this layer.
  show(state) {
    this.state = state;
    this.draw();
  }

  // Marks a unit; -1 for none. `text` is what a screen reader says of it.
  mark(unit, text) {
    this.chosen = unit;
    this.canvas.setAttribute("aria-valuenow", Math.max(0, unit));
    this.canvas.setAttribute("aria-valuetext", text);
    this.draw();
  }

  chooseAt({offsetX, offsetY}) {
    const column = Math.min(this.columns - 1, Math.floor(offsetX / this.size));
    const unit = this.columns * Math.floor(offsetY / this.size) + column;
    if (unit >= 0 && unit < this.count) this.choose(unit);
  }

  chooseByKey(event) {
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: 10 * this.columns, PageUp: -10 * this.columns, Home: -this.count, End: this.count,
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in steps)) return;
    event.preventDefault();
    this.choose(Math.min(this.count - 1, Math.max(0, this.chosen + steps[event.key])));
  }
}
