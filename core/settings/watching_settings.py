"""What is read off a run while it trains, and how patiently. Sources: `likeness/README.md`, `facts/training.md` 4."""

from core.settings.kind import Choice, Whole
from core.settings.setting import Setting

GROUP = "watching"
EVERY = 500     # iterations; at this default a first reading's cost may choose a longer one

WATCHING_SETTINGS: tuple[Setting, ...] = (
    Setting("likeness_every", GROUP, Whole(0, 1_000_000), EVERY, "live",
            "Iterations between readings of likeness: how much the swap looks like the source person. 0 takes none. "
            f"At {EVERY} the first reading is timed, and a longer pace is taken where it would cost more than 1 % of "
            "training; another number is taken as it is.",
            cost="64 swaps and 64 looks of the likeness network: about 1 s of CPU on top of the swaps."),
    Setting("watch_pace", GROUP, Choice(("normal", "short")), "normal", "live",
            "How patient the detectors of plateau, drop and divergence are: normal for runs of days, short for runs of "
            "minutes, where a plateau is a change of less than 5 % in 1,000 iterations and not of 0.5 %."),
)
