"""A question before something is given up; the consequence stands in it, in numbers. Only `y` agrees."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from dfl_tui.language import _
from dfl_tui.screens.dialog import Dialog


class Confirm(Dialog[bool]):
    """True when the person agrees, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "agree", show=False)]

    def __init__(self, title: str, consequence: str, *, yes: str) -> None:
        super().__init__()
        self.title_text = title
        self._consequence = consequence
        self._yes = yes

    def body(self) -> ComposeResult:
        yield Static(self._consequence, classes="text", markup=False)

    def keys_line(self) -> str:
        return f"[@click=screen.agree]y[/] {self._yes}     [@click=screen.leave]esc[/] {_('leave it as it is')}"

    def action_agree(self) -> None:
        """Yes."""
        self.dismiss(True)
