import pytest

from charrnn.system.launchers import Place, find_place

OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_MCA_orte_hnp_uri": "123.0;tcp://10.0.0.1:5",
}
SLURM = {
    "SLURM_NTASKS": "8",
    "SLURM_PROCID": "0",
    "SLURM_JOB_ID": "77",
    "SLURM_STEP_NODELIST": "node[1-8]",
    "SLURM_LOCALID": "0",
}
KUBEFLOW = {
    "JAX_COORDINATOR_ADDRESS": "job-node-0-0.job:29500",
    "JAX_NUM_PROCESSES": "2",
    "JAX_PROCESS_ID": "1",
}
KERAS = {
    "KERAS_DISTRIBUTION_JOB_ADDRESSES": "10.0.0.1:1234,10.0.0.2:2345",
    "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
    "KERAS_DISTRIBUTION_PROCESS_ID": "0",
}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, None),
        (OPEN_MPI, Place(None, 4, 3, "ompi")),
        (SLURM, Place(None, 8, 0, "slurm")),
        (KUBEFLOW, Place("job-node-0-0.job:29500", 2, 1)),
        (KERAS, Place("10.0.0.1:1234", 2, 0)),
        ({**OPEN_MPI, **KUBEFLOW}, Place("job-node-0-0.job:29500", 2, 1)),
        ({**OPEN_MPI, "OMPI_COMM_WORLD_SIZE": "1"}, None),
        # The batch script of a Slurm job, which starts no step.
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_JOB_ID": "7"}, None),
    ],
)
def test_launchers_say_which_process_this_is(environment, place):
    assert find_place(environment=environment) == place


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        (("h:1", 2, 0), Place("h:1", 2, 0)),
        (("[::1]:80", 3, 2), Place("[::1]:80", 3, 2)),
        ((None, 1, None), None),
        (("h:1", 1, 0), None),
    ],
)
def test_flags_say_which_process_this_is(flags, place):
    assert find_place(*flags, environment={}) == place


def test_flags_come_before_variables():
    assert find_place("h:1", environment=KERAS) == Place("h:1", 2, 0)
    assert find_place(None, 1, environment=OPEN_MPI) is None


def test_a_launcher_may_know_the_number_and_the_flag_the_address():
    # JAX gives each process of a launcher a GPU of its own.
    assert find_place("h:1", environment=OPEN_MPI) == Place("h:1", 4, 3, "ompi")
    assert find_place("h:1", 2, 0, OPEN_MPI) == Place("h:1", 2, 0)


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        (("h:1", None, None), {}, "Received no --processes N, no --process I."),
        ((None, 2, 0), {}, "Received no --coordinator HOST:PORT."),
        (("h:1", 2, 2), {}, "Expected a number below 2"),
        # Open MPI 5, and Intel's: each would train a run of its own.
        (
            (None, None, None),
            {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"},
            "Received no --coordinator HOST:PORT.",
        ),
        (
            (None, None, None),
            {"PMI_SIZE": "2", "PMI_RANK": "1"},
            "Received no --coordinator HOST:PORT.",
        ),
        (("h", 2, 0), {}, "Expected HOST:PORT"),
        (("h:", 2, 0), {}, "Expected HOST:PORT"),
        (("h:0", 2, 0), {}, "Expected HOST:PORT"),
        (("h:65536", 2, 0), {}, "Expected HOST:PORT"),
        ((":80", 2, 0), {}, "Expected HOST:PORT"),
        (
            (None, None, None),
            {**KERAS, "KERAS_DISTRIBUTION_PROCESS_ID": "first"},
            "Received KERAS_DISTRIBUTION_PROCESS_ID=first.",
        ),
        (
            (None, None, None),
            {**KUBEFLOW, "JAX_NUM_PROCESSES": "0"},
            "Received JAX_NUM_PROCESSES=0.",
        ),
    ],
)
def test_what_is_wrong_is_told(flags, environment, words):
    with pytest.raises(ValueError) as caught:
        find_place(*flags, environment=environment)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
