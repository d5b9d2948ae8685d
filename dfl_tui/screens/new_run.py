"""The form for a run from two face sets: faces, consent, model, a check, a trial step, and then the run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from core.run.start import Place
from core.settings.error import DflTuiError
from dfl_tui.binding import bindings
from dfl_tui.cli.person import user_name
from dfl_tui.draft import SIDES, Draft, Field, fields, missing, wrong
from dfl_tui.draw.line import fit
from dfl_tui.language import _, counted
from dfl_tui.look import Look
from dfl_tui.making import Told, faces_sentence, make, read_faces, try_step
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.screens.confirm import Confirm
from dfl_tui.screens.list_screen import ListScreen
from dfl_tui.screens.path_suggester import PathSuggester
from dfl_tui.screens.prompt import Prompt
from dfl_tui.thread import in_thread

LABEL_CELLS = 18
CHECK, TRY, MAKE = "check", "try", "make"
Made = TypeVar("Made")


def buttons() -> list[tuple[str, str, str]]:
    """The rows that do something: key, label, help."""
    return [(CHECK, _("Check the faces"), _("Reads both folders: counts, types, masks, and what cannot be used.")),
            (TRY, _("Try one step"), _("Builds the model, trains one step on the chosen device and throws it away: "
                                       "memory and seconds an iteration.")),
            (MAKE, _("Make the run"), _("Records faces and consent, and starts to train."))]


def rows(draft: Draft, form: list[Field], look: Look) -> list[Row]:
    """The form. Pure."""
    found: list[Row] = []
    group = ""
    for one in form:
        if not draft.has(one.key):
            continue
        if one.group != group:
            group = one.group
            found.append(Row(f"group {group}", ((f" {group}", look.accent),)))
        value = draft.get(one.key)
        text = (value, look.strong) if value else (_("not filled in"), look.pale)
        found.append(Row(one.key, ((f"   {fit(one.label, LABEL_CELLS)}", look.text), text)))
    found.append(Row("group go", ((" " + _("then"), look.accent),)))
    found += [Row(key, ((f"   ▶ {label}", look.strong),)) for key, label, _help in buttons()]
    return found


class NewRunList(Listing[Draft]):
    """The form's rows."""

    ID = "new-run"
    TITLE = "new run"
    BINDINGS = bindings("new-run")

    def __init__(self, form: list[Field]) -> None:
        super().__init__()
        self.form = form
        self.draft = Draft({f"{side}.said_by": user_name() for side in SIDES})

    def select(self, model: Model) -> Draft:
        return self.draft

    def rows(self, view: Draft, look: Look, width: int) -> list[Row]:
        return rows(view, self.form, look)

    def note(self, view: Draft) -> str:
        return missing(view) or _("complete")

    def redraw(self) -> None:
        super().redraw()
        if isinstance(self.screen, NewRunScreen):
            self.screen.tell_about()

    @property
    def field(self) -> Field | None:
        """The field under the cursor."""
        return next((one for one in self.form if self.current and one.key == self.current.key), None)

    def action_edit(self) -> None:
        """Fill in the field, or do what the row says."""
        if isinstance(self.screen, NewRunScreen) and self.current is not None:
            self.screen.enter(self.current.key, self.field)

    def action_switch(self) -> None:
        """The next choice."""
        if isinstance(self.screen, NewRunScreen) and self.field is not None:
            self.screen.switch(self.field)


class NewRunScreen(ListScreen):
    """`n`; its result is the place of the run that was made."""

    detail_rows = 7

    def __init__(self, home: Path) -> None:
        from core.recipes.language import names  # late: TOML of the built-in recipes

        self.form = NewRunList(fields(tuple(names())))
        super().__init__(None, self.form)
        self._home = home
        self._kept: tuple[tuple[str, str], ...] = ()      # results of the work in hand
        self._said: tuple[tuple[str, str], ...] = ()      # these, and how far it is
        self._busy = False
        self._fresh = dict(self.form.draft.values)

    def action_back(self) -> None:
        """End the filter, else leave the form; what is filled in is kept nowhere, so a question comes first."""
        filled = sum(value != self._fresh.get(key) for key, value in self.form.draft.values.items())
        if self.form.words or not filled:
            super().action_back()
            return

        def leave(agreed: bool | None) -> None:
            if agreed:
                super(NewRunScreen, self).action_back()

        lost = counted("{n} field that you filled in is lost.", "{n} fields that you filled in are lost.", filled)
        self.app.push_screen(Confirm(_("Throw the form away?"), lost, yes=_("throw it away")), leave)

    def on_mount(self) -> None:
        super().on_mount()
        self.form.go_to("name")

    def tell_about(self) -> None:
        """Help of the row, then what the last check or trial said."""
        field = self.form.field
        key = self.form.current.key if self.form.current else ""
        help_text = field.help if field else next((h for k, _label, h in buttons() if k == key), "")
        self.detail.tell(*([("pale", help_text)] if help_text else []), *self._said)

    def put(self, key: str, value: str) -> None:
        """Fill a field in."""
        self.form.draft = self.form.draft.put(key, value)
        self.show_model(self.model)

    def switch(self, field: Field) -> None:
        """The next choice; what has none is typed."""
        if not field.choices:
            self.enter(field.key, field)
            return
        value = self.form.draft.get(field.key)
        here = field.choices.index(value) if value in field.choices else -1
        self.put(field.key, field.choices[(here + 1) % len(field.choices)])

    def enter(self, key: str, field: Field | None) -> None:
        """What enter does on a row."""
        if field is None:
            work = {CHECK: self._check, TRY: self._try, MAKE: self._make}.get(key)
            if work is not None and not self._busy:
                self._kept = ()
                self.run_worker(work())
            return
        if field.choices:
            self.switch(field)
            return

        def use(text: str | None) -> None:
            if text is not None:
                self.put(field.key, text)

        self.app.push_screen(Prompt(field.label, value=self.form.draft.get(field.key), help_text=field.help,
                                    check=lambda text: wrong(field.key, text),
                                    suggester=PathSuggester() if field.key.endswith(".folder") else None), use)

    async def _check(self) -> None:
        for side in SIDES:
            summary = await self._work(partial(read_faces, self.form.draft, side))
            if summary is None:
                return
            self.keep("good" if not summary["problems"] else "warn", faces_sentence(side, summary))

    async def _try(self) -> None:
        sentence = await self._work(lambda told: try_step(self.form.draft, self._home, told))
        if sentence is not None:
            self.keep("good", sentence)

    async def _make(self) -> None:
        # Reading 10,000 faces takes half a minute: what is missing is said before that.
        lacking = missing(self.form.draft)
        if lacking:
            self.say("warn", lacking)
            return
        place: Place | None = await self._work(lambda told: make(self.form.draft, self._home, told))
        if place is not None:
            self.dismiss(place)

    async def _work(self, work: Callable[[Told], Made]) -> Made | None:
        """Do `work` in a thread; None after its sentence where it failed."""
        def told(sentence: str) -> None:
            self.app.call_from_thread(self.say, "pale", sentence)

        self._busy = True
        try:
            return await in_thread(partial(work, told))
        except DflTuiError as error:
            self.say("bad", str(error))
            return None
        finally:
            self._busy = False

    def say(self, style: str, sentence: str) -> None:
        """Show how far the work is, under its results so far."""
        self._said = (*self._kept, (style, sentence))
        self.tell_about()

    def keep(self, style: str, sentence: str) -> None:
        """Show a result."""
        self._kept = self._said = (*self._kept, (style, sentence))
        self.tell_about()
