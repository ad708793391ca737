// The page's three views, of which one is shown, and what it says of the model.

const TABS = ["write", "read", "inside"];

function showTab(name) {
  for (const each of TABS) {
    const tab = byId(each + "-tab"), isShown = each === name;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;  // arrow keys go to the others
    byId(each).hidden = !isShown;
  }
  document.dispatchEvent(new CustomEvent("tab", {detail: name}));
}

// Left, right, Home and End move between tabs, as in other programs.
function moveTab(event) {
  const here = TABS.indexOf(event.target.getAttribute("aria-controls"));
  const places = {ArrowRight: here + 1, ArrowLeft: here + TABS.length - 1, Home: 0, End: TABS.length - 1};
  if (!(event.key in places)) return;
  event.preventDefault();
  const name = TABS[places[event.key] % TABS.length];
  showTab(name);
  byId(name + "-tab").focus();
}

const grouped = number => number.toLocaleString("en");

// "2 LSTM layers of 512 units", or each layer by itself where they differ.
function layersInWords(layers) {
  const names = layers.map(({cell, units}) => `${cell} of ${grouped(units)} units`);
  const [first, ...others] = names;
  if (!others.length) return `one layer, ${first}`;
  if (others.some(name => name !== first)) return names.join(", ");
  return `${layers.length} layers, each ${first}`;
}

// What the model is; nothing of it is known for certain but its size.
function about({layers, parameters, trainedOn, characters, bitsPerCharacter, units, plural}) {
  const learnt = trainedOn || characters
    ? ` It learnt from ${characters ? grouped(characters) + " characters of " : ""}${trainedOn ? visible(trainedOn) : "a text"}` : "";
  const bits = bitsPerCharacter ? `, and needs ${bitsPerCharacter.toFixed(2)} bits for each character of text that it has not seen` : "";
  return `A recurrent neural network: ${layersInWords(layers)}, ${grouped(parameters)} parameters, ${grouped(units)} ${plural}.`
    + (learnt ? `${learnt}${bits}.` : "");
}

function showFacts(facts) {
  byId("like").textContent = visible(facts.trainedOn || facts.name);
  byId("about").textContent = about(facts);
  byId("length-unit").textContent = facts.plural;
  const piece = facts.unit === "word" ? "word" : "character";
  for (const place of document.querySelectorAll(".piece")) place.textContent = piece;
  byId("loading").hidden = true;
  document.querySelector("[role=tablist]").hidden = false;
  showTab("write");
}

for (const name of TABS) {
  byId(name + "-tab").addEventListener("click", () => showTab(name));
  byId(name + "-tab").addEventListener("keydown", moveTab);
}
byId("loading").textContent = "The model is being unpacked\u2026";
model.ready.then(showFacts, error => {
  byId("loading").textContent = "The model could not be unpacked: " + error.message;
});
