"""An ONNX graph, written node by node: the layers of our networks in the operators that every runtime has.

Written by hand because it is small and exact: the names, layouts and operator set that DeepFaceLive asks for are
literal (facts/files.md 10), and no tracing of a framework decides anything. Maps are NCHW inside.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings.error import ExchangeError

OPSET, ML_OPSET, IR = 12, 2, 7      # as the original's exports say
LARGEST_BYTES = 2**31 - 1           # of one ONNX file
PIXEL_NORM_FLOOR = 1e-6

Arrays = Mapping[str, NDArray[Any]]


def onnx_package() -> Any:
    """The `onnx` package. Raises ExchangeError where it is not installed."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise ExchangeError("the package onnx is not installed", hint="pip install 'dfl-tui[export]'") from error
    return onnx


class Graph:
    """Nodes and constants in the order in which they were added. Values are names."""

    def __init__(self) -> None:
        self.onnx = onnx_package()
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """An array under a name; the same name again is the same array."""
        if name not in self.constants:
            self.constants[name] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: object) -> str:
        """A node; the name of its output."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], f"node_{len(self.nodes)}",
                                                     **attributes))
        return name

    # --- layers -------------------------------------------------------------------------------------------------------
    def conv(self, x: str, name: str, weights: Arrays, *, stride: int = 1) -> str:
        """A convolution with bias, side // 2 zeros around."""
        weight, bias = weights[f"{name.rpartition('.')[2]}.weight"], weights[f"{name.rpartition('.')[2]}.bias"]
        side = weight.shape[-1]
        return self.add("Conv", [x, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)],
                        kernel_shape=[side, side], pads=[side // 2] * 4, strides=[stride, stride])

    def dense(self, x: str, name: str, weights: Arrays) -> str:
        """(n, in) -> (n, out)."""
        return self.add("Gemm", [x, self.constant(f"{name}.weight", weights["weight"]),
                                 self.constant(f"{name}.bias", weights["bias"])], transB=1)

    def depth_to_space(self, x: str) -> str:
        """Twice the side: channels in the original's order, which ONNX calls DCR."""
        return self.add("DepthToSpace", [x], blocksize=2, mode="DCR")

    def pixel_norm(self, x: str) -> str:
        """(n, features), each row's mean square scaled to 1."""
        mean = self.add("ReduceMean", [self.add("Mul", [x, x])], axes=[1], keepdims=1)
        floor = self.constant("pixel_norm_floor", np.array([PIXEL_NORM_FLOOR], np.float32))
        return self.add("Div", [x, self.add("Sqrt", [self.add("Add", [mean, floor])])])

    # --- the file -----------------------------------------------------------------------------------------------------
    def model(self, inputs: Mapping[str, Sequence[int | str]], outputs: Mapping[str, Sequence[int | str]],
              metadata: Mapping[str, str]) -> bytes:
        """The file with these inputs and outputs, all float32. Raises ExchangeError where it would be too large."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        ins, outs = ([helper.make_tensor_value_info(name, kind, list(shape)) for name, shape in values.items()]
                     for values in (inputs, outputs))
        graph = helper.make_graph(self.nodes, "dfl-tui", ins, outs, list(self.constants.values()))
        made = helper.make_model(graph, producer_name="dfl-tui", ir_version=IR, opset_imports=[
            helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)])
        helper.set_model_props(made, dict(metadata))
        if (size := made.ByteSize()) > LARGEST_BYTES:
            raise ExchangeError(f"the network makes a file of {size:,} bytes, and ONNX takes {LARGEST_BYTES:,}",
                                hint="export it as safetensors")
        self.onnx.checker.check_model(made)
        data: bytes = made.SerializeToString()
        return data
