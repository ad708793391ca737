// How pages name characters and write numbers.

const byId = id => document.getElementById(id);

// A character without a shape of its own is named by its code point, or has a
// sign: spaces and line ends.
const NAMES = {" ": "space", "\n": "line break", "\t": "tab", "\r": "carriage return"};
const MARKS = {" ": "\u2423", "\n": "\u21B5", "\t": "\u21E5", "\r": "\u240D"};

function codeOf(character) {
  return "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
}

// Control and format characters, except those that join letters.
function isSign(character) {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character)
    && !NAMES[character] && !/[\u200C\u200D]/.test(character);
}

function nameOf(piece) {
  const characters = [...piece];
  if (characters.length > 1) {
    return characters.map(c => MARKS[c] || (isSign(c) ? codeOf(c) : c)).join("");
  }
  return NAMES[piece] || (/[\p{C}\p{Z}\p{M}]/u.test(piece) ? codeOf(piece) : piece);
}

// A name from elsewhere: nothing in it hides or turns what follows.
function visible(text) {
  return Array.from(text, c => isSign(c) || NAMES[c] && c !== " " ? codeOf(c) : c).join("");
}

function percent(probability) {
  const value = 100 * probability;
  return (value >= 10 ? value.toFixed(1) : value.toPrecision(2)) + " %";
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
