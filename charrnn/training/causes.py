"""Name the flags that may have kept a network from learning."""

from typing import Any, cast

from charrnn.training import rules
from charrnn.training.changes import flag_of
from charrnn.training.settings import Settings

# A network that has learnt more than the frequencies of characters has a loss
# below this share of the unigram loss.
MAX_LOSS_TO_UNIGRAM = 0.95

# A step at the peak learning rate may take away at most this share of a weight.
MOST_DECAY = 0.1
USUAL_DECAY = 0.01

USUAL_CLIP_NORMS = 1e-3, 10
MOST_DROPPED = 0.8
# The usual learning rates, as multiples of the recipe's: lowest and highest.
USUAL_RATES = 1e-3, 5


def unusual(settings: Settings) -> list[str]:
    """Lists the settings that may keep a network from learning.

    Args:
        settings: The `settings.Settings`, as `data.read_data` returns them.

    Returns:
        A list of `str`: each a flag, its value and the usual one.

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
    rate = rules.rate_for(settings.cell, cast(int, settings.units))
    lowest, highest = (rate * factor for factor in USUAL_RATES)
    peak = cast(float, settings.learning_rate)
    most_decay = USUAL_DECAY / min(peak, highest)
    usual = {
        "learning_rate": (lowest, highest, f"{rate:g}"),
        "clip_norm": (*USUAL_CLIP_NORMS, f"{rules.CLIP_NORM:g}"),
        "weight_decay": (0, most_decay, f"{rules.WEIGHT_DECAY:g}"),
        "dropout": (0, MOST_DROPPED, "0 to 0.6"),
        "recurrent_dropout": (0, MOST_DROPPED, "0 to 0.3"),
        "weight_drop": (0, MOST_DROPPED, "0 to 0.5"),
    }
    return [
        f"{flag_of(name)} {getattr(settings, name):g} (usual: {words})"
        for name, (least, most, words) in usual.items()
        if not least <= getattr(settings, name) <= most
    ]


def check_decay(settings: Settings) -> None:
    """Checks that weight decay does not wipe out the weights.

    Args:
        settings: As for `unusual`.

    Raises:
        ValueError: if every step would take away a tenth of each, or more.
    """
    names = ["learning_rate", "weight_decay"]
    rate, decay = (getattr(settings, name) for name in names)
    if rate * decay < MOST_DECAY:
        return
    usual_rate = rules.rate_for(settings.cell, cast(int, settings.units))
    if rate <= usual_rate * USUAL_RATES[1]:
        names.reverse()  # the rate is usual, so the decay is too high
    high, other = (getattr(settings, name) for name in names)
    high_flag, other_flag = map(flag_of, names)
    raise ValueError(
        f"Expected {high_flag} below {MOST_DECAY / other:.2g} with "
        f"{other_flag} {other:g}. Received {high:g}: a step would take away "
        f"{min(rate * decay, 1):.0%} of each weight. Usual are --learning-rate "
        f"{usual_rate:g} and --weight-decay {rules.WEIGHT_DECAY:g}."
    )


def of_divergence(settings: Settings) -> str:
    """Says what to do after a loss that was infinite or NaN.

    Args:
        settings: As for `unusual`.

    Returns:
        A `str`, a sentence.
    """
    found = unusual(settings)
    if found:
        return f"Start again (--fresh) without {' and '.join(found)}."
    return (
        f"Try a lower --learning-rate than {settings.learning_rate:g}, or a "
        f"lower --clip-norm than {settings.clip_norm:g}, with --fresh."
    )


def of_learning_little(settings: Settings) -> str:
    """Says why a network may have learnt too little.

    Args:
        settings: As for `unusual`.

    Returns:
        A `str`, empty if no flag is unusual.
    """
    if not (found := unusual(settings)):
        return ""
    return (
        f"a network learns little with {' and '.join(found)}: start again "
        "(--fresh) without"
    )


def is_untaught(metrics: dict[str, Any]) -> bool:
    """Whether a network hardly beats the frequencies of the characters.

    A new network predicts just these. `False` if nothing is held out.

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
