"""The palette: every key of the table that is in reach, with its key beside it, and every setting."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Provider

from core.settings.family import uses
from core.settings.registry import SETTINGS
from dfl_tui.keys import KEYS, Key, shown
from dfl_tui.language import _
from dfl_tui.screens.run import RunScreen

MOVING = ("panel-", "next-", "previous-", "zoom", "redraw", "help")


class Command(NamedTuple):
    """One entry: what is read and matched, its help, what it does."""

    name: str
    help: str | None
    run: Callable[[], None]


def title(key: Key) -> str:
    """How a key is listed: "Save now   s"."""
    return f"{_(key.help).rstrip('.')}   {shown(key.keys[0])}"


class Commands(Provider):
    """What can be done from the screen under the palette."""

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        for command in self._commands():
            yield DiscoveryHit(command.name, command.run, help=command.help)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.name)) > 0:
                yield Hit(score, matcher.highlight(command.name), command.run, help=command.help)

    def _commands(self) -> list[Command]:
        screen = self.screen
        focused = getattr(self.focused, "ID", "")
        in_reach = [key for key in KEYS if key.where == focused or key.anywhere
                    or (key.where == "everywhere" and key.id not in ("palette", "back"))]
        # acts before keys that only move the view
        in_reach.sort(key=lambda key: key.id.startswith(MOVING))
        found = [Command(title(key), None, partial(self._press, key)) for key in in_reach]
        if isinstance(screen, RunScreen):
            found += [Command(_("Set {key}").format(key=s.key), s.help, partial(screen.open_setting, s.key))
                      for s in SETTINGS if s.when != "birth" and uses(screen.family, s.key)]
        return found

    def _press(self, key: Key) -> None:
        self.app.call_later(self.app.simulate_key, key.keys[0])
