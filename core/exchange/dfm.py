"""A run's network as a graph from a dst face to the swap, as DeepFaceLive takes it (facts/files.md 10).

The parts here are those of core/nets/part.py in operators of ONNX; what no output needs is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exchange.graph import Graph
from core.exchange.graph_enlarge import enlarged
from core.nets.part import decoder_widths
from core.nets.shape import NetworkShape
from core.store.generation import BlockContent

Arrays = Mapping[str, NDArray[Any]]
Blocks = Mapping[str, BlockContent]

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
FACE, MORPH = "in_face", "morph_value"
FACE_MASK, CELEB, CELEB_MASK = "out_face_mask", "out_celeb_face", "out_celeb_face_mask"


class Drawing:
    """Adds the parts of one network to a graph."""

    def __init__(self, shape: NetworkShape, blocks: Blocks, smoothness: Sequence[float] = ()) -> None:
        self.shape = shape
        self.blocks = blocks
        self.smoothness = smoothness
        self.graph = Graph()

    def weights(self, block: str) -> Arrays:
        """A block's tensors."""
        return self.blocks[block].weights

    def act(self, x: str, slope: float) -> str:
        """The activation after a convolution."""
        if self.shape.archi.is_cosine:
            return self.graph.add("Mul", [x, self.graph.add("Cos", [x])])
        return self.graph.add("LeakyRelu", [x], alpha=slope)

    def down(self, x: str, block: str, added: str = "") -> str:
        """Half the side; `added` joins in before the activation."""
        y = self.graph.conv(x, f"{block}.conv", self.weights(block), stride=2)
        return self.act(self.graph.add("Add", [y, added]) if added else y, 0.1)

    def up(self, x: str, block: str) -> str:
        """Twice the side."""
        return self.graph.depth_to_space(self.act(self.graph.conv(x, f"{block}.conv", self.weights(block)), 0.1))

    def res(self, x: str, block: str) -> str:
        """Two convolutions around which the input is added."""
        weights = self.weights(block)
        y = self.act(self.graph.conv(x, f"{block}.conv1", weights), 0.2)
        return self.act(self.graph.add("Add", [self.graph.conv(y, f"{block}.conv2", weights), x]), 0.2)

    def encoder(self, x: str) -> str:
        """A face (n, 3, R, R) to features; octaves pool it to the core's side, and their stems look at it."""
        added = ""
        for number in range(len(self.smoothness), 0, -1):
            if f"octave{number}.stem.out" in self.blocks:
                seen = self.stem(x, number)
                added = self.graph.add("Add", [added, seen]) if added else seen
            x = self.graph.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
        is_deep = self.shape.archi.is_deep
        for name in ("down1", "res1", "down2", "down3", "down4", "down5", "res5"):
            if name.startswith("down") and (is_deep or name != "down5"):
                x = self.down(x, f"encoder.{name}", added if name == "down1" else "")
            elif is_deep and name.startswith("res"):
                x = self.res(x, f"encoder.{name}")
        x = self.graph.add("Flatten", [x], axis=1)
        x = self.graph.pixel_norm(x) if self.shape.archi.is_unit else x
        return self.dense(x, "encoder.dense1") if "encoder.dense1" in self.blocks else x

    def stem(self, x: str, number: int) -> str:
        """What the stem of an octave gives the encoder's first map."""
        for level in range(1, number + 1):
            x = self.down(x, f"octave{number}.stem.down{level}")
        block = f"octave{number}.stem.out"
        return self.graph.conv(x, f"{block}.conv", self.weights(block), stride=2)

    def dense(self, x: str, block: str) -> str:
        """A dense layer."""
        return self.graph.dense(x, block, self.weights(block))

    def inter(self, x: str, part: str) -> str:
        """Features to a code map."""
        x = self.dense(x, f"{part}.dense1") if f"{part}.dense1" in self.blocks else x
        x = self.dense(x, f"{part}.dense2")
        side = self.shape.dense_side
        size = self.graph.constant("code_shape", np.array([0, self.shape.inter_channels, side, side], np.int64))
        x = self.graph.add("Reshape", [x, size])
        return x if self.shape.archi.is_deep else self.up(x, f"{part}.upscale1")

    def picture(self, x: str, part: str) -> str:
        """A code map to a picture (n, 3, R, R)."""
        x, logits = self.core_picture(x, part)
        for number, smoothness in enumerate(self.smoothness, start=1):
            head = head_of(part, number)
            if f"{head}.up0" in self.blocks:
                x = self.up(x, f"{head}.up0")
            x = self.res(self.up(x, f"{head}.up"), f"{head}.res")
            logits = self.grown(logits, x, f"{head}.out", smoothness, 3)
        return self.graph.add("Sigmoid", [logits])

    def grown(self, logits: str, x: str, block: str, smoothness: float, channels: int) -> str:
        """Logits of twice the side: those below enlarged, and what the octave adds."""
        residue = self.graph.conv(x, f"{block}.conv", self.weights(block))
        return self.graph.add("Add", [enlarged(self.graph, logits, smoothness, channels), residue])

    def core_picture(self, x: str, part: str) -> tuple[str, str]:
        """The core's last map and its picture before the sigmoid."""
        for level in range(len(decoder_widths(self.shape, 1))):
            x = self.res(self.up(x, f"{part}.upscale{level}"), f"{part}.res{level}")
        block = f"{part}.out"
        if not self.shape.archi.is_half:
            return x, self.graph.conv(x, f"{block}.conv", self.weights(block))
        quarters = [self.graph.conv(x, f"{block}.{name}", self.weights(block))
                    for name in ("conv", "conv1", "conv2", "conv3")]
        return x, self.graph.depth_to_space(self.graph.add("Concat", quarters, axis=1))

    def mask(self, x: str, part: str) -> str:
        """A code map to a mask (n, 1, R, R)."""
        for level in range(len(decoder_widths(self.shape, 1)) + self.shape.archi.is_half):
            x = self.up(x, f"{part}.mask.upscale{level}")
        block = f"{part}.mask.out"
        logits = self.graph.conv(x, f"{block}.conv", self.weights(block))
        for number, smoothness in enumerate(self.smoothness, start=1):
            head = head_of(part, number)
            x = self.up(x, f"{head}.mask.up")
            logits = self.grown(logits, x, f"{head}.mask.out", smoothness, 1)
        return self.graph.add("Sigmoid", [logits])

    def codes(self, features: str, morph: str) -> tuple[str, str]:
        """The codes that are drawn as src and as dst."""
        match self.shape.archi.kind:
            case "df":
                code = self.inter(features, "inter")
                return code, code
            case "liae":
                ab, b = self.inter(features, "inter_ab"), self.inter(features, "inter_b")
                return self.graph.add("Concat", [ab, ab], axis=1), self.graph.add("Concat", [b, ab], axis=1)
            case _:
                return self.morphed(features, morph)

    def morphed(self, features: str, morph: str) -> tuple[str, str]:
        """AMP: the first channels from inter_src, as many as `morph` says, cut off in float32; others of inter_dst."""
        graph, channels = self.graph, self.shape.inter_channels
        src, dst = self.inter(features, "inter_src"), self.inter(features, "inter_dst")
        count = graph.add("Mul", [morph, graph.constant("channels", np.array([channels], np.float32))])
        count = graph.add("Cast", [graph.add("Cast", [count], to=graph.onnx.TensorProto.INT32)],
                          to=graph.onnx.TensorProto.INT64)
        axis, begin, end = (graph.constant(name, np.array([value], np.int64))
                            for name, value in (("axis", 1), ("begin", 0), ("end", channels)))
        parts = [graph.add("Slice", [src, begin, count, axis]), graph.add("Slice", [dst, count, end, axis])]
        return graph.add("Concat", parts, axis=1), dst


