"""faceset.zip: the same faces as the loose files, and no wrong archive does more than end in a sentence."""

import io
import pickle
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from face_making import DATA, JPEGS, pak_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hostile_faces import Bomb, hostile_jpegs, png_header

from core.faces.archive import TABLE
from core.faces.faceset import open_faceset
from core.faces.picture import encoded_mask, face_mask, read_image, read_jpeg
from core.faces.unpickle import unpickle
from core.settings.error import FaceFileError

FACES = {path.name: path.read_bytes() for path in JPEGS}


def configs() -> list[dict]:
    """The table of the sample pak, in Python's own words."""
    listed = unpickle(pak_parts((DATA / "faceset.pak").read_bytes())[0], max_values=100_000)
    return [{**config, "face_type": 4, "sample_type": 1} for config in listed]


def zipped(table: object, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive as the fork writes it, table first."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr(TABLE, table if isinstance(table, bytes) else pickle.dumps(table, 4))
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "faceset.zip").write_bytes(zipped(configs(), FACES))
    return tmp_path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_archive_gives_the_same_faces_and_key_as_the_pak(tmp_path, method):
    (tmp_path / "faceset.zip").write_bytes(zipped(configs(), FACES, method))
    inside, packed = open_faceset(tmp_path), open_faceset(DATA / "faceset.pak")
    assert inside.key == packed.key and inside.problems == ()
    for ours, theirs in zip(inside.faces, packed.faces, strict=True):
        assert (ours.name, encoded_mask(ours)) == (theirs.name, encoded_mask(theirs))
        assert read_jpeg(ours) == read_jpeg(theirs)
        assert np.array_equal(read_image(ours), read_image(theirs))
        assert np.array_equal(face_mask(ours), face_mask(theirs))
    assert inside.with_mask() == 1


def test_a_pak_beside_it_comes_first_and_loose_files_are_hidden(folder):
    (folder / "other.jpg").write_bytes(b"")
    assert open_faceset(folder).faces[0].path.name == "faceset.zip"
    shutil.copy(DATA / "faceset.pak", folder)
    assert open_faceset(folder).faces[0].path.name == "faceset.pak"


def test_an_archive_is_named_directly_too(folder):
    other = (folder / "faceset.zip").rename(folder / "second.zip")
    assert len(open_faceset(other).faces) == 3
    with pytest.raises(FaceFileError, match=r"second\.zip, which must be named"):
        open_faceset(folder)


def test_a_picture_that_is_missing_costs_no_other_face(tmp_path):
    (tmp_path / "faceset.zip").write_bytes(zipped(configs(), {n: j for n, j in FACES.items() if "00002" not in n}))
    faceset = open_faceset(tmp_path)
    assert [face.name for face in faceset.faces] == ["00001_0.jpg", "00003_0.jpg"]
    assert "not there" in faceset.problems[0].reason


def test_two_persons_with_one_file_name_are_not_one_face_twice(tmp_path):
    (tmp_path / "faceset.zip").write_bytes(zipped([*configs(), configs()[0]], FACES))
    faceset = open_faceset(tmp_path)
    assert (len(faceset.faces), len(faceset.problems)) == (3, 1)


def test_an_archive_that_was_exchanged_is_said_when_a_face_is_read(folder):
    faceset = open_faceset(folder)
    content = bytearray((folder / "faceset.zip").read_bytes())
    content[faceset.faces[2].offset + 100] ^= 0xFF
    (folder / "faceset.zip").write_bytes(content)
    with pytest.raises(FaceFileError):
        read_image(faceset.faces[2])
    (folder / "faceset.zip").write_bytes(b"")
    with pytest.raises(FaceFileError, match="shorter"):
        read_image(faceset.faces[0])


def test_hostile_pictures_in_an_archive_are_faces_or_sentences(tmp_path):
    marker, folder = tmp_path / "marker", tmp_path / "faces"
    folder.mkdir()
    pictures = {f"{number}.jpg": content for number, (content, _) in enumerate(hostile_jpegs(marker).values())}
    table = [{**configs()[2], "filename": name} for name in pictures]
    (folder / "faceset.zip").write_bytes(zipped([*table, configs()[0]], {**pictures, **FACES}))
    faceset = open_faceset(folder)
    assert len(faceset.faces) + len(faceset.problems) == len(pictures) + 1
    assert len(faceset.problems) >= 15              # what is wrong with the JPEG itself; the table's data counts here
    assert all(problem.reason.isprintable() and "Error" not in problem.reason for problem in faceset.problems)
    for face in faceset.faces:
        assert face_mask(face).shape == (face.height, face.width)
    assert not marker.exists()


