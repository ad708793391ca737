"""Refuse what the memory cannot hold, before it is tried."""

import contextlib
import math
import os
from pathlib import Path

# Where Linux says how much a container may use; "max" means no limit.
CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def machine_bytes():
    """Tells how much memory there is, in use or not.

    Returns:
        The bytes of the machine, or of the container if it may use fewer;
        infinity where the system does not tell (Windows).

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


def check_fits(needed, what, advice):
    """Checks that the machine has so much memory.

    A system that has run out of memory does not say so: it stops answering,
    and ends processes of its choice.

    Args:
        needed: Bytes.
        what: What takes them, as the message calls it.
        advice: What to do instead, a sentence.

    Raises:
        ValueError: if there is less memory.

    Example:

    >>> check_fits(1 << 20, "a small text", "Use a smaller one.")
    """
    there = machine_bytes()
    if needed > there:
        raise ValueError(
            f"Expected {what} to fit into the memory of {_in_words(there)}. "
            f"Received one that takes about {_in_words(needed)}. {advice}"
        )


def check_address_space(needed, what):
    """Checks that a process may map so much memory: what `ulimit -v` limits.

    Args:
        needed: Bytes.
        what: What takes them, as the message calls it.

    Raises:
        ValueError: if the limit is lower.

    Example:

    >>> check_address_space(1 << 20, "a small program")
    """
    limit = address_limit()
    if needed > limit:
        raise ValueError(
            f"Expected {_in_words(needed)} of address space for {what}. "
            f"`ulimit -v` allows {_in_words(limit)}. Raise that limit."
        )


def address_limit():
    """Tells how much memory this process may map.

    Returns:
        Bytes; infinity where there is no limit, or no such thing (Windows).

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


def _in_words(size):
    return f"{size / 2**30:,.1f} GiB"
