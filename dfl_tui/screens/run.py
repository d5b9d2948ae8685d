"""The screen of a run: all panels, arranged for the size of the terminal, and the keys that act on the run."""

from importlib import import_module
from typing import Any

from textual.app import ComposeResult
from textual.events import Resize

from core.events.act import Act, GrowRun, LockBlocks, MakeBackup, StopRun, UndoLast, UnlockBlocks, WithdrawAct
from core.events.event import Grown
from core.settings.error import DflTuiError
from dfl_tui.acts import act_of, growth_undo_consequence, stop_consequence, to_be_undone, undone
from dfl_tui.arrange import PANELS, arrange, is_wide
from dfl_tui.binding import run_bindings
from dfl_tui.language import _
from dfl_tui.model import Model
from dfl_tui.panels.bars import FooterPanel, SmallPanel, TabsPanel
from dfl_tui.panels.chart import ChartPanel
from dfl_tui.panels.events import EventsPanel
from dfl_tui.panels.header import HeaderPanel
from dfl_tui.panels.locks import LocksPanel
from dfl_tui.panels.message import TurnLock, WholeScreen, Withdraw
from dfl_tui.panels.panel import Panel
from dfl_tui.panels.previews import PreviewsPanel
from dfl_tui.panels.series import SeriesPanel
from dfl_tui.panels.stages import StagesPanel
from dfl_tui.panels.system import SystemPanel
from dfl_tui.panels.verdict import VerdictPanel
from dfl_tui.screens.model_screen import ModelScreen

FIRST_FOCUS = "chart"


