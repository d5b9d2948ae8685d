"""Masks of an XSeg model: drawn in the model's frame, baked into the files, and taken back."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.faces.jpeg import jpeg_facts
from core.faces.picture import read_image, read_xseg
from core.faces.write_metadata import bake_mask
from core.jobs.mask import main as mask
from core.jobs.mask_bake import BEFORE, BY, MASK, bake, metadata_of, unbake
from core.jobs.unmask import main as unmask
from core.jobs.xseg import Xseg, framed, masks_of, turn_into
from core.jobs.xseg_files import read_xseg_files
from core.nets.dfl_keys import original_tensors, to_original
from core.nets.initial import initialise
from core.nets.xseg import make_xseg
from core.settings.error import ExchangeError


@pytest.fixture
def faces(tmp_path):
    (tmp_path / "faces").mkdir()
    for path in sorted((demo_folder() / "src").glob("*.jpg"))[:1]:
        shutil.copy(path, tmp_path / "faces")
    return tmp_path / "faces"


@pytest.fixture
def model(tmp_path):
    """The files of an XSeg model, small and new, that calls bright pixels a face."""
    network = make_xseg(2)
    initialise(network, 1)
    file = {t.key: to_original(network.parameters_of(t.block)[t.name].detach().numpy(), t)
            for t in original_tensors(network)}
    folder = tmp_path / "xseg"
    folder.mkdir()
    (folder / "XSeg_256.npy").write_bytes(pickle.dumps(file, 4))
    data = {"iter": 3, "options": {"face_type": "wf"}, "loss_history": [[1.0]] * 3, "sample_for_preview": None}
    (folder / "XSeg_data.dat").write_bytes(pickle.dumps(data, 4))
    return folder


def opened(folder):
    return list(open_faceset(folder).faces)


def records(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def without_metadata(path):
    jpeg = path.read_bytes()
    begin, end = jpeg_facts(jpeg).segment
    return jpeg[:begin] + jpeg[end:]


@pytest.mark.slow
def test_masks_are_baked_and_taken_back(faces, model, capsys):
    before = {path: (without_metadata(path), metadata_of(face)) for path, face in
              zip(sorted(faces.iterdir()), opened(faces), strict=True)}
    words = [str(faces), "--xseg", str(model), "--device", "cpu"]
    assert mask(words) == 0
    told = records(capsys)[-1]["summary"]
    already = sum(MASK in data for _, data in before.values())
    assert (told["baked"], told["kept"], told["problems"]) == (1 - already, already, 0)
    assert mask([*words, "--replace"]) == 0
    assert records(capsys)[-1]["summary"]["baked"] == 1
    for face in opened(faces):
        assert metadata_of(face)[BY] == "dfl-tui"
        assert set(np.unique(cv2.imdecode(np.asarray(metadata_of(face)[MASK]), cv2.IMREAD_UNCHANGED))) <= {0, 255}
        assert read_xseg(face).shape == (face.height, face.width)
    assert {path: without_metadata(path) for path in before} == {path: rest for path, (rest, _) in before.items()}
    assert unmask([str(faces)]) == 0
    assert records(capsys)[-1]["summary"]["taken"] == 1
    for (_, data), face in zip(before.values(), opened(faces), strict=True):
        assert repr(metadata_of(face)) == repr(data)
    assert unmask([str(faces)]) == 0
    assert records(capsys)[-1]["summary"]["taken"] == 0


def test_a_mask_of_somebody_else_is_kept_or_put_aside(faces):
    face = opened(faces)[0]
    theirs, ours = np.full((256, 256), 0.25, np.float32), np.ones((256, 256), np.float32)
    bake_mask(face.path, theirs)
    face = opened(faces)[0]
    assert not bake(face, ours, replaces=False)
    assert bake(face, ours, replaces=True) and read_xseg(opened(faces)[0]).min() == 1
    assert bake(opened(faces)[0], ours * 0, replaces=True)      # again: what was put aside is still theirs
    assert BEFORE in metadata_of(opened(faces)[0])
    assert unbake(opened(faces)[0])
    assert abs(read_xseg(opened(faces)[0]).mean() - 0.25) < 0.01
    assert not unbake(opened(faces)[0])


def test_a_mask_comes_back_to_the_frame_of_the_file(faces):
    face = opened(faces)[0]
    image = read_image(face)

    class Bright:
        """Stands for a network: what is brighter than grey is face."""

        def mask(self, batch):
            return (batch.mean(1, keepdim=True) > 0.5).float()

        def parameters(self):
            return iter([torch.zeros(1)])

    for face_type in (FaceType.full_face, FaceType.head, face.face_type):
        drawn = masks_of(Xseg(Bright(), face_type), [(face, image)])[0]
        seen = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA).mean(2) > 127.5
        turn = turn_into(face, face_type)
        inside = np.ones((256, 256), bool)
        if turn is not None:
            full = np.ones((face.width, face.width), np.float32)
            covered = cv2.warpAffine(full, turn, (face.width, face.width), flags=cv2.WARP_INVERSE_MAP)
            inside = cv2.resize(covered, (256, 256)) > 0.99
        assert drawn.shape == (256, 256) and set(np.unique(drawn)) <= {0, 1}
        assert (drawn[inside] == seen[inside]).mean() > 0.93
        assert framed(image, turn).shape == (256, 256, 3)


@pytest.mark.parametrize(("wrong", "sentence"), [
    (lambda folder: (folder / "XSeg_256.npy").unlink(), "XSeg_256.npy is missing"),
    (lambda folder: (folder / "XSeg_data.dat").unlink(), "has no XSeg_data.dat"),
    (lambda folder: (folder / "XSeg_256.npy").write_bytes(pickle.dumps({"a": np.zeros(1, np.float32)}, 4)),
     "holds no XSeg network")])
def test_a_model_that_is_none_is_said(model, wrong, sentence):
    wrong(model)
    with pytest.raises(ExchangeError, match=sentence):
        read_xseg_files(model, None)


def test_a_folder_without_a_model_and_one_without_faces_are_refused_before_torch_is_imported(faces, model, tmp_path):
    program = ("import sys; from core.jobs.mask import main; code = main(sys.argv[1:])\n"
               "sys.exit(70 if 'torch' in sys.modules else code)")
    (tmp_path / "nothing").mkdir()
    for folder, xseg, sentence in ((faces, tmp_path / "nothing", "holds no XSeg model: XSeg_256.npy is missing"),
                                   (tmp_path / "nothing", model, str(tmp_path / "nothing"))):
        ended = subprocess.run([sys.executable, "-P", "-c", program, str(folder), "--xseg", str(xseg)], check=False,
                               capture_output=True, text=True)
        assert ended.returncode == 1, ended.stderr
        assert sentence in json.loads(ended.stdout.splitlines()[-1])["error"]


def test_the_face_type_can_be_given_where_the_data_file_is_lost(model):
    (model / "XSeg_data.dat").unlink()
    assert read_xseg_files(model, "head").face_type == FaceType.head


def test_a_pak_is_refused(capsys):
    pak = Path(__file__).parent.parent / "data" / "faces" / "faceset.pak"
    assert unmask([str(pak)]) == 1
    assert "are packed in faceset.pak" in records(capsys)[-1]["error"]
