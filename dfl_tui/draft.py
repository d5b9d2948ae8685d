"""A run that is being made, as a form: fields, what they take, what is still missing. Pure, but that it looks
whether a folder is there.

Consent is part of it: who is shown, on what ground the pictures may be used, who says so (design.md 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from core.events.event import Consent, Ground
from core.run.start import check_name
from core.settings.error import DflTuiError, SettingError
from core.settings.family import FIXED, SAEHD, presets, uses
from core.settings.kind import Choice, Flag, Value
from core.settings.registry import SETTINGS, birth_settings, check_together, parse, setting
from dfl_tui.language import _
from dfl_tui.telling import shown

GROUNDS: tuple[str, ...] = get_args(Ground)
NO_RECIPE = "none"
SIDES = ("src", "dst")
MORE_SETTINGS = ("batch_size", "lr", "target_iter", "device")     # beside those that are fixed at birth


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form. `choices` is empty for what is typed; `help` tells what it is for."""

    key: str
    label: str
    help: str
    group: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was filled in, by field. Missing keys are at their default."""

    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str:
        """The value of a field, its default where nothing was filled in."""
        if key in self.values:
            return self.values[key]
        if key == "recipe":
            return NO_RECIPE
        return shown(presets(self.model).get(key, setting(key).default)) if key in SETTING_FIELDS else ""

    def has(self, key: str) -> bool:
        """Whether a field says anything for the family that was chosen: it uses the setting, and leaves a choice."""
        return uses(self.model, key) and key not in FIXED[self.model]

    @property
    def model(self) -> str:
        """The family, on which the defaults of other fields depend."""
        return self.values.get("model", SAEHD)

    def put(self, key: str, value: str) -> "Draft":
        """The draft with another value."""
        return replace(self, values={**self.values, key: value})


def setting_choices(key: str) -> tuple[str, ...]:
    """The choices of a setting that has few."""
    kind = setting(key).kind
    return kind.values if isinstance(kind, Choice) else ("true", "false") if isinstance(kind, Flag) else ()


SETTING_FIELDS = tuple(s.key for s in SETTINGS if s.when == "birth" or s.key in MORE_SETTINGS)


def fields(recipes: tuple[str, ...]) -> list[Field]:
    """The form, top to bottom."""
    rows = [Field("name", _("name"), _("Letters, digits, dots and dashes; the run's folder is called so."), _("run"))]
    told = {"src": _("the person to show"), "dst": _("the person to replace")}
    for side in SIDES:
        group = f"{side}: {told[side]}"
        rows += [
            Field(f"{side}.folder", _("faces"), _("Folder of aligned faces, or a faceset.pak."), group),
            Field(f"{side}.person", _("who is shown"), _("A name; \"synthetic\" where nobody is."), group),
            Field(f"{side}.ground", _("may be used as"),
                  _("own: your own face; consent: written consent of the person; licence: a licence that allows it; "
                    "synthetic: nobody is shown."), group, GROUNDS),
            Field(f"{side}.said_by", _("says who"), _("Who states this; it is kept with the run and its exports."),
                  group),
        ]
    rows.append(Field("recipe", _("recipe"), _("Steps that the run takes by itself; none: by hand."), _("model"),
                      (NO_RECIPE, *recipes)))
    for key in SETTING_FIELDS:
        s = setting(key)
        text = f"{s.help} {s.cost} {_('Takes {range}.').format(range=s.kind.describe())}"
        rows.append(Field(key, key, " ".join(text.split()), _("model"), setting_choices(key)))
    return rows


def wrong(key: str, text: str) -> str:
    """What is wrong with a field's text, "" where nothing is."""
    try:
        if key == "name":
            check_name(text, _("a run"))
        if key in SETTING_FIELDS:
            parse(key, text)
    except DflTuiError as error:
        return str(error)
    if key.endswith(".folder") and not Path(text).expanduser().exists():
        return _("there is no {path}: give a folder of aligned faces, or a faceset.pak").format(path=text)
    return ""


def settings(draft: Draft) -> dict[str, Value]:
    """The settings that were filled in. Raises SettingError, also where they do not fit each other."""
    values: dict[str, Value] = {}
    for key in SETTING_FIELDS:
        if key in draft.values and draft.has(key):      # another family may have been chosen since
            values |= parse(key, draft.values[key])
    check_together(birth_settings(values))
    return values


def consent(draft: Draft, side: str) -> Consent:
    """The record of consent of a side. Raises SettingError where it is not stated."""
    ground, person = draft.get(f"{side}.ground"), draft.get(f"{side}.person")
    for known in get_args(Ground):
        if ground == known:
            return Consent(person or "synthetic", known, draft.get(f"{side}.said_by"))
    raise SettingError(_("on what ground the faces of {side} may be used is not stated").format(side=side),
                       hint=_("choose one with space"))


def missing(draft: Draft) -> str:
    """The first thing that must still be filled in, "" where all is."""
    needed = [("name", _("the run has no name"))]
    for side in SIDES:
        needed += [(f"{side}.folder", _("{side} has no folder of faces").format(side=side)),
                   (f"{side}.ground", _("on what ground the faces of {side} may be used is not stated").format(
                       side=side))]
        if draft.get(f"{side}.ground") != "synthetic":
            needed.append((f"{side}.person", _("who is shown in {side} is not stated").format(side=side)))
    for key, sentence in needed:
        if not draft.get(key):
            return sentence
    try:
        settings(draft)
    except SettingError as error:
        return str(error)
    return ""
