"""The logs of trainer and supervisor, newest line below."""

from dataclasses import dataclass

from rich.cells import cell_len

from core.wire.console_record import AskLog, ClientMessage, Log
from dfl_tui.draw.line import wrapped
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.screens.list_screen import ListScreen
from dfl_tui.session import Session

LINES = 500
MARGIN = 14      # cursor, name of the log, gap, and a cell at the right
LOGS = ("supervisor", "trainer")     # what broke a training stands in the trainer's: its end is seen first


@dataclass(frozen=True, slots=True)
class View:
    """The lines of both logs, each with its log's name."""

    lines: tuple[tuple[str, str], ...]


def select(model: Model) -> View:
    """The logs' part of the model. Pure."""
    lines: list[tuple[str, str]] = []
    for which in LOGS:
        got = model.answers.get(f"log.{which}")
        if got is not None and isinstance(got.answer, Log):
            lines += [(which, line) for line in got.answer.lines]
        elif got is not None:
            lines.append((which, str(getattr(got.answer, "sentence", ""))))
    return View(tuple(lines))


def broken(line: str, width: int) -> list[str]:
    """A line in rows of at most `width` cells; one that fits keeps its blanks, which a traceback is read by. Pure."""
    return wrapped(line, width) if cell_len(line) > width else [line]


class LogList(Listing[View]):
    """Both logs, one after the other."""

    ID = "log"
    TITLE = "log"
    follows = True

    def select(self, model: Model) -> View:
        return select(model)

    def requests(self, model: Model, width: int, height: int) -> dict[str, ClientMessage]:
        return {f"log.{which}": AskLog(0, which, LINES) for which in LOGS}

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        rows = [Row(f"{i} {part}", ((f"{'' if part else which:>10}  ", look.pale), (text, look.text)))
                for i, (which, line) in enumerate(view.lines)
                for part, text in enumerate(broken(line, max(width - MARGIN, 1)))]
        return rows or [Row("none", ((f" {_('the logs are empty')}", look.pale),))]

    def note(self, view: View) -> str:
        return self.count_note("{n} line", "{n} lines")


class LogScreen(ListScreen):
    """`L`"""

    def __init__(self, session: Session) -> None:
        super().__init__(session, LogList())
        for which in LOGS:
            session.forget(f"log.{which}")
