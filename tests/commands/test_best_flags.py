"""`charrnn generate` writes the best of many, or the likeliest text."""

import pytest
from command_output import refused, samples

import charrnn
from charrnn.commands import best_flags, main
from charrnn.writing.drawing import Sample


@pytest.fixture
def words(trained):
    flags = ["--seed=3", "--length=40"]
    return ["generate", "--model", str(trained.folder), *flags]


def test_the_best_are_those_of_many_in_order(words, capsys):
    many, _ = samples([*words, "--count=6"], capsys)
    best, err = samples([*words, "--best-of=6", "--count=2"], capsys)
    expected = sorted(many, key=lambda row: row["nats_per_character"])[:2]
    assert [row["text"] for row in best] == [row["text"] for row in expected]
    assert [row["rank"] for row in best] == [1, 2]
    assert [row["sample"] for row in best] == [e["sample"] for e in expected]
    assert "(the best 2 of 6 by likelihood: " in err
    assert main([*words, "--best-of=6", "--count=2"]) == 0
    shown = capsys.readouterr().out
    one, two = (row["text"] for row in best)
    assert shown == (
        f"--- sample 1 of 2 ---\n{one}\n\n--- sample 2 of 2 ---\n{two}\n"
    )


@pytest.mark.parametrize(
    "flags",
    [
        ["--rank=novelty", "--source=TEXT"],
        ["--rank=novelty", "--beam=2", "--source=TEXT"],
        ["--rank=novelty", "--best-of=1", "--count=2", "--source=TEXT"],
    ],
)
def test_flags_are_refused_before_anything_is_told(
    model, tmp_path, capsys, flags
):
    path = tmp_path / "source.txt"
    path.write_text("the sea", encoding="utf-8")
    words = [flag.replace("TEXT", str(path)) for flag in flags]
    assert main([*model, *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("charrnn generate: ")


def test_the_most_novel_copies_least_from_the_source(words, trained, capsys):
    named = ["--rank=novelty", "--source", str(trained.text)]
    best, err = samples(
        [*words, "--best-of=5", "--count=5", "--temperature=2", *named], capsys
    )
    figures = [row["novelty"] for row in best]
    assert figures == sorted(figures) and figures[0] < figures[-1]
    source = trained.text.read_text("utf-8")
    first = charrnn.copied(best[0]["text"], source, min_run=1)
    assert figures[0] == pytest.approx(first.lengths.mean())
    assert "(--rank novelty: the source is" in err


def test_what_the_constraints_changed_least_is_best(words, capsys):
    best, _ = samples(
        [*words, "--best-of=5", "--count=5", "--rank=match", "--forbid=sh"],
        capsys,
    )
    masked = [row["masked"] for row in best]
    assert masked == sorted(masked) and masked[-1] > 0
    assert [row["match"] for row in best] == masked


def test_a_beam_finds_what_python_finds(words, trained, capsys):
    (row,), err = samples([*words, "--beam=3", "--prompt=The "], capsys)
    sampler = charrnn.Sampler(trained.folder)
    found = charrnn.likeliest(sampler, "The ", length=40, beams=3)
    assert row["text"] == found.text
    assert "likeliest is not best" in err
    assert main([*words, "--beam=3", "--prompt=The "]) == 0
    assert capsys.readouterr().out == f"The {found.text}\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--rank=match"], "--rank is for --best-of"),
        (["--best-of=2", "--beam=2"], "--best-of or --beam. Received both"),
        (["--best-of=2", "--count=3"], "count asks for, 3. Received 2"),
        (["--best-of=2", "--rank=match"], "ranks by what constraints exclude"),
        (["--best-of=2", "--rank=novelty"], "Name it with --source"),
        (["--beam=2", "--new"], "Expected --new or --beam"),
        (["--beam=2", "--temperature=1"], "--beam without --temperature"),
        (["--beam=2", "--top-k=1"], "--beam without --top-k"),
        (["--beam=2", "--no-loops"], "--beam without --no-loops"),
        (["--beam=2", "--unique"], "--beam without --unique"),
        (["--separator=,", "--json"], "Expected --separator or --json"),
        (["--beam=2", "--count=2"], "--beam without --count"),
        (["--beam=2", "--length-in=characters"], "without --length-in"),
        (["--beam=0"], "0 is less than 1"),
    ],
)
def test_what_does_not_go_together_ends_in_a_line(
    model, capsys, flags, message
):
    assert message in refused([*model, *flags], capsys)


def samples_that_end(reasons):
    """A sampler whose samples end so, the later the likelier."""

    class Fixed:
        def generate(self, prompt, *, count, **how):
            assert count == len(reasons)
            return [
                Sample("text", 0, place, 9.0 - place, reason)
                for place, reason in enumerate(reasons)
            ]

    return Fixed()


@pytest.mark.parametrize(("reasons", "figures", "told"), [
    (["complete", "dead end", "complete"],
     "7.000, 9.000; the last: 8.000 (unfinished)", "1 of 3 samples ended"),
    (["dead end", "complete", "dead end"],
     "8.000, 7.000 (unfinished); the last: 9.000 (unfinished)",
     "2 of 3 samples ended"),
    (["dead end"] * 3, "7.000 (unfinished), 8.000 (unfinished); the last",
     "all 3 samples ended unfinished"),
    (["length"] * 3, "7.000, 8.000; the last: 9.000", None),
])  # fmt: skip
def test_finished_samples_come_first_and_dead_ends_are_told(
    capsys, reasons, figures, told
):
    how = {"count": 2, "constraints": [], "length": 9}
    sampler = samples_that_end(reasons)
    found = best_flags._best(
        3, "likelihood", None, best_flags.draw_any, sampler, "", how
    )
    ends = [sample.stop_reason == "dead end" for sample, _ in found]
    assert ends == sorted(ends)
    err = capsys.readouterr().err
    assert figures in err
    assert (told or "") in err and ("unfinished: " in err) == bool(told)


@pytest.mark.parametrize(("count", "figures"), [
    (1, "1.000"), (3, "1.000, 2.000, 3.000"),
    (4, "1.000, 2.000, 3.000, 4.000"), (5, "1.000, 2.000, 3.000, ..., 5.000"),
    (8, "1.000, 2.000, 3.000, ..., 8.000"),
])  # fmt: skip
def test_few_of_the_best_figures_are_shown(capsys, count, figures):
    sampler = samples_that_end(["length"] * 9)
    how = {"count": count, "constraints": [], "length": 9}
    best_flags._best(
        9, "likelihood", None, best_flags.draw_any, sampler, "", how
    )
    err = capsys.readouterr().err
    assert f"by likelihood: {figures}; the last: 9.000" in err


@pytest.mark.parametrize("rank", ["likelihood", "match", "novelty"])
def test_unfinished_samples_are_last_by_every_rank(rank):
    stuck, done = (
        Sample(text, 0, place, nats, reason, masked=nats)
        for place, (text, nats, reason) in enumerate(
            [("new", 0.0, "dead end"), ("the sea", 9.0, "complete")]
        )
    )
    best = charrnn.ranked([stuck, done], rank, source="the sea")
    assert [each.sample for each in best] == [done, stuck]
