"""Options of colour in whole batches: what they touch, and that nothing but the request decides their bits."""

from dataclasses import replace

import numpy as np
import pytest

from core.samples.degrade import Degradation
from core.samples.order import FaceOrder
from core.samples.paint import AUGMENTS, TRANSFERS, Paint
from core.samples.shadow import Shade
from core.samples.source import SampleSource
from core.samples.stream import Stream
from core.settings.registry import BY_KEY, check, defaults
from core.train.sample_options import sample_options
from tests.samples.conftest import options
from tests.samples.test_sample import SEED, batch_of, content

EVERYTHING = Paint(hsv=0.1, tint_degrees=20, degradation=Degradation(0.5, 0.5, 0.5, 0.5), shades_src=True,
                   shades_dst=True)


@pytest.fixture
def source(faces):
    with SampleSource(*faces, seed=SEED, workers=0) as made:
        yield made


def arrays(batch) -> dict[str, np.ndarray]:
    return {f"{name}_{what}": getattr(side, what).copy() for name, side in (("src", batch.src), ("dst", batch.dst))
            for what in ("warped", "target", "mask", "index")}


def touched(source, paint: Paint, **changes) -> set[str]:
    """The arrays that differ from those of an unpainted batch."""
    before = arrays(batch_of(source, options(**changes)))
    after = arrays(batch_of(source, options(paint=paint, **changes)))
    return {name for name in before if not np.array_equal(before[name], after[name])}


PICTURES = {"src_warped", "src_target", "dst_warped", "dst_target"}
INPUTS = {"src_warped", "dst_warped"}
SRC = {"src_warped", "src_target"}


@pytest.mark.parametrize("mode", TRANSFERS)
def test_a_transfer_recolours_input_and_target_of_src_and_nothing_else(source, mode):
    assert touched(source, Paint(mode)) == SRC
    assert touched(source, Paint(mode, is_dfl=True)) == SRC


@pytest.mark.parametrize("mode", AUGMENTS)
def test_an_augmentation_recolours_both_sides(source, mode):
    assert touched(source, Paint(mode)) == PICTURES


@pytest.mark.parametrize("has_warp", [True, False])
@pytest.mark.parametrize("paint, expected", [
    (Paint(hsv=0.3), {"src_warped"}),
    (Paint(tint_degrees=40), PICTURES),
    (Paint(degradation=Degradation(blur=1)), INPUTS),
    (Paint(degradation=Degradation(noise=1)), INPUTS),
    (Paint(degradation=Degradation(jpeg=1)), INPUTS),
    (Paint(degradation=Degradation(downsample=1)), INPUTS),
    (Paint(shades_src=True, shade=Shade(0.1, 0.2)), SRC),
    (Paint(shades_src=True, shades_dst=True, shade=Shade(0.1, 0.2)), PICTURES),
    (Paint(), set()),
], ids=["hsv", "tint", "blur", "noise", "jpeg", "downsample", "shadow on src", "shadow on both", "nothing"])
def test_each_option_touches_what_it_says(source, paint, expected, has_warp):
    assert touched(source, paint, random_warp=has_warp, batch_size=12) == expected


def test_what_is_switched_on_moves_no_draw_of_another(source):
    """Tint is drawn by itself: with or without noise the target is the same, and masks never move."""
    alone = arrays(batch_of(source, options(paint=Paint(tint_degrees=40))))
    noisy = arrays(batch_of(source, options(paint=Paint(tint_degrees=40, degradation=Degradation(noise=1)))))
    assert np.array_equal(alone["src_target"], noisy["src_target"])


def test_input_and_target_get_the_same_colours_and_with_dfl_idt_gives_others(source):
    for mode in ("rct", "idt", "sot", "cc-aug"):
        plain = batch_of(source, options(paint=Paint(mode), random_warp=False))
        assert np.array_equal(plain.src.warped, plain.src.target)
    for mode in ("idt", "sot"):
        fork = batch_of(source, options(paint=Paint(mode, is_dfl=True), random_warp=False))
        assert not np.array_equal(fork.src.warped, fork.src.target)


def test_every_dst_face_is_partner_once_an_epoch_of_them(source, faces, monkeypatch):
    asked = []
    real = faces[1].image

    def noted(index):
        asked.append(index)
        return real(index)

    monkeypatch.setattr(faces[1], "image", noted)
    for number in range(5):
        batch_of(source, options(batch_size=4, paint=Paint("rct")), iteration=number, drawn=4 * number)
    partners = [asked[at:at + 4] for at in range(0, len(asked), 8)]      # src is made first: 4 partners, then 4 of dst
    assert all(sorted(epoch) == list(range(5)) for epoch in np.concatenate(partners).reshape(4, 5).tolist())


def test_partners_are_a_deck_of_their_own():
    """Src in its own colours would be recoloured by itself where both sides are one set."""
    order = FaceOrder(50, seed=SEED, side=0)
    positions = np.arange(50)
    faces, partners = (order.shuffled(0, positions, stream=stream) for stream in (Stream.ORDER, Stream.PARTNER))
    assert sorted(partners) == sorted(faces) == list(range(50))
    assert (faces == partners).sum() < 6


@pytest.mark.journey
def test_bits_are_the_same_with_any_workers_and_history(faces):
    with (SampleSource(*faces, seed=SEED, workers=0) as in_place,
          SampleSource(*faces, seed=SEED, workers=2) as crew):
        for mode in (*TRANSFERS, *AUGMENTS):
            wanted = options(paint=replace(EVERYTHING, transfer=mode))
            expected = [content(batch_of(in_place, wanted, iteration=i, drawn=4 * i)) for i in range(3)]
            found = [content(batch_of(crew, wanted, iteration=i, drawn=4 * i)) for i in (2, 0, 1, 2)]
            assert found == [expected[2], *expected]


def test_every_sample_setting_has_its_effect():
    """A value that differs from the default changes what samples are made of."""
    plain = sample_options(defaults())
    others = {"ct_mode": "rct", "random_hsv_power": 0.1, "random_color": 10.0, "random_blur": 0.5, "random_noise": 0.5,
              "random_jpeg": 0.5, "random_downsample": 0.5, "degrade_strength": 2.0, "random_shadow": "src",
              "shadow_low": 0.1, "shadow_high": 0.7, "highlight_low": 0.9, "highlight_high": 3.0,
              "sample_rules": "dfl", "retraining_samples": True}
    for key, value in others.items():
        assert BY_KEY[key].when == "live"
        assert sample_options({**defaults(), key: check(key, value)}) != plain, key
