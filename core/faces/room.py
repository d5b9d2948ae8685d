"""How much a packed face set may ask for, pak or zip: its table comes from anywhere and is read into memory."""

from dataclasses import dataclass

from core.faces.face import Face, UnusableFaceError
from core.faces.jpeg import DAMAGED

MAX_TABLE_BYTES = 1 << 30               # 100,000 faces with masks are about 500 MB
MAX_VALUES = 40_000_000                 # 100,000 faces are about 25 million; the worst 40 million need 3 GB


@dataclass(slots=True)
class Room:
    """How many bytes of masks and polygons the faces of a pak or zip may still take.

    A right table holds each of them, so all together are smaller than the table's bytes. Entries that point to one mask
    over and over ask for more, for each face keeps a copy.
    """

    left: int

    def take(self, face: Face) -> None:
        """What this face keeps in memory. UnusableFaceError when that is too much."""
        self.left -= len(face.xseg) if isinstance(face.xseg, bytes) else 0
        self.left -= sum(polygon.points.nbytes for polygon in face.polygons)
        if self.left < 0:
            raise UnusableFaceError(DAMAGED, "shares its mask or polygons with other faces, which no right pak does")
