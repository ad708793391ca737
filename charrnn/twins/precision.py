"""Choose the precision of training's matrix products: float32 or bfloat16."""

from charrnn.network.choice import trains_on_gpu

PRECISIONS = ("auto", "float32", "bfloat16")
BFLOAT16_CPU_FLAGS = {"avx512_bf16", "amx_bf16"}  # as Linux spells them


def resolve_precision(precision: str) -> str:
    """Returns the precision that `"auto"` stands for on this machine.

    Args:
        precision: `"auto"`, `"float32"` or `"bfloat16"`.

    Returns:
        `"float32"` or `"bfloat16"`. `"auto"` becomes bfloat16 if the processor
        multiplies it natively, as do GPUs: otherwise it would be slower.

    Raises:
        ValueError: if `precision` is none of the three.

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
    is_native = trains_on_gpu() or BFLOAT16_CPU_FLAGS & _cpu_flags()
    return "bfloat16" if is_native else "float32"


def _cpu_flags() -> set[str]:
    """The processor's instruction sets; empty if /proc/cpuinfo has none."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("flags")]
    except OSError:
        return set()
    return set(lines[0].split()) if lines else set()
