"""The one key table, and what is made from it."""

import pytest

from dfl_tui.binding import program_bindings, run_bindings
from dfl_tui.keys import HEADINGS, KEYS, key_of, shown
from dfl_tui.panels.chart import ChartPanel
from dfl_tui.panels.events import EventsPanel
from dfl_tui.panels.listing import Listing
from dfl_tui.panels.locks import LocksPanel
from dfl_tui.panels.previews import PreviewsPanel
from dfl_tui.panels.stages import StagesPanel
from dfl_tui.program import Program
from dfl_tui.screens.new_run import NewRunList
from dfl_tui.screens.run import RunScreen
from dfl_tui.screens.runs import RunsList
from dfl_tui.screens.saves import SavesList
from dfl_tui.screens.settings import SettingsList

OWNERS = {"lists": Listing, "stages": StagesPanel, "locks": LocksPanel, "chart": ChartPanel,
          "previews": PreviewsPanel, "events": EventsPanel, "runs": RunsList, "new-run": NewRunList,
          "settings": SettingsList, "saves": SavesList}
PROGRAM_IDS = {binding.id for binding in program_bindings()}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.where}-{key.id}")
def test_every_key_has_a_method_a_label_and_a_sentence(key):
    owner = OWNERS.get(key.where) or (Program if f"{key.where}.{key.id}" in PROGRAM_IDS else RunScreen)
    assert callable(getattr(owner, f"action_{key.action.partition('(')[0]}"))
    assert key.label and key.help.endswith(".") and key.where in HEADINGS


@pytest.mark.parametrize("where", OWNERS)
def test_every_key_of_a_panel_is_bound_there(where):
    bound = {binding.key for binding in OWNERS[where].BINDINGS}
    assert {one for key in KEYS if key.where == where for one in key.keys} == bound


def test_no_key_means_two_things_in_one_place():
    for where in HEADINGS:
        keys = [one for key in KEYS if key.where == where for one in key.keys]
        assert len(keys) == len(set(keys)), where


def test_no_key_of_a_panel_hides_one_that_acts_on_the_run():
    run = {one for key in KEYS if key.where == "everywhere" for one in key.keys}
    for key in KEYS:
        if key.where in ("stages", "locks", "chart", "previews", "events", "lists"):
            assert not run & set(key.keys), key.id


def test_letters_that_move_elsewhere_only_move_here():
    acting = {one for key in KEYS if key.where == "everywhere" for one in key.keys}
    assert not acting & set("jkhlgGd")


def test_what_gives_something_up_is_upper_case_and_asks():
    for key in KEYS:
        if key.dialog:
            assert key.keys[0].isupper()
    assert key_of("everywhere", "stop").dialog and key_of("saves", "roll-back").dialog


def test_keys_that_act_from_everywhere_are_forwarded_to_their_panel():
    forwarded = {binding.key: binding.action for binding in run_bindings() if "for_panel" in binding.action}
    assert forwarded["y"] == "for_panel('chart', 'log')"


@pytest.mark.parametrize(("key", "text"), [("question_mark", "?"), ("S", "S"), ("ctrl+p", "ctrl+p"), ("left", "←")])
def test_keys_are_shown_as_people_read_them(key, text):
    assert shown(key) == text
