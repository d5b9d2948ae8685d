"""A folder of wrong files: no code runs, nothing stops, and each is named in a sentence."""

import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_making import (
    DATA,
    JPEGS,
    joined,
    metadata_of,
    packed,
    pak_parts,
    segments,
    with_metadata,
    with_payload,
    with_size,
)

from core.faces.faceset import open_faceset
from core.faces.unpickle import unpickle
from core.settings.error import FaceFileError

JPEG = JPEGS[2].read_bytes()            # the one with polygons and a baked mask


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def png_header(side: int) -> np.ndarray:
    """A PNG mask that announces `side` x `side` pixels in 33 bytes."""
    header = struct.pack(">I4sIIBBBBBI", 13, b"IHDR", side, side, 8, 0, 0, 0, 0, 0)
    return np.frombuffer(b"\x89PNG\r\n\x1a\n" + header, np.uint8)


def changed_landmarks(value: object) -> bytes:
    return with_metadata(JPEG, landmarks=value)


def one_changed(x: float) -> list[list[float]]:
    points = [list(point) for point in metadata_of(JPEG)["landmarks"]]
    points[30][0] = x
    return points


def without_size() -> bytes:
    parts, rest = segments(JPEG)
    return joined([part for part in parts if part[0] not in (0xC0, 0xC2)], rest)


def laughing() -> bytes:
    """Lists that hold the one before ten times, 60 levels deep: 10^60 numbers for whoever walks them."""
    payload = b"\x80\x03}X\x09\x00\x00\x00landmarks]q\x000"
    for depth in range(60):
        payload += b"](" + (b"h" + bytes([depth])) * 68 + b"eq" + bytes([depth + 1]) + b"0"
    return with_payload(JPEG, payload + b"h" + bytes([60]) + b"s.")


def hostile_jpegs(marker: Path) -> dict[str, tuple[bytes, str]]:
    """File name -> content and a word of the sentence that must be said about it."""
    data = metadata_of(JPEG)
    bomb = {**data, "landmarks": Bomb(marker)}
    _, rest = segments(JPEG)
    png = cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    return {
        "code_in_app15.jpg": (with_payload(JPEG, pickle.dumps(bomb, 3)), "code"),
        "code_in_protocol_4.jpg": (with_payload(JPEG, pickle.dumps(bomb, 4)), "code"),
        "code_in_protocol_0.jpg": (with_payload(JPEG, pickle.dumps(bomb, 0)), "instruction"),
        "code_as_whole_payload.jpg": (with_payload(JPEG, b"cos\nsystem\n(X\x04\x00\x00\x00truetR."), "code"),
        "code_behind_right_data.jpg": (with_payload(JPEG, pickle.dumps(data, 3), pickle.dumps(bomb, 3)), "code"),
        "truncated_in_pixels.jpg": (JPEG[:-500], "cut off"),
        "truncated_at_last_byte.jpg": (JPEG[:-1], "cut off"),
        "truncated_in_header.jpg": (JPEG[:60], "segment"),
        "truncated_in_metadata.jpg": (JPEG[:3000], "segment"),
        "two_bytes.jpg": (JPEG[:2], "ends before"),
        "empty.jpg": (b"", "empty"),
        "trailing.jpg": (JPEG + b"more", "after its end"),
        "garbage_between.jpg": (JPEG[:20] + b"garbage" + JPEG[20:], "garbage"),
        "restart_interval.jpg": (joined([*segments(JPEG)[0], (0xDD, b"\x00\x04")], rest), "restart"),
        "segment_length_0.jpg": (JPEG[:20] + b"\xff\xe1\x00\x00" + JPEG[20:], "segment"),
        "absurd_size.jpg": (with_size(JPEG, 65535, 65535), "65,535"),
        "wide.jpg": (with_size(JPEG, 300, 60000), "60,000"),
        "no_height.jpg": (with_size(JPEG, 0, 256), "256 x 0"),
        "no_size.jpg": (without_size(), "size"),
        "tiny.jpg": (with_size(JPEG, 8, 8), "8 x 8"),
        "nan_landmarks.jpg": (changed_landmarks(one_changed(float("nan"))), "finite"),
        "inf_landmarks.jpg": (changed_landmarks(one_changed(float("inf"))), "finite"),
        "far_landmarks.jpg": (changed_landmarks(one_changed(1e9)), "off the picture"),
        "five_landmarks.jpg": (changed_landmarks([[1.0, 2.0]] * 5), "68"),
        "many_landmarks.jpg": (changed_landmarks([[1.0, 2.0]] * 690), "68"),
        "flat_landmarks.jpg": (changed_landmarks(list(range(136))), "68"),
        "three_coordinates.jpg": (changed_landmarks(np.zeros((68, 3))), "68"),
        "text_landmarks.jpg": (changed_landmarks([["a", "b"]] * 68), "68"),
        "one_spot.jpg": (changed_landmarks([[100.0, 100.0]] * 68), "one spot"),
        "no_landmarks.jpg": (changed_landmarks(None), "no landmarks"),
        "laughing_landmarks.jpg": (laughing(), "68"),
        "unknown_face_type.jpg": (with_metadata(JPEG, face_type="elbow"), "elbow"),
        "face_type_of_no_kind.jpg": (with_metadata(JPEG, face_type=[[]]), "face type"),
        "mask_as_bytes.jpg": (with_metadata(JPEG, xseg_mask=b"\x89PNG"), "mask"),
        "mask_is_no_picture.jpg": (with_metadata(JPEG, xseg_mask=np.zeros(99, np.uint8)), "mask"),
        "mask_of_absurd_size.jpg": (with_metadata(JPEG, xseg_mask=png_header(60000)), "mask"),
        "eyebrows_nan.jpg": (with_metadata(JPEG, eyebrows_expand_mod=float("nan")), "eyebrow"),
        "polygon_without_points.jpg": (with_metadata(JPEG, seg_ie_polys={"polys": [{"type": 1}]}), "polygon"),
        "polygon_at_infinity.jpg": (with_metadata(JPEG, seg_ie_polys=[(1, [[float("inf"), 0.0]])]), "polygon"),
        "metadata_is_a_list.jpg": (with_payload(JPEG, b"\x80\x03]."), "dictionary"),
        "metadata_is_text.jpg": (with_payload(JPEG, b"hello world"), "metadata"),
        "without_metadata.jpg": (with_payload(JPEG), "without DeepFaceLab data"),
        "a_png_in_disguise.jpg": (png, "not a JPEG"),
        "picture.png": (png, "PNG"),
        "letters.JPG": (JPEG, ".JPG"),
        "suffix.jpeg": (JPEG, ".jpeg"),
        "bad\x1b[31mname\n.jpg": (b"", "empty"),
    }


