"""Describe a model for those who find it published: a model card.

The card is Markdown, with a header in YAML that the Hugging Face Hub reads.
What the model file says comes from a stranger: numbers are checked, and names
are quoted so that they cannot be read as YAML, Markdown or HTML.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from charrnn.exports.contents import example_prompt, published
from charrnn.network.engine import Engine
from charrnn.network.recurrent import describe
from charrnn.system.terminal import command_line, one_line
from charrnn.text.documents import FILES, LINES
from charrnn.training.figures import with_full_names
from charrnn.training.settings import KINDS

LICENCES = "https://huggingface.co/docs/hub/repositories-licenses"
FILL_IN = "*Fill in:*"
_PLAIN = re.compile(r"\w[\w .-]*")  # a title that needs no quotes
# So earlier versions called one stream.
_ONE_STREAM = re.compile(r"\A1 streams, each warmed up on 0 [a-z]+")

# Where a run records its settings, in the order of the command.
RECORDED = {
    "text": ("newline", "normalize", "min_count", "max_vocab"),
    "split": ("validation",),
    "network": ("cell", "units", "layers", "dropout", "embedding",
                "recurrent_dropout"),
    "training": (
        "batch_size", "seq_length", "learning_rate", "clip_norm",
        "weight_decay", "weight_drop", "epochs", "minutes", "precision",
        "init_from", "seed", "teacher_weight",
    ),
}  # fmt: skip

USE = """\
## Use

```sh
# Install charrnn as its docs/installing.md says; NumPy is enough for this.
charrnn generate --model model.keras{flag}
charrnn score model.keras letter.txt
```

```python
import charrnn

sampler = charrnn.Sampler("model.keras")
print(sampler.generate({call})[0].text)
```

`model.keras` is a plain Keras model, with its vocabulary in the member
`charrnn.json`. `keras.saving.load_model("model.keras")` opens it without
charrnn: it maps ids `(batch, time)` to logits.
"""

LIMITS = """\
## Limits

- It imitates the form of a text, not its meaning. What it writes may be wrong
  or offensive.
- It learnt from one text, and knows nothing else. The text's bias is its own.
- It may repeat passages of that text word for word.
"""


def card(engine: Engine, title: str) -> str:
    """Writes a model card.

    Args:
        engine: The model. Its facts say what it was made of.
        title: The name of the model.

    Returns:
        Markdown.

    Example:

    >>> from charrnn import load
    >>> lines = card(load("shakespeare"), "shakespeare").splitlines()
    >>> lines[0], lines[1].split(":")[0]
    ('---', 'license')
    """
    facts = with_full_names(published(engine.facts))
    parts = [
        "\n".join(["---", *_header(engine, facts, title), "---"]),
        f"# {title if _PLAIN.fullmatch(title) else _quoted(title)}",
        _summary(engine, facts),
        f"{FILL_IN} who made it, what for, and under which licence.",
        "## Text\n\n" + "\n".join(_text(engine, facts)),
        "## Losses\n\n" + "\n".join(_losses(facts)),
        "## Training\n\n" + "\n".join(_training(engine, facts)),
        _use(engine),
        LIMITS.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(engine: Engine, facts: Mapping[str, Any]) -> str:
    unit, name = engine.vocabulary.unit, _name(facts)
    learnt = f" It learnt from {_quoted(name)}." if name else ""
    return (
        f"A recurrent network that writes {_written(engine)}, one {unit} after "
        f"another: {describe(engine.layers)}, {engine.parameters:,} parameters."
        f"{learnt}{_distilled(facts)}"
    )


def _distilled(facts: Mapping[str, Any]) -> str:
    """A sentence about the teachers of a student."""
    names = _teachers(facts)
    if not names:
        return ""
    return (
        " It is distilled: beside the text, it learnt what "
        f"{'other models expect' if names[1:] else 'another model expects'} "
        f"({', '.join(map(_quoted, names))})."
    )


def _teachers(facts: Mapping[str, Any]) -> list[str]:
    """The names of a student's teachers."""
    found = _entry(facts, "training", "teachers")
    each = found if isinstance(found, list) else []
    names = [_entry(one, "name") for one in each if isinstance(one, dict)]
    return [_storable(name) for name in names if isinstance(name, str) and name]


def _written(engine: Engine) -> str:
    """What a model writes, in words."""
    by = getattr(engine.vocabulary, "by", None)
    if by is None:
        return "text"
    kinds = {LINES: "each a line", FILES: "each a file"}
    return f"documents ({kinds.get(by) or f'separated by {_quoted(by)}'})"


