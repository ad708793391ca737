"""Plays in Markdown, with all the slips of the pen that were met."""

import pytest

from charrnn.text.plays import char_rnn_layout


@pytest.mark.parametrize(
    ("markdown", "layout"),
    [
        # What is not speech goes, and a speech goes on after it.
        (
            "**A**  \none  \ntwo.\n\n**B**  \nthree",
            "A:\none\ntwo.\n\nB:\nthree\n",
        ),
        ("**A**  \none\n\n_Exit B,\nrunning_\n\ntwo", "A:\none\ntwo\n"),
        ("**A**  \n_\\[Aside]_  \none", "A:\none\n"),
        ("**A**  \n__\\[Reads]_\none", "A:\none\n"),
        ("**A**  \n[To B]_  \none", "A:\none\n"),
        ("_Song _\\[far off, within_\n\n**A**  \none", "A:\none\n"),
        ("**A**  \n*[Kneels.]*  \none *Drum.* two", "A:\none two\n"),
        ("**A**  \none\n\n## ACT II\n\n**B**  \ntwo", "A:\none\n\nB:\ntwo\n"),
        ("**A**  \none  \nSONG.  \ntwo\n\nSONG.\n\n", "A:\none\ntwo\n"),
        (
            "**A**  \none\n\n1\\. A drum.  \n2\\. A cow.\n\n**B**  \n2",
            "A:\none\n\nB:\n2\n",
        ),
        ("**A**  \nEPILOGUE  \nSPOKEN BY PROSPERO  \none", "A:\none\n"),
        ("**A**  \none\n\nLOVE'S LABOURS LOST\n\n# ACT II", "A:\none\n"),
        ("**A**  \n_Dies_\n\n**B**  \ntwo", "B:\ntwo\n"),
        ("_Enter A_\n_Exit A_\n", ""),
        # A scene's heading may run on; what then has no speaker has none.
        ("### SCENE I. A bed, and\n\nA asleep.\n\n_Drum_\n\none", "one\n"),
        (
            "**A**  \none\n\n**Scene II**  \nA bed.\n\n**B**  \n2",
            "A:\none\n\nB:\n2\n",
        ),
        (
            "**A**  \none\n\nSCENE II: A bed.\n\n**B**  \n2",
            "A:\none\n\nB:\n2\n",
        ),
        ("**A**  \none\n\nEPILOGUE\n\ntwo", "A:\none\n\ntwo\n"),
        # Speakers.
        (
            "**A**  \none  \nBISHOP\n\n**OF X**  \ntwo",
            "A:\none\n\nBISHOP OF X:\ntwo\n",
        ),
        ("Ghost\n\n**of B**  \n  \ntwo", "Ghost of B:\ntwo\n"),
        ("**A: & B:**  \none", "A & B:\none\n"),
        ("**A**  \none\n\n**So will I**  \ngo.", "A:\none\nSo will I go.\n"),
        ("**A**  \none\nCOOKS: Two.", "A:\none\n\nCOOKS:\nTwo.\n"),
        ("ARIEL'S song.  \none", "ARIEL:\none\n"),
        # Characters.
        ("**A**  \nsha$l", "A:\nshall\n"),
        ("**A**  \n'one'\\--two—three", "A:\n'one'--two--three\n"),
        ("**A**  \nhey, & c. &amp; ho", "A:\nhey, &c. & ho\n"),
        ("**A**  \nit is _\\[the]_  \nend _\\[ ]_  ", "A:\nit is the\nend\n"),
        ("**A**  \n  one   two \t\n\n\n\nthree", "A:\none two\nthree\n"),
    ],
)
def test_a_play_becomes_speeches(markdown, layout):
    assert char_rnn_layout(markdown) == layout
