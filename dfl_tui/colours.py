"""How many colours the terminal has, and what follows for pictures (facts/console.md 1.4). Knows no Textual."""

import subprocess
from collections.abc import Mapping
from typing import Literal

Depth = Literal["true", "256", "16", "none"]

DEPTHS: tuple[Depth, ...] = ("true", "256", "16", "none")
TMUX_TIMEOUT_S = 1.0
RICH_NAMES: dict[str, str] = {"true": "truecolor", "256": "256", "16": "standard", "none": "standard"}
PICTURE_MODES: dict[str, str] = {"true": "quadrant", "256": "half256", "16": "braille", "none": "braille"}


def depth(environment: Mapping[str, str], wanted: str = "auto", tmux_features: str = "") -> Depth:
    """The colours to use. `wanted` other than "auto" is believed; `tmux_features` counts inside tmux only. Pure."""
    for known in DEPTHS:
        if wanted == known:
            return known
    if environment.get("TERM", "") in ("dumb", ""):
        return "none"
    if "TMUX" in environment:      # COLORTERM says what the outer terminal had when tmux was started, if anything
        return "true" if "RGB" in tmux_features.split(",") else "256"
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "true"
    # Rich asks the last part of TERM as well; "direct" is ours (xterm-direct).
    return "256" if environment["TERM"].rpartition("-")[2] in ("256color", "kitty", "direct") else "16"


def tmux_features(environment: Mapping[str, str]) -> str:
    """What tmux knows about the terminal it is shown on, "" outside tmux or where it does not say."""
    if "TMUX" not in environment:
        return ""
    try:
        asked = subprocess.run(["tmux", "display", "-p", "#{client_termfeatures}"], capture_output=True, text=True,
                               timeout=TMUX_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()
