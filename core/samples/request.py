"""What is asked for: the options that shape a sample, and the address of a batch."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """The live settings that samples depend on. eyes and mouth say which of them the eyes_mouth plane shows."""

    batch_size: int
    random_warp: bool
    src_flip: bool
    dst_flip: bool
    uniform_yaw: bool
    eyes: bool
    mouth: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One batch: everything that its bits depend on, beside the seed and the faces.

    drawn_src and drawn_dst count the faces of that side drawn before this batch since its first epoch began.
    """

    life: int
    iteration: int
    drawn_src: int
    drawn_dst: int
    options: SampleOptions

    def following(self) -> Self:
        """The batch after this one, if nothing changes."""
        size = self.options.batch_size
        return replace(self, iteration=self.iteration + 1,
                       drawn_src=self.drawn_src + size, drawn_dst=self.drawn_dst + size)
