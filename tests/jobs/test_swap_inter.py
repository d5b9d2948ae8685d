"""A run takes the inter of another one: whole, told in one event, with a way back."""

import json

import numpy as np
import pytest

from core.events.event import BackedUp, Chose, Event, RolledBack
from core.jobs.swap_inter import main as swap_inter
from core.nets.block_state import weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.store.generation import BlockContent, Generations, NewGeneration
from core.store.journal import JournalWriter, folded, read_journal
from core.store.line import line_of
from core.store.manifest import MetricPosition
from core.train.start import find_start
from tests.train.directing import make_run, small_faces

ITERATION = 40
AMP = {"model": "amp", "archi": "amp-udt", "inter_dims": 8}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return small_faces(tmp_path_factory.mktemp("faces"))


def saved_run(home, name, faces, *, seed, **settings):
    """A run that was saved at ITERATION with weights of its own."""
    run = make_run(home / "runs" / name, faces, seed=seed, **settings)
    state = state_of(run)
    network = make_network(state.settings)
    initialise(network, seed)
    blocks = {}
    for block in network.blocks:
        weights = weights_of(network, block.name)
        moments = {f"{n}.{slot}": np.full_like(a, seed) for n, a in weights.items() for slot in "ms"}
        blocks[block.name] = BlockContent(weights, {**moments, "counter": np.array(seed)})
    extra = {"drawn": {"src": 80, "dst": 80}, "torch": "", "cpu": "", "threads": 1}
    Generations(run).save(NewGeneration(ITERATION, 0, state.number, MetricPosition(1, 0), blocks, 0.0, "", extra))
    return run


def state_of(run):
    return folded(read_journal(run.journal), run.journal)


def newest(run):
    return Generations(run).newest_sound(line_of(read_journal(run.journal))).generation


def done(capsys, run, other, *words):
    """The last record of the job."""
    code = swap_inter([str(run.path), "--from", str(other.path), *words])
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (code == 1) == ("error" in said)
    return said


def test_the_inter_is_the_others_to_the_byte_and_all_else_stays(tmp_path, faces, capsys):
    one, other = (saved_run(tmp_path, n, faces, seed=s) for n, s in (("one", 3), ("other", 5)))
    first, theirs = newest(one), newest(other)
    said = done(capsys, one, other, "--author", "person:anna@box")["summary"]
    assert {e.author for e in read_journal(one.journal)[-3:]} == {"person:anna@box"}
    assert said["blocks"] == ["inter.dense1", "inter.dense2", "inter.upscale1"]
    after = newest(one)
    for name, blobs in after.blocks.items():
        assert blobs == (theirs if name.startswith("inter") else first).blocks[name]
    assert (after.iteration, after.life, after.extra) == (ITERATION, 1, first.extra)
    state = state_of(one)
    assert state.backups == {said["before"]: 2, said["after"]: 3}
    assert Generations(one).get(2).blocks == first.blocks
    bodies = [event.body for event in read_journal(one.journal)][-3:]
    assert [type(body) for body in bodies] == [BackedUp, RolledBack, BackedUp]
    assert (bodies[1].inter.run, bodies[1].inter.generation, bodies[1].inter.blocks) == ("other", 1, said["blocks"])
    assert [(p.run, p.people) for p in state.parents] == [("other", [state_of(other).src_consent,
                                                                     state_of(other).dst_consent])]
    # back to before: the other run's people are in these weights no more
    go_back(one, 2, life=2)
    assert newest(one).blocks == first.blocks
    assert state_of(one).parents == []


def test_who_exports_or_goes_back_to_the_save_with_another_inter_has_its_people_with_it(tmp_path, faces, capsys):
    one, other = (saved_run(tmp_path, n, faces, seed=s) for n, s in (("one", 3), ("other", 5)))
    done(capsys, one, other)
    after = newest(one)
    known = folded(read_journal(one.journal)[:after.journal], one.journal)     # as an export and a conversion read it
    assert [p.run for p in known.parents] == ["other"]
    go_back(one, after.number, life=2)
    assert newest(one).number == after.number
    assert [p.run for p in state_of(one).parents] == ["other"]
    start = find_start(Generations(one), read_journal(one.journal))
    assert (start.generation.number, start.course.life, start.notes) == (after.number, 2, ())