class RunScreen(ModelScreen, inherit_bindings=False):
    """The console's main screen."""

    BINDINGS = run_bindings()
    tab = ""
    zoomed = ""
    _zoomed_before = ""      # what had the whole screen when a panel asked for it

    def compose(self) -> ComposeResult:
        for kind in (VerdictPanel, HeaderPanel, TabsPanel, StagesPanel, SeriesPanel, LocksPanel, ChartPanel,
                     PreviewsPanel, EventsPanel, SystemPanel, FooterPanel, SmallPanel):
            yield kind()

    def on_mount(self) -> None:
        """Place the panels."""
        self.place_panels()
        if self.is_shown(FIRST_FOCUS):
            self.query_one(f"#{FIRST_FOCUS}").focus()

    def on_resize(self, _event: Resize) -> None:
        """Another size of the terminal."""
        self.place_panels()

    def place_panels(self) -> None:
        """Give every panel its box, and hide those that have none."""
        width, height = self.app.size
        boxes = arrange(width, height, tab=self.tab, zoomed=self.zoomed)
        # A tree or a list alone is read from its top.
        self.set_class("chart" in boxes or "events" in boxes, "-toasts-above")
        for panel in self.query(Panel):
            box = boxes.get(panel.ID)
            panel.display = box is not None
            if box is not None:
                panel.titled = box.titled
                panel.styles.offset = (box.x, box.y)
                panel.styles.width, panel.styles.height = box.width, box.height
        self.query_one(TabsPanel).tab = self.tab
        footer = self.query_one(FooterPanel)
        footer.zoomed = self.zoomed or (self.tab if not is_wide(width, height) else "")
        footer.has_tabs = not is_wide(width, height) and not self.zoomed
        self.show_model(self.model)

    def is_shown(self, name: str) -> bool:
        """Whether that panel is on screen."""
        return any(name == panel.ID and panel.display for panel in self.query(Panel))

    @property
    def focused_panel(self) -> Panel[Any] | None:
        """The panel with the focus."""
        return self.focused if isinstance(self.focused, Panel) else None

    def on_descendant_focus(self) -> None:
        """The footer tells the focused panel's keys."""
        footer = self.query_one(FooterPanel)
        footer.focused = self.focused_panel.ID if self.focused_panel else ""
        footer.show(self.model)

    # --- panels
    def action_panel(self, number: int) -> None:
        """Go to a panel; where it is already, zoom it."""
        name = PANELS[number - 1]
        is_there = self.focused_panel is not None and name == self.focused_panel.ID and self.is_shown(name)
        if is_there and (self.tab == name or self.zoomed == name or is_wide(*self.app.size)):
            self.action_zoom()
            return
        self.zoomed = name if self.zoomed else ""
        self.tab = name
        self._focus(name)

    def action_zoom(self) -> None:
        """The focused panel on the whole screen, or no longer."""
        panel = self.focused_panel
        self.zoomed = "" if self.zoomed or panel is None else panel.ID
        self._focus(panel.ID if panel else "")

    def on_whole_screen(self, message: WholeScreen) -> None:
        """A panel shows one thing as large as it goes, or no longer."""
        name = str(message.panel.id)
        if message.is_wanted:
            self._zoomed_before, self.zoomed = self.zoomed, name
        else:
            self.zoomed = self._zoomed_before
        self._focus(name)

    def action_back(self) -> None:
        """End a filter, else the zoom, else the tab."""
        panel = self.focused_panel
        if panel is not None and panel.back():
            return
        if self.zoomed:
            self.zoomed = ""
        else:
            self.tab = ""
        self._focus(panel.ID if panel else "")

    def _focus(self, name: str) -> None:
        self.place_panels()
        # Without a focus no panel's key works, and the footer has nothing to tell.
        shown = name if self.is_shown(name) else FIRST_FOCUS
        if self.is_shown(shown):
            self.query_one(f"#{shown}").focus()

    def action_next_panel(self) -> None:
        """The next panel on screen, by digit."""
        self._step_focus(+1)

    def action_previous_panel(self) -> None:
        """The panel before."""
        self._step_focus(-1)

    def _step_focus(self, step: int) -> None:
        if self.zoomed or (self.tab and not is_wide(*self.app.size)):
            here = PANELS.index(self.zoomed or self.tab)
            self.action_panel((here + step) % len(PANELS) + 1)
            return
        shown = [name for name in PANELS if self.is_shown(name)]
        panel = self.focused_panel
        here = shown.index(panel.ID) if panel is not None and panel.ID in shown else -step
        if shown:
            self.query_one(f"#{shown[(here + step) % len(shown)]}").focus()

    async def action_for_panel(self, name: str, action: str) -> None:
        """A panel's key that acts from everywhere."""
        for panel in self.query(Panel):
            if name == panel.ID:
                await self.app.run_action(action, panel)

    # --- acts
    def act(self, key_id: str) -> None:
        """Carry out a key that needs no dialog."""
        try:
            self.do(act_of(key_id, self.model))
        except DflTuiError as error:
            self.refuse(error)

    def action_pause(self) -> None:
        """Stand still, or go on."""
        self.act("pause")

    def action_save(self) -> None:
        """Save now."""
        self.act("save")

    def action_preview(self) -> None:
        """Draw the preview now."""
        self.act("preview")

    def action_warp(self) -> None:
        """Switch random warp."""
        self.act("warp")

    def action_undo(self) -> None:
        """Take the last change back, and say which."""
        event = to_be_undone(self.model)
        if event is None:
            self.act("undo")     # says why not
            return
        if isinstance(event.body, Grown):
            self._confirm(_("Take the growth back?"), growth_undo_consequence(event, self.model), _("go back"),
                          UndoLast())
            return
        self.run_worker(self._undo(undone(event)))

    async def _undo(self, told: str) -> None:
        if await self.attempt(act_of("undo", self.model)) is not None:
            self.app.notify(told, markup=False)

    def action_backup(self) -> None:
        """Ask for a name, save under it."""
        from dfl_tui.screens.prompt import Prompt  # late: Input is loaded when something is typed

        def use(name: str | None) -> None:
            if name:
                self.do(MakeBackup(name))

        self.app.push_screen(Prompt(_("Backup"), help_text=_("Kept under this name until you remove it.")), use)

    def action_stop(self) -> None:
        """Save and end, after a question."""
        self._confirm(_("Stop {run}?").format(run=self.model.run), stop_consequence(self.model), _("save and stop"),
                      StopRun())

    def action_grow(self) -> None:
        """Double the side, after a question that says what it costs."""
        from dfl_tui.growing import consequence, twice  # late: a run grows a few times in its life

        if self.model.state is None:
            self.act("grow")    # says why not
            return
        state = self.model.state
        self._confirm(_("Grow to {n} px?").format(n=twice(state)), consequence(state, twice(state)), _("grow"),
                      GrowRun())

    def _confirm(self, title: str, consequence: str, yes: str, act: Act) -> None:
        """Do an act that gives something up where its consequence is agreed to."""
        from dfl_tui.screens.confirm import Confirm  # late: dialogs are rare

        def use(agreed: bool | None) -> None:
            if agreed:
                self.do(act)

        self.app.push_screen(Confirm(title, consequence, yes=yes), use)

    def action_lease(self) -> None:
        """Take the lease, or release it."""
        self.run_worker(self._lease())

    async def _lease(self) -> None:
        try:
            done = await self.session.lease(take=not self.model.steers)
        except DflTuiError as error:
            self.refuse(error)
        else:
            self.app.notify(done.sentence or _("done"), markup=False)

    def on_turn_lock(self, message: TurnLock) -> None:
        """The lock tree's space."""
        self.do(LockBlocks(message.pattern) if message.lock else UnlockBlocks(message.pattern))

    def on_withdraw(self, message: Withdraw) -> None:
        """The stages' x."""
        self.do(WithdrawAct(message.number))

    # --- other screens
    def open_screen(self, name: str, kind: str) -> None:
        """Push a screen of dfl_tui/screens over this run; imported now, for the first frame does not need it."""
        self.app.push_screen(getattr(import_module(f"dfl_tui.screens.{name}"), kind)(self.session))

    def action_settings(self) -> None:
        """Edit settings."""
        self.open_screen("settings", "SettingsScreen")

    @property
    def family(self) -> str:
        """The family of the run's model, which has no use for some settings."""
        settings = self.model.state.settings if self.model.state else {}
        return str(settings.get("model", "saehd"))

    def open_setting(self, key: str) -> None:
        """The dialog of one setting."""
        from core.settings.registry import BY_KEY  # late, both: the first frame does not need them
        from dfl_tui.screens.edit_setting import edit_setting

        edit_setting(self, BY_KEY[key])

    def action_saves(self) -> None:
        """The saves that are kept."""
        self.open_screen("saves", "SavesScreen")

    def action_log(self) -> None:
        """The logs."""
        self.open_screen("log", "LogScreen")

    def show_model(self, model: Model) -> None:
        if self.is_mounted:
            super().show_model(model)
