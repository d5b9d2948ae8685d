"""How a run stands, as a glyph and a word: colour alone never says it. Pure."""

from typing import Literal, NamedTuple

from dfl_tui.model import Model

Mood = Literal["good", "calm", "warn", "bad"]


class Phase(NamedTuple):
    """A state's glyph, word and mood (which the theme turns into a colour)."""

    glyph: str
    word: str
    mood: Mood


PHASES: dict[str, Phase] = {
    "starting": Phase("◌", "starting", "calm"),
    "trial": Phase("◌", "trial step", "calm"),
    "training": Phase("▶", "training", "good"),
    "paused": Phase("‖", "paused", "warn"),
    "saving": Phase("▼", "saving", "good"),
    "backoff": Phase("↻", "starts again soon", "warn"),
    "waiting": Phase("◌", "waiting", "calm"),
    "stopping": Phase("■", "stopping", "calm"),
    "stopped": Phase("■", "stopped", "warn"),
    "parked": Phase("■", "not training", "calm"),
}
CONNECTING = Phase("◌", "connecting", "calm")
LOST = Phase("?", "no contact", "warn")
FAILED = Phase("✖", "failed", "bad")
FINISHED = Phase("✔", "finished", "good")


def phase_of(model: Model) -> Phase:
    """The phase on screen."""
    if model.tick is None or model.state is None:
        return CONNECTING
    if model.link.word == "lost":
        return LOST
    if model.tick.phase in ("stopped", "parked"):
        return {"failure": FAILED, "target": FINISHED}.get(model.state.stopped, PHASES[model.tick.phase])
    return PHASES.get(model.tick.phase, Phase("?", model.tick.phase, "warn"))
