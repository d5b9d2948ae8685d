"""The original's options as our settings, and what of them we do not have."""

from collections.abc import Mapping
from typing import Any

from core.settings.kind import Value
from core.settings.registry import birth_settings

SAME = ("archi", "resolution", "ae_dims", "inter_dims", "e_dims", "d_dims", "d_mask_dims", "morph_factor",
        "masked_training", "random_warp", "clipgrad", "lr", "loss_function", "background_power", "face_style_power",
        "bg_style_power", "gan_power", "gan_patch_size", "gan_dims", "gan_smoothing", "gan_noise", "true_face_power")
MODELS = {"SAEHD": "saehd", "AMP": "amp", "AMPLegacy": "amp_legacy", "Quick96": "quick96"}
# An option that we do not have is missing where it is on.
LATER = {"use_fp16": "half precision weights", "retraining_samples": "retraining of hard samples"}
# Where the original is wrong, ours is right by default and wrong like it on demand.
AS_THEY_DO = {"bg_style_mask": "dfl", "speckle_guard": "dfl"}


def missing_of(kind: str, options: Mapping[str, Any], *, is_trained: bool = True) -> str:
    """What this case needs and does not exist, or "". A forward pass needs the network alone."""
    if kind not in MODELS:
        return f"{kind} networks"
    if not is_trained:
        return ""
    return ", ".join(name for key, name in LATER.items() if options.get(key))


def settings_of(options: Mapping[str, Any], kind: str = "SAEHD") -> dict[str, Value]:
    """Our settings. The original always freezes inter_AB while random warp is off."""
    # the original's AMP has no such option and always does it; the fork's has two, named apart
    eyes_mouth = bool(options.get("eyes_mouth_prio", kind == "AMP" and "eyes_prio" not in options))
    dropout = options.get("lr_dropout", "n")
    model = {"model": MODELS[kind]}
    same = {key: options[key] for key in SAME if key in options}
    if str(same.get("loss_function", "")).endswith("L1"):
        same["loss_function"] += "-dfl"
    return birth_settings(model | same) | AS_THEY_DO | {
        "blur_out_mask": "dfl" if options.get("blur_out_mask") else "n",
        "pretrain": "dfl" if options.get("pretrain") else "n",
        "optimizer": "adabelief" if options.get("adabelief", kind != "Quick96") else "rmsprop",
        "lr_dropout": "n" if dropout in (False, "n") else "y",
        "eyes_prio": eyes_mouth or bool(options.get("eyes_prio")),
        "mouth_prio": eyes_mouth or bool(options.get("mouth_prio")),
        "freeze_ab_without_warp": True,
    }
