"""Any instance of a msgspec type, for hypothesis: what the type allows and nothing else."""

from hypothesis import strategies as st
from msgspec import inspect

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SMALLEST, LARGEST = -(2**63), 2**63 - 1     # msgpack holds 64 bits


def instances(kind: object) -> st.SearchStrategy:
    """Values of `kind`, a struct, a union of them, or any type that one of their fields has."""
    return of(inspect.type_info(kind))


def of(info: inspect.Type) -> st.SearchStrategy:
    """Values of an inspected type."""
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            required = {f.name: of(f.type) for f in fields if f.required}
            optional = {f.name: of(f.type) for f in fields if not f.required}
            return st.fixed_dictionaries(required, optional=optional).map(lambda values, cls=cls: cls(**values))
        case inspect.UnionType(types=types):
            return st.one_of([of(one) for one in types])
        case inspect.ListType(item_type=item):
            return st.lists(of(item), max_size=3)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(of(key), of(value), max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*(of(item) for item in items))
        case inspect.VarTupleType(item_type=item):
            return st.lists(of(item), max_size=3).map(tuple)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.Metadata(type=inner):
            return of(inner)
        case _:
            return plain(info)


def plain(info: inspect.Type) -> st.SearchStrategy:
    """Values of a type without parts."""
    match info:
        case inspect.IntType(ge=least, gt=above, le=most, lt=below):
            lows = [bound for bound in (least, above + 1 if above is not None else None) if bound is not None]
            highs = [bound for bound in (most, below - 1 if below is not None else None) if bound is not None]
            return st.integers(max([SMALLEST, *lows]), min([LARGEST, *highs]))
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.StrType(max_length=longest, pattern=pattern):
            if pattern is not None:
                return st.from_regex(pattern, fullmatch=True)
            return WORDS if longest is None else WORDS.filter(lambda text: len(text) <= longest)
        case inspect.BoolType():
            return st.booleans()
        case inspect.BytesType():
            return st.binary(max_size=40)
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType():
            return st.none() | st.booleans() | st.integers(-9, 9) | WORDS
        case _:
            raise TypeError(f"no strategy for {info!r}: add one")

