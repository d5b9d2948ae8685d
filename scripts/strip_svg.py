"""A screen of the console as an SVG: one rectangle a run of background, blocks and braille as shapes, text as text.

Textual's own export needs a font from the net and leaves seams between block characters; this one needs any monospaced
font whose characters are 0.602 em wide, as those of DejaVu Sans Mono are. Pure.
"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

CELL = (10, 20)                 # pixels
ADVANCE_EM = 0.60205            # of DejaVu Sans Mono
FONT_PX = CELL[0] / ADVANCE_EM
BASELINE = 15                   # pixels below the top of a cell
# Quarters of a cell that a block character fills: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
QUARTERS = {"▘": 1, "▝": 2, "▖": 4, "▗": 8, "▀": 3, "▄": 12, "▌": 5, "▐": 10, "█": 15, "▚": 9, "▞": 6, "▛": 7, "▜": 11,
            "▙": 13, "▟": 14}
EIGHTHS = "▁▂▃▄▅▆▇"
BRAILLE_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))     # column and row of bits 0 to 7


def svg(rows: Sequence[Strip], columns: int, foreground: str, background: str) -> str:
    """The whole screen. `foreground` and `background` (#rrggbb) stand in where a style has none."""
    width, height = columns * CELL[0], len(rows) * CELL[1]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">',
             f'<rect width="{width}" height="{height}" fill="{background}"/>',
             f'<g font-family="DejaVu Sans Mono, monospace" font-size="{FONT_PX:.3f}" xml:space="preserve">']
    for y, row in enumerate(rows):
        x = 0
        for text, style, _control in row:
            look = style or Style()
            front, back = colour(look.color, foreground), colour(look.bgcolor, background)
            if look.dim:
                front = mixed(front, back)
            cells = cell_len(text)
            if back != background:
                parts.append(rectangle(x * CELL[0], y * CELL[1], cells * CELL[0], CELL[1], back))
            parts += glyphs(text, x, y, front, look)
            x += cells
    return "\n".join([*parts, "</g></svg>", ""])


def colour(wanted: Color | None, default: str) -> str:
    """#rrggbb of a style's colour."""
    return default if wanted is None or wanted.is_default else wanted.get_truecolor().hex


def mixed(front: str, back: str) -> str:
    """Halfway from `front` to `back`: what a terminal makes of dim."""
    both = ((int(front[i:i + 2], 16) + int(back[i:i + 2], 16)) // 2 for i in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in both)


def rectangle(x: float, y: float, width: float, height: float, fill: str) -> str:
    """One filled rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>'


def glyphs(text: str, x: int, y: int, fill: str, look: Style) -> Iterator[str]:
    """The characters of one segment that begins at cell (x, y): shapes, and words between them."""
    word, began = "", x
    for character in text:
        drawn = "".join(shapes(character, x * CELL[0], y * CELL[1], fill))
        if drawn:
            yield from written(word, began, y, fill, look)
            yield drawn
            word, began = "", x + 1
        else:
            word += character
        x += cell_len(character)
    yield from written(word, began, y, fill, look)


def written(word: str, x: int, y: int, fill: str, look: Style) -> Iterator[str]:
    """Text at a cell."""
    if word.strip():
        shown = word.lstrip(" ")
        x += len(word) - len(shown)
        weight = ' font-weight="bold"' if look.bold else ""
        line = ' text-decoration="line-through"' if look.strike else ' text-decoration="underline"' if look.underline \
            else ""
        yield (f'<text x="{x * CELL[0]}" y="{y * CELL[1] + BASELINE}" fill="{fill}"{weight}{line}>'
               f"{escape(shown.rstrip())}</text>")


def shapes(character: str, left: int, top: int, fill: str) -> Iterator[str]:
    """A block, braille or line character as shapes; nothing for what is text. (left, top): its cell, in pixels."""
    width, height = CELL
    if character in QUARTERS:
        for bit in range(4):
            if QUARTERS[character] >> bit & 1:
                yield rectangle(left + bit % 2 * width / 2, top + bit // 2 * height / 2, width / 2, height / 2, fill)
    elif character in EIGHTHS:
        tall = height * (EIGHTHS.index(character) + 1) / 8
        yield rectangle(left, top + height - tall, width, tall, fill)
    elif character in "─━":
        yield rectangle(left, top + height / 2 - 0.5, width, 1 + (character == "━"), fill)
    elif 0x2800 <= ord(character) <= 0x28FF:
        for bit, (column, row) in enumerate(BRAILLE_DOTS):
            if ord(character) >> bit & 1:
                yield (f'<circle cx="{left + (column + 0.5) * width / 2:g}" cy="{top + (row + 0.5) * height / 4:g}" '
                       f'r="1.6" fill="{fill}" shape-rendering="auto"/>')
