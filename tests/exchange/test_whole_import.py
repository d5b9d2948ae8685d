"""A model becomes a run that a trainer goes on with, and a model again."""

import json

import numpy as np
import pytest

from core.events.event import Started
from core.events.fold import fold
from core.faces.pickle_writer import pickled
from core.jobs.export_model import main as export_model
from core.jobs.import_model import main as import_model
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import read_journal
from core.store.metric_reader import MetricReader
from core.store.preview import PreviewStore
from tests.exchange.making import ITERATION, arrays_in, data_in, make_model
from tests.train.directing import SMALL, Director, small_faces

CONSENT = json.dumps({"person": "synthetic", "ground": "synthetic", "said_by": "tests"})
MACHINE = [f"{key}={SMALL[key]}" for key in ("threads", "workers", "device")] + [f"target_iter={ITERATION + 2}"]


def words_for(model, home, notes):
    """What the job is called with; `notes` are of src and dst."""
    src, dst = (json.dumps({"path": n.path, "faces": n.faces, "key": n.key}) for n in notes)
    return [str(model), "--home", str(home), "--src", src, "--dst", dst, "--src-consent", CONSENT, "--dst-consent",
            CONSENT]


def records(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.journey
@pytest.mark.slow
def test_a_trainer_goes_on_where_the_model_stood_and_the_model_goes_back(tmp_path, capsys):
    notes = small_faces(tmp_path / "faces")
    model = make_model(tmp_path / "model")
    settings = [word for assignment in MACHINE for word in ("--set", assignment)]
    assert import_model([*words_for(model, tmp_path / "home", notes), *settings]) == 0
    told = records(capsys)
    assert told[-1]["summary"]["iteration"] == ITERATION
    assert len([r for r in told if "tensor" in r]) == 3 * 86
    run = RunFolder(tmp_path / "home" / "runs" / "alpha")
    state = fold(read_journal(run.journal))
    assert (state.origin.kind, state.origin.name, state.origin.iteration) == ("SAEHD", "alpha", ITERATION)
    assert len(state.origin.sha256) == 6
    assert len(state.blocks) == 31
    assert MetricReader(run.metrics).last == (ITERATION, 0)
    assert PreviewStore(run).newest == ITERATION

    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    events = read_journal(run.journal)
    assert [e.body.generation for e in events if isinstance(e.body, Started)] == [1]
    newest = Generations(run).list()[-1]
    assert newest.iteration == ITERATION + 2
    assert MetricReader(run.metrics).last == (ITERATION + 2, 0)

    assert export_model([str(run.path), "--to", "dfl", "--out", str(tmp_path / "out")]) == 0
    before, after = arrays_in(model), arrays_in(tmp_path / "out")
    assert {name: list(arrays) for name, arrays in after.items()} == {n: list(a) for n, a in before.items()}
    assert after["alpha_SAEHD_src_dst_opt.npy"]["iters:0"] == ITERATION + 2
    moved = [not np.array_equal(before[n][k], after[n][k]) for n in before for k in before[n]]
    assert all(moved)
    data = data_in(tmp_path / "out")
    assert data["iter"] == len(data["loss_history"]) == ITERATION + 2
    assert data["loss_history"][:ITERATION] == data_in(model)["loss_history"]
    lineage = json.loads((tmp_path / "out" / "alpha_SAEHD_lineage.json").read_text())
    assert lineage["origin"]["name"] == "alpha"
    assert lineage["src_consent"]["ground"] == "synthetic"


def nothing():
    from core.events.event import FaceSetNote
    return FaceSetNote("", 0, ""), FaceSetNote("", 0, "")


@pytest.mark.slow
def test_a_model_without_face_sets_can_be_exported(tmp_path, capsys):
    model = make_model(tmp_path / "model")
    assert import_model([*words_for(model, tmp_path / "home", nothing()), "--name", "kept"]) == 0
    run = tmp_path / "home" / "runs" / "kept"
    assert export_model([str(run), "--to", "dfm", "--out", str(tmp_path / "out" / "kept.dfm")]) == 0
    assert (tmp_path / "out" / "kept.dfm").stat().st_size > 10_000
    assert export_model([str(run), "--to", "dfl", "--out", str(tmp_path / "out")]) == 0
    assert export_model([str(run), "--to", "dfl", "--out", str(tmp_path / "out")]) == 1
    assert "already" in records(capsys)[-1]["error"]


def test_a_run_of_that_name_stands_in_the_way_and_stays(tmp_path, capsys):
    model = make_model(tmp_path / "model")
    taken = tmp_path / "home" / "runs" / "alpha"
    taken.mkdir(parents=True)
    assert import_model(words_for(model, tmp_path / "home", nothing())) == 1
    assert records(capsys)[-1]["error"] == "there is a run 'alpha' already"
    assert list(taken.parent.iterdir()) == [taken]


@pytest.mark.slow
def test_what_an_import_that_was_killed_left_is_cleared_away(tmp_path, capsys):
    model = make_model(tmp_path / "model")
    left = RunFolder(tmp_path / "home" / "runs" / ".importing-alpha")
    left.create()
    (left.blobs / "half").write_bytes(pickled([1], 4))
    assert import_model(words_for(model, tmp_path / "home", nothing())) == 0
    assert [path.name for path in left.path.parent.iterdir()] == ["alpha"]
    assert records(capsys)[-1]["summary"]["name"] == "alpha"
