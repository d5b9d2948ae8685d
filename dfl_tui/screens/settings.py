"""Every setting: its value, what it does, costs and takes. Edits act now or at an iteration.

The registry validates; a wrong value never leaves the dialog.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.events.act import SetValues
from core.settings.family import SAEHD, uses
from core.settings.kind import Choice, Flag, Value
from core.settings.registry import BY_KEY, SETTINGS
from core.settings.setting import Setting
from dfl_tui.binding import bindings
from dfl_tui.draw.line import fit
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.screens.edit_setting import about, edit_setting
from dfl_tui.screens.list_screen import ListScreen
from dfl_tui.session import Session
from dfl_tui.telling import shown

KEY_CELLS, VALUE_CELLS = 24, 16


@dataclass(frozen=True, slots=True)
class View:
    """Every setting's value, in the registry's order."""

    values: tuple[tuple[str, Value], ...]


def select(model: Model) -> View:
    """The settings' part of the model. Pure."""
    settings = model.state.settings if model.state else {}
    return View(tuple((s.key, settings[s.key]) for s in SETTINGS if s.key in settings))


def row(setting: Setting, value: Value, look: Look) -> Row:
    """One setting. Pure."""
    is_fixed = setting.when == "birth"
    mark = "·" if value == setting.default else "≠"
    return Row(setting.key, (
        (f"  {fit(setting.key, KEY_CELLS)}", look.pale if is_fixed else look.text),
        (fit(shown(value) or _("empty"), VALUE_CELLS), look.pale if is_fixed else look.strong),
        (f"{mark} ", look.faint if value == setting.default else look.accent),
        (setting.kind.describe(), look.pale)),
        ((_("fixed"), look.faint),) if is_fixed else ((_("restart"), look.pale),) if setting.when == "restart" else (),
        text=f"{setting.key} {setting.help} {setting.group} {' '.join(setting.aliases)}")


def switched(setting: Setting, value: Value) -> Value | None:
    """The other value of a flag, the next of a choice, None for what must be typed. Pure."""
    match setting.kind:
        case Flag():
            return not value
        case Choice(values=values):
            return values[(values.index(str(value)) + 1) % len(values)] if value in values else values[0]
        case _:
            return None


class SettingsList(Listing[View]):
    """The registry under its headings."""

    ID = "settings"
    TITLE = "settings"
    BINDINGS = bindings("settings")

    def select(self, model: Model) -> View:
        return select(model)

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        values: Mapping[str, Value] = dict(view.values)
        rows: list[Row] = []
        # a run that an older version made lacks settings, and a family has no use for those of the others
        model = str(values.get("model", SAEHD))
        known = [s for s in SETTINGS if s.key in values and uses(model, s.key)]
        for group in dict.fromkeys(s.group for s in known):
            if not self.words:
                rows.append(Row(f"group {group}", ((_(group), look.accent),)))
            rows += [row(s, values[s.key], look) for s in known if s.group == group]
        return rows

    def redraw(self) -> None:
        super().redraw()
        if isinstance(self.screen, SettingsScreen):
            self.screen.tell_about()

    def action_edit(self) -> None:
        """Type another value."""
        if isinstance(self.screen, SettingsScreen):
            self.screen.edit()

    def action_switch(self) -> None:
        """Switch a flag, or take the next choice."""
        if isinstance(self.screen, SettingsScreen):
            self.screen.switch()


class SettingsScreen(ListScreen):
    """`e`"""

    detail_rows = 6

    def __init__(self, session: Session) -> None:
        super().__init__(session, SettingsList())

    def on_mount(self) -> None:
        super().on_mount()
        self.listing.go_to("batch_size")

    @property
    def chosen(self) -> Setting | None:
        """The setting under the cursor."""
        row = self.listing.current
        return BY_KEY.get(row.key) if row is not None else None

    def tell_about(self) -> None:
        """Help for the setting under the cursor."""
        setting = self.chosen
        self.detail.tell(*(about(setting) if setting is not None else ()))

    def edit(self) -> None:
        """A dialog for the value and the iteration."""
        if self.chosen is not None:
            edit_setting(self, self.chosen)

    def switch(self) -> None:
        """Switch at once what has few values; ask for a value otherwise."""
        setting, state = self.chosen, self.model.state
        if setting is None or state is None:
            return
        value = switched(setting, state.settings[setting.key]) if setting.when != "birth" else None
        if value is None:
            self.edit()
        else:
            self.do(SetValues({setting.key: value}))