def go_back(run, number, *, life):
    """Roll the run back to a generation, as the supervisor writes it."""
    writer = JournalWriter(run.journal)
    last, to = writer.events[-1].number, Generations(run).get(number)
    back = RolledBack(number, to.iteration, to.journal, life)
    writer.append(Event(last + 1, to.iteration, life, 0.0, "person", back))
    writer.close()


@pytest.mark.parametrize("lines", [1, 2, 3], ids=["before-backup", "before-the-event", "before-anything-was-told"])
def test_a_crash_leaves_the_old_inter_or_the_new_one_and_a_journal_that_says_which(lines, tmp_path, faces, capsys):
    one, other = (saved_run(tmp_path, n, faces, seed=s) for n, s in (("one", 3), ("other", 5)))
    old = newest(one).blocks
    done(capsys, one, other)
    text = one.journal.read_bytes().splitlines(keepends=True)
    one.journal.write_bytes(b"".join(text[:-lines]))
    writer = JournalWriter(one.journal)     # and life goes on: other events take the numbers
    event = writer.events[-1]
    for number in (1, 2, 3):
        writer.append(type(event)(event.number + number, ITERATION, state_of(one).life, 0.0, "trainer",
                                  Chose("threads", 1, "")))
    writer.close()
    is_told = any(isinstance(e.body, RolledBack) for e in read_journal(one.journal))
    assert is_told == (lines == 1)
    assert (newest(one).blocks == old) == (not is_told)


def test_between_df_and_amp_inters_are_matched_by_the_person_that_they_are_for(tmp_path, faces, capsys):
    amp = saved_run(tmp_path, "amp", faces, seed=3, **AMP)
    df = saved_run(tmp_path, "df", faces, seed=5, archi="df-udt")
    assert done(capsys, amp, df)["summary"]["blocks"] == ["encoder.dense1", "inter_src.dense2", "inter_dst.dense2"]
    (mine, theirs) = (Generations(run).load(newest(run).number) for run in (amp, df))
    for block, source in (("encoder.dense1", "inter.dense1"), ("inter_src.dense2", "inter.dense2")):
        np.testing.assert_array_equal(mine[block].weights["weight"], theirs[source].weights["weight"])
        assert mine[block].moments["counter"] == 5


@pytest.mark.parametrize(("theirs", "why"), [
    ({"ae_dims": 16}, "weight of block inter.dense1 is (16, 128) in the other run and (8, 128)"),
    ({"archi": "df-udt"}, "inter.dense1 is (8, 32)"), ({"resolution": 64}, "inter.dense1 is (8, 512)"),
    ({"seed": 3}, "nothing would change")], ids=["ae", "t", "side", "same"])
def test_what_does_not_fit_is_refused_and_nothing_is_written(theirs, why, tmp_path, faces, capsys):
    one = saved_run(tmp_path, "one", faces, seed=3)
    other = saved_run(tmp_path, "other", faces, **{"seed": 5, **theirs})
    journal, gens = one.journal.read_bytes(), sorted(one.gens.iterdir())
    assert why in done(capsys, one, other)["error"]
    assert (one.journal.read_bytes(), sorted(one.gens.iterdir())) == (journal, gens)


def test_a_run_that_somebody_writes_to_is_left_alone(tmp_path, faces, capsys):
    one, other = (saved_run(tmp_path, n, faces, seed=s) for n, s in (("one", 3), ("other", 5)))
    with one.lock_trainer():
        assert "still writes" in done(capsys, one, other)["error"]
    assert done(capsys, one, other)["summary"]["life"] == 1


def test_training_goes_on_from_the_new_save_in_the_next_life(tmp_path, faces, capsys):
    one, other = (saved_run(tmp_path, n, faces, seed=s) for n, s in (("one", 3), ("other", 5)))
    done(capsys, one, other)
    start = find_start(Generations(one), read_journal(one.journal))
    assert (start.generation.number, start.iteration, start.course.life, start.notes) == (3, ITERATION, 1, ())
    assert start.drawn == {"src": 80, "dst": 80}