def head_of(part: str, number: int) -> str:
    """The head of an octave behind a decoder: `octave1.head.src` behind `decoder_src`, `octave1.head` behind
    `decoder`."""
    person = part.removeprefix("decoder").replace("_", ".")
    return f"octave{number}.head{person}"


def swap_graph(shape: NetworkShape, blocks: Blocks, metadata: Mapping[str, str], *, suffix: str = ":0",
               smoothness: Sequence[float] = ()) -> bytes:
    """The file of a network; `suffix` ends the names of its inputs and outputs, as DeepFaceLive wants it.

    smoothness: of each octave around the core that `shape` is of (core/nets/growth.py).

    Input: a face (n, R, R, 3), BGR, 0..1, and for AMP how far it is morphed, (1,). Outputs: mask of the face as dst,
    the face drawn as src, its mask. Raises ExchangeError.
    """
    drawing, side = Drawing(shape, blocks, smoothness), shape.resolution << len(smoothness)
    graph = drawing.graph
    is_amp = shape.archi.kind == "amp"
    face = graph.add("Transpose", [FACE + suffix], perm=TO_NCHW)
    src_code, dst_code = drawing.codes(drawing.encoder(face), MORPH + suffix)
    src_part, dst_part = ("decoder_src", "decoder_dst") if shape.archi.kind == "df" else ("decoder", "decoder")
    drawn = {FACE_MASK: drawing.mask(dst_code, dst_part), CELEB: drawing.picture(src_code, src_part),
             CELEB_MASK: drawing.mask(src_code, src_part)}
    for name, value in drawn.items():
        graph.add("Transpose", [value], name + suffix, perm=TO_NHWC)
    inputs: dict[str, list[int | str]] = {FACE + suffix: ["batch", side, side, 3]}
    if is_amp:
        inputs[MORPH + suffix] = [1]
    channels = {FACE_MASK: 1, CELEB: 3, CELEB_MASK: 1}
    outputs: dict[str, list[int | str]] = {name + suffix: ["batch", side, side, n] for name, n in channels.items()}
    return graph.model(inputs, outputs, metadata)
