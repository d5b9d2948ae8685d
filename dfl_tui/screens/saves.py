"""The saves that are kept, newest first; B goes back to one, after saying how many iterations that gives up."""

import time
from dataclasses import dataclass

from core.events.act import RollBack
from core.wire.console_record import AskGenerations, ClientMessage, Generation, Generations
from dfl_tui.binding import bindings
from dfl_tui.draw.line import fit
from dfl_tui.draw.number import duration, size
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.screens.confirm import Confirm
from dfl_tui.screens.list_screen import ListScreen
from dfl_tui.session import Session

LOOK_AGAIN_S = 3.0      # a save that falls while the list is open appears in it


@dataclass(frozen=True, slots=True)
class View:
    """The saves as answered, or why there is no answer."""

    generations: tuple[Generation, ...]
    sentence: str


def select(model: Model) -> View:
    """The saves' part of the model. Pure."""
    got = model.answers.get(SavesList.ID)
    if got is None:
        return View((), _("reading the saves"))
    if isinstance(got.answer, Generations):
        return View(tuple(got.answer.generations), _("nothing was saved yet: s saves"))
    return View((), str(getattr(got.answer, "sentence", "")))


def row(generation: Generation, now: float, look: Look) -> Row:
    """One save. Pure."""
    note = " · ".join(part for part in (generation.name, generation.in_use) if part)
    return Row(str(generation.number), (
        (f"{generation.number:>7,}", look.pale), (f"{generation.iteration:>13,}", look.strong),
        (f"{generation.life:>6}", look.pale),
        (f"   {fit(duration(max(now - generation.at, 0)), 14)}", look.text),
        (f"{size(generation.bytes):>9}", look.text), (f"   {note}", look.accent)))


def consequence(generation: Generation, model: Model) -> str:
    """What going back gives up, in numbers. Pure."""
    here = model.tick.iteration if model.tick else generation.iteration
    lost = max(here - generation.iteration, 0)
    it_s = model.tick.it_s if model.tick else 0.0
    time_lost = _(" (about {time} of training)").format(time=duration(lost / it_s)) if it_s and lost else ""
    return _("The run goes on from iteration {to}, with the settings and locks of then, in life {life}. That gives up "
             "{n} iterations{time}. They stay in chart and journal, struck through.").format(
                 to=f"{generation.iteration:,}", life=model.life + 1, n=f"{lost:,}", time=time_lost)


class SavesList(Listing[View]):
    """The list."""

    ID = "saves"
    TITLE = "saves"
    BINDINGS = bindings("saves")

    def select(self, model: Model) -> View:
        return select(model)

    def request(self, model: Model, width: int, height: int) -> ClientMessage | None:
        return AskGenerations(0)

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        if not view.generations:
            return [Row("none", ((f" {view.sentence}", look.pale),))]
        now = time.time()
        head = Row("head", ((f"{_('save'):>7}{_('iteration'):>13}{_('life'):>6}   {fit(_('age'), 14)}"
                             f"{_('size'):>9}   {_('name')}", look.pale),))
        return [head, *(row(generation, now, look) for generation in view.generations)]

    def action_roll_back(self) -> None:
        """Handled by the screen, which has the connection."""
        screen = self.screen
        if isinstance(screen, SavesScreen):
            screen.ask_roll_back()


class SavesScreen(ListScreen):
    """`a`"""

    def __init__(self, session: Session) -> None:
        super().__init__(session, SavesList())
        # The list of an hour ago may name saves that retention has taken since.
        session.forget(SavesList.ID)      # asked anew each time the screen opens

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LOOK_AGAIN_S, self._look)

    def _look(self) -> None:
        self.session.forget(SavesList.ID)
        self.want(self.listing)

    def ask_roll_back(self) -> None:
        """Say what is given up; go back where that is agreed to."""
        view, current = self.listing.view, self.listing.current
        chosen = [g for g in view.generations if current and str(g.number) == current.key] if isinstance(view, View) \
            else []
        if not chosen:
            return

        def use(agreed: bool | None) -> None:
            if agreed:
                self.do(RollBack(chosen[0].number))

        self.app.push_screen(Confirm(_("Go back to save {n}?").format(n=chosen[0].number),
                                     consequence(chosen[0], self.model), yes=_("go back")), use)
