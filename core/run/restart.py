"""Whether and when a trainer that ended is started again. Pure: history and time in, decision out.

Backoff 1, 2, 4 ... 60 s; counted anew after ten healthy minutes or progress beyond the failing iteration
(facts/console.md 2.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.events.event import Ended, Event, Resumed, RolledBack, Started

LONGEST_WAIT_S = 60.0
HEALTHY_S = 600.0
SAME_FAILURES = 3       # at the same iteration: data and arithmetic are the same each time, so more tries are no news
KILLS_AT_ONCE = 5       # from outside and without progress: then something kills it systematically, so
LONGEST_KILL_WAIT_S = 5.0   # it is started a little less eagerly

FROM_OUTSIDE = ("killed", "terminated", "supervisor")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a trainer. `healthy_s`: how long it had trained."""

    cause: str
    sentence: str
    iteration: int
    healthy_s: float


@dataclass(frozen=True, slots=True)
class Again:
    """Start it again in `wait_s` seconds (0 = at once)."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not start it again until a person resumes the run."""

    sentence: str


def decide(history: Sequence[End]) -> Again | Stop:
    """What to do after the last of `history`, the ends since the run was made, resumed or rolled back."""
    last = history[-1]
    streak = _streak(history)
    if last.cause in FROM_OUTSIDE:
        return Again(min(LONGEST_KILL_WAIT_S, _backoff(streak - KILLS_AT_ONCE)))
    # It ended as it was told to: nothing failed, so there is nothing to wait for.
    if last.cause == "done":
        return Again(0.0)
    same = [e for e in history[-streak:] if (e.cause, e.iteration) == (last.cause, last.iteration)]
    if len(same) >= SAME_FAILURES:
        return Stop(f"stopped after {len(same)} failures at iteration {last.iteration:,}: {last.sentence}")
    return Again(_backoff(streak))


def _streak(history: Sequence[End]) -> int:
    """How many ends, the last one included, came without progress and without a healthy stretch between them."""
    count = 1
    for earlier, later in zip(reversed(history[:-1]), reversed(history), strict=False):
        if later.iteration > earlier.iteration or later.healthy_s >= HEALTHY_S or earlier.cause == "done":
            break
        count += 1
    return count


def _backoff(failures: int) -> float:
    """Seconds before the next try after so many failures in a row."""
    # The exponent is bounded as well: after a thousand failures the power would be too large for a float.
    return 0.0 if failures <= 0 else min(LONGEST_WAIT_S, 2.0 ** min(failures - 1, 10))


def has_no_end(events: Sequence[Event]) -> bool:
    """Whether the last trainer that began to train has no end in the journal."""
    last = next((e.body for e in reversed(events) if isinstance(e.body, Started | Ended)), None)
    return isinstance(last, Started)


def ends(events: Sequence[Event]) -> list[End]:
    """The history that a journal tells, so that a supervisor that was started anew knows it too."""
    history: list[End] = []
    began = 0.0
    for event in events:
        match event.body:
            case Started():
                began = event.at
            case Ended(cause=cause, sentence=sentence):
                healthy_s = event.at - began if began else 0.0
                history.append(End(cause, sentence, event.iteration, healthy_s))
                began = 0.0
            # As in the conductor: a person who goes on forgives what was before, also before a new supervisor.
            case Resumed() | RolledBack():
                history = []
    return history
