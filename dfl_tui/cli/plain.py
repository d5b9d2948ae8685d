"""Lines for a log file or a pipe: one every N iterations, and one for each event."""

from collections.abc import Iterable, Iterator

from core.events.event import Event
from dfl_tui.cli.standing import Standing, plain_line
from dfl_tui.language import _
from dfl_tui.telling import author, told


def plain_lines(items: Iterable[Standing | Event], *, every: int) -> Iterator[str]:
    """What `following.follow` gives, as lines. Ticks come twice a second at most, so a fast run skips multiples."""
    shown = -1    # the newest multiple of `every` that has its line
    state = ""
    for item in items:
        if isinstance(item, Event):
            yield f"{item.iteration:>9,}  {told(item)} ({author(item)})"
            continue
        if item.state != state and item.state != "training":
            yield f"{item.iteration:>9,}  {_(item.state)}" + (f": {item.sentence}" if item.sentence else "")
        state = item.state
        if item.state == "training" and item.tick is not None and item.iteration // every > shown:
            # The first line after an attach falls between two multiples, and would look like one of them.
            if item.tick.losses is not None and (shown >= 0 or item.iteration % every == 0):
                yield plain_line(item.tick)
            shown = item.iteration // every
