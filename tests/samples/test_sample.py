"""One batch made in place: what its arrays show and what they depend on."""

import math
import shutil

import cv2
import numpy as np
import pytest

from core.faces.write_metadata import bake_mask
from core.samples.error import SampleError
from core.samples.request import SampleOptions
from core.samples.source import Batch, SampleSource
from core.samples.stream import Address, Draws, Stream
from core.samples.warp import AFFINE_DRAWS, random_affine, source_matrix
from tests.samples.conftest import SIDE_PX, opened, options

SEED = 6


@pytest.fixture
def source(faces):
    with SampleSource(*faces, seed=SEED, workers=0) as made:
        yield made


def batch_of(source: SampleSource, wanted: SampleOptions | None = None, *, life: int = 0, iteration: int = 3,
             drawn: int = 0) -> Batch:
    return source.batch(life=life, iteration=iteration, drawn_src=drawn, drawn_dst=drawn, options=wanted or options())


def content(batch: Batch) -> list[bytes]:
    """All bits of a batch, copied."""
    return [array.tobytes() for side in (batch.src, batch.dst)
            for array in (side.warped, side.target, side.mask, side.eyes_mouth, side.index) if array is not None]


def test_a_batch_has_the_promised_shapes_and_types(source):
    batch = batch_of(source, options(eyes=True))
    for side in (batch.src, batch.dst):
        assert side.warped.shape == side.target.shape == (4, SIDE_PX, SIDE_PX, 3)
        assert side.mask.shape == side.eyes_mouth.shape == (4, SIDE_PX, SIDE_PX)
        assert side.warped.dtype == side.target.dtype == side.mask.dtype == side.eyes_mouth.dtype == np.uint8
        assert (side.index.shape, side.index.dtype) == ((4,), np.int64)


def test_target_and_mask_are_the_crop_moved_by_the_address_of_the_slot(source, faces):
    batch = batch_of(source, options(src_flip=False), life=2, iteration=9)
    for slot, face in enumerate(batch.src.index.tolist()):
        address = Address(SEED, Stream.AFFINE, 2, 9, slot)
        affine = random_affine(Draws().uniforms(address, AFFINE_DRAWS), SIDE_PX)
        matrix = source_matrix(affine, SIDE_PX, is_flipped=False)
        size, back = (SIDE_PX, SIDE_PX), cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(faces[0].image(face).astype(np.float32), matrix, size, flags=cv2.INTER_CUBIC | back,
                                 borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.warpAffine(faces[0].mask(face), matrix, size, flags=cv2.INTER_LINEAR | back)
        assert np.array_equal(batch.src.target[slot], np.clip(np.rint(picture), 0, 255))
        assert np.array_equal(batch.src.mask[slot], mask)


def test_without_random_warp_the_input_is_the_target(source):
    batch = batch_of(source, options(random_warp=False))
    assert np.array_equal(batch.src.warped, batch.src.target) and np.array_equal(batch.dst.warped, batch.dst.target)


def test_with_random_warp_the_input_is_the_target_bent_a_little(source):
    batch = batch_of(source)
    for side in (batch.src, batch.dst):
        difference = np.abs(side.warped.astype(float) - side.target).mean(axis=(1, 2, 3))
        assert (difference > 0.5).all() and (difference < 30).all()


def test_a_mirrored_sample_is_the_mirror_of_the_same_sample(source):
    plain = batch_of(source, options(batch_size=40, src_flip=False, random_warp=False, eyes=True))
    straight = [array.copy() for array in (plain.src.target, plain.src.mask, plain.src.eyes_mouth)]
    turned = batch_of(source, options(batch_size=40, src_flip=True, random_warp=False, eyes=True))
    for before, after in zip(straight, (turned.src.target, turned.src.mask, turned.src.eyes_mouth), strict=True):
        for slot in range(40):
            same = np.abs(after[slot].astype(int) - before[slot]).mean()
            mirrored = np.abs(after[slot].astype(int) - before[slot][:, ::-1]).mean()
            assert min(same, mirrored) < 1.0           # positions are rounded to 1/32 pixel on either way


def test_two_of_five_samples_are_mirrored(source):
    count = 500
    before = batch_of(source, options(batch_size=count, dst_flip=False, random_warp=False)).dst.target.copy()
    after = batch_of(source, options(batch_size=count, dst_flip=True, random_warp=False)).dst.target
    share = np.mean([not np.array_equal(a, b) for a, b in zip(before, after, strict=True)])
    assert abs(share - 0.4) < 4 * math.sqrt(0.4 * 0.6 / count)


def test_eyes_and_mouth_are_there_when_asked_for_and_only_inside_the_mask(source):
    wanted = {"eyes": options(eyes=True), "mouth": options(mouth=True), "both": options(eyes=True, mouth=True)}
    planes = {name: batch_of(source, one).src.eyes_mouth.astype(int) for name, one in wanted.items()}
    assert batch_of(source).src.eyes_mouth is None
    assert planes["eyes"].any() and planes["mouth"].any()
    assert np.abs(planes["both"] - np.minimum(planes["eyes"] + planes["mouth"], 255)).max() <= 2
    assert not planes["both"][batch_of(source).src.mask == 0].any()


@pytest.mark.parametrize("change", [{"random_warp": False}, {"dst_flip": False}, {"eyes": True}, {"batch_size": 6}])
def test_an_option_changes_nothing_but_what_it_is_about(source, change):
    before, after = (content(batch_of(source, one)) for one in (options(), options(**change)))
    size = len(before[1])
    assert after[1][:size] == before[1]                # target of src: the same faces, places and mirrors


@pytest.mark.parametrize("change", [{"life": 1}, {"iteration": 4}])
def test_life_and_iteration_give_other_samples(source, change):
    before, after = content(batch_of(source)), content(batch_of(source, **change))
    assert all(a != b for a, b in zip(before[:3], after[:3], strict=True))


def test_another_seed_gives_other_samples(faces, source):
    with SampleSource(*faces, seed=SEED + 1, workers=0) as other:
        assert content(batch_of(source)) != content(batch_of(other))


def test_src_and_dst_do_not_share_draws(folders, tmp_path):
    faces = opened(folders[0], tmp_path)
    with SampleSource(faces, faces, seed=1, workers=0) as twice:
        batch = batch_of(twice, options(batch_size=7))
    assert batch.src.index.tolist() != batch.dst.index.tolist()
    pairs = [(int(np.flatnonzero(batch.src.index == face)[0]), int(np.flatnonzero(batch.dst.index == face)[0]))
             for face in range(7)]
    assert all(not np.array_equal(batch.src.target[a], batch.dst.target[b]) for a, b in pairs)


def test_every_face_comes_once_an_epoch_across_batches(source):
    drawn = np.concatenate([batch_of(source, drawn=4 * n, iteration=n).src.index.copy() for n in range(7)])
    assert all(sorted(epoch) == list(range(7)) for epoch in drawn.reshape(4, 7).tolist())


def test_uniform_yaw_draws_a_side_view_as_often_as_all_front_views(folders, tmp_path):
    faces = opened(folders[0], tmp_path)
    yaw = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)
    with SampleSource(faces, faces, seed=1, workers=0, yaws=(yaw, yaw)) as source:
        batch = batch_of(source, options(batch_size=40, uniform_yaw=True))
    assert (batch.src.index == 6).sum() == (batch.dst.index == 6).sum() == 20


