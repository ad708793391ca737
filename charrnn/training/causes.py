"""Name the flags that may have kept a network from learning."""

from typing import Any

from charrnn.training import recipe
from charrnn.training.changes import flag_of
from charrnn.training.settings import Settings

# A network that has learnt more than how frequent characters are has a loss
# below this part of theirs.
MAX_LOSS_TO_UNIGRAM = 0.95

# A step at the highest learning rate may take away this part of each weight.
MOST_DECAY = 0.1
USUAL_DECAY = 0.01

USUAL_CLIP_NORMS = 1e-3, 10
MOST_DROPPED = 0.8
# How much lower or higher than the recipe's a learning rate may well be.
USUAL_RATES = 1e-3, 5


def unusual(settings: Settings) -> list[str]:
    """Lists the settings with which a network hardly learns.

    Args:
        settings: The `settings.Settings`, as `data.read_data` returns them.

    Returns:
        A list of `str`: each a flag, its value and what is usual.

    Example:

    >>> settings = Settings(
    ...     ["text"], units=512, learning_rate=0.009, clip_norm=1e-5,
    ...     weight_decay=0.1, dropout=0.5, weight_drop=0.99,
    ... )
    >>> for line in unusual(settings):
    ...     print(line)
    --clip-norm 1e-05 (usual: 0.1)
    --weight-drop 0.99 (usual: 0 to 0.5)
    """
    rate = recipe.rate_for(settings.cell, settings.chosen("units"))
    lowest, highest = (rate * factor for factor in USUAL_RATES)
    most_decay = USUAL_DECAY / min(settings.chosen("learning_rate"), highest)
    usual = {
        "learning_rate": (lowest, highest, f"{rate:g}"),
        "clip_norm": (*USUAL_CLIP_NORMS, f"{recipe.CLIP_NORM:g}"),
        "weight_decay": (0, most_decay, f"{recipe.WEIGHT_DECAY:g}"),
        "dropout": (0, MOST_DROPPED, "0 to 0.6"),
        "weight_drop": (0, MOST_DROPPED, "0 to 0.5"),
    }
    return [
        f"{flag_of(name)} {getattr(settings, name):g} (usual: {words})"
        for name, (least, most, words) in usual.items()
        if not least <= getattr(settings, name) <= most
    ]


def check_decay(settings: Settings) -> None:
    """Checks that weight decay leaves something of the weights.

    Args:
        settings: As for `unusual`.

    Raises:
        ValueError: if every step would take away a tenth of them or more.
    """
    names = ["learning_rate", "weight_decay"]
    rate, decay = (getattr(settings, name) for name in names)
    if rate * decay < MOST_DECAY:
        return
    usual_rate = recipe.rate_for(settings.cell, settings.chosen("units"))
    if rate <= usual_rate * USUAL_RATES[1]:
        names.reverse()  # it is the decay that is too high
    high, other = (getattr(settings, name) for name in names)
    high_flag, other_flag = map(flag_of, names)
    raise ValueError(
        f"Expected {high_flag} below {MOST_DECAY / other:.2g} beside "
        f"{other_flag} {other:g}. Received {high:g}: a step would take away "
        f"{min(rate * decay, 1):.0%} of each weight. Usual are --learning-rate "
        f"{usual_rate:g} and --weight-decay {recipe.WEIGHT_DECAY:g}."
    )


def of_divergence(settings: Settings) -> str:
    """Says what to do after a loss that was no finite number.

    Args:
        settings: As for `unusual`.

    Returns:
        A `str`, a sentence.
    """
    found = unusual(settings)
    if found:
        return f"Begin anew (--fresh) without {' and '.join(found)}."
    return (
        f"Try a lower --learning-rate than {settings.learning_rate:g}, or a "
        f"lower --clip-norm than {settings.clip_norm:g}, with --fresh."
    )


def of_learning_little(settings: Settings) -> str:
    """Says why a network may have learnt too little.

    Args:
        settings: As for `unusual`.

    Returns:
        A `str`, empty where no flag is unusual.
    """
    if not (found := unusual(settings)):
        return ""
    return (
        f"a network learns little with {' and '.join(found)}: begin anew "
        "(--fresh) without"
    )


def is_untaught(metrics: dict[str, Any]) -> bool:
    """Whether a network does hardly better than characters' frequencies.

    A new network guesses by them. Where nothing is held out, one cannot tell.

    Args:
        metrics: What `metrics.measure` returned.

    Returns:
        A `bool`.
    """
    if metrics["baselines_nats_per_character"] is None:
        return False
    chance = metrics["baselines_nats_per_character"]["unigram"]
    return (
        metrics["validation_nats_per_character"] >= MAX_LOSS_TO_UNIGRAM * chance
    )
