"""The original's options as our settings, and back (facts/files.md 8.7, facts/options.md).

What has a setting of ours by its name or alias is taken over by the registry's own rules. An option that is on and has
none is told of, and kept for an export. Where we do better than the original on request only, its own way is chosen:
an imported model goes on as it was trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.settings.error import ExchangeError, SettingError
from core.settings.family import AMPS, uses
from core.settings.kind import Text, Value, Whole
from core.settings.registry import BY_KEY, PAIRS

MODELS = {"AMP": "amp", "AMPLegacy": "amp_legacy", "Quick96": "quick96"}     # SAEHD is the default
FACE_CODES = {"half_face": "h", "midfull_face": "mf", "full_face": "f", "whole_face": "wf", "head": "head"}
RENAMED_ARCHI = {"dfuhd": "df-u", "liaeuhd": "liae-u"}      # June 2020 to August 2021 (facts/files.md 8.8)
ALIASES = {alias: s.key for s in BY_KEY.values() for alias in s.aliases}
# Our word for what the original does, where we have several.
AS_ORIGINAL: Mapping[str, Mapping[object, Value]] = {
    "blur_out_mask": {True: "dfl"}, "pretrain": {True: "dfl"}, "loss_function": {"MS-SSIM+L1": "MS-SSIM+L1-dfl"},
    # on or off in the fork, a share or a reach here
    "random_color": {True: 180.0, False: 0.0},
    **{key: {True: 1.0, False: 0.0} for key in ("random_blur", "random_noise", "random_jpeg", "random_downsample")},
}
STANDING: Mapping[str, Value] = {"freeze_ab_without_warp": True, "bg_style_mask": "dfl", "speckle_guard": "dfl"}
# Of the machine, of windows and files that we have not, or told otherwise: nothing is lost without them.
PASSED_OVER = frozenset((
    "models_opt_on_gpu", "write_preview_history", "cpu_cap", "workers", "device", "threads", "seed", "hook",
    "session_name", "preview_samples", "force_full_preview", "choose_preview", "src_pak_name", "dst_pak_name",
    "model"))


@dataclass(frozen=True, slots=True)
class Taken:
    """Settings that an import begins with, and a sentence for each option that is on and not taken."""

    settings: dict[str, Value]
    left: list[str]


def settings_of(file: str, kind: str, options: Mapping[str, object]) -> Taken:
    """The settings of a model with these options. `file` is for sentences. Raises ExchangeError naming the option."""
    model = MODELS.get(kind, "saehd")
    settings = {key: value for key, value in STANDING.items() if uses(model, key)} | {"model": model}
    if model in AMPS:
        settings["background_hold"] = "mve" if "masked_training" in options else "dfl"      # only the fork asks that
    left: list[str] = []
    for key, value in options.items():
        try:
            found = taken(key, value)
        except SettingError as error:
            raise ExchangeError(f"{file}: option {key} = {value}: {error.message}", hint=error.hint) from error
        if found is None:
            if key not in PASSED_OVER and value not in (None, False, 0, "", "n", "none"):
                left.append(f"option {key} = {value} has no setting here")
        else:
            settings |= {ours: chosen for ours, chosen in found.items() if uses(model, ours)}
    if options.get("pretrain"):
        left.append("pretrain is on: setting it to n begins inter anew, as in the original" if uses(model, "pretrain")
                    else "pretrain was on: inter keeps what pretraining made of it")
    if kind == "AMPLegacy" and "inter_dims" not in settings and "ae_dims" in settings:
        settings["inter_dims"] = settings["ae_dims"]    # before 2021-06-26 (facts/files.md 8.8)
    for key in needed(kind):
        if key not in settings:
            raise ExchangeError(f"{file}: there is no option {key}, which decides the network",
                                hint="take the file from a backup of the model")
    return Taken(settings, left)


def needed(kind: str) -> tuple[str, ...]:
    """Options without which nobody knows which network the weights are of."""
    dims = ("resolution", "face_type", "ae_dims", "e_dims", "d_dims", "d_mask_dims")
    return {"SAEHD": ("archi", *dims), "AMP": (*dims, "inter_dims"), "AMPLegacy": dims}.get(kind, ())


def taken(key: str, value: object) -> dict[str, Value] | None:
    """What an option sets: settings, or None where we have none of it. Raises SettingError."""
    if value is None or key in PASSED_OVER:
        return None
    match key:
        case "archi":
            return {"archi": archi_of(value)}
        case "adabelief":
            return {"optimizer": "adabelief" if value else "rmsprop"}
        case "random_flip":
            return {"random_src_flip": bool(value), "random_dst_flip": bool(value)}
        case "maximum_n_backups" if value == 0:
            return {"keep_backups": 1000}       # without end there
        case _ if key in PAIRS:
            return dict.fromkeys(PAIRS[key], bool(value))
    ours = ALIASES.get(key, key)
    if ours not in BY_KEY or isinstance(BY_KEY[ours].kind, Text):   # no text of a foreign file is a command of ours
        return None
    meant = AS_ORIGINAL[ours].get(value, value) if ours in AS_ORIGINAL and isinstance(value, bool | str) else value
    if isinstance(BY_KEY[ours].kind, Whole) and isinstance(meant, float) and meant.is_integer():
        meant = int(meant)
    return {ours: BY_KEY[ours].kind.check(meant)}


def archi_of(value: object) -> Value:
    """The architecture, old names renamed. Raises SettingError for those whose weights fit no network of today."""
    if not isinstance(value, str):
        raise SettingError(f"{value!r:.40} is no architecture", hint="give df or liae, and letters of u d t c")
    name = RENAMED_ARCHI.get(value, value)
    if name.endswith("hd"):
        raise SettingError("this network of early 2020 had another encoder", hint="it cannot be taken over")
    return BY_KEY["archi"].kind.check(name)


def options_of(kind: str, settings: Mapping[str, Value], source: Mapping[str, object]) -> dict[str, object]:
    """The complete options of a model for the original; `source` are those that it was imported with.

    Complete, for what is missing would come from another model's defaults (facts/files.md 11, trap 4).
    """
    options = {**defaults_of(kind), **source}
    for key in options:
        ours = ALIASES.get(key, key)
        if ours in settings and key not in PASSED_OVER:
            options[key] = told(key, settings[ours], source.get(key))
    if kind == "SAEHD":
        options["adabelief"] = settings["optimizer"] == "adabelief"
    if "eyes_mouth_prio" in options:
        options["eyes_mouth_prio"] = bool(settings["eyes_prio"] and settings["mouth_prio"])
    if "pretrain" in options:
        options["pretrain"] = False     # on, it would begin the inter anew at the next start (trap 6)
    return options


def told(key: str, value: Value, before: object) -> Value:
    """Our value as the original writes it; as it was written before, where it says the same."""
    if key == "face_type":
        return FACE_CODES[str(value)]
    if key == "lr_dropout":
        return before if value == "y" and before == "cpu" and isinstance(before, str) else value
    if key == "autobackup_hour":
        return min(int(value), 24)
    if before is not None and taken(key, before) == {ALIASES.get(key, key): value}:
        return before if isinstance(before, bool | int | float | str) else value
    if key == "blur_out_mask":
        return value not in ("n", False)
    if key == "loss_function":
        return str(value).removesuffix("-dfl")
    return value


def defaults_of(kind: str) -> dict[str, object]:
    """The original's options of a class in its order, at its defaults; those that we set are overwritten."""
    base: dict[str, object] = {"autobackup_hour": 0, "write_preview_history": False, "target_iter": 0,
                               "random_src_flip": False, "random_dst_flip": True, "batch_size": 4}
    if kind == "Quick96":
        return {"batch_size": 4}
    if kind == "XSeg":
        return {"face_type": "wf", "batch_size": 4, "pretrain": False}
    dims: dict[str, object] = {"ae_dims": 256, "e_dims": 64, "d_dims": 64, "d_mask_dims": 22}
    gan: dict[str, object] = {"gan_power": 0.0, "gan_patch_size": 16, "gan_dims": 16}
    rest: dict[str, object] = {"uniform_yaw": False, "blur_out_mask": False, "lr_dropout": "n", "random_warp": True,
                               "ct_mode": "none", "clipgrad": False}
    if kind == "SAEHD":
        return {"resolution": 128, "face_type": "f", "models_opt_on_gpu": True, "archi": "liae-ud", **dims,
                "masked_training": True, "eyes_mouth_prio": False, "adabelief": True, **rest, "random_hsv_power": 0.0,
                "true_face_power": 0.0, "face_style_power": 0.0, "bg_style_power": 0.0, "pretrain": False, **base,
                **gan}
    return {"resolution": 224, "face_type": "wf", "models_opt_on_gpu": True, **dims, "inter_dims": 1024,
            "morph_factor": 0.5, **rest, **base, **gan}
