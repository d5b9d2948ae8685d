"""Draw the console of a run as it stands now, for the documents.

    python -m scripts.picture demo --out docs/pictures/console.png
    python -m scripts.picture demo --size 80x24 --out docs/pictures/console-80x24.png
    python -m scripts.picture demo --keys "4 z" --theme light --out /tmp/previews.svg

The run may train meanwhile. --keys are pressed first, names as in docs/keys.md with Textual's words for signs
(question_mark, comma). A PNG is made by rsvg-convert (Debian: librsvg2-bin).
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from textual.pilot import Pilot

from core.run.start import Place, find, home_folder
from core.settings.error import DflTuiError
from dfl_tui.app import Parting
from dfl_tui.program import Program
from scripts.strip_svg import svg

PATIENCE_S = 60.0
SETTLE_S = 1.5          # answers of the last key, and toasts of the first connection
NEEDED = ("chart", "series")


class DrawingError(DflTuiError):
    """No picture was made."""


async def drawn(home: Path, place: Place, size: tuple[int, int], keys: Sequence[str], theme: str) -> str:
    """The console as an SVG, after `keys`. Raises DrawingError where the run does not answer."""
    app = Program(home, place, theme=theme)
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(SETTLE_S)
        app.clear_notifications()
        await pilot.pause(0.1)
        variables = app.theme_variables
        return svg(app.screen._compositor.render_strips(), size[0], variables["foreground"], variables["background"])


async def settled(app: Program, pilot: Pilot[Parting]) -> None:
    """Wait until the run has answered what the first screen shows."""
    deadline = monotonic() + PATIENCE_S
    while True:
        model = app.session.model if app.session is not None else None
        wanted = (*NEEDED, "previews") if model is not None and model.preview is not None else NEEDED
        if model is not None and all(name in model.answers for name in wanted):
            return
        if monotonic() > deadline:
            raise DrawingError(f"the run did not answer within {PATIENCE_S:.0f} s",
                               hint="has it trained at least one iteration?")
        await pilot.pause(0.05)


def write(picture: str, file: Path, zoom: float) -> None:
    """Write an SVG, or a PNG of it. Raises DrawingError where rsvg-convert is missing or fails."""
    if file.suffix == ".svg":
        file.write_text(picture, encoding="utf-8")
        return
    try:
        subprocess.run(["rsvg-convert", "--zoom", str(zoom), "--output", str(file)], input=picture.encode(), check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DrawingError(f"no PNG was made: {error}", hint="install librsvg2-bin, or give a name that ends in .svg"
                           ) from error


def main(words: Sequence[str] | None = None) -> int:
    """Draw and write; 1 where that did not work."""
    parser = argparse.ArgumentParser(prog="python -m scripts.picture", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--keys", default="", help="separated by blanks")
    parser.add_argument("--theme", default="")
    parser.add_argument("--zoom", type=float, default=1.0, help="pixels of the PNG a pixel of the SVG")
    asked = parser.parse_args(words)
    columns, _x, rows = asked.size.partition("x")
    home = home_folder(asked.home)
    try:
        place = find(home, asked.run)
        write(asyncio.run(drawn(home, place, (int(columns), int(rows)), asked.keys.split(), asked.theme)), asked.out,
              asked.zoom)
    except DflTuiError as error:
        print(error, file=sys.stderr)
        return 1
    print(asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
