"""The first frame: which run is being opened. All else is imported while it is read."""

from typing import Any

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from dfl_tui.language import _


class OpeningScreen(Screen[Any], inherit_bindings=False):
    """Lies below all other screens. run: the name of the run, "" where none is being opened."""

    DEFAULT_CSS = """
    OpeningScreen { background: $background; }
    OpeningScreen Static { height: 1; padding: 0 1; color: $foreground; }
    """

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        if self._run:
            yield Static(_("{run} is being opened").format(run=self._run), markup=False)
