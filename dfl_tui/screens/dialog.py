"""The frame of every dialog: a title, what it holds, a line of keys. esc leaves it."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from dfl_tui.language import _

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Base class. A child gives `title_text`, `body` and `keys_line`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > Vertical { width: 72; max-width: 96%; height: auto; max-height: 96%; padding: 1 2;
                        background: $surface; border: round $rule; }
    Dialog .title { text-style: bold; margin-bottom: 1; width: 100%; }
    Dialog .text { width: 100%; }
    Dialog .pale { color: $pale; width: 100%; }
    Dialog .wrong { color: $error; width: 100%; height: auto; }
    Dialog .keys { color: $pale; margin-top: 1; width: 100%; }
    Dialog Input, Dialog Input:focus { border: none; height: 1; padding: 0 1; background: $panel; margin: 1 0 0 0; }
    """

    title_text = ""

    def body(self) -> ComposeResult:
        """The widgets between title and keys."""
        raise NotImplementedError

    def keys_line(self) -> str:
        """The keys, as content markup; `[@click=screen.NAME]` makes them work by mouse."""
        return f"[@click=screen.leave]esc[/] {_('leave')}"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self.title_text, classes="title", markup=False)
            yield from self.body()
            yield Static(self.keys_line(), classes="keys")

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)


def calm_input(name: str, value: str, placeholder: str) -> Input:
    """An input whose cursor does not blink: blinking costs 2.5 kB/s (facts/console.md 1.2)."""
    box = Input(value, placeholder=placeholder, id=name, select_on_focus=True)
    box.cursor_blink = False
    return box
