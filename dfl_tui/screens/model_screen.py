"""The base of every full screen that draws a run's model: panels, the commands they send, the toasts that answer."""

from time import monotonic
from typing import Any

from textual.screen import Screen

from core.events.act import Act
from core.settings.error import DflTuiError
from core.wire.console_record import Done
from dfl_tui.model import Model
from dfl_tui.panels.panel import AskAgain, Panel
from dfl_tui.session import Session, sentence


class ModelScreen(Screen[Any], inherit_bindings=False):
    """A screen over a session. The app calls `show_model` when the model changed and this screen is seen."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ModelScreen { layers: base; overflow: hidden; background: $background; }
    ModelScreen Panel { position: absolute; }
    """

    def __init__(self, session: Session | None) -> None:
        super().__init__()
        self._session = session

    @property
    def session(self) -> Session:
        """The run on screen. A screen without a run (runs, help) has none and must not ask."""
        if self._session is None:
            raise LookupError(f"{type(self).__name__} shows no run")
        return self._session

    @property
    def model(self) -> Model:
        """The run's model, an empty one without a run."""
        return self._session.model if self._session is not None else Model()

    def show_model(self, model: Model) -> None:
        """Let every panel show its part, and ask for what they want."""
        for panel in self.query(Panel):
            if panel.display:
                panel.show(model)
                self.want(panel)

    def want(self, panel: Panel[Any], *, at_once: bool = False) -> None:
        """Have the data asked for that `panel` needs."""
        if self._session is not None:
            self._session.want(panel.wanted(self._session.model), monotonic(), at_once=at_once)

    def on_ask_again(self, message: AskAgain) -> None:
        """A key changed what a panel shows."""
        self.want(message.panel, at_once=True)

    def on_screen_resume(self) -> None:
        """On top again: show what happened meanwhile."""
        self.show_model(self.model)

    def do(self, act: Act, at: int | None = None) -> None:
        """Have an act carried out; a toast says how it went."""
        self.run_worker(self._do(act, at))

    async def _do(self, act: Act, at: int | None) -> None:
        done = await self.attempt(act, at)
        if done is not None and done.sentence:
            self.app.notify(done.sentence, markup=False)

    async def attempt(self, act: Act, at: int | None = None) -> Done | None:
        """Have an act carried out; None after a toast where it was refused."""
        try:
            return await self.session.command(act, at)
        except DflTuiError as error:
            self.refuse(error)
            return None

    def refuse(self, error: DflTuiError) -> None:
        """A toast with the sentence and the hint."""
        self.app.notify(sentence(error), severity="warning", timeout=8, markup=False)
