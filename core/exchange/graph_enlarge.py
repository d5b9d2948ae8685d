"""What enlarges the logits of a grown network, in operators of ONNX: as core/nets/octave.py does it."""

import numpy as np

from core.exchange.graph import Graph
from core.nets.octave import TAPS

EDGE = 2    # pixels that are repeated around, for a kernel of 5


def enlarged(graph: Graph, x: str, smoothness: float, channels: int) -> str:
    """(n, channels, s, s) to twice the side: doubled pixels at 0, smooth at 1."""
    if smoothness <= 0:
        return doubled(graph, x)
    if smoothness >= 1:
        return smooth(graph, x, channels)
    start = doubled(graph, x)
    share = graph.constant(f"smoothness_{smoothness}", np.array([smoothness], np.float32))
    return graph.add("Add", [start, graph.add("Mul", [graph.add("Sub", [smooth(graph, x, channels), start]), share])])


def doubled(graph: Graph, x: str) -> str:
    """Each pixel as 2 x 2 equal ones."""
    none = graph.constant("no_region", np.zeros(0, np.float32))
    scales = graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
    return graph.add("Resize", [x, none, scales], mode="nearest", coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor")


def smooth(graph: Graph, x: str, channels: int) -> str:
    """Bicubic, one convolution of four phases for each channel."""
    row = np.array([[*TAPS, 0.0], [0.0, *reversed(TAPS)]], np.float32)
    kernel = np.einsum("pi,qj->pqij", row, row).reshape(4, 1, 5, 5)
    weight = graph.constant(f"bicubic_{channels}", np.tile(kernel, (channels, 1, 1, 1)))
    pads = graph.constant("edge", np.array([0, 0, EDGE, EDGE, 0, 0, EDGE, EDGE], np.int64))
    phases = graph.add("Conv", [graph.add("Pad", [x, pads], mode="edge"), weight], kernel_shape=[5, 5], group=channels)
    return graph.add("DepthToSpace", [phases], blocksize=2, mode="CRD")
