"""Where batches come from: the two people, or the pretraining faces while the run is being pretrained."""

import shutil

import numpy as np
import pytest

from core.faces.demo import demo_folder
from core.samples.worst import picks_of
from core.settings.error import SettingError
from core.settings.registry import check_together, defaults
from core.train.pretrain import in_effect
from core.train.training_faces import PRETRAIN, open_faces


@pytest.fixture
def folders(tmp_path):
    """Sets of 4, 3 and 5 different faces."""
    paths = sorted((demo_folder() / "src").glob("*.jpg"))
    for name, part in (("src", paths[:4]), ("dst", paths[4:7]), ("many", paths[7:12])):
        (tmp_path / name).mkdir()
        for path in part:
            shutil.copy(path, tmp_path / name)
    return tmp_path


def settings(folders, **changes):
    return {**defaults(), "resolution": 32, "batch_size": 3, "random_warp": False, "pretrain_people": "invented ones",
            "pretrain_dir": str(folders / "many"), **changes}


def opened(folders, values):
    return open_faces((folders / "src", folders / "dst"), values, folders / "cache", workers=0, say=lambda _: None)


def test_pretraining_draws_both_sides_from_its_own_faces_and_ends_at_once_when_it_is_switched_off(folders):
    faces = opened(folders, settings(folders))

    def batch(**changes):
        made = faces.batch(life=0, iteration=5, drawn={"src": 0, "dst": 0},
                           settings=in_effect(settings(folders, **changes)))
        return made.src.target.copy(), made.src.index.tolist(), made.dst.index.tolist()

    plain, pretrained, again = batch(), batch(pretrain="y"), batch()
    assert not np.array_equal(plain[0], pretrained[0])
    assert pretrained[1] != pretrained[2]                   # one set, two decks
    assert np.array_equal(plain[0], again[0]) and plain[1:] == again[1:]
    assert sorted(faces.sets) == ["dst", PRETRAIN, "src"]
    faces.close()


def test_samples_that_come_again_after_pretraining_are_no_error(folders):
    faces = opened(folders, settings(folders))
    made = faces.batch(life=0, iteration=5, drawn={"src": 0, "dst": 0},
                       settings=in_effect(settings(folders, pretrain="y", batch_size=5)))
    assert max(made.src.index) == 4                         # of 5; src has 4 faces, dst 3

    picks = picks_of(made.src.index, life=0, iteration=5, drawn=0)
    assert len(faces.again((picks, picks), settings(folders)).dst.index) == 5
    faces.close()


def test_without_a_folder_pretraining_uses_the_two_people(folders):
    faces = opened(folders, settings(folders, pretrain_dir=""))
    made = faces.batch(life=0, iteration=0, drawn={"src": 0, "dst": 0},
                       settings=in_effect(settings(folders, pretrain="y", pretrain_dir="")))
    assert made.src.target.any() and sorted(faces.sets) == ["dst", "src"]
    faces.close()


def test_people_of_the_pretraining_folder_must_be_named(folders):
    check_together(settings(folders))
    with pytest.raises(SettingError, match="who is shown in pretrain_dir"):
        check_together(settings(folders, pretrain_people=""))
