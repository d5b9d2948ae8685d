"""A run of another network, made from a save: born with its parent's name, faces and consent, and trained on."""

import json

import numpy as np
import pytest

from core.events.event import Asked, Born, Change, NetworkMade, Parent, Started
from core.exchange.lineage import lineage_of
from core.jobs.convert_run import main as convert_run
from core.jobs.import_model import main as import_model
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import folded, read_journal
from core.store.metric_reader import MetricReader
from tests.exchange.making import ITERATION, OPTIONS, make_model
from tests.train.directing import Director, small_faces

CONSENT = json.dumps({"person": "synthetic", "ground": "synthetic", "said_by": "tests"})
NOBODY = json.dumps({"path": "", "faces": 0, "key": ""})
FAST = ("threads=1", "workers=0", "device=cpu", "batch_size=2")


def records(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def told(capsys, *words):
    """What the job says."""
    capsys.readouterr()
    code = convert_run([str(word) for word in words])
    said = records(capsys)
    assert (code == 1) == ("error" in said[-1])
    return said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a run `alpha` of a model that has a GAN; copied for each test that trains."""
    folder = tmp_path_factory.mktemp("convert")
    notes = [json.dumps({"path": n.path, "faces": n.faces, "key": n.key}) for n in small_faces(folder / "faces")]
    model = make_model(folder / "model", options={**OPTIONS, "gan_power": np.float64(0.1), "gan_patch_size": 4,
                                                  "gan_dims": 4})
    settings = [word for assignment in FAST for word in ("--set", assignment)]
    assert import_model([str(model), "--home", str(folder), "--src", notes[0], "--dst", notes[1], "--src-consent",
                         CONSENT, "--dst-consent", CONSENT, "--author", "person:anna@box", *settings]) == 0
    return RunFolder(folder / "runs" / "alpha")


def files_of(run):
    """Every file of a run but its pins."""
    return {path: path.read_bytes() for path in sorted(run.path.rglob("*"))
            if path.is_file() and path.parent != run.pins}


def state_of(run):
    return folded(read_journal(run.journal), run.journal)


def test_the_birth_of_an_imported_and_of_a_converted_run_says_who_asked_for_it(made, capsys):
    assert [e.author for e in read_journal(made.journal)][:2] == ["person:anna@box", "import"]
    told(capsys, made.path, "--name", "of-ben", "--set", "archi=liae-ud", "--author", "person:ben@box")
    told(capsys, made.path, "--name", "of-a-script", "--set", "archi=liae-ud")
    authors = [read_journal(made.path.parent / name / "journal.jsonl")[0].author for name in ("of-ben", "of-a-script")]
    assert authors == ["person:ben@box", "convert"]


def test_the_new_run_names_its_parent_and_the_old_one_is_not_touched(made, capsys):
    before = files_of(made)
    said = told(capsys, made.path, "--name", "as-liae", "--set", "archi=liae-ud", "--set", "target_iter=5")
    assert files_of(made) == before
    run = RunFolder(made.path.parent / "as-liae")
    old, state = state_of(made), state_of(run)
    parent = Parent("alpha", 1, ITERATION, 0, [Change("archi", "df-ud", "liae-ud")])
    assert state.parents == [parent]
    assert (state.src, state.dst, state.src_consent, state.dst_consent, state.origin) == (
        old.src, old.dst, old.src_consent, old.dst_consent, old.origin)
    assert state.settings == old.settings | {"archi": "liae-ud", "target_iter": 5}
    (generation,) = Generations(run).list()
    assert lineage_of(state, generation).parents == [parent]
    assert (generation.iteration, generation.journal) == (ITERATION, 2)
    assert MetricReader(run.metrics).last == (ITERATION, 0)
    assert [type(event.body) for event in read_journal(run.journal)] == [Born, NetworkMade]
    assert state.blocks
    assert said[-1]["summary"]["parent"] == "alpha"
    assert len([r for r in said if "tensor" in r]) == 56 + said[-1]["summary"]["left"]
    # the child of a child knows both
    told(capsys, run.path, "--name", "and-back", "--set", "archi=df-ud")
    assert [p.run for p in state_of(RunFolder(made.path.parent / "and-back")).parents] == ["alpha", "as-liae"]


def test_judges_that_fit_are_carried_and_others_are_told(made, capsys):
    said = told(capsys, made.path, "--name", "wider", "--set", "d_dims=6")
    old, new = (Generations(RunFolder(made.path.parent / name)).get(1) for name in ("alpha", "wider"))
    gan = [name for name in old.blocks if name.startswith("gan.")]
    assert gan
    assert {name: new.blocks[name] for name in gan} == {name: old.blocks[name] for name in gan}
    assert new.extra["step"] == old.extra["step"]
    assert not [r for r in said if "GAN" in r.get("note", "")]
    said = told(capsys, made.path, "--name", "other-gan", "--set", "d_dims=6", "--set", "gan_dims=6")
    new = Generations(RunFolder(made.path.parent / "other-gan")).get(1)
    assert not [name for name in new.blocks if name.startswith("gan.")]
    assert new.extra["step"]["rivals"] == {"gan": None, "code": False}
    assert "gan_power" not in new.extra["step"]["ramps"]
    assert [r for r in said if "begins a new one" in r.get("note", "")]


@pytest.mark.journey
@pytest.mark.slow
def test_a_trainer_goes_on_with_an_amp_that_was_a_df(made, capsys):
    told(capsys, made.path, "--name", "as-amp", "--set", "model=amp", "--set", "inter_dims=8", "--set",
         f"target_iter={ITERATION + 2}")
    run = RunFolder(made.path.parent / "as-amp")
    waiting = [event.body.act.pattern for event in read_journal(run.journal) if isinstance(event.body, Asked)]
    assert waiting == ["inter_src,inter_dst"]
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    assert [e.body.generation for e in read_journal(run.journal) if isinstance(e.body, Started)] == [1]
    first, last = Generations(run).get(1), Generations(run).list()[-1]
    assert last.iteration == ITERATION + 2
    moved = {name for name in first.blocks if first.blocks[name].weights != last.blocks[name].weights}
    assert {name.partition(".")[0] for name in moved} >= {"encoder", "decoder"}
    assert not [name for name in moved if name.startswith("inter")]


REFUSED = [
    ([], "nothing would change"),
    (["--set", "archi=df-ud"], "nothing would change"),
    (["--set", "lr=1e-4"], "nothing would change"),
    (["--set", "archi=df-ux"], "archi"),
    (["--set", "model=quick96"], "quick96"),
    (["--set", "resolution=48"], "resolution = 48"),
    (["--set", "d_dims=5", ], "d_dims"),
    (["--generation", "9", "--set", "archi=df"], "generation 9"),
    (["--set", "archi=df", "--set", "gan_patch_size=200"], "GAN of"),
]


@pytest.mark.parametrize(("words", "why"), REFUSED, ids=[why.replace(" ", "-") + str(n) for n, (_, why) in
                                                         enumerate(REFUSED)])
def test_what_cannot_be_converted_is_refused_in_a_sentence_and_nothing_is_made(words, why, made, capsys):
    there = sorted(made.path.parent.iterdir())
    said = told(capsys, made.path, "--name", "refused", *words)
    assert why in said[-1]["error"]
    assert sorted(made.path.parent.iterdir()) == there


@pytest.mark.parametrize(("name", "why"), [("alpha", "there is a run 'alpha' already"), (".no", "cannot be the name")])
def test_a_name_that_is_taken_or_none_is_refused(name, why, made, capsys):
    assert why in told(capsys, made.path, "--name", name, "--set", "archi=df")[-1]["error"]
