"""Run a command within the process, and return what it printed."""

import json

from charrnn.commands import main


def written(words, capsys):
    """What a command that succeeds writes to stdout."""
    assert main(words) == 0
    return capsys.readouterr().out


def samples(words, capsys):
    """The samples that `charrnn generate` writes as JSON, and its stderr."""
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err


def refused(words, capsys):
    """The one line on stderr with which a command refuses its arguments."""
    try:
        code = main(words)
    except SystemExit as end:
        code = end.code
    assert code == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    return err
