"""The model that comes with charrnn is what its metrics say."""

import json

import charrnn
from charrnn.network import model_file


def test_the_pretrained_model_is_what_its_metrics_say():
    path = model_file.PRETRAINED["shakespeare"]
    assert path.stat().st_size <= 16e6
    metrics = json.loads(path.with_name("metrics.json").read_text("utf-8"))
    facts = model_file.read(path)["facts"]
    assert facts["metrics"]["step"] == metrics["best_step"]
    assert facts["training"] == metrics["training"]
    assert facts["text"]["name"] == "shakespeare"
    engine = charrnn.load("shakespeare")
    assert engine.parameters == metrics["parameters"]
    line = "My lord, the king is at the gate, and asks for you.\n"
    assert charrnn.score(engine, line).nats_per_character < 1.8
