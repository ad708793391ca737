// From logits to probabilities, and to an id that is drawn with them.

const MIN_TEMPERATURE = 1e-9;  // lower ones take the likeliest id

// `filters`: {temperature, topK, topP, minP}; `null` keeps all ids. They are
// applied in this order. Each sees what the one before it left, scaled to a
// sum of 1.
//
// - temperature divides the logits;
// - topK keeps the k likeliest, of equally likely ones those with lower ids;
// - topP keeps the likeliest that together reach this probability;
// - minP keeps those at least this many times as likely as the likeliest.
function probabilities(logits, {temperature = 1, topK = null, topP = null, minP = null}) {
  if (temperature < MIN_TEMPERATURE) {
    const likeliest = logits.indexOf(largest(logits));
    return Float64Array.from(logits, (_, id) => Number(id === likeliest));
  }
  let p = softmax(logits, temperature);
  if (topK !== null) {
    const kept = new Set(byProbability(p).slice(0, topK));
    p = keep(p, id => kept.has(id));
  }
  if (topP !== null) p = keepNucleus(p, topP);
  if (minP !== null) {
    const least = minP * largest(p);
    p = keep(p, id => p[id] >= least);
  }
  return p;
}

const largest = numbers => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
const sum = numbers => numbers.reduce((a, b) => a + b, 0);

function softmax(logits, temperature) {
  const top = largest(logits);
  const p = Float64Array.from(logits, logit => Math.exp((logit - top) / temperature));
  const total = sum(p);
  return p.map(x => x / total);
}

// The ids, the likeliest first; of equally likely ones the lower first.
const byProbability = p => Array.from(p.keys()).sort((a, b) => p[b] - p[a] || a - b);

// An id belongs to the nucleus if the likelier ones do not yet add up to topP:
// the one that reaches it is kept.
function keepNucleus(p, topP) {
  const kept = new Set();
  let total = 0;
  for (const id of byProbability(p)) {
    total += p[id];
    if (total - p[id] < topP) kept.add(id);
  }
  return keep(p, id => kept.has(id));
}

// Sets the other probabilities to 0 and scales the rest to a sum of 1.
function keep(p, isKept) {
  const rest = p.map((x, id) => isKept(id) ? x : 0);
  const total = sum(rest);
  return rest.map(x => x / total);
}

// Each id has a share of the unit interval as large as its probability. The id
// whose share contains the random number is drawn.
function draw(p, number) {
  const ends = new Float64Array(p.length);
  let total = 0;
  p.forEach((x, id) => { ends[id] = total += x; });
  // Divided by itself, the last one is exactly 1, above any random number.
  return ends.findIndex(end => end / total > number);
}

// -ln p of each id, in nats.
function surprises(logits) {
  const top = largest(logits);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  const logTotal = Math.log(total) + top;
  return Float64Array.from(logits, logit => logTotal - logit);
}

function checkFilters({temperature, topK, topP, minP}) {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new Error("Expected a temperature of 0 or above.");
  }
  if (topK !== null && !(Number.isInteger(topK) && topK >= 1)) {
    throw new Error("Expected top-k to be a whole number of at least 1. Leave it empty to keep all.");
  }
  for (const [name, share] of [["top-p", topP], ["min-p", minP]]) {
    if (share !== null && !(share > 0 && share <= 1)) {
      throw new Error(`Expected ${name} above 0 and up to 1. Leave it empty to keep all.`);
    }
  }
}
