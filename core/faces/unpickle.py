"""Reads the pickles in face and model files: plain containers, NumPy arrays and scalars, three enums, and nothing else.

Python's unpickler is not used at all. A pickle is a program; this module runs the few instructions that data needs and
refuses the rest, so nothing is imported or called by name. It protects memory as well as execution: lengths are checked
against the bytes that are there, memo numbers are keys (not sizes), dictionary keys are flat, values are counted, and
no value is copied without being counted: arrays look into the bytes they were read from. Lists may hold each other many
times over ("billion laughs"): whoever reads the result looks at types and lengths level by level and never walks it
blindly.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.faces.face_type import FaceType, PolygonType, SampleType

MAX_ARRAY_BYTES = 16 * 1024 * 1024      # a float32 mask of 2048 x 2048, as early paks hold, is exactly this
MAX_DIMENSIONS = 4
MAX_INTEGER_BYTES = 8
DTYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})

NUMPY = {("numpy", "ndarray"): "ndarray", ("numpy", "dtype"): "dtype"}
for _root in ("numpy.core", "numpy._core"):     # NumPy 2 renamed it; both occur (facts/files.md 1.1)
    NUMPY[(f"{_root}.multiarray", "_reconstruct")] = "reconstruct"
    NUMPY[(f"{_root}.multiarray", "scalar")] = "scalar"
    NUMPY[(f"{_root}.numeric", "_frombuffer")] = "frombuffer"
ALLOWED = NUMPY | {
    ("_codecs", "encode"): "encode",
    ("facelib.FaceType", "FaceType"): "FaceType",
    ("samplelib.Sample", "SampleType"): "SampleType",
    ("core.imagelib.SegIEPolys", "SegIEPolyType"): "PolygonType",
}
ENUMS: dict[str, type[FaceType] | type[SampleType] | type[PolygonType]] = {
    "FaceType": FaceType, "SampleType": SampleType, "PolygonType": PolygonType}


class PickleError(ValueError):
    """A pickle that holds something else than data. The message ends a sentence that begins with the file's name."""


@dataclass(slots=True)
class _Global:
    name: str                           # a value of ALLOWED


@dataclass(slots=True)
class _Dtype:
    code: str
    order: str = "="


@dataclass(slots=True)
class _Array:
    """An array between `reconstruct` and its state; the memo may hold it before it is filled."""

    value: object = None


_NOTHING = object()
_FLOAT = struct.Struct(">d")


def unpickle(payload: bytes, *, max_values: int, max_array_bytes: int = MAX_ARRAY_BYTES) -> object:
    """The data in a pickle of protocol 2 to 5. PickleError for anything else, or more than `max_values` values.

    max_array_bytes: of one array. It costs no more than the file has, for content is never longer than its bytes.
    """
    try:
        return _Machine(payload, max_values, max_array_bytes).run()
    except (IndexError, struct.error):
        raise PickleError("ends in the middle of its data, or takes values where there are none") from None


def _integer(raw: bytes) -> int:
    if len(raw) > MAX_INTEGER_BYTES:
        raise PickleError("holds an integer of more than 64 bits")
    return int.from_bytes(raw, "little", signed=True)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise PickleError("holds text that is not UTF-8") from None


def _dtype(arguments: tuple[object, ...]) -> _Dtype:
    code = arguments[0] if arguments else None
    if not isinstance(code, str):
        raise PickleError("holds an array of unknown element type")
    order, bare = (code[0], code[1:]) if code[:1] in "<>=|" and code else ("=", code)
    if bare not in DTYPES:
        raise PickleError(f"holds an array of element type {code[:20]!a}, which such files never have")
    return _Dtype(bare, order)


def _set_order(dtype: _Dtype, state: object) -> None:
    """The state is (version, byte order, subtype, names, fields, ...): only the order may say something."""
    match state:
        case (_, str(order), None, None, None, *_) if order in ("<", ">", "=", "|"):
            dtype.order = order
        case _:
            raise PickleError("holds an array of structured elements")


