"""Random regular expressions, nested and with Unicode's classes."""

from hypothesis import strategies as st

CHARACTERS = "\n .abcAB12_éΩſßK—"  # the K is the Kelvin sign
META = set(".^$*+?{}[]\\|()-&~#")


def literal(character):
    return f"\\{character}" if character in META else character


LEAVES = st.one_of(
    st.sampled_from(CHARACTERS).map(literal),
    st.sampled_from(
        [".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "[a-c]", "[^ab]",
         r"[\w.]", r"[^\W_]", r"[\s1-9]", "(?i:k)", "(?i:[a-c])", "(?s:.)",
         "(?a:\\w)", "(?i:ß)", "(?i:[^s])", r"\n", r"\u03a9", r"\x61", "[—-]"]
    ),
)  # fmt: skip
QUANTIFIERS = st.sampled_from(
    ["?", "*", "+", "??", "*?", "+?", "{2}", "{1,3}", "{0,2}?", "{2,}", "{,2}"]
)


def _larger(inner):
    grouped = st.tuples(inner, QUANTIFIERS).map(lambda t: f"(?:{t[0]}){t[1]}")
    either = st.lists(inner, min_size=2, max_size=3).map("|".join)
    return st.one_of(
        grouped,
        either.map(lambda pattern: f"({pattern})"),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        inner.map(lambda pattern: f"(?i:{pattern})"),
    )


def expressions(max_leaves=8):
    """A strategy of regular expressions without anchors and references."""
    return st.recursive(LEAVES, _larger, max_leaves=max_leaves)


def texts(max_size=6):
    """A strategy of texts that such an expression may match."""
    return st.text(CHARACTERS, max_size=max_size)
