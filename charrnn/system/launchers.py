"""Find out from flags and launchers which of several processes this is.

Flags take precedence over environment variables. The variables are read in
this order; one source may complete another:

- `KERAS_DISTRIBUTION_*`, as `keras.distribution.initialize` reads them;
- `JAX_*`, as Kubeflow Trainer's runtime for JAX sets them;
- those of Open MPI's `mpirun` and of Slurm's `srun`. From them, JAX also
  finds the coordinator's address, up to Open MPI 4;
- those of other MPIs, which know no address.
"""

import dataclasses
import itertools
import os
from collections.abc import Mapping

KERAS = "KERAS_DISTRIBUTION_"
COORDINATOR = (f"{KERAS}JOB_ADDRESSES", "JAX_COORDINATOR_ADDRESS")
PROCESSES = (f"{KERAS}NUM_PROCESSES", "JAX_NUM_PROCESSES")
PROCESS = (f"{KERAS}PROCESS_ID", "JAX_PROCESS_ID")
MPI_PROCESSES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
MPI_PROCESS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK")

# By JAX's name of a launcher: the variables of the number of processes and of
# the number of this one, and those without which JAX does not know it.
LAUNCHERS = {
    "ompi": (
        "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK",
        ("OMPI_MCA_orte_hnp_uri",),
    ),
    "slurm": (
        "SLURM_NTASKS", "SLURM_PROCID",
        ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_LOCALID"),
    ),
}  # fmt: skip
MAX_PORT = 2**16 - 1


@dataclasses.dataclass(frozen=True)
class Place:
    """The place of this process among several.

    Attributes:
        coordinator: `HOST:PORT` of process 0; `None` if JAX finds it.
        processes: The number of processes.
        process: The number of this one, from 0.
        launcher: JAX's name of the launcher; `None` without one.
    """

    coordinator: str | None
    processes: int
    process: int
    launcher: str | None = None


def find_place(
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Place | None:
    """Finds the place of this process among several.

    Args:
        coordinator: The value of --coordinator; `None` if it is not given.
        processes: That of --processes.
        process: That of --process.
        environment: The environment variables.

    Returns:
        A `Place`, or `None` for a process on its own.

    Raises:
        ValueError: if something is missing or has no valid value.

    Example:

    >>> find_place("localhost:1234", 2, 1)
    Place(coordinator='localhost:1234', processes=2, process=1, launcher=None)
    >>> find_place(environment={})
    """
    launcher = _launcher(environment)
    size, rank, _ = LAUNCHERS.get(launcher or "", ("", "", ()))
    all_sizes = (*PROCESSES, size, *MPI_PROCESSES)
    all_ranks = (*PROCESS, rank, *MPI_PROCESS)
    total = _found("--processes", processes, all_sizes, environment)
    own = _found("--process", process, all_ranks, environment)
    address = _found("--coordinator", coordinator, COORDINATOR, environment)
    count = _whole(total, least=1)
    if count == 1 or not (total or own or address):
        return None
    number = _whole(own, least=0)
    if launcher and rank not in own:
        launcher = None  # it is one of processes that another has started
    if count is None or number is None or not (address or launcher):
        raise ValueError(_what_is_missing(address, count, number))
    if number >= count:
        raise ValueError(
            f"Expected a number below {count}, the number of processes, as "
            f"this process's own. Received {_named(own)}. Count from 0."
        )
    return Place(_checked(address), count, number, launcher)


def _launcher(environment: Mapping[str, str]) -> str | None:
    """JAX's name of the launcher that started this process."""
    for name, (size, rank, others) in LAUNCHERS.items():
        if all(variable in environment for variable in (size, rank, *others)):
            return name
    return None


def _found(
    flag: str,
    value: str | int | None,
    variables: tuple[str, ...],
    environment: Mapping[str, str],
) -> dict[str, str | int]:
    """The first value that there is, by the name of where it was found."""
    if value is not None:
        return {flag: value}
    named = (name for name in variables if environment.get(name))
    return {name: environment[name] for name in itertools.islice(named, 1)}


def _whole(found: Mapping[str, str | int], least: int) -> int | None:
    """The whole number that was found, or `None`."""
    for value in found.values():
        try:
            number = int(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise ValueError(
                f"Expected a whole number of at least {least}. Received "
                f"{_named(found)}."
            )
        return number
    return None


def _named(found: Mapping[str, str | int]) -> str:
    """A value with the name of its flag or variable."""
    name, value = next(iter(found.items()))
    return f"{name} {value}" if name.startswith("-") else f"{name}={value}"


def _checked(found: Mapping[str, str | int]) -> str | None:
    """Checks the form of a coordinator's address, if there is one."""
    for name, value in found.items():
        address = str(value).split(",")[0]  # Keras takes those of all
        host, _, port = address.rpartition(":")
        if not (host and port.isdecimal() and 0 < int(port) <= MAX_PORT):
            raise ValueError(
                f"Expected HOST:PORT, the address of process 0, as {name}. "
                f"Received {address!r}. For example: 10.0.0.1:1234."
            )
        return address
    return None


def _what_is_missing(
    address: object, count: int | None, number: int | None
) -> str:
    """The message for a place that is not complete."""
    missing = [
        flag
        for flag, value in [
            ("--coordinator HOST:PORT", address),
            ("--processes N", count),
            ("--process I", number),
        ]
        if not value and value != 0
    ]
    return (
        "Expected the address of process 0, the number of processes and the "
        f"number of this one. Received no {', no '.join(missing)}. Give all "
        "three, or start the processes with mpirun or srun. --processes 1 "
        "trains alone."
    )
