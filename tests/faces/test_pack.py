"""Packing and unpacking: what the original reads, the same faces, and no face is ever in no file."""

import hashlib
import os
import pickle
import shutil
import struct
import zipfile

import numpy as np
import pytest
from face_making import DATA, JPEGS, pak_parts, with_metadata

import core.faces.pack as pack_module
from core.faces.faceset import open_faceset
from core.faces.pack import pack, unpack
from core.faces.picture import encoded_mask, read_jpeg
from core.faces.unpickle import unpickle
from core.settings.error import FaceFileError


@pytest.fixture
def loose(tmp_path):
    for path in JPEGS:
        shutil.copy(path, tmp_path)
    return tmp_path


def files(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plain(value):
    """Something to compare of a table: arrays as lists."""
    match value:
        case np.ndarray():
            return (str(value.dtype), value.ravel().tolist())
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


@pytest.mark.parametrize("with_people", [False, True])
def test_a_pak_is_the_one_that_the_original_wrote_of_the_same_files(tmp_path, with_people, monkeypatch):
    monkeypatch.setattr(pack_module, "APPENDED", 2)
    for path, person in zip(JPEGS, ("alice", "alice", "bob"), strict=True):
        (tmp_path / person if with_people else tmp_path).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / person if with_people else tmp_path)
    made = pack(tmp_path, "faceset.pak").path
    original = DATA / ("faceset_person.pak" if with_people else "faceset.pak")
    (ours, our_offsets, our_data), (theirs, offsets, data) = (pak_parts(path.read_bytes()) for path in (made, original))
    assert our_data == data and our_offsets[:-1] == offsets[:-1]
    assert our_offsets[-1] == made.stat().st_size                   # the original's own mistake, which it reads
    ours, theirs = (unpickle(table, max_values=100_000) for table in (ours, theirs))
    assert [list(config) for config in ours] == [list(config) for config in theirs]
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize("name", ["faceset.pak", "other.pak", "faceset.zip"])
def test_what_was_packed_comes_out_again_byte_for_byte(loose, name):
    before, key = files(loose), open_faceset(loose).key
    made = pack(loose, name, removes=True)
    assert made.faces == 3 and list(files(loose)) == [name]
    assert open_faceset(loose / name).key == key
    unpack(loose / name, removes=True)
    assert files(loose) == before


def test_a_zip_has_the_comment_that_the_fork_checks(loose):
    with zipfile.ZipFile(pack(loose, "faceset.zip").path) as archive:
        assert archive.namelist()[0] == "config.pak"
        assert archive.comment == hashlib.md5(str(archive.namelist()).encode()).digest()


def test_persons_go_back_into_their_folders(tmp_path):
    shutil.copy(DATA / "faceset_person.pak", tmp_path / "faceset.pak")
    unpack(tmp_path / "faceset.pak")
    assert sorted(files(tmp_path)) == ["alice/00001_0.jpg", "alice/00002_0.jpg", "bob/00003_0.jpg", "faceset.pak"]
    with pytest.raises(FaceFileError, match="exists already"):
        pack(tmp_path, "faceset.pak")
    (tmp_path / "00009_0.jpg").write_bytes(JPEGS[0].read_bytes())
    assert pack(tmp_path, "people.pak", people=True).faces == 3
    assert pack(tmp_path, "loose.pak").faces == 1


def test_one_name_of_two_persons_has_no_room_in_a_zip(tmp_path):
    for person in ("alice", "bob"):
        (tmp_path / person).mkdir()
        shutil.copy(JPEGS[0], tmp_path / person)
    with pytest.raises(FaceFileError, match=r"one 00001_0\.jpg"):
        pack(tmp_path, "faceset.zip")
    assert sorted(files(tmp_path)) == ["alice/00001_0.jpg", "bob/00001_0.jpg"]
    assert pack(tmp_path, "faceset.pak").faces == 2


def test_pictures_that_are_no_faces_are_named_and_stay(loose):
    (loose / "broken.jpg").write_bytes(b"")
    made = pack(loose, "faceset.pak", removes=True)
    assert [problem.name for problem in made.problems] == ["broken.jpg"]
    assert sorted(files(loose)) == ["broken.jpg", "faceset.pak"]


def test_a_mask_of_an_early_file_is_packed_as_a_picture(tmp_path):
    mask = np.zeros((64, 64, 1), np.float32)
    mask[20:40] = 1
    (tmp_path / "early.jpg").write_bytes(with_metadata(JPEGS[0].read_bytes(), xseg_mask=mask))
    pack(tmp_path, "faceset.pak")
    assert encoded_mask(open_faceset(tmp_path).faces[0]).startswith(b"\x89PNG")


def test_nothing_that_exists_is_overwritten(loose):
    pack(loose, "faceset.pak")
    (loose / "00002_0.jpg").write_bytes(JPEGS[0].read_bytes())
    before = files(loose)
    with pytest.raises(FaceFileError, match="another picture"):
        unpack(loose / "faceset.pak")
    assert files(loose) == before


@pytest.mark.parametrize(("field", "name"), [("filename", ".."), ("person_name", ".."), ("person_name", "../out"),
                                             ("filename", "../../x.jpg")])
def test_names_in_a_pak_never_lead_out_of_its_folder(tmp_path, field, name):
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    configs = [{**config, "face_type": 4, "sample_type": 1, field: name}
               for config in unpickle(table, max_values=100_000)][:1]
    packed = pickle.dumps(configs, 4)
    (folder / "faceset.pak").write_bytes(struct.pack("<QQ", 1, len(packed)) + packed
                                         + struct.pack("<2Q", 0, offsets[1]) + data[:offsets[1]])
    try:
        unpack(folder / "faceset.pak")
    except FaceFileError as error:
        assert "cannot become a file" in str(error)
    assert {path.parent for path in tmp_path.rglob("*.jpg")} <= {folder, folder / "out"}


def test_a_full_disk_leaves_the_loose_files_and_nothing_half(loose, monkeypatch):
    before = files(loose)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FaceFileError, match="No space left"):
        pack(loose, "faceset.pak", removes=True)
    assert files(loose) == before


def test_a_picture_that_changes_meanwhile_is_noticed(loose, monkeypatch):


    def changed(face):
        jpeg = bytearray(read_jpeg(face))
        jpeg[-50] ^= 1
        return bytes(jpeg)

    monkeypatch.setattr(pack_module, "read_jpeg", changed)
    before = files(loose)
    with pytest.raises(FaceFileError, match="same faces"):
        pack(loose, "faceset.pak", removes=True)
    assert files(loose) == before


