"""The dialog for one setting: its value, and from which iteration on."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widgets import Input, Static

from core.events.act import SetValues
from core.settings.error import SettingError
from core.settings.registry import parse
from core.settings.setting import Setting
from dfl_tui.language import _
from dfl_tui.screens.dialog import Dialog, calm_input
from dfl_tui.screens.model_screen import ModelScreen
from dfl_tui.telling import shown

WHEN = {"live": "at the next iteration", "restart": "after a restart of the trainer", "birth": "fixed at birth"}


def about(setting: Setting) -> list[tuple[str, str]]:
    """What a person is told about a setting: (style, paragraph). Pure."""
    takes = _("takes {range}").format(range=setting.kind.describe())
    usual = _("; usual {range}").format(range=setting.usual) if setting.usual else ""
    told = _("{takes}{usual}; default {default}; changes {when}").format(
        takes=takes, usual=usual, default=shown(setting.default) or _("empty"), when=_(WHEN[setting.when]))
    cost = [("warn", _("Cost: {cost}").format(cost=setting.cost))] if setting.cost else []
    return [("text", setting.help), *cost, ("pale", told)]


def wrong(key: str, text: str) -> str:
    """What is wrong with `text` as a value of `key`, "" where nothing is. Pure."""
    try:
        parse(key, text)
    except SettingError as error:
        return str(error)
    return ""


def edit_setting(screen: ModelScreen, setting: Setting) -> None:
    """Ask for another value of `setting` over `screen`, and have it set; a toast says how it went."""
    state, tick = screen.model.state, screen.model.tick
    if state is None:
        return
    if setting.when == "birth":
        screen.app.notify(_("{key} is fixed since the run was made: a new run can have another").format(
            key=setting.key), severity="warning", markup=False)
        return

    def use(edit: tuple[str, int | None] | None) -> None:
        if edit is not None:
            screen.do(SetValues(parse(setting.key, edit[0])), edit[1])

    lines = [text for _style, text in about(setting)]
    screen.app.push_screen(EditSetting(setting.key, shown(state.settings[setting.key]), lines,
                                       tick.iteration if tick else 0, lambda text: wrong(setting.key, text)), use)


class EditSetting(Dialog[tuple[str, int | None]]):
    """(text of the value, iteration or None for now), or None. `wrong` says what is wrong with a text, else ""."""

    def __init__(self, key: str, value: str, about: Sequence[str], iteration: int, wrong: Callable[[str], str]) -> None:
        super().__init__()
        self.title_text = key
        self._value = value
        self._about = about
        self._iteration = iteration
        self._wrong = wrong

    def body(self) -> ComposeResult:
        for line in self._about:
            yield Static(line, classes="pale", markup=False)
        yield calm_input("value", self._value, _("value"))
        yield calm_input("at", "", _("at iteration (empty: now, which is {n})").format(n=f"{self._iteration:,}"))
        yield Static("", classes="wrong", markup=False)

    def keys_line(self) -> str:
        return f"enter {_('set')}     tab {_('next field')}     [@click=screen.leave]esc[/] {_('leave')}"

    def on_input_submitted(self) -> None:
        """Take both, or say what is wrong."""
        value = self.query_one("#value", Input).value
        at_text = self.query_one("#at", Input).value.strip().replace(",", "").replace("_", "")
        wrong = self._wrong(value) or self._wrong_iteration(at_text)
        if wrong:
            self.query_one(".wrong", Static).update(wrong)
        else:
            self.dismiss((value, int(at_text) if at_text else None))

    def _wrong_iteration(self, text: str) -> str:
        if text and not text.isdecimal():
            return _("{text} is not an iteration: give a whole number, or nothing for now").format(text=text)
        if text and int(text) < self._iteration:
            return _("iteration {text} has passed: the run is at {n}").format(text=f"{int(text):,}",
                                                                             n=f"{self._iteration:,}")
        return ""
