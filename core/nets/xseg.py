"""XSeg, the network that draws face masks: a U-Net at 256 pixels (facts/networks.md 8)."""

import torch
from torch import Tensor, nn

from core.nets.block import BlockNetwork, placed
from core.nets.layer import BlurPool, NormedConv, convolution

SIDE = 256
BASE = 32           # channels of the first stage in every file that the original writes
NARROW = 512        # width of the bottleneck
FAINT = 0.1         # mask values below become 0

# Of each stage: number of convolutions, output channels in units of the base, window of the pooling after it.
STAGES = ((2, 1, 4), (2, 2, 3), (2, 4, 2), (3, 8, 2), (3, 8, 2), (3, 8, 2))


class XsegNetwork(BlockNetwork):
    """Faces to logits of their masks."""

    def __init__(self, base: int = BASE) -> None:
        super().__init__()
        self.base = base
        inputs = 3
        for stage, (count, width, _) in enumerate(STAGES):
            for place in range(1, count + 1):
                self.add_module(f"conv{stage}{place}", NormedConv(inputs, width * base))
                inputs = width * base
        self.pools = nn.ModuleList(BlurPool(size) for _, _, size in STAGES)
        side = SIDE >> len(STAGES)
        self.map = (inputs, side, side)
        self.dense1 = nn.Linear(inputs * side**2, NARROW)
        self.dense2 = nn.Linear(NARROW, inputs * side**2)
        for stage, (count, width, _) in reversed(list(enumerate(STAGES))):
            self.add_module(f"up{stage}", NormedConv(inputs, inputs // 2, widens=True))
            inputs = inputs // 2 + width * base     # joined with the stage's skip
            for place in range(count, 0, -1):
                self.add_module(f"uconv{stage}{place}", NormedConv(inputs, width * base))
                inputs = width * base
        self.out = convolution(inputs, 1, 3)

    def forward(self, faces: Tensor, *, has_skips: bool = True) -> Tensor:
        """(b, 3, 256, 256), BGR, 0..1 -> logits (b, 1, 256, 256). Without skips all passes through the bottleneck."""
        x, skips = faces, []
        for stage, (count, _, _) in enumerate(STAGES):
            for place in range(1, count + 1):
                x = self.get_submodule(f"conv{stage}{place}")(x)
            skips.append(x if has_skips else torch.zeros_like(x))
            x = self.pools[stage](x)
        x = self.dense2(self.dense1(x.flatten(1))).unflatten(1, self.map)
        for stage, (count, _, _) in reversed(list(enumerate(STAGES))):
            x = torch.cat([self.get_submodule(f"up{stage}")(x), skips[stage]], 1)
            for place in range(count, 0, -1):
                x = self.get_submodule(f"uconv{stage}{place}")(x)
        logits: Tensor = self.out(x)
        return logits

    def pretrain(self, faces: Tensor) -> Tensor:
        """What pretraining compares with the grey face: (b, 1, 256, 256), 0..1."""
        return torch.sigmoid(self(faces, has_skips=False))

    @torch.no_grad()
    def mask(self, faces: Tensor) -> Tensor:
        """Masks (b, 1, 256, 256), 0..1, values below a tenth cut to 0. Without gradients."""
        found = torch.sigmoid(self(faces))
        return torch.where(found < FAINT, 0.0, found)


def make_xseg(base: int = BASE) -> XsegNetwork:
    """An XSeg network on the CPU, its weights not set."""
    with torch.device("meta"):
        network = XsegNetwork(base)
    return placed(network)
