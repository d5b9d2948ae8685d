"""Which devices train together, what of it is written down, and what a lost rank is called."""

import pytest
import torch

from core.events.event import Chose, Event
from core.run.trainer_end import Exit, Story, how_it_ended
from core.settings.error import RefusedError, SettingError
from core.settings.registry import check_together, defaults
from core.train.elastic import address_of
from core.train.ground import share_of_workers
from core.train.machine import choose_machine, identity, listed_devices
from core.wire.trainer_record import Failed

ON_CPU = defaults() | {"device": "cpu"}


@pytest.fixture(autouse=True)
def torch_as_it_was():
    """A machine that is chosen settles how this process computes."""
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)


def journal(*chosen):
    return [Event(n, 0, 0, 0.0, "trainer", body) for n, body in enumerate(chosen, start=1)]


def test_devices_are_read_as_people_write_them():
    assert listed_devices("0,cuda:2", "") == ["cuda:0", "cuda:2"]
    assert listed_devices("cpu,cpu", "") == ["cpu", "cpu"]
    assert listed_devices("", "") == []
    assert listed_devices("all", "cuda:0,cuda:1") == ["cuda:0", "cuda:1"]      # a resume does not choose again
    with pytest.raises(RefusedError, match="names cuda:1 twice"):
        listed_devices("1,cuda:1", "")


def test_one_device_writes_down_what_it_always_did():
    machine = choose_machine(ON_CPU, [])
    assert machine.devices == ("cpu",)
    assert [news.what for news in machine.news] == ["device", "threads"]
    assert "ranks" not in identity(ON_CPU, machine)


def test_several_devices_and_the_way_back_are_written_down():
    two = choose_machine(ON_CPU | {"devices": "cpu,cpu"}, [])
    assert two.devices == ("cpu", "cpu")
    assert [(news.what, news.value) for news in two.news[:1]] == [("devices", "cpu,cpu")]
    assert identity(ON_CPU, two, ranks=2)["ranks"] == 2
    again = choose_machine(ON_CPU | {"devices": "cpu,cpu"}, journal(*two.news))
    assert again.news == () and again.threads == two.threads
    back = choose_machine(ON_CPU, journal(*two.news))
    assert Chose("devices", "cpu", "one rank trains alone") in back.news


def test_a_batch_smaller_than_the_devices_is_refused_when_it_is_set():
    with pytest.raises(SettingError, match="batch_size = 2 leaves some of the 3 devices"):
        check_together(defaults() | {"devices": "cpu,cpu,cpu", "batch_size": 2})
    with pytest.raises(SettingError, match="name of the network interface"):
        check_together(defaults() | {"nodes": 2})


def test_an_interface_without_an_address_is_refused_with_those_that_are_there():
    with pytest.raises(RefusedError, match="node_interface = no-such has no address here"):
        address_of("no-such")


def test_ranks_of_a_machine_share_the_workers_that_it_chooses():
    assert share_of_workers(3, 2) == 3 and share_of_workers(0, 2) == 0
    assert 1 <= share_of_workers(-1, 2) <= share_of_workers(-1, 1)


@pytest.mark.parametrize(("killed", "memory", "cause"), [(True, False, "killed"), (False, True, "memory"),
                                                         (False, False, "failed")])
def test_a_rank_killed_from_outside_is_no_failure_of_the_trainer(killed, memory, cause):
    story = Story(7, failed=Failed("rank 1 (cuda:1) is gone", 7, memory=memory, killed=killed))
    assert how_it_ended(Exit(1, None), story).cause == cause