def _header(
    engine: Engine, facts: Mapping[str, Any], title: str
) -> Iterator[str]:
    """The lines of YAML."""
    yield f"license: unknown  # fill in one of {LICENCES}"
    yield "# language: fill in, such as en"
    yield "library_name: keras"
    yield "pipeline_tag: text-generation"
    yield "tags:"
    cells = dict.fromkeys(layer.name.lower() for layer in engine.layers)
    for tag in ("charrnn", "char-rnn", *cells, engine.vocabulary.unit):
        yield f"- {_yaml(tag)}"
    bits = _number(facts, "metrics", "validation_bits_per_character")
    if bits is None:
        return
    yield "model-index:"
    yield f"- name: {_yaml(title)}"
    yield "  results:"
    yield "  - task: {type: text-generation}"
    name = _yaml(_name(facts) or "held-out part")
    yield f"    dataset: {{type: text, name: {name}}}"
    yield "    metrics:"
    yield "    - type: bits-per-character"
    yield f"      value: {bits:.4f}"


def _text(engine: Engine, facts: Mapping[str, Any]) -> Iterator[str]:
    """What the model learnt from."""
    name, vocabulary = _name(facts), engine.vocabulary
    yield f"- text: {_quoted(name) if name else f'{FILL_IN} which'}"
    yield f"- {FILL_IN} where the text is from, and its licence"
    for part in ("training", "validation"):
        count = _number(facts, "split", f"{part}_characters")
        if count is not None:
            yield f"- {part}: {count:,.0f} characters"
    yield f"- vocabulary: {len(vocabulary):,} {vocabulary.plural}"


def _losses(facts: Mapping[str, Any]) -> Iterator[str]:
    """How well it predicts the part that it did not learn from."""
    nats = _number(facts, "metrics", "validation_nats_per_character")
    if nats is None:
        yield f"{FILL_IN} bits per character of a text that it did not see."
        return
    method = _entry(facts, "metrics", "validation_method")
    how = ""
    if isinstance(method, str):
        how = f", in {_quoted(_ONE_STREAM.sub('1 stream', method))}"
    yield f"- held-out part: {nats / math.log(2):.4f} bits per character{how}"
    yield "- the lower, the better it predicts such a text"


def _training(engine: Engine, facts: Mapping[str, Any]) -> Iterator[str]:
    """The command that made it, as far as it is recorded."""
    flags = list(_flags(engine, facts))
    if not flags:
        yield f"{FILL_IN} how it was made."
        return
    name = _name(facts) or "TEXT"
    version = _entry(facts, "charrnn")
    by = f" {_quoted(version)}" if isinstance(version, str) else ""
    yield f"Made by charrnn{by} with these settings:\n"
    yield "```sh"
    yield one_line(command_line(["charrnn", "train", name, *flags]))
    yield "```"


def _flags(engine: Engine, facts: Mapping[str, Any]) -> Iterator[str]:
    """The flags of `charrnn train`, of settings that are recorded soundly."""
    by = getattr(engine.vocabulary, "by", None)
    settings = {"unit": engine.vocabulary.unit, "documents": by}
    recorded = {
        name: _entry(facts, part, name)
        for part, names in RECORDED.items()
        for name in names
    }
    if not any(value is not None for value in recorded.values()):
        return
    for name, value in {**settings, **recorded}.items():
        if value is None or (name, value) in (
            ("unit", "character"),
            ("newline", "lf"),
        ):
            continue
        try:
            KINDS[name].checked(value)
        except ValueError:
            continue
        yield f"--{name.replace('_', '-')}"
        yield _storable(str(value))
    if names := _teachers(facts):
        yield from ("--teachers", *names)


def _use(engine: Engine) -> str:
    """Commands and lines of Python, with a prompt that the model can read."""
    prompt = example_prompt(engine.vocabulary)
    flag = f' --prompt "{prompt}"' if prompt else ""
    call = f'"{prompt}", length=200' if prompt else "length=200"
    if engine.vocabulary.boundary is not None:
        flag = " --count 5"
    return USE.format(flag=flag, call=call).rstrip()


def _entry(facts: Mapping[str, Any], *path: str) -> Any:
    """An entry of the facts, of any type; `None` if there is none."""
    found: Any = facts
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _number(facts: Mapping[str, Any], *path: str) -> float | None:
    found = _entry(facts, *path)
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return found if is_number and abs(found) < 1e15 else None


def _name(facts: Mapping[str, Any]) -> str | None:
    """The name of the training text."""
    name = _entry(facts, "text", "name")
    if not isinstance(name, str) or not name:
        return None
    return _storable(name)


def _storable(text: str) -> str:
    """A text whose lone surrogates, which UTF-8 cannot store, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _yaml(text: str) -> str:
    """A string of YAML: JSON in quotes, with all characters visible."""
    return json.dumps(one_line(text), ensure_ascii=False)


def _quoted(text: str) -> str:
    """A code span of Markdown, in which nothing else has a meaning."""
    text = one_line(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"
