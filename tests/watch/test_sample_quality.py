"""M1 and M2: blur of faces, disagreement of masks."""

import cv2
import numpy as np
import pytest

from core.faces.demo import demo_folder
from core.faces.faceset import open_faceset
from core.faces.picture import face_mask, read_image
from core.watch import blur
from core.watch.sample_quality import disagreement, not_learnt, ranked


@pytest.fixture(scope="module")
def faces() -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures and masks of some demo faces at 192 px."""
    chosen = list(open_faceset(demo_folder() / "src").faces)[::6]
    return [(cv2.resize(read_image(f), (192, 192), interpolation=cv2.INTER_CUBIC),
             cv2.resize(face_mask(f), (192, 192), interpolation=cv2.INTER_AREA)) for f in chosen]


def line(length: int, degrees: float) -> np.ndarray:
    """A straight motion of that many pixels."""
    size = length + 4
    kernel = np.zeros((size, size), np.float32)
    for step in np.linspace(-length / 2, length / 2, 20 * length):
        x, y = size / 2 + step * np.cos(np.radians(degrees)), size / 2 + step * np.sin(np.radians(degrees))
        kernel[int(y), int(x)] += 1
    return kernel / kernel.sum()


def test_motion_of_eight_pixels_is_found_with_its_angle_and_a_wrong_focus_is_not_taken_for_it(faces):
    sharp = [blur.measure(p) for p, _ in faces]
    assert sum(s.kind == "motion" for s in sharp) == 0
    off = []
    for number, (picture, _) in enumerate(faces):
        degrees = 25.0 * number % 180
        moved = blur.measure(cv2.filter2D(picture, -1, line(8, degrees), borderType=cv2.BORDER_REPLICATE))
        soft = blur.measure(cv2.GaussianBlur(picture, (0, 0), 2.5))
        assert moved.kind == "motion" and soft.kind == "soft"
        assert moved.motion > soft.motion and moved.blur > sharp[number].blur
        off.append(abs((moved.angle - degrees + 90) % 180 - 90))
    assert np.median(off) <= 8


def test_a_hole_and_a_shift_come_first_and_wobble_of_the_edge_does_not(faces):
    usual, bad = [], []
    for picture, mask in faces:
        assert picture.shape[:2] == mask.shape
        drawn = cv2.GaussianBlur(mask, (0, 0), 1.2)
        usual.append(disagreement(mask, drawn).score)
        holed = mask.copy()
        cv2.circle(holed, (96, 110), round(float(np.sqrt(0.05 * mask.sum() / np.pi))), 0.0, -1)
        told = disagreement(holed, drawn)
        assert 0.03 < told.blob < 0.08 and told.extra > told.missing
        bad += [told.score, disagreement(np.roll(mask, 5, axis=1), drawn).score]
    assert min(bad) > max(usual)


def test_samples_are_ranked_worst_first_with_a_z_that_a_few_bad_ones_do_not_move():
    scores = [0.05 + 0.001 * (i % 7) for i in range(60)]
    scores[17] = 0.4
    first, second = ranked(scores)[:2]
    assert first.index == 17 and first.is_flagged and not second.is_flagged
    assert ranked([]) == []


def test_masks_that_are_not_learnt_say_so_until_two_readings_agree():
    assert not_learnt([]) == "masks are not learnt yet: they were not looked at yet, it takes 0.90 in 2 readings"
    assert "the median overlap is 0.95" in not_learnt([0.5, 0.95])
    assert not_learnt([0.5, 0.92, 0.95]) == ""


def test_an_empty_mask_disagrees_with_what_is_drawn_and_two_empty_ones_agree():
    empty, full = np.zeros((64, 64), np.float32), np.ones((64, 64), np.float32)
    assert disagreement(empty, full).iou == 0 and disagreement(empty, full).score >= 1
    assert disagreement(empty, empty).score == 0
