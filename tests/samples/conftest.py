"""Two small facesets of drawn faces, opened in the model's frame."""

import shutil
from pathlib import Path

import pytest

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.samples.request import SampleOptions

SIDE_PX = 32
LIMIT_BYTES = 10**8


def options(**changes) -> SampleOptions:
    """Options of most tests, with everything that bends and mirrors."""
    return SampleOptions(**{"batch_size": 4, "random_warp": True, "src_flip": True, "dst_flip": True,
                            "uniform_yaw": False, "eyes": False, "mouth": False, **changes})


def opened(folder: Path, cache: Path, side_px: int = SIDE_PX) -> FaceCache:
    """A cache over the faces of a folder."""
    return FaceCache(open_faceset(folder), side_px=side_px, face_type=FaceType.whole_face, folder=cache,
                     limit_bytes=LIMIT_BYTES)


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """7 src and 5 dst faces."""
    root = tmp_path_factory.mktemp("faces")
    for name, count in (("src", 7), ("dst", 5)):
        (root / name).mkdir()
        for path in sorted((demo_folder() / name).glob("*.jpg"))[:count]:
            shutil.copy(path, root / name)
    return root / "src", root / "dst"


@pytest.fixture
def faces(folders, tmp_path) -> tuple[FaceCache, FaceCache]:
    """src and dst in 32 px."""
    return opened(folders[0], tmp_path / "cache"), opened(folders[1], tmp_path / "cache")
