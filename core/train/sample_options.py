"""The live settings that shape a sample, as the sample source wants them."""

from collections.abc import Mapping

from core.samples.degrade import Degradation
from core.samples.paint import Paint
from core.samples.request import SampleOptions
from core.samples.shadow import Shade
from core.settings.kind import Value


def sample_options(settings: Mapping[str, Value]) -> SampleOptions:
    """How samples are made under these settings."""
    return SampleOptions(
        batch_size=int(settings["batch_size"]),
        random_warp=bool(settings["random_warp"]),
        src_flip=bool(settings["random_src_flip"]),
        dst_flip=bool(settings["random_dst_flip"]),
        uniform_yaw=bool(settings["uniform_yaw"]),
        eyes=bool(settings["eyes_prio"]),
        mouth=bool(settings["mouth_prio"]),
        paint=paint(settings),
        comes_again=bool(settings["retraining_samples"]),
    )


def paint(settings: Mapping[str, Value]) -> Paint:
    """What happens to the colours of samples under these settings."""
    shaded = settings["random_shadow"]
    return Paint(
        transfer=str(settings["ct_mode"]),
        hsv=float(settings["random_hsv_power"]),
        tint_degrees=float(settings["random_color"]),
        degradation=Degradation(float(settings["random_blur"]), float(settings["random_noise"]),
                                float(settings["random_jpeg"]), float(settings["random_downsample"]),
                                float(settings["degrade_strength"])),
        shades_src=shaded in ("src", "all"),
        shades_dst=shaded in ("dst", "all"),
        shade=Shade(float(settings["shadow_low"]), float(settings["shadow_high"]),
                    float(settings["highlight_low"]), float(settings["highlight_high"])),
        is_dfl=settings["sample_rules"] == "dfl",
    )
