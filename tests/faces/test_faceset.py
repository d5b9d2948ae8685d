import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_making import DATA, JPEGS, metadata_of, packed, pak_parts, with_metadata

from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.faces.picture import encoded_mask, read_image, read_jpeg, read_xseg
from core.faces.unpickle import unpickle
from core.settings.error import FaceFileError


@pytest.fixture
def loose(tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    for path in JPEGS:
        shutil.copy(path, folder)
    return folder


def test_a_folder_of_faces_is_counted_by_type_size_and_mask(loose):
    faceset = open_faceset(loose)
    assert faceset.types() == {"whole_face": 3}
    assert faceset.sizes() == {"256x256": 3}
    assert faceset.with_mask() == 1
    assert faceset.problems == ()


def test_a_pak_gives_the_same_faces_and_key_as_the_loose_files(loose):
    packed, files = open_faceset(DATA / "faceset.pak"), open_faceset(loose)
    assert packed.key == files.key
    for inside, file in zip(packed.faces, files.faces, strict=True):
        assert (inside.name, inside.face_type, inside.eyebrows_expand, inside.source_filename) == (
            file.name, file.face_type, file.eyebrows_expand, file.source_filename)
        assert encoded_mask(inside) == encoded_mask(file)
        assert np.array_equal(inside.landmarks, file.landmarks)
        # the original puts include polygons first when it packs
        assert sorted(p.include for p in inside.polygons) == sorted(p.include for p in file.polygons)
        assert read_jpeg(inside) == read_jpeg(file)
        assert np.array_equal(read_image(inside), read_image(file))


def test_a_pak_of_persons_keeps_who_is_who():
    faces = open_faceset(DATA / "faceset_person.pak").faces
    assert [(face.person, face.name) for face in faces] == [
        ("alice", "00001_0.jpg"), ("alice", "00002_0.jpg"), ("bob", "00003_0.jpg")]


def test_a_pak_hides_the_loose_files_beside_it(loose):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    (loose / "faceset.pak").write_bytes(packed(table, offsets, data))
    (loose / "other.jpg").write_bytes(b"")
    faceset = open_faceset(loose)
    assert {face.path.name for face in faceset.faces} == {"faceset.pak"}
    assert faceset.problems == ()


def test_a_last_offset_that_is_relative_is_read_too(tmp_path):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    assert offsets[-1] != len(data)     # the original writes the end of the file
    (tmp_path / "faceset.pak").write_bytes(packed(table, [*offsets[:-1], len(data)], data))
    assert len(open_faceset(tmp_path).faces) == 3


def test_a_pak_of_plain_numbers_and_early_masks_is_read(tmp_path):
    table, offsets, data = pak_parts((DATA / "faceset.pak").read_bytes())
    configs = unpickle(table, max_values=100_000)
    mask = np.zeros((64, 64, 1), np.float32)
    mask[20:40] = 1
    plain = [{**config, "face_type": int(config["face_type"]), "sample_type": 1, "xseg_mask": mask,
              "xseg_mask_compressed": None} for config in configs]
    (tmp_path / "faceset.pak").write_bytes(packed(pickle.dumps(plain, 4), offsets, data))
    face = open_faceset(tmp_path).faces[0]
    assert face.face_type is FaceType.whole_face
    read = read_xseg(face)
    assert read is not None
    assert read[120, 120] == 1
    assert read[5, 5] == 0


def test_faces_come_in_the_order_of_their_names(tmp_path):
    for name in ("b.jpg", "a10.jpg", "a9.jpg", "B.jpg"):
        shutil.copy(JPEGS[0], tmp_path / name)
    assert [face.name for face in open_faceset(tmp_path).faces] == ["B.jpg", "a10.jpg", "a9.jpg", "b.jpg"]


def test_the_key_knows_content_names_and_metadata_and_not_the_place(loose, tmp_path):
    before = open_faceset(loose).key
    moved = loose.rename(tmp_path / "moved")
    assert open_faceset(moved).key == before
    jpeg = JPEGS[0].read_bytes()
    (moved / "00001_0.jpg").write_bytes(with_metadata(jpeg, eyebrows_expand_mod=3.0))
    changed = open_faceset(moved).key
    assert changed != before
    (moved / "00001_0.jpg").write_bytes(jpeg)
    (moved / "00001_0.jpg").rename(moved / "00000_0.jpg")
    assert open_faceset(moved).key not in (before, changed)


def test_a_wrong_file_does_not_change_the_key(loose):
    before = open_faceset(loose).key
    (loose / "broken.jpg").write_bytes(b"no face")
    assert open_faceset(loose).key == before


def test_metadata_of_every_pickle_protocol_and_list_or_array_is_the_same_face(tmp_path):
    jpeg = JPEGS[0].read_bytes()
    landmarks = metadata_of(jpeg)["landmarks"]
    kinds = [landmarks, np.array(landmarks), [tuple(point) for point in landmarks], [np.array(p) for p in landmarks]]
    for number, kind in enumerate(kinds):
        for protocol in (2, 3, 4, 5):
            (tmp_path / f"{number}{protocol}.jpg").write_bytes(with_metadata(jpeg, protocol, landmarks=kind))
    faceset = open_faceset(tmp_path)
    assert len(faceset.faces) == 16, faceset.problems
    assert all(np.array_equal(face.landmarks, landmarks) for face in faceset.faces)


def test_a_face_type_that_is_not_said_is_full_face(tmp_path):
    (tmp_path / "old.jpg").write_bytes(with_metadata(JPEGS[0].read_bytes(), face_type=None))
    assert open_faceset(tmp_path).faces[0].face_type is FaceType.full_face


def test_polygons_of_the_early_form_are_read(tmp_path):
    points = [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0]]
    (tmp_path / "early.jpg").write_bytes(with_metadata(JPEGS[0].read_bytes(), seg_ie_polys=[(1, points), (0, [])]))
    (polygon,) = open_faceset(tmp_path).faces[0].polygons
    assert polygon.include
    assert polygon.points.tolist() == points


