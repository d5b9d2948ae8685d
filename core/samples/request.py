"""What is asked for: the options that shape a sample, and the address of a batch."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from core.samples.paint import Paint
from core.samples.share import WHOLE, Share

WINDOW = 16                  # iterations whose worst samples come again in the one after them
NO_PAINT = Paint()


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """The live settings that samples depend on. eyes and mouth say which of them the eyes_mouth plane shows.

    comes_again: every 17th iteration trains on samples of the 16 before it (core/samples/worst.py).
    """

    batch_size: int
    random_warp: bool
    src_flip: bool
    dst_flip: bool
    uniform_yaw: bool
    eyes: bool
    mouth: bool
    paint: Paint = NO_PAINT
    comes_again: bool = False


def is_again(iteration: int) -> bool:
    """Whether the step after `iteration` completed ones is the one in 17 in which the worst samples come again."""
    return iteration % (WINDOW + 1) == WINDOW


class Pick(NamedTuple):
    """One sample that was made before: the address of its draws, its position in the decks, and the face it showed."""

    life: int
    iteration: int
    slot: int
    position: int
    face: int


@dataclass(frozen=True, slots=True)
class Request:
    """One batch: everything that its bits depend on, beside the seed and the faces.

    drawn_src and drawn_dst count the faces of that side drawn before this batch since its first epoch began.
    share: the slots that are made; what is in a slot does not depend on it.
    """

    life: int
    iteration: int
    drawn_src: int
    drawn_dst: int
    options: SampleOptions
    share: Share = WHOLE

    def following(self) -> Self:
        """The batch after this one, if nothing changes."""
        size = self.options.batch_size
        # A batch of samples that come again draws no faces, and is made by whoever knows which.
        skipped = self.options.comes_again and is_again(self.iteration + 1)
        return replace(self, iteration=self.iteration + (2 if skipped else 1),
                       drawn_src=self.drawn_src + size, drawn_dst=self.drawn_dst + size)
