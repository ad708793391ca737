"""Refuse work that would not fit into RAM, before it starts."""

import contextlib
import math
import os
from pathlib import Path

# Files in which Linux limits the RAM of a container; "max" means no limit.
CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def machine_bytes() -> float:
    """Returns the size of the RAM, in use or not.

    Returns:
        The bytes of the machine, or of the container if it may use fewer;
        infinity if the system does not report it (Windows).

    Example:

    >>> machine_bytes() > 1 << 20
    True
    """
    limits = [math.inf]
    with contextlib.suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in CONTAINER_LIMITS:
        with contextlib.suppress(ValueError, OSError):
            limits.append(int(path.read_text(encoding="ascii")))
    return min(limits)


def check_fits(needed: float, what: str, advice: str) -> None:
    """Checks that something fits into the machine's RAM.

    A system that runs out of RAM does not refuse requests: it stops
    responding, and kills processes of its choice.

    Args:
        needed: Number of bytes.
        what: The name of the thing in the message.
        advice: A sentence about what to do instead.

    Raises:
        ValueError: if the machine has less.

    Example:

    >>> check_fits(1 << 20, "a small text", "Use a smaller one.")
    """
    available = machine_bytes()
    if needed > available:
        raise ValueError(
            f"Expected {what} to fit into the memory of {_gib(available)}. "
            f"Received one that takes about {_gib(needed)}. {advice}"
        )


def check_address_space(needed: float, what: str) -> None:
    """Checks that this process may map enough memory (`ulimit -v`).

    Args:
        needed: Number of bytes.
        what: The name of what maps them in the message.

    Raises:
        ValueError: if the limit is lower.

    Example:

    >>> check_address_space(1 << 20, "a small program")
    """
    limit = address_limit()
    if needed > limit:
        raise ValueError(
            f"Expected {_gib(needed)} of address space for {what}. "
            f"`ulimit -v` allows {_gib(limit)}. Raise that limit."
        )


def address_limit() -> float:
    """Returns how much memory this process may map.

    Returns:
        Bytes; infinity if there is no limit, as on Windows.

    Example:

    >>> address_limit() > 0
    True
    """
    try:
        import resource
    except ImportError:
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _gib(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB"
