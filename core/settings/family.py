"""The model families: what each begins with, and which settings it takes (facts/networks.md 4 and 5, facts/options.md).

A setting that a family does not use is refused when a run of it is made, so that nobody believes it has an effect.
"""

from collections.abc import Mapping

from core.settings.error import SettingError
from core.settings.kind import Value

SAEHD, AMP, AMP_LEGACY, QUICK96 = "saehd", "amp", "amp_legacy", "quick96"
MODELS = (SAEHD, AMP, AMP_LEGACY, QUICK96)
AMPS = (AMP, AMP_LEGACY)

AMP_ARCHI = "amp-udt"

# What a new run of a family has where nothing else was asked for; of the others the registry's defaults.
PRESETS: Mapping[str, Mapping[str, Value]] = {
    SAEHD: {},
    AMP: {"archi": AMP_ARCHI, "resolution": 224, "eyes_prio": True, "mouth_prio": True},
    AMP_LEGACY: {"archi": AMP_ARCHI, "resolution": 224},
    QUICK96: {"archi": "df-ud", "resolution": 96, "face_type": "full_face", "ae_dims": 128, "e_dims": 64, "d_dims": 64,
              "d_mask_dims": 16, "batch_size": 4, "optimizer": "rmsprop", "lr": 2e-4, "lr_dropout": "y", "lr_cos": 0,
              "unwarped_every": 3},
}

# Presets that are the family: no other value makes sense there.
FIXED: Mapping[str, tuple[str, ...]] = {
    SAEHD: (),
    AMP: ("archi",),
    AMP_LEGACY: ("archi",),
    QUICK96: ("archi", "resolution", "face_type"),
}

# Setting -> the families that use it; one that is not here is used by all.
USERS: Mapping[str, tuple[str, ...]] = {
    "inter_dims": AMPS,
    "morph_factor": AMPS,
    "preview_morph": AMPS,
    "freeze_ab_without_warp": (SAEHD,),
    "face_style_power": (SAEHD,),
    "bg_style_power": (SAEHD,),
    "bg_style_mask": (SAEHD,),
    "true_face_power": (SAEHD,),
    "background_hold": AMPS,
    "pretrain": (SAEHD, AMP_LEGACY, QUICK96),
    "growth": (SAEHD, *AMPS),       # quick96 is 96 pixels, or it is not quick96
}


def presets(model: str) -> Mapping[str, Value]:
    """What a new run of a family has in place of the registry's defaults."""
    return PRESETS.get(model, {})


def uses(model: str, key: str) -> bool:
    """Whether a setting has an effect in a family."""
    return model in USERS.get(key, MODELS)


def check_family(settings: Mapping[str, Value], defaults: Mapping[str, Value]) -> None:
    """Refuse a setting that this family does not have, or has at one value only. Raises SettingError."""
    model = str(settings["model"])
    for key in FIXED[model]:
        only = PRESETS[model][key]
        if settings[key] != only:
            raise SettingError(f"{key} = {settings[key]} does not fit model = {model}, which is always {only}",
                               hint=f"leave {key} out, or take model = {SAEHD}")
    if model not in AMPS and str(settings["archi"]) == AMP_ARCHI:
        raise SettingError(f"archi = {AMP_ARCHI} does not fit model = {model}", hint=f"give model = {AMP}")
    for key, value in settings.items():
        if not uses(model, key) and value != defaults[key]:
            raise SettingError(f"{key} = {value} has no effect on model = {model}",
                               hint=f"leave it out: {' and '.join(USERS[key])} use it")