def test_progress_is_told_and_ends_at_the_total():
    told: list[tuple[int, int]] = []
    open_faceset(demo_folder() / "src", lambda done, total: told.append((done, total)))
    assert told == [(50, 96), (96, 96)]


def test_the_demo_is_complete():
    for side in ("src", "dst"):
        faceset = open_faceset(demo_folder() / side)
        assert (len(faceset.faces), faceset.with_mask(), faceset.problems) == (96, 96, ())
    assert len(open_faceset(demo_folder() / "truth").faces) == 12
    assert len(list((demo_folder() / "truth" / "masks").glob("*.png"))) == 12
    assert "CC0" in (demo_folder() / "LICENCE").read_text()


def test_a_folder_without_a_usable_face_says_what_was_found(tmp_path):
    picture = np.zeros((64, 64, 3), np.uint8)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    cv2.imwrite(str(tmp_path / "photo.jpg"), picture)
    with pytest.raises(FaceFileError, match="of 4 pictures 3 not JPEG, 1 without DeepFaceLab data"):
        open_faceset(tmp_path)


@pytest.mark.parametrize(("made", "said"), [
    (Path.exists, "it is empty"),
    (lambda folder: (folder / "aligned").mkdir(), "1 folder and 0 other files"),
    (lambda folder: (folder / "faceset.zip").touch(), "faceset.zip"),
    (lambda folder: (folder / "notes.txt").touch(), "0 folders and 1 other file, "),
])
def test_a_folder_without_pictures_says_what_it_holds(tmp_path, made, said):
    made(tmp_path)
    with pytest.raises(FaceFileError, match=said):
        open_faceset(tmp_path)


def test_a_folder_that_is_not_there_is_said():
    with pytest.raises(FaceFileError, match="/nowhere/at/all is neither a folder nor a file"):
        open_faceset(Path("/nowhere/at/all"))


def test_a_face_that_was_removed_exchanged_or_cut_after_opening_is_said(loose):
    first, second, third = open_faceset(loose).faces
    first.path.unlink()
    second.path.write_bytes(second.path.read_bytes()[:500])
    content = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    third.path.write_bytes(content + bytes(third.length - len(content)))
    for face, said in ((first, "does not exist any more"), (second, "became shorter"), (third, "cannot be decoded")):
        with pytest.raises(FaceFileError, match=said):
            read_image(face)


def test_a_mask_coded_as_jpeg_is_taken_and_a_headless_one_is_not(tmp_path):
    """The original codes a mask as JPEG when its PNG is too large (facts/files.md 6.3)."""
    jpeg = JPEGS[2].read_bytes()
    mask = cv2.imencode(".jpg", np.full((256, 256), 255, np.uint8))[1]
    (tmp_path / "a.jpg").write_bytes(with_metadata(jpeg, xseg_mask=mask.reshape(-1)))
    (tmp_path / "b.jpg").write_bytes(with_metadata(jpeg, xseg_mask=mask.reshape(-1)[:30]))
    (tmp_path / "c.jpg").write_bytes(with_metadata(jpeg, xseg_mask=mask.reshape(-1)[2:]))
    faceset = open_faceset(tmp_path)
    assert [face.name for face in faceset.faces] == ["a.jpg"]
    assert all("neither a PNG nor a JPEG" in problem.reason for problem in faceset.problems)
