"""What pretraining changes of a run's settings (facts/options.md 5). The stored values stay untouched."""

from collections.abc import Mapping

from core.settings.family import AMP_LEGACY
from core.settings.kind import Value

FORCED: Mapping[str, Value] = {
    "random_warp": False, "random_src_flip": True, "random_dst_flip": True, "uniform_yaw": True,
    "random_hsv_power": 0.0, "ct_mode": "none", "lr_dropout": "n", "gan_power": 0.0, "face_style_power": 0.0,
    "bg_style_power": 0.0,
}
# The original keeps pulling codes towards what a discriminator that does not learn takes for dst, and its warp that is
# off freezes liae's inter_ab. Neither is wanted.
RIGHT: Mapping[str, Value] = {"true_face_power": 0.0}
DFL: Mapping[str, Value] = {"freeze_ab_without_warp": True}
# AMPLegacy of the fork says that poses are even and that there is no partner for colours, and does neither
# (facts/options.md 5, facts/samples.md 12.12).
NOT_FORCED_BY_MVE = ("uniform_yaw", "ct_mode")


def is_pretraining(settings: Mapping[str, Value]) -> bool:
    """Whether the run is being pretrained."""
    return settings["pretrain"] != "n"


def in_effect(settings: Mapping[str, Value]) -> Mapping[str, Value]:
    """The settings that samples and step follow."""
    if not is_pretraining(settings):
        return settings
    if settings["pretrain"] != "dfl":
        return {**settings, **FORCED, **RIGHT}
    own = NOT_FORCED_BY_MVE if settings["model"] == AMP_LEGACY else ()
    return {**settings, **FORCED, **DFL, **{key: settings[key] for key in own}}
