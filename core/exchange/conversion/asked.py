"""What a conversion was asked for: the settings of the new run, from those of the old one. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from core.events.event import Change
from core.settings.error import RefusedError, SettingError
from core.settings.family import AMP, AMP_ARCHI, AMPS, QUICK96, SAEHD, uses
from core.settings.kind import Value
from core.settings.registry import check, check_together, defaults

# What decides the tensors of a network and its optimizer's.
NETWORK = ("model", "archi", "resolution", "ae_dims", "inter_dims", "e_dims", "d_dims", "d_mask_dims", "optimizer")

Settings = Mapping[str, Value]


class Asked(NamedTuple):
    """All settings of the new run, what differs of its network, and what was put back to its default, in sentences."""

    settings: dict[str, Value]
    changes: list[Change]
    notes: list[str]


def asked_settings(before: Settings, wanted: Settings, iteration: int) -> Asked:
    """The settings of a run that goes on from `before` at `iteration` with `wanted` changed.

    Raises RefusedError where nothing of the network would change or its family takes no part, SettingError.
    """
    values = {key: check(key, value) for key, value in wanted.items()}
    values |= family_of(before, values)
    for model in (before["model"], values["model"]):
        if model == QUICK96:
            raise RefusedError("quick96 is one fixed network, and nothing is converted from it or to it",
                               hint="convert between df, liae and amp")
    if values.get("growth", before.get("growth", "")) != before.get("growth", ""):
        raise RefusedError("a conversion cannot grow a network", hint="grow the new run")
    after = {**defaults(), **before, **values}
    notes: list[str] = []
    for key, default in defaults().items():
        if not uses(str(after["model"]), key) and after[key] != default and key not in wanted:
            notes.append(f"{key} = {after[key]} has no effect on model = {after['model']}: it is {default} now")
            after[key] = default
    target = int(after["target_iter"])
    if 0 < target <= iteration and "target_iter" not in wanted:
        notes.append(f"target_iter = {target:,} is reached: the new run has none")
        after["target_iter"] = 0
    check_together(after)
    changes = [Change(key, before[key], after[key]) for key in NETWORK if before[key] != after[key]]
    if not changes:
        raise RefusedError("nothing would change: the network has these settings already",
                           hint=f"give --set with one of {', '.join(NETWORK)}")
    return Asked(after, changes, notes)


def family_of(before: Settings, values: Settings) -> dict[str, Value]:
    """Family and architecture, where the other of the two was given: amp-udt is amp's, and nobody else's."""
    was_amp = before["model"] in AMPS
    archi, model = values.get("archi"), values.get("model")
    if model is None:
        is_amp = was_amp if archi is None else archi == AMP_ARCHI
        model = before["model"] if is_amp == was_amp else (AMP if is_amp else SAEHD)
    if archi is None and model in AMPS:
        archi = AMP_ARCHI
    if archi is None and was_amp and model == SAEHD:
        raise SettingError("model = saehd comes in many shapes", hint="give archi too, such as archi=liae-ud")
    return {"model": model, "archi": before["archi"] if archi is None else archi}
