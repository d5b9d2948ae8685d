"""The run on screen: its session, and when the screens over it are drawn."""

import time
from typing import Any

from textual.app import App

from core.run.start import Place
from core.wire.console_record import Tick
from dfl_tui.cli.person import label
from dfl_tui.model import Clock, Message
from dfl_tui.screens.model_screen import ModelScreen
from dfl_tui.screens.run import RunScreen
from dfl_tui.session import Session

SOON_S = 0.03          # what is no tick is drawn once the messages that came together are in


class Showing:
    """One run's session in the app, from its making until `end`."""

    def __init__(self, app: App[Any], place: Place, *, start: bool) -> None:
        self.session = Session(place, label(), self._changed, start=start)
        self._app = app
        self._worker = app.run_worker(self.session.run(), exclusive=False)
        self._drawn: object = None
        self._draws_soon = False

    def screen(self) -> RunScreen:
        """The run's main screen."""
        return RunScreen(self.session)

    def end(self) -> None:
        """Let the run go."""
        self._worker.cancel()

    def tick_clock(self) -> None:
        """Draw what the last half second brought."""
        self.session.tick_clock(time.time())
        self._draw()

    def _changed(self, message: Message) -> None:
        """The model changed: draw soon, ticks and the clock at the next beat of the clock."""
        # A key is answered by an event, and that must be seen at once; ticks may wait for the clock.
        if not isinstance(message, Tick | Clock) and not self._draws_soon:
            self._draws_soon = True
            self._app.set_timer(SOON_S, self._draw)

    def _draw(self) -> None:
        self._draws_soon = False
        if self.session.model is self._drawn:
            return
        for screen in reversed(self._app.screen_stack):      # what lies under a dialog is seen as well
            if isinstance(screen, ModelScreen):
                self._drawn = self.session.model
                screen.show_model(self.session.model)
            if not screen.is_modal:
                break