def test_uniform_yaw_without_yaw_is_said_in_a_sentence(source):
    with pytest.raises(SampleError, match="uniform_yaw"):
        batch_of(source, options(uniform_yaw=True))


def test_a_side_of_another_size_is_refused(folders, tmp_path):
    with pytest.raises(ValueError, match="48"):
        SampleSource(opened(folders[0], tmp_path), opened(folders[1], tmp_path, side_px=48), seed=1, workers=0)


@pytest.fixture
def broken(folders, tmp_path):
    """src faces of which the third loses its pixels after the folder was opened, by its index in the set."""
    folder = tmp_path / "broken"
    shutil.copytree(folders[0], folder)
    cache = opened(folder, tmp_path / "cache-broken")
    victim = folder / cache.faceset.faces[2].name
    victim.write_bytes(b"\xff\xd8" + bytes(victim.stat().st_size - 2))
    return cache


def test_a_face_that_cannot_be_read_is_replaced_by_the_next_and_named_once(broken, faces):
    with SampleSource(broken, faces[1], seed=SEED, workers=0) as source:
        first, second = (batch_of(source, options(batch_size=7), drawn=7 * n) for n in range(2))
        assert sorted(second.src.index.tolist()) == [0, 1, 3, 3, 4, 5, 6]
    assert len(first.problems) == 1 and broken.faceset.faces[2].name in first.problems[0]
    assert second.problems == ()


def test_a_folder_that_is_gone_is_an_error_and_no_hang(folders, faces, tmp_path):
    folder = tmp_path / "gone"
    shutil.copytree(folders[0], folder)
    cache = opened(folder, tmp_path / "cache-gone")
    shutil.rmtree(folder)
    with SampleSource(cache, faces[1], seed=1, workers=0) as source, pytest.raises(SampleError, match="none of 7 src"):
        batch_of(source)


def test_eyes_count_only_where_a_baked_mask_leaves_them(folders, tmp_path):
    for folder in folders:
        shutil.copytree(folder, tmp_path / folder.name)
        for path in (tmp_path / folder.name).glob("*.jpg"):
            mask = np.zeros(cv2.imread(str(path)).shape[:2], np.float32)
            mask[:, : mask.shape[1] // 2] = 1
            bake_mask(path, mask)
    half = [opened(tmp_path / folder.name, tmp_path / "cache") for folder in folders]
    with SampleSource(*half, seed=SEED, workers=0) as source:
        side = batch_of(source, options(eyes=True, mouth=True, batch_size=7)).src
        assert side.eyes_mouth.any()
        assert not side.eyes_mouth[side.mask == 0].any()
