"""The jobs that need a network, on a run of a few iterations."""

import json
import subprocess
import sys

import numpy as np
import pytest

from core.events.act import LockBlocks
from core.events.fold import fold
from core.jobs.swap import main as swap
from core.jobs.trial import main as trial
from core.nets.block_state import weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.run.birth import AMP_INTERS
from core.store.generation import Generations
from core.store.journal import read_journal
from tests.train.directing import SMALL, Director, make_run, small_faces


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swap")
    run = make_run(folder / "trained", small_faces(folder / "faces"), target_iter=2)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    return run, folder / "faces"


def records(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.journey
@pytest.mark.slow
def test_each_face_becomes_an_array_file_in_the_models_frame_with_its_lineage(trained, tmp_path, capsys):
    run, faces = trained
    (faces / "dst" / "broken.jpg").write_bytes(b"\xff\xd8\xff no face")
    assert swap([str(run.path), str(faces / "dst"), "--out", str(tmp_path), "--format", "npz", "--device", "cpu"]) == 0
    told = records(capsys)
    assert told[-1]["summary"] | {"out": ""} == {"generation": 1, "iteration": 2, "faces": 5, "written": 5,
                                                 "problems": 1, "out": ""}
    assert [r["problem"]["name"] for r in told if "problem" in r] == ["broken.jpg"]
    files = sorted(tmp_path.glob("*.npz"))
    assert [f.stem for f in files] == sorted(f.stem for f in (faces / "dst").glob("0*.jpg"))
    with np.load(files[0]) as arrays:
        shapes = {name: (arrays[name].shape, arrays[name].dtype.name) for name in arrays}
        assert all(arrays[name].min() >= 0 and arrays[name].max() <= 1 for name in arrays)
    assert shapes == {**dict.fromkeys(("face", "swap", "dst"), ((32, 32, 3), "float32")),
                      **dict.fromkeys(("swap_mask", "dst_mask"), ((32, 32, 1), "float32"))}
    lineage = json.loads((tmp_path / "lineage.json").read_text())
    assert lineage["run"] == "trained"
    assert lineage["iteration"] == 2
    assert lineage["src_consent"] == {"person": "synthetic", "ground": "synthetic", "said_by": "tests"}
    assert len(lineage["src"]["key"]) == len(lineage["drawn_from"])


@pytest.mark.journey
@pytest.mark.slow
def test_a_generation_that_is_not_there_is_said(trained, tmp_path, capsys):
    run, faces = trained
    assert swap([str(run.path), str(faces / "dst"), "--out", str(tmp_path), "--generation", "9"]) == 1
    (said,) = records(capsys)
    assert said == {"error": "there is no generation 9", "hint": "see dfl-tui generations", "missing": True}


@pytest.mark.slow
def test_a_run_without_a_save_is_said(tmp_path, capsys):
    run = make_run(tmp_path / "fresh", small_faces(tmp_path / "faces"))
    assert swap([str(run.path), str(tmp_path / "faces" / "dst"), "--out", str(tmp_path / "out")]) == 1
    assert records(capsys)[0]["error"] == "run fresh has no save yet"


@pytest.mark.journey
@pytest.mark.slow
def test_a_trial_says_memory_and_time_before_a_run_exists(tmp_path):
    small_faces(tmp_path / "faces")
    words = [f"{key}={value}" for key, value in SMALL.items()]
    done = subprocess.run([sys.executable, "-P", "-m", "core.jobs.trial", str(tmp_path / "faces" / "src"),
                           str(tmp_path / "faces" / "dst"), str(tmp_path / "cache"), *words], check=True,
                          capture_output=True, text=True, cwd="/")
    last = json.loads(done.stdout.splitlines()[-1])["trial"]
    assert last["device"].startswith("CPU")
    assert last["memory_bytes"] > 50 * 2**20
    assert 0 < last["seconds_iteration"] < 30
    assert last["parameters"] > 10_000


def test_settings_that_do_not_fit_each_other_are_refused_before_anything_is_read(tmp_path, capsys):
    assert trial([str(tmp_path), str(tmp_path), str(tmp_path), "archi=df-d", "resolution=80"]) == 1
    assert "multiple of 32" in records(capsys)[0]["hint"]


@pytest.mark.journey
@pytest.mark.slow
def test_an_amp_run_trains_all_but_its_inters_and_swaps_as_far_as_it_is_told(tmp_path, capsys):
    run = make_run(tmp_path / "amp", small_faces(tmp_path / "faces"), model="amp", archi="amp-udt", inter_dims=12,
                   waiting=[(LockBlocks(AMP_INTERS), None)], target_iter=2, preview_every=1)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    state = fold(read_journal(run.journal))
    fresh = make_network(state.settings)
    initialise(fresh, int(state.settings["seed"]))
    stayed = {name for name, content in Generations(run).load(1).items()
              if all(np.array_equal(content.weights[key], array) for key, array in weights_of(fresh, name).items())}
    assert stayed == set(state.locks) == {"inter_src.dense2", "inter_dst.dense2"}
    assert run.preview_png.exists()
    words = [str(run.path), str(tmp_path / "faces" / "dst"), "--format", "npz", "--device", "cpu", "--out"]
    for morph in ("0", "1"):
        assert swap([*words, str(tmp_path / morph), "--morph", morph]) == 0
        assert json.loads((tmp_path / morph / "lineage.json").read_text())["morph"] == float(morph)
    for path in (tmp_path / "0").glob("*.npz"):
        with np.load(path) as none, np.load(tmp_path / "1" / path.name) as whole:
            assert np.array_equal(none["swap"], none["dst"])        # nothing of src is in it
            assert not np.array_equal(whole["swap"], whole["dst"])
    capsys.readouterr()
    assert swap([*words, str(tmp_path / "2"), "--morph", "2"]) == 1
    assert "out of range" in records(capsys)[-1]["error"]


@pytest.mark.slow
def test_a_morph_is_refused_by_a_network_that_swaps_whole(trained, tmp_path, capsys):
    run, faces = trained
    assert swap([str(run.path), str(faces / "dst"), "--out", str(tmp_path), "--morph", "0.5"]) == 1
    assert records(capsys)[-1]["error"] == "run trained is a saehd, which swaps whole or not at all"
