"""Something to read in full: a title and paragraphs. Any way out closes it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from dfl_tui.language import _
from dfl_tui.screens.dialog import Dialog


class Notice(Dialog[None]):
    """No result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q,space", "leave", show=False)]
    DEFAULT_CSS = """
    Notice .text { margin-bottom: 1; }
    """

    def __init__(self, title: str, paragraphs: Sequence[str]) -> None:
        super().__init__()
        self.title_text = title
        self._paragraphs = paragraphs

    def body(self) -> ComposeResult:
        for text in self._paragraphs:
            yield Static(text, classes="text", markup=False)

    def keys_line(self) -> str:
        return f"[@click=screen.leave]esc[/] {_('back')}"
