"""Numbers of a History answer without numpy, for panels of the first frame (numpy costs 0.1 to 0.5 s to import)."""

import sys
from array import array


def doubles(packed: bytes) -> list[float]:
    """The float64 values that SeriesBuckets carries."""
    values = array("d")
    values.frombytes(packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tolist()
