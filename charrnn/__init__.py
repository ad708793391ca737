"""Character-level text generation with recurrent networks in Keras.

The path of the data, and the order of the names below:

    text -> ids -> windows -> keras.Sequential -> logits -> characters
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

# Silence TensorFlow's C++ log, which says nothing that users can act on.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

# Public names and their modules, imported on first use, so that neither
# `import charrnn` nor `charrnn --help` waits for TensorFlow.
_HOMES = {
    "read": "text.corpus",
    "Vocabulary": "text.vocabulary",
    "WordVocabulary": "text.word_vocabulary",
    "ByteVocabulary": "text.byte_vocabulary",
    "DocumentVocabulary": "text.document_vocabulary",
    "KnownDocuments": "text.known_documents",
    "Windows": "network.dataset",
    "split": "text.windows",
    "copied": "text.copying",
    "build_model": "network.model",
    "begin_with_frequencies": "network.model",
    "stateful_twin": "twins.stateful",
    "fused": "twins.fused",
    "save": "network.loading",
    "Engine": "network.engine",
    "load": "network.engine",
    "load_model": "network.loading",
    "Mixture": "network.mixture",
    "Constraint": "writing.constraints",
    "Left": "writing.constraints",
    "Match": "writing.patterns",
    "Forbid": "writing.patterns",
    "ForbidMatch": "writing.patterns",
    "Acrostic": "writing.patterns",
    "Lines": "writing.counted",
    "Sentences": "writing.counted",
    "OnlyWords": "writing.word_lists",
    "ForbidWords": "writing.word_lists",
    "Sampler": "writing.sampler",
    "prime": "writing.priming",
    "save_state": "writing.state_file",
    "load_state": "writing.state_file",
    "MaxCopy": "writing.max_copy",
    "NoLoops": "writing.temperatures",
    "ranked": "writing.ranked",
    "likeliest": "writing.beam",
    "new_documents": "writing.novelty",
    "probabilities": "writing.probabilities",
    "next_words": "writing.next_words",
    "Score": "scoring.losses",
    "score": "scoring.score",
    "score_each": "scoring.lines",
    "Reading": "insight.surprise",
    "read_along": "insight.surprise",
    "context_curve": "insight.context",
    "unroll": "insight.unroll",
    "draw_unrolled": "insight.unroll_picture",
    "gates": "insight.gates",
    "draw_gates": "insight.gates_picture",
    "connections": "insight.connections",
    "draw_connections": "insight.connections_picture",
    "singular_values": "insight.jacobians",
    "first_character": "insight.first_character",
    "gradient_decay": "insight.gradients",
    "read_neurons": "insight.neurons",
    "score_adapting": "scoring.adaptation",
    "export": "exports.export",
    "train": "training.train",
    "Run": "training.run",
    "Settings": "training.settings",
    "recommend": "training.recipe",
    "optimizer": "training.schedule",
    "loss": "training.schedule",
    "Schedule": "training.schedule",
    "Restarts": "training.restarts",
    "Validation": "training.validation",
    "SaveBest": "training.validation",
    "Budget": "training.budget",
}

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from charrnn.exports.export import export as export
    from charrnn.insight.connections import connections as connections
    from charrnn.insight.connections_picture import (
        draw_connections as draw_connections,
    )
    from charrnn.insight.context import context_curve as context_curve
    from charrnn.insight.first_character import (
        first_character as first_character,
    )
    from charrnn.insight.gates import gates as gates
    from charrnn.insight.gates_picture import draw_gates as draw_gates
    from charrnn.insight.gradients import gradient_decay as gradient_decay
    from charrnn.insight.jacobians import singular_values as singular_values
    from charrnn.insight.neurons import read_neurons as read_neurons
    from charrnn.insight.surprise import Reading as Reading
    from charrnn.insight.surprise import read_along as read_along
    from charrnn.insight.unroll import unroll as unroll
    from charrnn.insight.unroll_picture import draw_unrolled as draw_unrolled
    from charrnn.network.dataset import Windows as Windows
    from charrnn.network.engine import Engine as Engine
    from charrnn.network.engine import load as load
    from charrnn.network.loading import load_model as load_model
    from charrnn.network.loading import save as save
    from charrnn.network.mixture import Mixture as Mixture
    from charrnn.network.model import (
        begin_with_frequencies as begin_with_frequencies,
    )
    from charrnn.network.model import build_model as build_model
    from charrnn.scoring.adaptation import score_adapting as score_adapting
    from charrnn.scoring.lines import score_each as score_each
    from charrnn.scoring.losses import Score as Score
    from charrnn.scoring.score import score as score
    from charrnn.text.byte_vocabulary import ByteVocabulary as ByteVocabulary
    from charrnn.text.copying import copied as copied
    from charrnn.text.corpus import read as read
    from charrnn.text.document_vocabulary import (
        DocumentVocabulary as DocumentVocabulary,
    )
    from charrnn.text.known_documents import KnownDocuments as KnownDocuments
    from charrnn.text.vocabulary import Vocabulary as Vocabulary
    from charrnn.text.windows import split as split
    from charrnn.text.word_vocabulary import WordVocabulary as WordVocabulary
    from charrnn.training.budget import Budget as Budget
    from charrnn.training.recipe import recommend as recommend
    from charrnn.training.restarts import Restarts as Restarts
    from charrnn.training.run import Run as Run
    from charrnn.training.schedule import Schedule as Schedule
    from charrnn.training.schedule import loss as loss
    from charrnn.training.schedule import optimizer as optimizer
    from charrnn.training.settings import Settings as Settings
    from charrnn.training.train import train as train
    from charrnn.training.validation import SaveBest as SaveBest
    from charrnn.training.validation import Validation as Validation
    from charrnn.twins.fused import fused as fused
    from charrnn.twins.stateful import stateful_twin as stateful_twin
    from charrnn.writing.beam import likeliest as likeliest
    from charrnn.writing.constraints import Constraint as Constraint
    from charrnn.writing.constraints import Left as Left
    from charrnn.writing.counted import Lines as Lines
    from charrnn.writing.counted import Sentences as Sentences
    from charrnn.writing.max_copy import MaxCopy as MaxCopy
    from charrnn.writing.next_words import next_words as next_words
    from charrnn.writing.novelty import new_documents as new_documents
    from charrnn.writing.patterns import Acrostic as Acrostic
    from charrnn.writing.patterns import Forbid as Forbid
    from charrnn.writing.patterns import ForbidMatch as ForbidMatch
    from charrnn.writing.patterns import Match as Match
    from charrnn.writing.priming import prime as prime
    from charrnn.writing.probabilities import probabilities as probabilities
    from charrnn.writing.ranked import ranked as ranked
    from charrnn.writing.sampler import Sampler as Sampler
    from charrnn.writing.state_file import load_state as load_state
    from charrnn.writing.state_file import save_state as save_state
    from charrnn.writing.temperatures import NoLoops as NoLoops
    from charrnn.writing.word_lists import ForbidWords as ForbidWords
    from charrnn.writing.word_lists import OnlyWords as OnlyWords

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    home = importlib.import_module(f"charrnn.{_HOMES[name]}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