def write_hostile_folder(folder: Path, marker: Path) -> dict[str, str]:
    """The folder, and what must be said about each name in it."""
    said = {}
    for name, (content, word) in hostile_jpegs(marker).items():
        (folder / name).write_bytes(content)
        said[name] = word
    (folder / "folder.jpg").mkdir()
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "loop_a.jpg").symlink_to("loop_b.jpg")
    (folder / "loop_b.jpg").symlink_to("loop_a.jpg")
    os.mkfifo(folder / "pipe.jpg")      # opening it for reading would wait for a writer for ever
    return said | {"folder.jpg": "folder", "dangling.jpg": "not exist", "loop_a.jpg": "back to itself",
                   "loop_b.jpg": "back to itself", "pipe.jpg": "pipe"}


def test_each_wrong_file_is_named_in_a_sentence_and_no_code_runs(tmp_path):
    marker, folder = tmp_path / "marker", tmp_path / "faces"
    folder.mkdir()
    said = write_hostile_folder(folder, marker)
    assert len(said) >= 50
    (folder / "good.jpg").write_bytes(JPEG)

    faceset = open_faceset(folder)

    assert [face.name for face in faceset.faces] == ["good.jpg"]
    assert not marker.exists()
    reasons = {problem.name: problem.reason for problem in faceset.problems}
    assert len(reasons) == len(said)
    for name, word in said.items():
        shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
        assert word in reasons[shown], (name, reasons[shown])
        assert reasons[shown].startswith(shown)
        assert reasons[shown].isprintable()
        assert "Error" not in reasons[shown]


def test_a_folder_of_wrong_files_alone_says_what_was_found(tmp_path):
    write_hostile_folder(tmp_path, tmp_path / "marker")
    with pytest.raises(FaceFileError, match=r"no usable face: of \d+ pictures .*\d+ with unusable landmarks"):
        open_faceset(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "good.jpg").write_bytes(JPEG)
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    (tmp_path / "secret.jpg").chmod(0)
    (problem,) = open_faceset(tmp_path).problems
    assert "may not be read" in problem.reason


