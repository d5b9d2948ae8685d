"""A network grows while it trains: new blocks are given first weights, and the optimizer takes them."""

from collections.abc import Mapping

from core.nets.initial import begin
from core.nets.network import FaceNetwork
from core.settings.growth import octaves_of
from core.settings.kind import Value
from core.train.learner import Learner


def grow_learner(network: FaceNetwork, learner: Learner, settings: Mapping[str, Value]) -> None:
    """Give the network the octaves of these settings. Old blocks keep weights, moments and counters to the bit.

    First weights depend on the run's seed and a block's name alone: a growth that is replayed after a crash gives the
    same ones. Raises NetworkError.
    """
    new = set(network.grow(octaves_of(settings)))
    for name, block in network.named_blocks():
        if name in new:
            begin(name, block, int(settings["seed"]))
    learner.grown()
