"""The dialog for one setting: its value, and from which iteration on."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widgets import Input, Static

from dfl_tui.language import _
from dfl_tui.screens.dialog import Dialog, calm_input


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
