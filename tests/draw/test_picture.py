"""Pictures made of characters show the picture, in every mode and size."""

import numpy as np
import pytest
from rich.style import Style

from dfl_tui.draw.mode import MODES
from dfl_tui.draw.picture import PATTERN_GLYPHS, PATTERNS, draw_picture, pair_style, quadrants
from dfl_tui.draw.scale import by_area

RAMP = np.tile(np.linspace(0, 255, 64)[None, :, None], (64, 1, 3)).astype(np.uint8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("width", "height"), [(24, 12), (48, 24), (7, 3), (1, 1)])
def test_a_picture_fills_its_cells_exactly_and_every_segment_has_a_style(mode, width, height):
    strips = draw_picture(RAMP, width, height, mode)
    assert len(strips) == height
    assert all(strip.cell_length == width == sum(s.cell_length for s in strip) for strip in strips)
    assert all(isinstance(s.style, Style) for strip in strips for s in strip)


@pytest.mark.parametrize("mode", ["quadrant", "half", "half256"])
def test_colours_come_back_as_they_were_put_in(mode):
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 255
    for strip in draw_picture(red, 8, 4, mode):
        for segment in strip:
            seen = segment.style.bgcolor.get_truecolor()
            assert (seen.red, seen.green, seen.blue) == (255, 0, 0)


def test_every_quadrant_glyph_shows_its_own_pattern():
    for pattern, glyph in zip(PATTERNS[1:], PATTERN_GLYPHS[1:], strict=True):
        cell = (pattern.reshape(2, 2, 1) * 255).repeat(3, axis=2).astype(np.float32)
        (segment,) = quadrants(cell)[0]
        lit = segment.style.color.get_truecolor().red > segment.style.bgcolor.get_truecolor().red
        assert segment.text == glyph and lit


def test_quadrants_lose_less_than_half_blocks_on_a_slanted_edge():
    y, x = np.mgrid[0:96, 0:96]
    edge = np.repeat(((x + 0.5 * y) > 70)[..., None] * 200.0, 3, axis=2).astype(np.uint8)

    def loss(mode):
        fine = by_area(edge, 48, 48)
        rows = []
        for strip in draw_picture(edge, 24, 24, mode):
            upper, lower = [], []
            for s in strip:
                front, back = s.style.color.get_truecolor().red, s.style.bgcolor.get_truecolor().red
                dots = PATTERNS[PATTERN_GLYPHS.index(s.text)] if mode == "quadrant" else np.array([1, 1, 0, 0])
                value = dots * front + (1 - dots) * back
                upper += value[:2].tolist()
                lower += value[2:].tolist()
            rows += [upper, lower]
        return float(((np.array(rows) - fine[..., 0]) ** 2).mean())

    assert loss("quadrant") < 0.8 * loss("half")


def test_shrinking_by_area_keeps_the_mean_of_any_picture():
    picture = np.random.default_rng(5).integers(0, 256, (37, 53, 3)).astype(np.uint8)
    small = by_area(picture, 11, 7)
    assert small.shape == (7, 11, 3)
    assert np.allclose(small.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=0.05)


def test_a_whole_factor_is_the_plain_mean_of_the_blocks():
    picture = np.random.default_rng(6).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    expected = picture.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    assert np.allclose(by_area(picture, 6, 4), expected, atol=1e-3)


def test_the_style_cache_is_bounded():
    assert pair_style.cache_info().maxsize == 16_384


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="oil"):
        draw_picture(RAMP, 8, 4, "oil")
