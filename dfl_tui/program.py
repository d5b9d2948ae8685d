"""The Textual app: a switchboard between the session, the screens and the end of the terminal."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.screen import Screen

from core.run.start import Place
from dfl_tui.app import Parting
from dfl_tui.binding import program_bindings
from dfl_tui.language import _
from dfl_tui.screens.opening import OpeningScreen
from dfl_tui.terminal import ENDS, STALL_LOOKS, Guard, standard_fds
from dfl_tui.theme import themes

if TYPE_CHECKING:
    from dfl_tui.session import Session
    from dfl_tui.showing import Showing

DEFAULT_THEME = "dark"
CLOCK_S = 0.5          # the one clock: ticks are drawn at most twice a second
BEAT_S = 0.5
IDLE_S = 4.0


async def preload() -> None:
    """Import what the first key would wait for: the palette takes a second otherwise (facts/console.md 1.2)."""
    for name in ("dfl_tui.commands", "textual.widgets._option_list", "textual.widgets._input", "dfl_tui.screens.help",
                 "dfl_tui.screens.settings", "dfl_tui.screens.confirm"):
        await asyncio.to_thread(import_module, name)


class Program(App[Parting], inherit_bindings=False):
    """The console."""

    TITLE = "dfl-tui"
    BINDINGS = program_bindings()
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS = """
    /* Not the percentage of Textual's own: a text that it wraps loses its last row, which is the hint. */
    Toast { background: $panel; padding: 0 1; width: 50vw; max-width: 60; }
    ToastRack { margin-bottom: 2; }
    /* The newest events stand at the bottom right: toasts hang below the chart's own numbers instead, in the corner
       that a falling loss leaves empty. */
    RunScreen.-toasts-above ToastRack { dock: top; align: right top; margin-top: 5; margin-bottom: 0; }
    """
    COMMANDS: ClassVar[set[Any]] = {lambda: import_module("dfl_tui.commands").Commands}

    def __init__(self, home: Path, place: Place | None, *, picture_mode: str = "quadrant", theme: str = "",
                 stall_looks: int = STALL_LOOKS) -> None:
        super().__init__()
        self.home = home
        self.picture_mode = picture_mode
        stdin, stdout = standard_fds()
        self.guard = Guard(self._end_from_outside, stdin=stdin, stdout=stdout, stall_looks=stall_looks)
        self._place = place
        self._problems = self._use_themes(theme)
        self._home_loop: asyncio.AbstractEventLoop | None = None
        self._showing: Showing | None = None

    # --- begin and end
    def on_mount(self) -> None:
        """Watch the terminal; the run or the list of runs comes when the first frame is on screen."""
        for problem in self._problems:
            self.notify(problem, severity="warning", markup=False)
        if not self.is_headless:
            self._catch_ends()
        if self._place is None:
            self.action_runs()
        else:
            # After the first frame: what shows a run costs as much as the frame itself.
            self.call_after_refresh(self.run_worker, self._open_first(self._place))
        self.set_interval(CLOCK_S, self._clock)
        # Later than the first pictures: an import in a thread still takes its share of the loop's time.
        self.set_timer(IDLE_S, lambda: self.run_worker(preload()))

    def _use_themes(self, wanted: str) -> list[str]:
        """Know our themes and use one; a sentence for each that cannot be used."""
        found, problems = themes()
        for theme in found:
            self.register_theme(theme)
        if wanted and wanted not in self.available_themes:
            names = ", ".join(theme.name for theme in found)
            problems.append(_("there is no theme {name}: known are {names}").format(name=wanted, names=names))
        # without its watcher: a change of theme styles the whole screen again, and nothing is drawn yet
        self.set_reactive(App.theme, wanted if wanted in self.available_themes else DEFAULT_THEME)
        self.stylesheet.set_variables(self.get_css_variables())
        dark = self.current_theme.dark
        self.update_classes({"-dark-mode": dark, "-light-mode": not dark}, update=False)
        return problems

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables, for themes of Textual's own, which lack them."""
        generated = self.current_theme.to_color_system().generate()
        return {"pale": generated["foreground-darken-2"], "rule": generated["panel-lighten-2"]}

    def get_default_screen(self) -> Screen[Any]:
        """The first frame. What shows a run is imported after it: panels and wire cost half of a start."""
        return OpeningScreen(self._place.name if self._place is not None else "")

    def _catch_ends(self) -> None:
        loop = asyncio.get_running_loop()
        for number in ENDS:      # Textual catches neither, and both would leave the terminal as it is
            loop.add_signal_handler(number, self.guard.ask_end, number)
        self._home_loop = loop
        self.guard.start()
        self.set_interval(BEAT_S, self.guard.beat)

    def _end_from_outside(self, code: int) -> None:
        if self._home_loop is not None:
            self._home_loop.call_soon_threadsafe(self.exit, Parting(code, ""))

    def action_detach(self) -> None:
        """Leave; the training goes on."""
        if self.session is None:
            self.exit(Parting(0, ""))
            return
        from dfl_tui.acts import farewell  # late: not needed for the first frame

        self.exit(Parting(0, farewell(self.session.model)))

    # --- the run on screen
    @property
    def session(self) -> "Session | None":
        """The run on screen."""
        return self._showing.session if self._showing is not None else None

    async def _open_first(self, place: Place) -> None:
        await asyncio.to_thread(import_module, "dfl_tui.showing")    # the terminal may close meanwhile
        self.open_run(place)

    def open_run(self, place: Place, *, start: bool = False) -> None:
        """Connect to a run and show it, instead of the one that was shown. `start`: let it train as well."""
        from dfl_tui.showing import Showing  # late: see get_default_screen

        if self._showing is not None:
            self._showing.end()
        self._showing = Showing(self, place, start=start)
        # The screens that lie there draw the model of the run that is let go.
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(self._showing.screen())

    def _clock(self) -> None:
        if self._showing is not None:
            self._showing.tick_clock()

    # --- keys that every screen has
    def action_palette(self) -> None:
        """Commands and settings by name."""
        self.action_command_palette()

    def action_help(self) -> None:
        """The keys."""
        screen = self.screen
        focused = getattr(screen.focused, "ID", "") if screen.focused else ""
        self._push("help", "HelpScreen", focused)

    def action_theme(self) -> None:
        """The next theme of ours."""
        names = [theme.name for theme in themes()[0]]
        here = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(here + 1) % len(names)]

    def action_redraw(self) -> None:
        """The whole screen again."""
        self.refresh(repaint=True, layout=True)

    def action_runs(self) -> None:
        """The list of runs."""
        self._push("runs", "RunsScreen", self.home, then=self._open)

    def action_new_run(self) -> None:
        """The form that makes a run."""
        self._push("new_run", "NewRunScreen", self.home, then=self._start)

    def _push(self, module: str, kind: str, *args: object, then: Callable[[Place | None], None] | None = None) -> None:
        screen: Screen[Any] = getattr(import_module(f"dfl_tui.screens.{module}"), kind)(*args)
        if type(self.screen) is not type(screen):      # a second press of the key does not open it twice
            self.push_screen(screen, then)

    def _open(self, place: Place | None) -> None:
        if place is not None:
            self.open_run(place)

    def _start(self, place: Place | None) -> None:
        if place is not None:
            self.open_run(place, start=True)
