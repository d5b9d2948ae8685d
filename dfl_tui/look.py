"""The styles that panels draw with, made from the theme's variables: Python names roles, themes name colours."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color, ColorParseError


@dataclass(frozen=True, slots=True)
class Look:
    """One style a role. All but `plain` and `chosen` have no background: they are laid on one of these."""

    plain: Style     # text on the screen's background
    text: Style      # the same without the background
    pale: Style      # what is read second: units, names of values
    faint: Style     # what is read last: abandoned events, guides
    strong: Style
    accent: Style
    good: Style
    warn: Style
    bad: Style
    title: Style
    rule: Style      # lines between panels
    chosen: Style    # background of the row under the cursor
    cursor: Style
    src: Style
    dst: Style
    masks: Style
    rate: Style
    speed: Style


def look_of(variables: Mapping[str, str]) -> Look:
    """The look of a theme. A theme of Textual's own lacks our variables: nearest ones stand in."""
    def colour(*names: str) -> Style:
        for name in names:
            try:
                return Style(color=Color.parse(variables[name]).rich_color)
            except (KeyError, ColorParseError):
                continue
        return Style()

    def ground(*names: str) -> Style:
        return Style(bgcolor=colour(*names).color)

    return Look(
        plain=colour("foreground") + ground("background"),
        text=colour("foreground"),
        pale=colour("pale", "foreground-muted", "foreground-darken-2"),
        faint=colour("faint", "foreground-disabled", "foreground-darken-3"),
        strong=colour("foreground") + Style(bold=True),
        accent=colour("accent"),
        good=colour("success"),
        warn=colour("warning"),
        bad=colour("error") + Style(bold=True),
        title=colour("pale", "foreground-muted"),
        rule=colour("rule", "panel-lighten-2"),
        chosen=ground("chosen", "panel-lighten-1"),
        cursor=colour("accent") + Style(bold=True),
        src=colour("src", "primary"),
        dst=colour("dst", "warning"),
        masks=colour("masks", "secondary"),
        rate=colour("rate", "foreground-muted"),
        speed=colour("speed", "success"),
    )