def _array(dtype: object, shape: object, raw: object, order: str, most: int) -> np.ndarray:
    if not isinstance(dtype, _Dtype) or not isinstance(raw, bytes):
        raise PickleError("holds an array whose content is not plain bytes")
    if not (isinstance(shape, tuple) and len(shape) <= MAX_DIMENSIONS
            and all(type(n) is int and 0 <= n <= most for n in shape)):
        raise PickleError("holds an array of impossible shape")
    numpy_dtype = np.dtype(("" if dtype.order in "=|" else dtype.order) + dtype.code)
    count = 1
    for n in shape:
        count *= n
    if count * numpy_dtype.itemsize != len(raw) or len(raw) > most:
        raise PickleError(f"holds an array of shape {shape} with {len(raw):,} bytes of content")
    return np.frombuffer(raw, numpy_dtype).reshape(shape, order="F" if order == "F" else "C")


def _called(function: object, arguments: object, most: int) -> object:
    """What a REDUCE of one of the allowed names gives."""
    if not isinstance(function, _Global) or not isinstance(arguments, tuple):
        raise PickleError("calls something that is not data")
    match function.name, arguments:
        case "reconstruct", (_Global(name="ndarray"), tuple(), bytes() | str()):
            return _Array()
        case "dtype", _:
            return _dtype(arguments)
        case "frombuffer", (raw, dtype, shape, str(order), *_):
            return _array(dtype, shape, raw, order, most)
        case "scalar", (dtype, raw):
            return _array(dtype, (), raw, "C", most).item()
        case "encode", (str(text), str(codec)) if codec in ("latin1", "latin-1"):
            return _latin(text)
        case ("FaceType" | "SampleType" | "PolygonType") as name, (int(number),):
            return _member(name, number)
    raise PickleError(f"calls {function.name} in a way that data never does")


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise PickleError("holds bytes that are not bytes") from None


def _member(name: str, number: int) -> int:
    """The enum's member, or the plain number where it has none: the reader of the field objects to that."""
    kind = ENUMS[name]
    return kind(number) if number in kind.__members__.values() else number


