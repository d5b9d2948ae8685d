"""What growing means and costs, in a person's words: for the dialog of the console and the command."""

from core.events.growth_cost import growth_cost
from core.events.state import RunState
from core.settings.growth import doublings
from dfl_tui.draw.number import size
from dfl_tui.language import _


def twice(state: RunState) -> int:
    """The side that the next octave gives."""
    return 2 * int(state.settings["resolution"])


def consequence(state: RunState, resolution: int) -> str:
    """What a growth to that side costs, in numbers. Raises RefusedError where the side is no doubling."""
    doublings(int(state.settings["resolution"]), resolution)
    cost = growth_cost(state.settings, resolution, state.src.faces + state.dst.faces)
    return _("From {old} to {new} px. The face stays as it is, to the bit, and {parameters} new parameters learn what "
             "the pixels between were. A step takes {step:.2f} times the work ({flat:.2f} of a network made at {new} "
             "px), and {heads:.2f} times while the old blocks are locked, as they are at first. All {faces} faces are "
             "decoded anew, up to {cache} of cache. Saves before and after it are kept; undo goes back.").format(
        old=state.settings["resolution"], new=resolution, parameters=f"{cost.parameters:,}", step=cost.step,
        flat=cost.of_flat, heads=cost.heads, faces=f"{state.src.faces + state.dst.faces:,}",
        cache=size(cost.cache_bytes))


def growth_undone(grown_at: int, iteration: int) -> str:
    """What taking a growth back gives up, in numbers."""
    return _("The run goes back to the save before it grew, at iteration {at}, in a new life. {n} iterations are given "
             "up; their saves stay listed.").format(at=f"{grown_at:,}", n=f"{max(iteration - grown_at, 0):,}")
