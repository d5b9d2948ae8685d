"""The scale of likeness: choices, floor and ceiling, scores, intervals, gates, and the stand-in without weights."""

import numpy as np
import pytest

from core.faces.demo import demo_folder
from core.faces.faceset import FaceSet, open_faceset
from core.faces.picture import read_image
from core.watch.bootstrap import RESAMPLES, change, level, picks_of
from core.watch.choice import PROBES, cells_of, shares, spread_choice
from core.watch.departure import Gradients, make_departure
from core.watch.embedder import Embedder
from core.watch.likeness import choose_probes, choose_references, described, own_chip, reading_of
from core.watch.scale import Faces, Scale, by_band, make_scale, scores, worst
from core.watch.scale_file import hash_of, keep, kept, packed, unpacked


@pytest.fixture(scope="module")
def sides() -> dict[str, FaceSet]:
    return {side: open_faceset(demo_folder() / side) for side in ("src", "dst")}


@pytest.fixture(scope="module")
def scale(sides) -> Scale:
    """A scale of forty references and twenty probes of the demo faces."""
    embedder = Embedder.load()
    draws = np.random.default_rng(1).random(400)
    references = described(sides["src"], choose_references(sides["src"], draws)[::2], embedder, as_references=True)
    probes = described(sides["dst"], choose_probes(sides["dst"], draws)[::3], embedder, as_references=False)
    return make_scale(references, probes, "test")


def made_up(features: np.ndarray, blocks: int = 4) -> Faces:
    """Faces with these features, all looking straight ahead, over that many stretches of footage."""
    count = len(features)
    return Faces(tuple(f"{i}.jpg" for i in range(count)), features.astype(np.float32), np.zeros((count, 2)),
                 np.arange(count) * blocks // count)


def test_a_choice_is_spread_over_bins_and_over_the_footage():
    yaw = np.concatenate([np.linspace(-1, 1, 50), np.full(950, 0.05)])    # most faces look ahead
    chosen = spread_choice(cells_of(yaw), 25, np.full(25, 0.5))
    assert len(chosen) == 25 and len(set(chosen.tolist())) == 25
    assert np.bincount(cells_of(yaw)[chosen]).tolist() == [5, 5, 5, 5, 5]
    middle = [c for c in chosen.tolist() if c >= 50]
    assert max(middle) > 800 and min(middle) < 400


def test_shares_are_as_equal_as_the_sizes_allow():
    assert shares([100, 1, 100], 21) == [10, 1, 10]
    assert shares([2, 3], 99) == [2, 3]
    assert shares([0, 4], 3) == [0, 3]


def test_the_demo_people_are_told_apart_and_untouched_probes_score_nothing(scale):
    assert scale.trouble == "" and scale.gap > 0.25
    points = scores(scale, scale.floor)
    assert np.all(points == 0)
    assert set(by_band(scale, points)) <= {"0-20", "20-40", "40+"}
    ascending = np.arange(len(scale.probes), dtype=float)
    assert worst(scale, ascending)[0] == (scale.probes[0], 0.0) and len(worst(scale, ascending)) == 3


def test_the_truth_scores_as_the_source_and_the_reading_says_how_sure_it_is(scale):
    truth = {f.name: f for f in open_faceset(demo_folder() / "truth").faces}
    known = [i for i, name in enumerate(scale.probes) if name in truth]
    assert known
    embedder = Embedder.load()
    chips = np.stack([own_chip(truth[scale.probes[i]]) for i in known])
    part = Scale(scale.measure, scale.described_by, scale.references, tuple(scale.probes[i] for i in known),
                 scale.features, scale.nearest[known], scale.floor[known], scale.ceiling, scale.yaw[known])
    picks = picks_of(np.random.default_rng(2).random(RESAMPLES * len(known)), len(known))
    reading = reading_of(part, embedder.embed(chips), picks)
    assert 75 <= reading.likeness.mean <= 115
    assert reading.likeness.low <= reading.likeness.mean <= reading.likeness.high
    assert reading.distance == pytest.approx(reading.distances.mean())


def test_a_change_is_told_from_pairs_is_zero_for_equal_readings_and_the_same_for_the_same_draws():
    draws = np.random.default_rng(4).random(RESAMPLES * 64)
    picks = picks_of(draws, 64)
    then = np.random.default_rng(5).normal(60, 14, 64)
    now = then + np.random.default_rng(6).normal(3, 2, 64)
    assert change(then, then, picks) == (0, 0, 0)
    assert change(then, now, picks) == change(then, now, picks_of(draws, 64))
    paired, single = change(then, now, picks), level(now, picks)
    assert 2 < paired.low < 3 < paired.high < 4
    assert paired.high - paired.low < 0.3 * (single.high - single.low)


def test_three_faces_and_people_who_are_too_alike_give_a_sentence_and_no_error():
    near = np.random.default_rng(0).normal(0, 0.02, (40, 128))
    assert "too alike" in make_scale(made_up(near), made_up(near + 0.001), "test").trouble
    assert make_scale(made_up(near[:3]), made_up(near), "test").trouble.startswith("not enough faces for likeness: 3 ")


def test_the_ceiling_is_taken_from_other_footage_only():
    # four stretches, each a point of its own, far apart: inside a stretch all distances are 0
    centres = np.repeat(np.eye(4) * 5, 10, axis=0)
    scale = make_scale(made_up(centres), made_up(np.ones((20, 4)) * 9), "test")
    assert scale.ceiling == pytest.approx(5 * np.sqrt(2))


def test_a_scale_comes_back_from_its_file_and_a_torn_one_is_none(scale, tmp_path):
    keep(tmp_path, scale)
    again = kept(tmp_path)
    assert again is not None and packed(again) == packed(scale) and hash_of(again) == hash_of(scale)
    assert unpacked(packed(scale), "x").probes == scale.probes
    file = next(p for p in tmp_path.iterdir() if p.is_file())
    file.write_bytes(file.read_bytes()[:-7])
    assert kept(tmp_path) is None and kept(tmp_path / "nowhere") is None


def test_without_the_network_the_departure_from_the_destination_is_measured_and_is_called_so(sides):
    gradients, places = Gradients(), np.arange(0, 96, 2)
    references = described(sides["src"], places, gradients, as_references=True)
    probes = described(sides["dst"], places, gradients, as_references=False)
    scale = make_departure(references, probes, "no file")
    assert scale.measure == "departure" and scale.trouble == ""
    picks = picks_of(np.random.default_rng(0).random(RESAMPLES * len(places)), len(places))
    assert reading_of(scale, probes.features, picks).likeness.mean == pytest.approx(0, abs=0.1)
    count = len(probes.names)
    assert len(references.features) >= count
    assert reading_of(scale, references.features[:count], picks).likeness.mean > 80
    few = make_departure(made_up(np.ones((3, 5))), probes, "no file")
    assert few.trouble.startswith("not enough faces")


def test_blurred_and_tiny_references_are_left_out(sides):
    faces = described(sides["src"], np.arange(4), Gradients(), as_references=True)
    assert len(faces.names) <= 4 and PROBES == 64
    assert read_image(sides["src"].faces[0]).shape[2] == 3
