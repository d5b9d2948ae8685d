"""How far a network's pictures are from what their pixels could show: whether more pixels would help.

Compared at twice the side, in the face, as mean absolute differences x 100: what a perfect picture of the present
side would leave (the floor, of the faces alone), and what the network's own picture leaves (facts/training.md 1.5).
While the second is much larger, the face is not limited by its resolution.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core.faces.cache import FaceCache
from core.nets.network import FaceNetwork
from core.nets.octave import pooled, smooth
from core.settings.error import FaceFileError
from core.settings.kind import Value
from core.train.boundary import Measured
from core.train.train_batch import to_tensor

FACES = 8       # of each person: what a preview has, for a growth waits for it


def measure(network: FaceNetwork, caches: Mapping[str, FaceCache], settings: Mapping[str, Value],
            iteration: int) -> Measured:
    """Floor and error of both people. Zeros where no face can be read."""
    network.stand_at(iteration, int(settings["growth_ramp"]))
    device = next(network.parameters()).device
    floors: list[float] = []
    errors: list[float] = []
    for side in ("src", "dst"):
        try:
            target, mask = large_faces(caches[side], 2 * network.resolution, device)
        except FaceFileError:
            return Measured()
        seen = pooled(target)
        floors.append(difference(smooth(seen), target, mask))
        errors.append(difference(smooth(drawn_as(network, side, seen)), target, mask))
    return Measured(float(np.mean(floors)), float(np.mean(errors)))


@torch.no_grad()
def drawn_as(network: FaceNetwork, person: str, faces: Tensor) -> Tensor:
    """Faces drawn as themselves."""
    features = network.encode(faces)
    if person == "src":
        return network.picture_src(network.src_code(features))
    return network.picture_dst(network.dst_code(features))


def large_faces(cache: FaceCache, side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pictures (n, 3, side, side) and masks (n, 1, side, side) of faces spread over a set. Raises FaceFileError.

    Decoded each time: a cache of that side would hold the whole set for a few faces.
    """
    large = replace(cache.opening(), side_px=side, limit_bytes=0).open()
    count = min(FACES, len(large))
    chosen = [number * len(large) // count for number in range(count)]
    pictures = to_tensor(np.stack([large.image(index) for index in chosen]), device)
    masks = to_tensor(np.stack([large.mask(index) for index in chosen])[..., None], device)
    large.close()
    return pictures, masks


def difference(picture: Tensor, target: Tensor, mask: Tensor) -> float:
    """Mean absolute difference in the face, x 100."""
    inside = (mask > 0).float()
    return float(((picture - target).abs() * inside).sum() / (inside.sum() * target.shape[1]).clamp(min=1)) * 100
