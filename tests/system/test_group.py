import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from key_value_store import Store

from charrnn.system import group
from charrnn.system.group import Group, check_address, packed, unpacked
from charrnn.system.launchers import Place


def groups(processes):
    store = Store()
    return [
        Group(Place("h:1", processes, number), store)
        for number in range(processes)
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "read"},
        {"text": 'ä "\n', "list": [1, None, {"a": 2.5}], "json": 0},
        {"kept": np.array([[True, False]]), "rates": np.float32([0.1, 0])},
        {"empty": np.empty((0, 5), np.float32)},
    ],
)
def test_messages_arrive_as_they_were_sent(values):
    found = unpacked(packed(values))
    assert found.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_message_that_would_execute_code_is_refused():
    with pytest.raises(ValueError):
        packed({"array": np.array([object()])})


def test_all_receive_the_messages_in_their_order():
    leader, *others = groups(3)
    for number in range(3 * group.KEPT_MESSAGES):
        leader.send("train", number=number)
        received = [each.receive()["number"] for each in others]
        assert received == [number, number]
    kept = [key for key in leader.client.values if "message" in key]
    assert len(kept) == group.KEPT_MESSAGES


def test_a_receiver_waits(monkeypatch):
    monkeypatch.setattr(group, "POLL_MILLISECONDS", 1)
    leader, other = groups(2)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(other.receive)
        leader.send("end")
        assert waiting.result(5) == {"kind": "end"}


def test_values_are_gathered_in_the_order_of_the_processes():
    leader, *others = groups(3)
    for number in (2, 1):
        assert others[number - 1].gather("nats", {"own": number}) == []
    found = leader.gather("nats", {"own": 0})
    assert [each["own"] for each in found] == [0, 1, 2]
    assert not leader.client.values


def test_a_port_in_use_is_told():
    with socket.socket() as used:
        used.bind(("", 0))
        used.listen()
        address = f"127.0.0.1:{used.getsockname()[1]}"
        with pytest.raises(ValueError, match="Another program uses"):
            check_address(Place(address, 2, 0))
        check_address(Place(address, 2, 1))  # that of another machine


def test_a_machine_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match="there is no machine 'no.invalid'"):
        check_address(Place("no.invalid:1234", 2, 1))


@pytest.mark.parametrize(
    ("process", "words"),
    [
        (0, "not all of the 2 processes have come, after 5 seconds"),
        (1, "process 0 cannot be reached at 127.0.0.1:1, after 5 seconds"),
    ],
)
def test_who_has_not_come_is_told(monkeypatch, process, words):
    lines = []
    monkeypatch.setattr(group, "end", lambda line, code: lines.append(line))
    group._give_up(Place("127.0.0.1:1", 2, process), 5)
    assert words in lines[0]
