"""What pretraining changes of a run's settings (facts/options.md 5). The stored values stay untouched."""

from collections.abc import Mapping

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


def is_pretraining(settings: Mapping[str, Value]) -> bool:
    """Whether the run is being pretrained."""
    return settings["pretrain"] != "n"


def in_effect(settings: Mapping[str, Value]) -> Mapping[str, Value]:
    """The settings that samples and step follow."""
    if not is_pretraining(settings):
        return settings
    return {**settings, **FORCED, **(DFL if settings["pretrain"] == "dfl" else RIGHT)}
