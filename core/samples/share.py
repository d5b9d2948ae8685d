"""Which slots of a batch one rank makes. Every rank gets every so-manieth, so shares differ by one sample at most.

What is in a slot does not depend on who makes it: the batch of an iteration is the same for any number of ranks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Share(NamedTuple):
    """The part of rank number `rank` among `ranks`."""

    rank: int = 0
    ranks: int = 1

    def slots(self, batch_size: int) -> NDArray[np.int64]:
        """The slots of a batch that are this rank's, ascending."""
        return np.arange(self.rank, batch_size, self.ranks)


WHOLE = Share()
