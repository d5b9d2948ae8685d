"""Changing the metadata of an aligned JPEG: everything else stays byte for byte, and the file is never lost."""

import os
import shutil

import numpy as np
import pytest
from face_making import JPEGS, joined, metadata_of, segments, with_payload

from core.faces.loose import read_face
from core.faces.picture import read_xseg
from core.faces.write_metadata import MAX_BAKED_BYTES, bake_mask, encoded, replace_metadata
from core.settings.error import FaceFileError

APP15 = 0xEF


@pytest.fixture
def path(tmp_path):
    return shutil.copy(JPEGS[1], tmp_path / "00002_0.jpg")


def without_metadata(jpeg: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    parts, rest = segments(jpeg)
    return [part for part in parts if part[0] != APP15], rest


def disc(side: int = 256):
    rows, columns = np.mgrid[:side, :side]
    return (np.hypot(rows - side / 2, columns - side / 2) < side / 3).astype(np.float32)


def test_a_baked_mask_is_read_back_and_the_rest_stays_byte_for_byte(path):
    before = path.read_bytes()
    bake_mask(path, disc())
    assert np.array_equal(read_xseg(read_face(path)[0]), disc())
    assert without_metadata(path.read_bytes()) == without_metadata(before)
    old, new = metadata_of(before), metadata_of(path.read_bytes())
    assert list(new) == [*old, "xseg_mask"]
    assert repr({key: new[key] for key in old}) == repr(old)
    assert (new["xseg_mask"].dtype, new["xseg_mask"].ndim) == (np.uint8, 2)      # the original gives it to cv2 as it is
    assert list(path.parent.iterdir()) == [path]


def test_the_segment_stands_where_the_original_puts_it(path):
    bake_mask(path, disc())
    markers = [marker for marker, _ in segments(path.read_bytes())[0]]
    assert markers[:2] == [0xE0, APP15]
    bare = path.with_name("bare.jpg")
    parts, rest = without_metadata(path.read_bytes())
    bare.write_bytes(joined([parts[0], (0xE1, b"Exif\0\0"), *parts[1:]], rest))
    replace_metadata(bare, metadata_of(path.read_bytes()))
    assert [marker for marker, _ in segments(bare.read_bytes())[0]][:3] == [0xE0, 0xE1, APP15]


def test_a_key_is_taken_out_and_others_are_kept_even_unknown_ones(path):
    replace_metadata(path, {"from_another_program": {"a": [1, 2.5, None, True, b"x"]}, "source_rect": None})
    data = metadata_of(path.read_bytes())
    assert data["from_another_program"] == {"a": [1, 2.5, None, True, b"x"]}
    assert "source_rect" not in data
    replace_metadata(path, {"from_another_program": None})
    assert "from_another_program" not in metadata_of(path.read_bytes())


def test_no_change_writes_nothing(path):
    replace_metadata(path, {"eyebrows_expand_mod": 1.0})
    before = path.stat()
    replace_metadata(path, {"eyebrows_expand_mod": 1.0})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_mode_and_link_stay(path, tmp_path):
    path.chmod(0o640)
    link = tmp_path / "link.jpg"
    link.symlink_to(path)
    bake_mask(link, disc())
    assert link.is_symlink()
    assert path.stat().st_mode & 0o7777 == 0o640
    assert read_face(path)[0].xseg is not None


@pytest.mark.parametrize("changes", [
    {"landmarks": [[float("nan"), 0.0]] * 68}, {"landmarks": None}, {"face_type": "elbow"}, {"a": "x" * 70_000},
    {"a": object()}, {"a": np.array(["text"])}, {"xseg_mask": np.zeros(20, np.uint8)},
])
def test_what_would_be_no_face_is_refused_and_the_file_is_as_it_was(path, changes):
    before = path.read_bytes()
    with pytest.raises(FaceFileError, match=r"00002_0\.jpg"):
        replace_metadata(path, changes)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"text", JPEGS[0].read_bytes()[:-9],
                                     with_payload(JPEGS[0].read_bytes(), b"cos\nsystem\n(X\x04\0\0\0truetR.")])
def test_a_file_that_is_no_face_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(FaceFileError, match="cannot be changed"):
        bake_mask(path, disc())
    assert path.read_bytes() == content


def test_a_disk_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    before = path.read_bytes()

    def failing(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(FaceFileError, match="No space left"):
        bake_mask(path, disc())
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_mask_that_no_png_holds_becomes_a_jpeg_with_room_for_the_rest(path):
    noisy = np.random.default_rng(1).random((512, 512), np.float32)
    assert len(encoded(noisy)) <= MAX_BAKED_BYTES
    bake_mask(path, noisy)
    assert read_face(path)[0].xseg is not None
    with pytest.raises(FaceFileError, match="no room"):
        encoded(np.random.default_rng(1).random((4096, 4096), np.float32))
