"""Character-level text generation with recurrent networks in Keras.

The way of the data, and of the names below:

    text -> ids -> windows -> keras.Sequential -> logits -> characters
"""

import importlib
import os

# Warnings of TensorFlow's C++ code are not for our users.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

# Public names and their homes: imported when first used, so that neither
# `import charrnn` nor `charrnn --help` waits for TensorFlow.
_HOMES = {
    "read": "text.corpus",
    "Vocabulary": "text.vocabulary",
    "Windows": "network.dataset",
    "split": "text.windows",
    "build_model": "network.model",
    "begin_with_frequencies": "network.model",
    "stateful_twin": "twins.stateful",
    "fused": "twins.twin",
    "save": "network.model_file",
    "Engine": "network.engine",
    "load": "network.engine",
    "Sampler": "writing.sampler",
    "probabilities": "writing.probabilities",
    "Score": "scoring.score",
    "score": "scoring.score",
    "score_each": "scoring.score",
    "Reading": "insight.surprise",
    "read_along": "insight.surprise",
    "context_curve": "insight.context",
    "gradient_decay": "insight.gradients",
    "read_neurons": "insight.neurons",
    "score_adapting": "scoring.adaptation",
    "optimizer": "training.schedule",
    "loss": "training.schedule",
    "Schedule": "training.schedule",
    "Validation": "training.validation",
    "SaveBest": "training.validation",
    "Budget": "training.budget",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    home = importlib.import_module(f"charrnn.{_HOMES[name]}")
    return getattr(home, name)


def __dir__():
    return sorted(__all__)