def pak_with(change: object) -> bytes:
    """The sample pak with another table."""
    _, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    return packed(pickle.dumps(change, 4), offsets, data)


def hostile_paks(marker: Path) -> dict[str, bytes]:
    pak = (DATA / "faceset.pak").read_bytes()
    table, offsets, data = pak_parts(pak)
    return {
        "code": pak_with([{"filename": "a.jpg", "landmarks": Bomb(marker)}]),
        "code instead of the list": pak_with(Bomb(marker)),
        "empty": b"",
        "header only": pak[:16],
        "cut in the table": pak[:400],
        "another version": packed(table, offsets, data, version=2),
        "a JPEG": JPEG,
        "a length of 2^63": struct.pack("<QQ", 1, 2**63) + pak[16:],
        "a length beyond the end": struct.pack("<QQ", 1, len(pak)) + pak[16:],
        "a dictionary": pak_with({}),
        "no faces": packed(pickle.dumps([], 4), [0], b""),
        "a list of loops": pak_with([[], [[]], None]),
        "no room for offsets": packed(pickle.dumps([None] * 1000, 4), [0, 0], b""),
        "all offsets 2^64-1": packed(table, [2**64 - 1] * 4, data),
        "all offsets 0": packed(table, [0] * 4, data),
        "offsets beyond the end": packed(table, [offset + 10**6 for offset in offsets], data),
        "no data": packed(table, offsets, b""),
    }


@pytest.mark.parametrize("name", hostile_paks(Path()).keys())
def test_a_wrong_pak_ends_in_a_sentence_and_no_code_runs(name, tmp_path):
    marker = tmp_path / "marker"
    (tmp_path / "faceset.pak").write_bytes(hostile_paks(marker)[name])
    with pytest.raises(FaceFileError) as caught:
        open_faceset(tmp_path)
    assert str(caught.value).isprintable()
    assert not marker.exists()


def test_one_wrong_offset_costs_no_other_face(tmp_path):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    (tmp_path / "faceset.pak").write_bytes(packed(table, [offsets[0], offsets[1], offsets[2], offsets[3]], data[:-100]))
    faceset = open_faceset(tmp_path)
    assert [face.name for face in faceset.faces] == ["00001_0.jpg", "00002_0.jpg"]
    (problem,) = faceset.problems
    assert problem.name == "00003_0.jpg"
    assert "cut off" in problem.reason


def test_overlapping_offsets_are_refused_so_that_no_pak_makes_us_read_it_many_times(tmp_path):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    (tmp_path / "faceset.pak").write_bytes(packed(table, [0, offsets[1], 0, offsets[3]], data))
    faceset = open_faceset(tmp_path)
    assert [face.name for face in faceset.faces] == ["00001_0.jpg"]
    assert all("offsets" in problem.reason for problem in faceset.problems)


def test_a_pak_whose_faces_share_one_large_mask_does_not_fill_the_memory(tmp_path):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    mask = np.frombuffer(cv2.imencode(".png", np.random.default_rng(1).integers(
        0, 255, (200, 200), np.uint8))[1].tobytes(), np.uint8)      # 40 kB in a pak of 98 kB
    shared = [{**config, "face_type": 4, "sample_type": 1, "xseg_mask_compressed": mask}
              for config in pickle_of_samples(table)]
    (tmp_path / "faceset.pak").write_bytes(packed(pickle.dumps(shared, 4), offsets, data))
    faceset = open_faceset(tmp_path)
    assert len(faceset.faces) == 2
    assert "shares its mask" in faceset.problems[0].reason


def pickle_of_samples(table: bytes) -> list[dict[str, object]]:
    configs = unpickle(table, max_values=100_000)
    assert isinstance(configs, list)
    return configs


def test_the_job_survives_the_hostile_folder(tmp_path):
    marker = tmp_path / "marker"
    write_hostile_folder(tmp_path, marker)
    (tmp_path / "good.jpg").write_bytes(JPEG)
    command = [sys.executable, "-P", "-m", "core.jobs.faces", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert summary["faces"] == 1
    assert done.stderr == ""
    assert not marker.exists()
