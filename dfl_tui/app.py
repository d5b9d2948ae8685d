"""The console's entry: it settles colours and the terminal's end before Textual is imported, and runs the program.

Knows the environment and nothing of what is on screen.
"""

import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from core.run.start import Place
from dfl_tui.colours import PICTURE_MODES, RICH_NAMES, depth, tmux_features
from dfl_tui.terminal import STALL_LOOKS, is_slow_link


@dataclass(frozen=True, slots=True)
class Parting:
    """How the console ended: its exit code, and a sentence for the person once the terminal is theirs again."""

    code: int
    sentence: str


def run_console(home: Path, place: Place | None, *, colours: str = "auto", mouse: bool | None = None,
                theme: str = "", stall_looks: int = STALL_LOOKS) -> Parting:
    """Show the run at `place`, or the list of runs. Returns when the person leaves or the terminal is gone.

    mouse: None = on, but not over ssh, where every motion costs a round of repaints (facts/console.md 1.5).
    stall_looks: seconds after which a terminal that does not read is given up.
    """
    settle_log(home)
    environment = os.environ
    colour_depth = depth(environment, colours, tmux_features(environment) if colours == "auto" else "")
    # Textual reads these when it is imported.
    environment["TEXTUAL_COLOR_SYSTEM"] = RICH_NAMES[colour_depth]
    environment.setdefault("TEXTUAL_ANIMATIONS", "none")
    if colour_depth == "none":
        environment["NO_COLOR"] = "1"
    from dfl_tui.program import Program  # late: Textual costs half a second, and reads the environment

    # The picture mode follows the depth that was settled above, not what Textual guesses from TERM.
    program = Program(home, place, picture_mode=PICTURE_MODES[colour_depth], theme=theme,
                      stall_looks=stall_looks)
    result = program.run(mouse=mouse if mouse is not None else not is_slow_link())
    program.guard.release()
    if isinstance(result, Parting):
        return result
    return Parting(program.return_code or 0, "")


def settle_log(home: Path) -> None:
    """Warnings go to a file: the terminal is taken, and after a lost one this is where its end is said."""
    folder = home / "log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(folder / "console.log", delay=True, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(name)s %(message)s"))
    handler.setLevel(logging.WARNING)
    log = logging.getLogger("dfl_tui")
    log.addHandler(handler)
    # Python would print the stack over the screen
    threading.excepthook = lambda failed: log.error("thread=%s", failed.thread and failed.thread.name,
                                                    exc_info=failed.exc_value)
