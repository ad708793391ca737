"""Choose what the matrix products of training take: float32 or bfloat16."""

PRECISIONS = ("auto", "float32", "bfloat16")
NATIVE_BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # as Linux names them


def resolve_precision(precision):
    """Returns the precision that a choice of `fused` stands for.

    Args:
        precision: `"auto"`, `"float32"` or `"bfloat16"`.

    Returns:
        `"float32"` or `"bfloat16"`.

    Raises:
        ValueError: if it is none of the three.

    Example:

    >>> resolve_precision("float32")
    'float32'
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"Expected a precision among {', '.join(PRECISIONS)}. "
            f"Received {precision!r}."
        )
    if precision != "auto":
        return precision
    return "bfloat16" if NATIVE_BFLOAT16 & _cpu_flags() else "float32"


def _cpu_flags():
    """Names of the processor's instruction sets; none where not told."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("flags")]
    except OSError:
        return set()
    return set(lines[0].split()) if lines else set()
