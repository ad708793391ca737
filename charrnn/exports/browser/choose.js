// Choose: what may come next, the likeliest first; a tap writes it.

class Choices {
  constructor() {
    this.list = byId("choices");
    for (const event of ["started", "wrote"]) {
      model.addEventListener(event, ({detail}) => this.show(detail));
    }
    this.list.addEventListener("click", ({target}) => {
      const button = target.closest("button");
      if (button) writing.take(button.choice);
    });
  }

  // Keeps the buttons, so that the focus stays where it is.
  show({choices}) {
    choices.forEach((choice, place) => this.fill(this.row(place), choice));
    while (this.list.children.length > choices.length) this.list.lastElementChild.remove();
  }

  row(place) {
    if (this.list.children[place]) return this.list.children[place].firstElementChild;
    const button = Object.assign(document.createElement("button"), {type: "button"});
    const [name, bar, figure] = ["name", "bar", "percent"].map(each => element("span", each));
    bar.setAttribute("aria-hidden", "true");
    bar.append(document.createElement("i"));
    button.append(name, bar, figure);
    const row = document.createElement("li");
    row.append(button);
    this.list.append(row);
    return button;
  }

  fill(button, {name, probability, isEnd}) {
    const [label, bar, figure] = button.children;
    button.choice = name;
    label.textContent = isEnd ? "the end" : nameOf(shown(name));
    bar.firstElementChild.style.width = 100 * probability + "%";
    figure.textContent = probability < 0.001 ? "< 0.1 %" : percent(probability);
  }
}

const choices = new Choices();
