"""One line of text from a person, checked before it is taken."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.suggester import Suggester
from textual.widgets import Input, Static

from dfl_tui.language import _
from dfl_tui.screens.dialog import Dialog, calm_input


class Prompt(Dialog[str]):
    """The text, or None. `check` returns a sentence for a text that will not do, else ""."""

    def __init__(self, title: str, *, value: str = "", help_text: str = "", empty: bool = False,
                 check: Callable[[str], str] | None = None, suggester: Suggester | None = None) -> None:
        super().__init__()
        self._suggester = suggester
        self.title_text = title
        self._value = value
        self._help = help_text
        self._empty = empty
        self._check = check

    def body(self) -> ComposeResult:
        if self._help:
            yield Static(self._help, classes="pale", markup=False)
        box = calm_input("text", self._value, "")
        box.suggester = self._suggester
        yield box
        yield Static("", classes="wrong", markup=False)

    def keys_line(self) -> str:
        more = f"     → {_('complete')}" if self._suggester else ""
        return f"enter {_('take it')}{more}     [@click=screen.leave]esc[/] {_('leave')}"

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text, or say what is wrong with it."""
        text = event.value.strip()
        wrong = self._check(text) if self._check else ""
        if not text and not self._empty:
            wrong = _("nothing was typed")
        if wrong:
            self.query_one(".wrong", Static).update(wrong)
        else:
            self.dismiss(text)