class _Machine:
    """A stack, a memo and a place in the bytes. Each instruction is one entry of the table below.

    A mark begins a stack of its own (`outer` keeps the others), so that nothing takes values from before the mark; an
    IndexError is a value taken from where there is none.
    """

    def __init__(self, payload: bytes, max_values: int, max_array_bytes: int) -> None:
        self.data = payload
        self.max_array_bytes = max_array_bytes
        self.at = 0
        self.stack: list[object] = []
        self.outer: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.max_instructions = max_values
        self.encodable = len(payload)           # one text may be called over and over; each call makes a copy

    def run(self) -> object:
        data, table, float_at = self.data, _INSTRUCTIONS, _FLOAT.unpack_from
        for _ in range(self.max_instructions):
            code = data[self.at]
            self.at += 1
            if code == 0x47:            # a float: a third of a face's instructions, done without a call
                self.stack.append(float_at(data, self.at)[0])
                self.at += 8
                continue
            if code == 0x2E:                                                        # STOP
                return self.stack.pop()
            instruction = table.get(code)
            if instruction is None:
                raise PickleError(f"holds the instruction 0x{code:02x}, which data does not need")
            instruction(self)
        raise PickleError("holds more values than such a file needs")

    def take(self, count: int) -> bytes:
        """The next `count` bytes. The length is checked before anything is made of it."""
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise PickleError("announces more bytes than it has")
        raw = self.data[self.at:end]
        self.at = end
        return raw

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 200)
        if end < 0:
            raise PickleError("holds a name without an end")
        return _text(self.take(end - self.at + 1)[:-1])

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[object]:
        values = self.stack
        self.stack = self.outer.pop()
        return values

    def remember(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def recall(self, key: int) -> None:
        value = self.memo.get(key, _NOTHING)
        if value is _NOTHING:
            raise PickleError("points to a value that it does not hold")
        if isinstance(value, _Array) and value.value is not None:
            value = value.value
        self.push(value)

    def find(self, module: object, name: object) -> None:
        known = ALLOWED.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        if known is None:
            raise PickleError(f"asks for {f'{module}.{name}'[:100]!a}, which is code and not data")
        self.push(_Global(known))

    def two_texts(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.find(module, name)

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        value = _called(function, arguments, self.max_array_bytes)
        if isinstance(value, bytes):
            self.encodable -= len(value)
            if self.encodable < 0:
                raise PickleError("makes more bytes than it has")
        self.push(value)

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack.pop()
        if isinstance(target, _Dtype):
            _set_order(target, state)
            self.push(target)
        elif isinstance(target, _Array) and isinstance(state, tuple) and len(state) == 5 and target.value is None:
            _, shape, dtype, is_fortran, raw = state
            target.value = _array(dtype, shape, raw, "F" if is_fortran is True else "C", self.max_array_bytes)
            self.push(target.value)
        else:
            raise PickleError("gives a state to something that has none")

    def tuple_of(self, count: int) -> None:
        values = tuple(self.stack.pop() for _ in range(count))
        self.push(values[::-1])

    def extend(self, values: list[object]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise PickleError("appends to something that is not a list")
        target.extend(values)

    def update(self, values: list[object]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(values) % 2:
            raise PickleError("sets entries of something that is not a dictionary")
        keys = values[::2]
        if not all(type(key) in (str, int, bytes) for key in keys):     # flat keys: hashing them is never long
            raise PickleError("holds a dictionary key that is not a name or a number")
        target.update(zip(keys, values[1::2], strict=True))

    def one(self) -> list[object]:
        return [self.stack.pop()]

    def pair(self) -> list[object]:
        value, key = self.stack.pop(), self.stack.pop()
        return [key, value]


_Instruction = Callable[[_Machine], object]


def _dictionary(m: _Machine) -> None:
    values = m.since_mark()
    m.push({})
    m.update(values)


_INSTRUCTIONS: dict[int, _Instruction] = {
    0x80: lambda m: m.take(1),                                                      # PROTO
    0x95: lambda m: m.take(8),                                                      # FRAME
    ord("("): lambda m: m.mark(),
    ord("0"): lambda m: m.stack.pop(),
    ord("1"): lambda m: m.since_mark(),
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("K"): lambda m: m.push(m.byte()),
    ord("M"): lambda m: m.push(m.number(2)),
    ord("J"): lambda m: m.push(_integer(m.take(4))),
    0x8A: lambda m: m.push(_integer(m.take(m.number(1)))),
    0x8B: lambda m: m.push(_integer(m.take(m.number(4)))),
    ord("C"): lambda m: m.push(m.take(m.number(1))),
    ord("B"): lambda m: m.push(m.take(m.number(4))),
    0x8E: lambda m: m.push(m.take(m.number(8))),
    0x96: lambda m: m.push(m.take(m.number(8))),                                    # a bytearray, kept as bytes
    0x8C: lambda m: m.push(_text(m.take(m.number(1)))),
    ord("X"): lambda m: m.push(_text(m.take(m.number(4)))),
    0x8D: lambda m: m.push(_text(m.take(m.number(8)))),
    ord("]"): lambda m: m.push([]),
    ord("l"): lambda m: m.push(m.since_mark()),
    ord("a"): lambda m: m.extend(m.one()),
    ord("e"): lambda m: m.extend(m.since_mark()),
    ord(")"): lambda m: m.push(()),
    ord("t"): lambda m: m.push(tuple(m.since_mark())),
    0x85: lambda m: m.tuple_of(1),
    0x86: lambda m: m.tuple_of(2),
    0x87: lambda m: m.tuple_of(3),
    ord("}"): lambda m: m.push({}),
    ord("d"): _dictionary,
    ord("s"): lambda m: m.update(m.pair()),
    ord("u"): lambda m: m.update(m.since_mark()),
    ord("h"): lambda m: m.recall(m.byte()),
    ord("j"): lambda m: m.recall(m.number(4)),
    ord("q"): lambda m: m.remember(m.byte()),
    ord("r"): lambda m: m.remember(m.number(4)),
    0x94: lambda m: m.remember(len(m.memo)),
    ord("c"): lambda m: m.find(m.line(), m.line()),
    0x93: lambda m: m.two_texts(),
    ord("R"): lambda m: m.reduce(),
    ord("b"): lambda m: m.build(),
}
