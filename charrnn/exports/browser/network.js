// The network: its weights, and one step of a SimpleRNN, an LSTM or a GRU.
//
// A step reads one id (a character, a word or a byte). With x the input of a
// layer, h its state, K and U the input and the recurrent weights:
//
//   x -> K x + b -> step with U, h -> new h = input of the next layer
//
// The highest layer's h gives the logits, one number for each id that may come
// next: kernel h + bias. Sums are in float64, weights in float32.

// Decodes the weights of matrices, `shapes`, into float32. Integers are
// multiplied by the scale of their row.
function decodeWeights({format, chunks, scales}, shapes) {
  const buffer = decodeBase64(chunks);
  if (format === "float32") return new Float32Array(buffer);
  const integers = new Int16Array(buffer), scale = new Float32Array(decodeBase64(scales));
  const weights = new Float32Array(integers.length);
  let place = 0, row = 0;
  for (const [rows, columns] of shapes) {
    for (const end = row + rows; row < end; row++) {
      for (let j = 0; j < columns; j++, place++) weights[place] = integers[place] * scale[row];
    }
  }
  return weights;
}

// Decodes chunks of base64, each of a whole number of bytes.
function decodeBase64(chunks) {
  const texts = chunks.map(atob);  // strings with a character for each byte
  const bytes = new Uint8Array(texts.reduce((size, text) => size + text.length, 0));
  let place = 0;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) bytes[place++] = text.charCodeAt(i);
  }
  return bytes.buffer;
}

// A matrix (rows, columns), one row after another.
class Matrix {
  constructor(values, rows, columns) {
    Object.assign(this, {values, rows, columns});
  }

  // Adds row number `i` to `out`.
  addRow(i, out) {
    const {values, columns} = this, start = i * columns;
    for (let j = 0; j < columns; j++) out[j] += values[start + j];
  }

  // Adds the product with a vector of `columns` numbers to `out`, of `rows`.
  // Eight sums at a time: they are independent of each other, so that the
  // processor need not wait for one addition before it begins the next.
  addProduct(vector, out) {
    const {values, rows, columns} = this, whole = rows - rows % 8;
    for (let row = 0; row < whole; row += 8) {
      const a = row * columns, b = a + columns, c = b + columns, d = c + columns;
      const e = d + columns, f = e + columns, g = f + columns, h = g + columns;
      let s = 0, t = 0, u = 0, v = 0, w = 0, x = 0, y = 0, z = 0;
      for (let i = 0; i < columns; i++) {
        const number = vector[i];
        s += values[a + i] * number; t += values[b + i] * number;
        u += values[c + i] * number; v += values[d + i] * number;
        w += values[e + i] * number; x += values[f + i] * number;
        y += values[g + i] * number; z += values[h + i] * number;
      }
      out[row] += s; out[row + 1] += t; out[row + 2] += u; out[row + 3] += v;
      out[row + 4] += w; out[row + 5] += x; out[row + 6] += y; out[row + 7] += z;
    }
    for (let row = whole; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += values[row * columns + i] * vector[i];
      out[row] += sum;
    }
  }
}

const sigmoid = x => 1 / (1 + Math.exp(-x));

// One step of each cell. `z` holds K x + b, in blocks of `units` numbers, one
// for each gate and for the candidate. `state` is changed: h, and c of an LSTM.
const STEPS = {
  // h = tanh(x + U h)
  SimpleRNN(z, {h}, {U}) {
    U.addProduct(h, z);
    for (let j = 0; j < h.length; j++) h[j] = Math.tanh(z[j]);
  },

  // i, f, o = sigmoid(x + U h)    input, forget and output gate
  // g = tanh(x + U h)             candidate
  // c = f c + i g
  // h = o tanh(c)
  LSTM(z, {h, c}, {U}) {
    const units = h.length;
    U.addProduct(h, z);
    for (let j = 0; j < units; j++) {
      const i = sigmoid(z[j]), f = sigmoid(z[units + j]);
      const g = Math.tanh(z[2 * units + j]), o = sigmoid(z[3 * units + j]);
      c[j] = f * c[j] + i * g;
      h[j] = o * Math.tanh(c[j]);
    }
  },

  // u, r = sigmoid(x + U h + d)     update and reset gate
  // g = tanh(x + r (U h + d))       candidate; d is the recurrent bias
  // h = u h + (1 - u) g
  GRU(z, {h}, {U, recurrentBias, inner}) {
    const units = h.length;
    inner.set(recurrentBias);
    U.addProduct(h, inner);
    for (let j = 0; j < units; j++) {
      const u = sigmoid(z[j] + inner[j]), r = sigmoid(z[units + j] + inner[units + j]);
      const g = Math.tanh(z[2 * units + j] + r * inner[2 * units + j]);
      h[j] = u * h[j] + (1 - u) * g;
    }
  },
};

class Network {
  // `description`: {embedding, layers: [{cell, units}], arrays: [[rows, columns], ...]},
  // the shapes in the order of `weights`. Matrices by which vectors are
  // multiplied have a row for each result; what ids select has a row for each id.
  constructor(description, weights) {
    let start = 0, next = 0;
    const take = () => {
      const [rows, columns] = description.arrays[next++];
      const values = weights.subarray(start, start += rows * columns);
      return new Matrix(values, rows, columns);
    };
    this.embedding = description.embedding ? take() : null;
    this.layers = description.layers.map(({cell, units}, place) => {
      const byId = place === 0 && !this.embedding;
      const layer = {cell, units, byId, kernel: take(), U: take(), bias: take().values};
      layer.z = new Float64Array(layer.bias.length);
      if (cell === "GRU") {
        layer.recurrentBias = take().values;
        layer.inner = new Float64Array(layer.z.length);
      }
      return layer;
    });
    this.kernel = take();
    this.bias = take().values;
    this.size = this.kernel.rows;  // of the vocabulary
  }

  // The state before the first id: for each layer {h}, and c of an LSTM.
  zeroState() {
    return this.layers.map(({cell, units}) => {
      const state = {h: new Float64Array(units)};
      if (cell === "LSTM") state.c = new Float64Array(units);
      return state;
    });
  }

  // Reads one id: changes `state`.
  read(id, state) {
    let input = null;
    if (this.embedding) {
      input = new Float64Array(this.embedding.columns);
      this.embedding.addRow(id, input);
    }
    this.layers.forEach((layer, place) => {
      layer.z.set(layer.bias);
      if (layer.byId) layer.kernel.addRow(id, layer.z);
      else layer.kernel.addProduct(input, layer.z);
      STEPS[layer.cell](layer.z, state[place], layer);
      input = state[place].h;
    });
  }

  // The logits for the next id, rounded to float32.
  logits(state) {
    const sums = Float64Array.from(this.bias);
    this.kernel.addProduct(state.at(-1).h, sums);
    return Float32Array.from(sums);
  }
}

const copyState = state => state.map(layer =>
  Object.fromEntries(Object.entries(layer).map(([name, array]) => [name, array.slice()])));

// What each unit holds, from -1 to 1 in steps of 1/127: the tanh of an LSTM's
// c, else h. One byte for each unit, layer after layer.
function packedActivations(state) {
  const packed = new Int8Array(state.reduce((total, {h}) => total + h.length, 0));
  let place = 0;
  for (const {h, c} of state) {
    for (let j = 0; j < h.length; j++) packed[place++] = Math.round(127 * (c ? Math.tanh(c[j]) : h[j]));
  }
  return packed;
}
