// What a unit may follow in a text, as in `charrnn neurons`: features that a
// reader can name, and how closely a unit follows one.

const MIN_PIECES = 200;  // fewer tell too little

// The features after each piece, as numbers.
const PROBES = {
  "the place in the line": pieces => counted(pieces, character => character === "\n", true),
  "the place in the word": pieces => counted(pieces, character => !/[\p{L}\p{M}\p{N}_]/u.test(character), false),
  "capital letters": pieces => pieces.map(piece => Number(/\p{Lu}/u.test(piece))),
  "punctuation": pieces => pieces.map(piece => Number(/\p{P}\s*$/u.test(piece))),
  "quotation marks": insideQuotes,
};

// Characters since the last one for which `isEnd`; with `countsEnd`, that one
// ends the count, else it is 0 itself.
function counted(pieces, isEnd, countsEnd) {
  let count = 0, isNew = true;
  return pieces.map(piece => {
    for (const character of piece) {
      const ends = isEnd(character);
      count = ends && !countsEnd ? 0 : isNew ? 1 : count + 1;
      isNew = ends;
    }
    return count;
  });
}

// 1 inside quotation marks; unclosed ones end with the paragraph.
function insideQuotes(pieces) {
  let inside = 0, before = "";
  return pieces.map(piece => {
    for (const character of piece) {
      if (character === '"') inside = 1 - inside;
      else if ("\u201C\u201D".includes(character)) inside = Number(character === "\u201C");
      else if (character === "\n" && before === "\n") inside = 0;
      before = character;
    }
    return inside;
  });
}

// Values minus their mean, divided by their norm; null for equal ones.
function centred(values) {
  const mean = values.reduce((total, x) => total + x, 0) / values.length;
  const moved = Float64Array.from(values, x => x - mean);
  const norm = Math.sqrt(moved.reduce((total, x) => total + x * x, 0));
  return norm > 1e-9 ? moved.map(x => x / norm) : null;
}

const product = (a, b) => a.reduce((total, x, i) => total + x * b[i], 0);

// The unit that follows a probe most closely: {unit, correlation, isClear}.
// `activations` has the values of each unit after each piece. It is clear if
// it is twice what the best of all units reaches with another part of the text.
function bestUnit(activations, probe) {
  const here = centred(probe);
  if (!here) return null;
  const half = Math.floor(here.length / 2);
  const elsewhere = Float64Array.from([...here.subarray(half), ...here.subarray(0, half)]);
  let best = {unit: -1, correlation: 0}, control = 0;
  activations.forEach((values, unit) => {
    const own = centred(values);
    if (!own) return;
    const correlation = product(own, here);
    control = Math.max(control, Math.abs(product(own, elsewhere)));
    if (Math.abs(correlation) > Math.abs(best.correlation)) best = {unit, correlation};
  });
  return best.unit < 0 ? null : {...best, isClear: Math.abs(best.correlation) >= 2 * control};
}
