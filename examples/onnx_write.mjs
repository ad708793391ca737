// Write with an ONNX model of characters, in Node.js or a browser.
//
//     charrnn export shakespeare model.onnx
//     npm install onnxruntime-web
//     node onnx_write.mjs model.onnx "ROMEO:" 300
//
// In a page, `fetch` gets the file instead of `readFile`.
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";

// What the file says about its model: the vocabulary, for example.
// onnxruntime-web does not tell. The file is a Protocol Buffer: fields, each
// with a number, a length and that many bytes. Field 14 of a model is an entry
// of its metadata: field 1 of an entry is the name, field 2 the value, in JSON.
function* fields(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const varint = () => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    const tag = varint();
    const length = varint(); // of a field with bytes, or a plain number
    const isBytes = tag % 8 === 2;
    yield [tag >> 3, isBytes ? bytes.subarray(at, at + length) : length];
    if (isBytes) at += length;
  }
}

function metadata(bytes) {
  const text = (part) => new TextDecoder().decode(part);
  const entries = [...fields(bytes)].filter(([number]) => number === 14);
  return Object.fromEntries(
    entries.map(([, entry]) => {
      const [[, name], [, value]] = fields(entry);
      return [text(name), JSON.parse(text(value))];
    }),
  );
}

function draw(logits, temperature) {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(logits, (x) => Math.exp((x - top) / temperature));
  let left = Math.random() * weights.reduce((a, b) => a + b);
  const id = weights.findIndex((weight) => (left -= weight) < 0);
  return id < 0 ? weights.length - 1 : id;
}

const [path, prompt, length] = process.argv.slice(2);
const bytes = await readFile(path);
const { vocabulary, boundary } = metadata(bytes);
const session = await ort.InferenceSession.create(bytes);

const states = {}; // before a text, all are zero
for (const { name, shape } of session.inputMetadata.slice(1)) {
  const zeros = new Float32Array(shape[1]);
  states[name] = new ort.Tensor("float32", zeros, [1, shape[1]]);
}
async function step(id) {
  const ids = new ort.Tensor("int32", Int32Array.of(id), [1]);
  const results = await session.run({ ids, ...states });
  for (const name in states) states[name] = results[`new_${name}`];
  return results.logits.data;
}

let logits;
process.stdout.write(prompt);
if (boundary !== null) logits = await step(boundary); // a document begins
for (const character of prompt) {
  const id = vocabulary.indexOf(character);
  if (id < 0) throw new Error(`the model does not know ${character}`);
  logits = await step(id);
}
for (let i = 0; i < Number(length); i++) {
  const id = draw(logits, 0.8);
  if (id === boundary) break; // the document ends
  process.stdout.write(vocabulary[id]);
  logits = await step(id);
}
process.stdout.write("\n");
