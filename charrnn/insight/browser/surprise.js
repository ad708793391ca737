// The surprise page holds the text in its HTML and the numbers about it in
// #data, as pages.py packs them. This unpacks the numbers and shows both.

// Base64, zlib, and integers of 16 or 32 bits with the low byte first.
// Returns columns(c, k): number k of column c.
async function unpacked({columns, scored, unit}) {
  const bytes = Uint8Array.from(atob(columns), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const view = new DataView(await new Response(stream).arrayBuffer());
  const [width, read] = unit === "word" ? [4, "getUint32"] : [2, "getUint16"];
  return (column, k) => view[read](width * (column * scored + k), true);
}

// Cuts the text of the page into pieces, whose lengths `lengthOf(i)` tells.
function piecesOf(text, {nuls, scored}, lengthOf) {
  const characters = Array.from(text);
  for (const i of nuls) characters[i] = "\0";  // HTML cannot write a NUL
  let end = 0;
  return Array.from({length: scored + 1}, (_, i) =>
    characters.slice(end, end += lengthOf(i)).join(""));
}

// The first unit of a piece, as it is named among the alternatives.
function firstUnit(piece, unit) {
  return unit === "byte" && piece > "\x7F"
    ? "\\x" + new TextEncoder().encode(piece)[0].toString(16) : piece;
}

// Column 0 is the surprise; then come the expected units, the likeliest first,
// and their probabilities. Words and bytes have two more columns: the length of
// the piece on this page, and the number of characters that it counts as. Rows
// tell of scored pieces: row k of piece k + 1.
function readingOf(data, columns, text) {
  const {alternatives: count, unit, first} = data;
  const isPlain = unit === "character";
  const last = 1 + 2 * count;
  const lengthOf = i => i ? (isPlain ? 1 : columns(last, i - 1)) : first[0];
  const pieces = piecesOf(text, data, lengthOf);
  return {
    ...data,
    pieces,
    bits: i => i ? columns(0, i - 1) / data.steps_per_nat / Math.LN2 : first[1],
    characters: i => isPlain ? 1 : columns(last + 1, i - 1),
    isScored: i => i > 0,
    own: i => firstUnit(pieces[i], unit),
    alternatives: i => Array.from({length: count}, (_, j) => ({
      name: data.names[columns(1 + j, i - 1)],
      probability: columns(1 + count + j, i - 1) / data.steps_of_probability,
    })),
  };
}

async function showSurprise() {
  const data = JSON.parse(byId("data").textContent);
  const columns = await unpacked(data);
  const reading = readingOf(data, columns, byId("text").textContent);
  if (!data.connections) return new ReadingView(document.body).show(reading);
  const share = await unpackedShares(data.connections, data.scored);
  const view = new ConnectionsView(document.body);
  view.show(reading, share, data.connections.window);
  if (data.connections.first) view.turn(true);
}

showSurprise();
