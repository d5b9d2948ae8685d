"""Faces in columns: what comes out is what went in, in this process and in another; masks stay in the files."""

import pickle
import shutil

import numpy as np
import pytest
from face_making import JPEGS, with_metadata

from core.faces.face import InJpeg
from core.faces.faceset import open_faceset
from core.faces.loose import read_face
from core.faces.picture import encoded_mask, read_xseg
from core.faces.table import FaceTableBuilder
from core.faces.write_metadata import bake_mask
from core.settings.error import FaceFileError


@pytest.fixture
def loose(tmp_path):
    for path in JPEGS:
        shutil.copy(path, tmp_path)
    return tmp_path


def fields(face) -> list:
    return [getattr(face, name) for name in face.__slots__ if name not in ("landmarks", "polygons")]


def assert_same(ours, theirs) -> None:
    assert fields(ours) == fields(theirs)
    assert np.array_equal(ours.landmarks, theirs.landmarks)
    assert [p.points.tolist() for p in ours.polygons] == [p.points.tolist() for p in theirs.polygons]


def test_faces_of_a_table_are_those_that_were_put_in(tmp_path):
    strange = tmp_path / "顔 \udcff\n\x1b.jpg"
    strange.write_bytes(with_metadata(JPEGS[2].read_bytes(), person_name="é", source_filename=""))
    faces = [read_face(path)[0] for path in (*JPEGS, strange)]
    builder = FaceTableBuilder(9)
    for face in faces:
        builder.add(face)
    table = builder.table()
    for ours in (table, pickle.loads(pickle.dumps(table))):
        assert len(ours) == 4
        for number, face in enumerate(faces):
            assert_same(ours[number], face)
        assert_same(ours[-1], faces[-1])
        assert [face.name for face in ours[1:3]] == [face.name for face in faces[1:3]]
        assert [face.person for face in ours] == [None, None, None, "é"]
        with pytest.raises(IndexError):
            ours[4]
        with pytest.raises(ValueError, match="read-only"):
            ours[0].landmarks[0] = 1


def test_a_mask_stays_in_its_file_and_is_read_when_it_is_asked_for(loose):
    face = open_faceset(loose).faces[2]
    assert isinstance(face.xseg, InJpeg)
    content = face.path.read_bytes()
    assert encoded_mask(face) == content[face.xseg.offset:face.xseg.offset + face.xseg.length]
    assert encoded_mask(face).startswith(b"\x89PNG")


def test_a_mask_that_does_not_lie_in_the_file_as_it_is_is_kept(tmp_path):
    mask = np.zeros((64, 64, 1), np.float32)
    mask[20:40] = 1
    (tmp_path / "early.jpg").write_bytes(with_metadata(JPEGS[0].read_bytes(), xseg_mask=mask))
    face = open_faceset(tmp_path).faces[0]
    assert isinstance(face.xseg, bytes)
    assert read_xseg(face)[120, 128] == 1


def test_a_mask_that_was_exchanged_is_said_and_never_taken_for_one(loose):
    faces = open_faceset(loose).faces
    bake_mask(loose / "00003_0.jpg", np.random.default_rng(1).random((200, 200)).astype(np.float32))
    (loose / "00003_0.jpg").write_bytes((loose / "00003_0.jpg").read_bytes()[:faces[2].length])
    with (loose / "00003_0.jpg").open("r+b") as file:
        file.seek(faces[2].xseg.offset)
        file.write(bytes(60))
    with pytest.raises(FaceFileError, match="exchanged"):
        read_xseg(faces[2])


def test_a_face_with_a_mask_takes_less_than_2_kilobytes_in_each_process(loose):
    for number in range(100):
        (loose / f"{number + 10:05}_0.jpg").hardlink_to(loose / "00003_0.jpg")      # a mask of 2 kB each
    faceset = open_faceset(loose)
    assert len(faceset.faces) == 103 and faceset.with_mask() == 101
    buffers: list[pickle.PickleBuffer] = []
    private = pickle.dumps(faceset, 5, buffer_callback=buffers.append)
    # landmarks are 1,088 bytes, numbers and names some hundred, and lie in memory that processes share
    assert sum(buffer.raw().nbytes for buffer in buffers) < 1_500 * 103
    # by themselves: polygons, which these faces have and few real ones
    assert len(private) < 500 * 103


def test_subfolders_of_a_folder_without_pictures_are_persons(tmp_path):
    for person, paths in (("bob", JPEGS[2:]), ("alice", JPEGS[:2])):
        (tmp_path / person).mkdir()
        for path in paths:
            shutil.copy(path, tmp_path / person)
    (tmp_path / "notes.txt").touch()
    faces = open_faceset(tmp_path).faces
    assert [(face.person, face.name) for face in faces] == [
        ("alice", "00001_0.jpg"), ("alice", "00002_0.jpg"), ("bob", "00003_0.jpg")]
    shutil.copy(JPEGS[0], tmp_path / "own.jpg")
    assert [face.name for face in open_faceset(tmp_path).faces] == ["own.jpg"]      # as the original: not recursive
