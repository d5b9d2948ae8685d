"""Shared memory without a name, and how batches lie in it."""

import os
import resource

import numpy as np
import pytest

from core.samples.error import SampleError
from core.samples.planes import Layout
from core.samples.ring import Ring, opened_object, shared_object


@pytest.fixture(params=["memfd", "file"])
def ring(request, monkeypatch):
    """On systems with memfd and on those without."""
    if request.param == "file":
        monkeypatch.delattr(os, "memfd_create")
    made = Ring.new()
    yield made
    made.close()


def test_what_one_end_writes_the_other_reads(ring):
    other = Ring(ring.descriptor)
    np.frombuffer(ring.room(10_000), np.uint8)[9_999] = 77
    assert other.room(10_000)[9_999] == 77
    other.cancelled = 2**40 + 5
    assert ring.cancelled == 2**40 + 5


def test_memory_grows_in_place_and_old_views_stay(ring):
    small = np.frombuffer(ring.room(100), np.uint8)
    small[3] = 9
    large = ring.room(3_000_000)
    assert large[3] == 9
    large[3] = 10
    assert small[3] == 10


def test_memory_that_cannot_be_had_is_said_with_its_size(ring):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(SampleError, match="8,004,096 bytes"):
            ring.room(8_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nothing_of_it_has_a_name(ring, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ring.room(1_000_000)
    assert os.fstat(ring.descriptor).st_nlink == 0 and not any(tmp_path.iterdir())


def test_a_child_finds_what_it_was_handed():
    value = {"name": "faces" * 1000, "arrays": [np.arange(7.0), np.arange(5, dtype=np.uint8), np.zeros((0, 2))]}
    descriptor = shared_object(value)
    first, second = opened_object(descriptor), opened_object(descriptor)
    os.close(descriptor)
    assert repr(first) == repr(second) == repr(value)
    for array in first["arrays"]:
        assert not array.flags.writeable and not array.flags.owndata        # it looks into the shared memory


def test_arrays_of_slots_and_sides_do_not_overlap_and_fill_their_room():
    layout = Layout(batch_size=3, side_px=32)
    memory = memoryview(bytearray(4 * layout.slot_bytes))
    number = 0
    arrays = []
    for slot in range(4):
        for side in layout.sides(memory, slot, has_eyes_mouth=True):
            for array in (side.index, side.warped, side.target, side.mask, side.eyes_mouth):
                number += 1
                array[:] = number
                arrays.append((array, number))
    assert all((array == value).all() for array, value in arrays)
    assert layout.slot_bytes < 2 * (8 * 3 + 8 * 3 * 32 * 32) + 2 * 4096 * 4
