"""The live settings that shape a sample, as the sample source wants them."""

from collections.abc import Mapping

from core.samples.request import SampleOptions
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
    )
