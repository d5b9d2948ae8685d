import contextlib
import multiprocessing
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_making import JPEGS

from core.faces.cache import CacheOpening, FaceCache
from core.faces.cache_list import caches, remove_cache
from core.faces.demo import demo_folder
from core.faces.entry_file import HEADER_BYTES
from core.faces.face_type import FaceType
from core.faces.faceset import FaceSet, open_faceset
from core.faces.mask import eyes_mask, mouth_mask
from core.faces.picture import crop_image, crop_plane, face_mask, read_image
from core.settings.error import FaceFileError

SIDE = 64
PLENTY = 1 << 30


@pytest.fixture
def faceset(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for path in sorted((demo_folder() / "src").glob("*.jpg"))[:6]:
        shutil.copy(path, pictures)
    return open_faceset(pictures)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def cache_of(faceset: FaceSet, folder: Path, **changes) -> FaceCache:
    wanted = {"side_px": SIDE, "face_type": FaceType.full_face, "limit_bytes": PLENTY} | changes
    return FaceCache(faceset, folder=folder, **wanted)


def expected(faceset, index):
    face = faceset.faces[index]
    return (crop_image(read_image(face), face, FaceType.full_face, SIDE),
            np.round(crop_plane(face_mask(face), face, FaceType.full_face, SIDE) * 255).astype(int))


def assert_right(cache, faceset):
    for index in range(len(cache)):
        image, mask = expected(faceset, index)
        assert np.array_equal(cache.image(index), image)
        assert np.abs(cache.mask(index).astype(int) - mask).max() <= 1


def kept_without_pictures(cache, faceset) -> list[int]:
    """The faces that can be had when the pictures are gone."""
    kept = []
    for face in faceset.faces:
        face.path.unlink(missing_ok=True)
    for index in range(len(cache)):
        with contextlib.suppress(FaceFileError):
            cache.image(index)
            kept.append(index)
    return kept


def test_crops_and_masks_are_those_of_the_pictures_at_first_and_later(faceset, folder):
    cache = cache_of(faceset, folder)
    assert len(cache) == 6
    assert_right(cache, faceset)
    assert_right(cache, faceset)
    assert_right(cache_of(faceset, folder), faceset)
    assert cache.notice == ""


def test_a_picture_is_decoded_once_for_all_openings(faceset, folder):
    assert_right(cache_of(faceset, folder), faceset)
    assert kept_without_pictures(cache_of(faceset, folder), faceset) == [0, 1, 2, 3, 4, 5]


def test_the_same_faces_in_another_folder_use_the_same_file(faceset, folder, tmp_path):
    assert_right(cache_of(faceset, folder), faceset)
    moved = open_faceset(shutil.copytree(faceset.path, tmp_path / "copy"))
    assert kept_without_pictures(cache_of(moved, folder), moved) == [0, 1, 2, 3, 4, 5]


def test_a_folder_with_a_long_name_in_any_script_is_no_reason_to_decode_again(faceset, folder, tmp_path):
    long = tmp_path / ("\U0001F600" * 60) / ("顔" * 80) / ("é\n\udcff" * 30)
    moved = open_faceset(shutil.copytree(faceset.path, long))
    for _ in range(2):
        cache_of(moved, folder).image(0)
    assert kept_without_pictures(cache_of(moved, folder), moved) == [0]


def test_planes_are_read_only(faceset, folder):
    cache = cache_of(faceset, folder)
    for _ in range(2):
        for plane in (cache.image, cache.mask, cache.eyes, cache.mouth):
            with pytest.raises(ValueError, match="read-only"):
                plane(0)[0, 0] = 1


def test_eyes_and_mouth_cost_nothing_until_they_are_asked_for(faceset, folder):
    cache = cache_of(faceset, folder)
    cache.image(0)
    assert [file.description.planes for file in caches(folder)] == ["image and mask"]
    face = faceset.faces[0]
    shape = (face.height, face.width)
    for plane, draw in ((cache.eyes, eyes_mask), (cache.mouth, mouth_mask)):
        right = crop_plane(draw(shape, face.landmarks), face, FaceType.full_face, SIDE) * 255
        for _ in range(2):
            assert np.abs(plane(0) - right).max() <= 1
    assert {file.description.planes for file in caches(folder)} == {"image and mask", "eyes and mouth"}


def test_the_key_changes_with_faces_side_and_type_only(faceset, folder, tmp_path):
    key = cache_of(faceset, folder).key
    assert cache_of(faceset, tmp_path / "elsewhere").key == key
    assert cache_of(faceset, folder, limit_bytes=0).key == key
    others = [cache_of(faceset, folder, side_px=96), cache_of(faceset, folder, face_type=FaceType.head),
              cache_of(replace(faceset, key="other"), folder)]
    assert len({key, *(other.key for other in others)}) == 4


def test_what_does_not_fit_is_decoded_at_each_use(faceset, folder):
    cache = cache_of(faceset, folder, limit_bytes=2 * 4 * SIDE * SIDE)
    assert_right(cache, faceset)
    assert_right(cache, faceset)
    assert sum(file.size_bytes for file in caches(folder)) <= 2 * 4 * SIDE * SIDE + 4 * HEADER_BYTES
    assert kept_without_pictures(cache_of(faceset, folder), faceset) == [0, 1]


def test_no_file_is_made_without_room(faceset, folder):
    cache = cache_of(faceset, folder, limit_bytes=0)
    assert_right(cache, faceset)
    assert cache.eyes(0).shape == (SIDE, SIDE)
    assert caches(folder) == []


def test_a_folder_that_cannot_be_written_is_said_and_works(faceset, tmp_path):
    (tmp_path / "file").touch()
    cache = cache_of(faceset, tmp_path / "file" / "cache")
    assert_right(cache, faceset)
    assert cache.eyes(0).shape == (SIDE, SIDE)
    assert "decoded at each use" in cache.notice


def test_a_full_disk_is_said_and_what_is_there_is_still_read(faceset, folder, monkeypatch):
    cache = cache_of(faceset, folder)
    cache.image(0)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert_right(cache, faceset)
    assert "No space left" in cache.notice
    assert 0 in kept_without_pictures(cache, faceset)


@pytest.mark.parametrize("damage", [
    lambda content: content[:0],
    lambda content: content[:HEADER_BYTES],
    lambda content: content[:-1],
    lambda content: b"x" + content[1:],
    lambda content: content.replace(b'"side_px": 64', b'"side_px": 65'),
    lambda content: content[:-3] + b"abc",              # the last entry no longer fits its stamp
    lambda content: content[:HEADER_BYTES] + b"\xff" * 24 + content[HEADER_BYTES + 24:],
    lambda content: content[:2 * HEADER_BYTES] + bytes(len(content) - 2 * HEADER_BYTES),    # stamps without data
])
def test_a_damaged_file_is_made_again(faceset, folder, damage):
    assert_right(cache_of(faceset, folder), faceset)
    (file,) = caches(folder)
    file.path.write_bytes(damage(file.path.read_bytes()))
    assert_right(cache_of(faceset, folder), faceset)
    assert_right(cache_of(faceset, folder), faceset)
    assert [one.path for one in caches(folder)] == [file.path]


def test_a_crash_between_data_and_stamp_leaves_an_entry_that_is_not_there(faceset, folder, monkeypatch):
    cache = cache_of(faceset, folder)
    cache.image(1)
    real = os.pwrite

    def crashing(descriptor, content, offset):
        if len(content) == 4:           # a stamp; its entry was written before
            raise OSError(5, "crash")
        return real(descriptor, content, offset)

    monkeypatch.setattr(os, "pwrite", crashing)
    cache.image(0)
    monkeypatch.undo()
    assert kept_without_pictures(cache_of(faceset, folder), faceset) == [1]


def _fill(opening: CacheOpening, start, share: range) -> None:
    cache = opening.open()
    start.wait(30)                      # all at once: each finds no file and makes one
    for index in share:
        cache.image(index)


def test_processes_that_start_at_once_fill_one_file(faceset, folder):
    context = multiprocessing.get_context("fork")
    start = context.Barrier(3)
    opening = pickle.loads(pickle.dumps(cache_of(faceset, folder).opening()))
    workers = [context.Process(target=_fill, args=(opening, start, range(first, 6, 3))) for first in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    assert len(list(folder.iterdir())) == 1
    assert kept_without_pictures(cache_of(faceset, folder), faceset) == [0, 1, 2, 3, 4, 5]


def test_arrays_outlive_the_cache_and_its_file(faceset, folder):
    cache = cache_of(faceset, folder)
    cache.image(0)
    image = cache.image(0)
    cache.close()
    (file,) = caches(folder)
    remove_cache(file)
    assert np.array_equal(image, expected(faceset, 0)[0])
    assert caches(folder) == []


def test_a_face_that_is_gone_is_said_and_the_others_go_on(tmp_path, folder):
    for path in JPEGS:
        shutil.copy(path, tmp_path)
    faceset = open_faceset(tmp_path)
    cache = cache_of(faceset, folder)
    cache.image(0)
    for path in tmp_path.glob("*.jpg"):
        path.unlink()
    assert cache.image(0).shape == (SIDE, SIDE, 3)      # decoded before
    with pytest.raises(FaceFileError, match="does not exist any more"):
        cache.image(1)


def test_files_are_listed_with_what_they_hold_and_strangers_are_named_as_such(faceset, folder):
    cache_of(faceset, folder).image(0)
    (folder / "strange.faces").write_bytes(b"something else")
    known = {file.path.name: file.description for file in caches(folder)}
    assert known.pop("strange.faces") is None
    (description,) = known.values()
    assert (description.faceset, description.side_px, description.face_type, description.count) == (
        str(faceset.path), SIDE, "full_face", 6)
    assert caches(folder / "nowhere") == []


def test_eyes_of_large_pictures_are_drawn_smaller_and_lie_in_the_same_place(tmp_path, folder):
    faceset = open_faceset(demo_folder() / "src")
    face = faceset.faces[0]
    side = 1280
    picture = cv2.imencode(".jpg", np.zeros((side, side, 3), np.uint8))[1].tobytes()
    (tmp_path / "large.jpg").write_bytes(picture)
    large = replace(face, height=side, width=side, landmarks=face.landmarks * (side / face.width))
    cache = cache_of(replace(faceset, faces=(large,), key="large"), folder)
    right = crop_plane(eyes_mask((side, side), large.landmarks), large, FaceType.full_face, SIDE) * 255
    assert np.abs(cache.eyes(0) - right).mean() < 0.5
