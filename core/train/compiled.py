"""A network whose training passes torch.compile has built kernels for. Bits differ from those without.

Previews and the examples of discriminators go through the network itself: other batch sizes, and no gradients, would
each be compiled anew. Shapes are taken as they are (`dynamic=False`), and running out of recompilations is an error:
both would let the bits of a step depend on what the process did before.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from core.nets.network import Codes, FaceNetwork, Prediction
from core.settings.error import RefusedError

RECOMPILATIONS = 256    # of one function: locks, batch sizes, precisions and terms in all their combinations

log = logging.getLogger(__name__)


class Compiled:
    """The training passes of a network. Each is compiled when it is first called, and again for other shapes.

    While an octave goes from doubled pixels to smooth ones the network itself is taken: each iteration has other
    numbers in it, and would be compiled for a minute.
    """

    def __init__(self, network: FaceNetwork) -> None:
        settle()
        self._network = network
        self._codes = compiled(network.codes)
        self._levels = compiled(network.levels)
        self._draw_src = compiled(network.draw_src)
        self._picture_src = compiled(network.picture_src)

    def codes(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Codes:
        """As the network's."""
        if self._network.is_ramping:
            return self._network.codes(src, dst, shared_pass=shared_pass, mix=mix)
        with told():
            return Codes(*self._codes(src, dst, shared_pass=shared_pass, mix=mix))

    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]:
        """As the network's."""
        if self._network.is_ramping:
            return self._network.levels(codes, shared_pass=shared_pass)
        with told():
            return [Prediction(*level) for level in self._levels(codes, shared_pass=shared_pass)]

    def draw_src(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """As the network's."""
        if self._network.is_ramping:
            return self._network.draw_src(code)
        with told():
            image, mask = self._draw_src(code)
            return image, mask

    def picture_src(self, code: Tensor) -> Tensor:
        """As the network's."""
        if self._network.is_ramping:
            return self._network.picture_src(code)
        with told():
            picture: Tensor = self._picture_src(code)
            return picture


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is compiled at its first call."""
    import torch  # late: `torch.compile` loads its compiler, which costs a second and is off by default

    made: Callable[..., Any] = torch.compile(function, dynamic=False)
    return made


def settle() -> None:
    """How torch compiles in this process. Compilers run in this process and not in workers of their own: those would
    hold the run's lock after its trainer has gone."""
    import torch._dynamo.config as dynamo
    import torch._inductor.config as inductor

    dynamo.recompile_limit = RECOMPILATIONS
    dynamo.accumulated_recompile_limit = 4 * RECOMPILATIONS
    dynamo.fail_on_recompile_limit_hit = True
    inductor.compile_threads = 1


@contextmanager
def told() -> Iterator[None]:
    """Turn what a compiler throws into a sentence; its own words go to the log."""
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor.exc import InductorError

    try:
        yield
    except (TorchDynamoException, InductorError) as error:
        log.exception("compile failed")
        raise RefusedError(f"torch.compile cannot build this network here ({first_line(error)})",
                           hint="set compile=false, or install a C++ compiler") from error


def first_line(error: BaseException) -> str:
    """The beginning of an error's words; compilers say pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
