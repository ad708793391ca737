// The settings of writing: reads and checks the form.

const ESCAPES = {n: "\n", t: "\t", r: "\r", "\\": "\\"};
const STAND_IN = "\uFFFD";  // what the model read instead of rare characters

// What the engine needs; raises an error whose message is for the user.
function readSettings(facts) {
  return {
    temperature: numberIn("temperature") ?? 1,
    topK: numberIn("top-k"),
    topP: numberIn("top-p"),
    minP: numberIn("min-p"),
    perSecond: numberIn("speed"),
    endings: [...endingsIn("stop", false, facts), ...endingsIn("stop-after", true, facts)],
  };
}

// The number in a field, `null` for an empty one.
function numberIn(id) {
  const {value, validity} = byId(id);
  const number = Number(value);
  if (validity.badInput || Number.isNaN(number)) throw new Error(`Expected a number for ${id}.`);
  return value.trim() === "" ? null : number;
}

function readLength(facts) {
  const length = numberIn("length") ?? facts.length;
  if (!Number.isInteger(length) || length < 1) throw new Error("Expected a length that is a whole number of at least 1.");
  return length;
}

// The seed in the form as text, because it may have more digits than a number
// holds; `null` for an empty field, which asks for a new one.
function readSeed() {
  const seed = byId("seed").value.trim();
  if (!/^[+-]?\d*$/.test(seed)) throw new Error("Expected a seed that is a whole number. Leave it empty for a new one.");
  return /\d/.test(seed) ? BigInt(seed).toString() : null;
}

const newSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0]);

// The strings that end a text, one on each line of a field.
function endingsIn(id, kept, facts) {
  const strings = byId(id).value.split("\n").filter(Boolean).map(unescaped);
  strings.forEach(string => checkCanCome(string, facts));
  return strings.map(string => ({string, kept}));
}

// Reads \n, \t, \r, \\, \xHH and \uHHHH as the characters they stand for.
function unescaped(text) {
  return text.replace(/\\(?:([ntr\\])|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/g,
    (_, simple, short, long) => simple ? ESCAPES[simple] : String.fromCharCode(parseInt(short || long, 16)));
}

function checkCanCome(string, {unit, alphabet}) {
  if (unit === "byte") return;
  const strange = [...string].find(character => !alphabet.includes(character) || character === STAND_IN);
  if (strange !== undefined) throw new Error(`Expected texts to stop at that the model can write. It never writes ${nameOf(strange)}.`);
}
