"""The stages: the stage by hand with its main settings, and the acts that wait for their iteration."""

from dataclasses import dataclass

from core.events.event import Asked
from core.settings.kind import Value
from dfl_tui.binding import bindings
from dfl_tui.draw.line import Part, fit
from dfl_tui.language import _, counted
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.panels.message import Withdraw
from dfl_tui.panels.verdict import in_time
from dfl_tui.telling import due, told_act

# What a stage consists of, two a row; the settings screen (e) has all others.
MAIN = (("batch_size", "lr"), ("random_warp", "lr_dropout"), ("masked_training", "clipgrad"),
        ("eyes_prio", "mouth_prio"), ("uniform_yaw", "target_iter"))
SHORT = {"batch_size": "batch", "random_warp": "warp", "lr_dropout": "lr dropout", "masked_training": "masked",
         "clipgrad": "clip", "eyes_prio": "eyes", "mouth_prio": "mouth", "uniform_yaw": "even yaw",
         "target_iter": "target", "lr": "rate"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that waits: number of its event, when, what, and in what time that is."""

    number: int
    at: str
    act: str
    time: str


@dataclass(frozen=True, slots=True)
class View:
    """The stage's name, its settings in pairs as texts, what waits."""

    stage: str
    settings: tuple[tuple[tuple[str, str], ...], ...]
    waiting: tuple[Waiting, ...]


def select(model: Model) -> View:
    """The stages' part of the model. Pure."""
    state, tick = model.state, model.tick
    if state is None:
        return View("", (), ())
    iteration, it_s = (tick.iteration, round(tick.it_s, 1)) if tick else (state.iteration, 0.0)
    waiting = [
        Waiting(event.number, _("trainer") if event.body.at is None else f"{event.body.at:,}",
                told_act(event.body.act),
                in_time(event.body.at - iteration, it_s) if event.body.at is not None else "")
        for event in sorted(state.waiting, key=due) if isinstance(event.body, Asked)
    ]
    pairs = tuple(tuple((SHORT[key], value_of(key, state.settings[key])) for key in pair if key in state.settings)
                  for pair in MAIN)
    name = _("recipe {name}").format(name=state.recipe) if state.recipe else _("stage by hand")
    return View(name, pairs, tuple(waiting))


def value_of(key: str, value: Value) -> str:
    """A setting's value in words: no target is "none", not iteration 0."""
    return _("none") if key == "target_iter" and value == 0 else shown(value)


def shown(value: Value) -> str:
    """A value in as few cells as possible."""
    if isinstance(value, bool) or value in ("y", "n"):
        return _("on") if value in (True, "y") else _("off")
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


class StagesPanel(Listing[View]):
    """The stage and what waits; x withdraws."""

    ID = "stages"
    TITLE = "stages"
    BINDINGS = bindings("stages")

    def select(self, model: Model) -> View:
        return select(model)

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        if not view.stage:
            return []
        half = max((width - 2) // 2, 1)
        name, value = half * 11 // 18, half - half * 11 // 18
        rows = [Row("stage", ((f"▸ {view.stage}", look.accent),))]
        for pair in view.settings:
            parts: list[Part] = []
            for label, text in pair:
                parts += [(fit(_(label), name), look.pale), (fit(text, value), look.text)]
            rows.append(Row(f"settings {pair[0][0]}", tuple(parts)))
        for act in view.waiting:
            rows.append(Row(f"waiting {act.number}", (("◌ ", look.accent), (f"{act.at}  ", look.strong),
                                                      (act.act, look.text)), ((act.time.strip(" ()"), look.pale),)))
        return rows

    def note(self, view: View) -> str:
        return self.filter_note() or (
            counted("{n} act waits", "{n} acts wait", len(view.waiting)) if view.waiting else "")

    def action_withdraw(self) -> None:
        """Withdraw the waiting act under the cursor."""
        row = self.current
        if row is not None and row.key.startswith("waiting "):
            self.post_message(Withdraw(int(row.key.removeprefix("waiting "))))
        else:
            self.app.notify(_("there is no waiting act under the cursor"), severity="warning", markup=False)