def test_hostile_entries_of_the_table_are_named_and_no_code_runs(tmp_path):
    good = configs()[0]
    wrong = {
        "landmarks": [None, [[1.0, 2.0]] * 5, [[float("nan"), 0.0]] * 68, [[1e9, 0.0]] * 68, np.zeros((68, 3)), 7],
        "face_type": ["elbow", 77, [[]]],
        "xseg_mask_compressed": [b"\x89PNG", np.zeros(99, np.uint8), png_header(60_000)],
        "seg_ie_polys": [{"polys": [{"type": 1}]}, [(1, [[float("inf"), 0.0]])], 3],
        "eyebrows_expand_mod": [float("nan"), "x"],
        "filename": [None, 5, "../../etc/passwd", "nowhere.jpg"],
    }
    table = [{**good, "filename": f"{key}{number}.jpg", key: value} for key, values in wrong.items()
             for number, value in enumerate(values)] + [[], None, "text", 5]
    names = [config["filename"] for config in table if isinstance(config, dict)]
    files = {name: FACES["00001_0.jpg"] for name in names if isinstance(name, str) and name != "nowhere.jpg"}
    (tmp_path / "faceset.zip").write_bytes(zipped([*table, {**good, "filename": "good.jpg"}],
                                                  {**files, "good.jpg": FACES["00001_0.jpg"]}))
    faceset = open_faceset(tmp_path)
    assert [face.name for face in faceset.faces] == ["passwd", "good.jpg"]      # a name is shown without its folders
    assert len(faceset.problems) == len(table) - 1


def hostile_archives(marker: Path) -> dict[str, bytes]:
    right = zipped(configs(), FACES)
    local, central = right.index(b"PK\x03\x04"), right.index(b"PK\x01\x02")

    def changed(at: int, new: bytes) -> bytes:
        return right[:at] + new + right[at + len(new):]

    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TABLE, bytes(200_000_000))
    return {
        "code": zipped([{"filename": "a.jpg", "landmarks": Bomb(marker)}], {"a.jpg": FACES["00001_0.jpg"]}),
        "code instead of the list": zipped(Bomb(marker), FACES),
        "empty": b"",
        "text": b"not an archive",
        "a JPEG": FACES["00001_0.jpg"],
        "a pak": (DATA / "faceset.pak").read_bytes(),
        "cut in half": right[:len(right) // 2],
        "without its end": right[:-10],
        "no table": zipped(configs(), FACES).replace(TABLE.encode(), b"other.pak!"),
        "a dictionary": zipped({}, FACES),
        "no faces": zipped([], {}),
        "a list of loops": zipped([[], [[]], None], FACES),
        "table that is no pickle": zipped(b"hello world", FACES),
        "table that inflates to 200 MB": bomb.getvalue(),
        "no pictures": zipped(configs(), {}),
        "encrypted": changed(central + 8, b"\x01\x00"),
        "another method": changed(central + 10, b"\x0e\x00"),
        "wrong checksum": changed(central + 16, b"\0\0\0\0"),
        "a size of 2^32": changed(central + 24, b"\xff\xff\xff\xff"),
        "a place of 2^31": changed(central + 42, b"\xff\xff\xff\x7f"),
        "no header at its place": changed(local, b"XXXX"),
        "a name of 65,535": changed(local + 26, b"\xff\xff"),
    }


@pytest.mark.parametrize("name", hostile_archives(Path()).keys())
def test_a_wrong_archive_ends_in_a_sentence_and_no_code_runs(name, tmp_path):
    marker = tmp_path / "marker"
    (tmp_path / "faceset.zip").write_bytes(hostile_archives(marker)[name])
    with pytest.raises(FaceFileError) as caught:
        open_faceset(tmp_path)
    assert str(caught.value).isprintable()
    assert not marker.exists()


RIGHT = zipped(configs(), FACES)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(RIGHT) - 1) | st.integers(len(RIGHT) - 400, len(RIGHT) - 1),
                          st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 60))
def test_a_changed_archive_is_a_face_set_or_a_sentence(changes, cut):
    wrong = bytearray(RIGHT)
    for at, value in changes:
        wrong[at] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faceset.zip"
        path.write_bytes(wrong[:len(wrong) - cut])
        try:
            faceset = open_faceset(path)
        except FaceFileError as error:
            assert error.message.isprintable()
        else:
            assert len(faceset.faces) + len(faceset.problems) > 0


def test_a_deflated_picture_never_becomes_more_than_it_announces(tmp_path):
    """A picture whose entry says 1,000 bytes and inflates to millions."""
    content = bytearray(zipped(configs()[:1], {"00001_0.jpg": FACES["00001_0.jpg"] + bytes(5_000_000)}))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24:entry + 28] = (1000).to_bytes(4, "little")
    content[entry + 16:entry + 20] = zlib.crc32(FACES["00001_0.jpg"][:1000]).to_bytes(4, "little")
    (tmp_path / "faceset.zip").write_bytes(content)
    with pytest.raises(FaceFileError, match="1,000 bytes"):
        open_faceset(tmp_path)


