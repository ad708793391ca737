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
    "read": "corpus",
    "Vocabulary": "vocabulary",
    "Windows": "windows",
    "split": "windows",
    "build_model": "model",
    "begin_with_frequencies": "model",
    "stateful_twin": "stateful",
    "fused": "twin",
    "save": "model_file",
    "Engine": "engine",
    "load": "engine",
    "Sampler": "sampler",
    "probabilities": "sampling",
    "Score": "scoring",
    "score": "scoring",
    "score_each": "scoring",
    "Reading": "reading",
    "read_along": "reading",
    "context_curve": "context",
    "gradient_decay": "gradients",
    "read_neurons": "neurons",
    "score_adapting": "adaptation",
    "optimizer": "training",
    "loss": "training",
    "Schedule": "training",
    "Validation": "validation",
    "SaveBest": "validation",
    "Budget": "budget",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    home = importlib.import_module(f"charrnn.{_HOMES[name]}")
    return getattr(home, name)


def __dir__():
    return sorted(__all__)
