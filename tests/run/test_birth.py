"""Making, finding and describing runs; what is refused and why."""

import os

import pytest

from core.events.act import SetValues, StopRun
from core.events.event import Asked, Consent, FaceSetNote
from core.run.birth import NewRun, Waiting, create_run
from core.run.place import HOME_VARIABLE, find, home_folder, is_alive, places, socket_path
from core.run.summary import offline_summary
from core.settings.error import DflTuiError, RefusedError, SettingError
from core.settings.registry import BY_KEY
from core.store.journal import read_journal
from core.store.smoothed import SMOOTH_ITERATIONS, Smoothed
from tests.run.running import CONSENT, FACES, new_run


def test_a_run_is_born_with_every_setting_and_both_consents(home):
    place = create_run(home, new_run(lr=1e-4))
    (born,) = read_journal(place.folder / "journal.jsonl")
    assert set(born.body.settings) == set(BY_KEY)
    assert born.body.settings["lr"] == 1e-4
    assert (born.body.src_consent, born.body.dst_consent) == (CONSENT, CONSENT)
    assert born.author == "person"
    assert (place.folder.stat().st_mode & 0o777) == 0o700


def test_the_acts_of_a_recipe_wait_from_the_beginning(home):
    waiting = (Waiting(SetValues({"random_warp": False}), 4200, "recipe:demo"), Waiting(StopRun(), 9000))
    place = create_run(home, NewRun("demo", {}, FACES, FACES, CONSENT, CONSENT, "demo", waiting))
    _, first, second = read_journal(place.folder / "journal.jsonl")
    assert (first.body, first.author) == (Asked(SetValues({"random_warp": False}), 4200), "recipe:demo")
    assert second.body == Asked(StopRun(), 9000)


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "x" * 65, "a\n", "ä", "a;rm"])
def test_a_name_that_needs_quotes_is_refused(home, name):
    with pytest.raises(RefusedError, match="cannot be the name of a run"):
        create_run(home, new_run(name))
    assert places(home) == []


@pytest.mark.parametrize(("consent", "words"), [
    (Consent("  ", "own", "me"), "who is shown in the dst faces"),
    (Consent("Ann\x1b[2J", "own", "me"), "not one line"),
    (Consent("Ann", "borrowed", "me"), "on what ground"),
    (Consent("Ann", "", "me"), "on what ground"),
    (Consent("Ann", "own", ""), "who vouches"),
])
def test_without_consent_there_is_no_run(home, consent, words):
    with pytest.raises(RefusedError, match=words):
        create_run(home, NewRun("demo", {}, FACES, FACES, CONSENT, consent))
    assert places(home) == []


@pytest.mark.parametrize(("change", "words"), [
    ({"settings": {"resolution": 48, "archi": "df-ud"}}, "multiple of 32"),
    ({"settings": {"lr": float("nan")}}, "out of range"),
    ({"settings": {"nothing": 1}}, "no setting"),
    ({"src": FaceSetNote("/faces", 0, "")}, "no usable face"),
    ({"dst": FaceSetNote("faces", 3, "")}, "whole path"),
    ({"waiting": (Waiting(SetValues({"lr": 9.0}), 5),)}, "out of range"),
    ({"waiting": (Waiting(StopRun(), 5),) * 65}, "65 acts"),
])
def test_a_run_that_could_not_train_is_refused(home, change, words):
    parts = {"settings": {}, "src": FACES, "dst": FACES, "waiting": ()} | change
    with pytest.raises((RefusedError, SettingError), match=words):
        create_run(home, NewRun("demo", parts["settings"], parts["src"], parts["dst"], CONSENT, CONSENT,
                                waiting=parts["waiting"]))
    assert places(home) == []


def test_a_second_run_of_the_same_name_is_refused(home):
    create_run(home, new_run())
    with pytest.raises(RefusedError, match="already"):
        create_run(home, new_run())


def test_a_journal_that_cannot_be_written_leaves_nothing(home):
    with pytest.raises(DflTuiError, match="cannot be written down"):
        create_run(home, NewRun("demo", {}, FaceSetNote("/\udcff", 3, ""), FACES, CONSENT, CONSENT))
    assert not (home / "runs" / "demo").exists()


def test_runs_are_found_by_name_and_the_nearest_is_named(home):
    made = [create_run(home, new_run(name)) for name in ("beta", "alpha")]
    (home / "runs" / "notes").mkdir()
    assert [p.name for p in places(home)] == ["alpha", "beta"]
    assert find(home, "beta") == made[0]
    with pytest.raises(RefusedError, match="did you mean alpha"):
        find(home, "alhpa")
    with pytest.raises(RefusedError, match="dfl-tui new"):
        find(home / "elsewhere", "alpha")
    assert not is_alive(made[0])
    assert socket_path(made[0]) is None


def test_home_is_the_option_else_the_variable_else_the_user_s_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert home_folder(tmp_path / "x") == tmp_path / "x"
    assert home_folder(None) == tmp_path
    monkeypatch.delenv(HOME_VARIABLE)
    assert home_folder(None).name == "dfl-tui"


def test_a_folder_of_runs_that_cannot_be_read_is_named(home):
    (home / "runs").mkdir(parents=True)
    os.rmdir(home / "runs")     # noqa: PTH106
    (home / "runs").write_text("a file")
    with pytest.raises(RefusedError, match="cannot be listed"):
        places(home)


def test_the_summary_of_a_new_run(home):
    summary = offline_summary(create_run(home, new_run()))
    assert (summary.state, summary.alive, summary.iteration, summary.src_loss) == ("parked", False, 0, None)
    assert (summary.src_person, summary.events) == ("synthetic", 1)


@pytest.mark.journey
def test_the_summary_of_a_run_that_trained(run):
    console = run.console()
    console.tick(lambda t: t.iteration > 20)
    assert offline_summary(run.place).state == "training"
    stopped = console.command(StopRun()).event
    summary = offline_summary(run.place)
    assert (summary.state, summary.iteration, summary.device) == ("stopped", stopped.iteration, "auto")
    mean = Smoothed(SMOOTH_ITERATIONS)
    for iteration in range(1, stopped.iteration + 1):
        mean.add(1 / iteration)     # the loss of the peer
    assert summary.src_loss == pytest.approx(mean.value)
    assert "a person stopped the run" in summary.sentence
