"""Patterns: which blocks a person means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.event import Block
from core.events.pattern import GROUPS, resolve
from core.settings.error import RefusedError

NAMES = [
    "encoder.down1", "encoder.down2", "encoder.down3", "encoder.down4", "inter_ab.dense1", "inter_ab.dense2",
    "inter_ab.upscale1", "inter_b.dense1", "decoder_src.upscale0", "decoder_src.res0", "decoder_src.out",
    "decoder_src.mask.upscale0", "decoder_src.mask.out", "decoder_dst.upscale0", "decoder_dst.mask.out",
]


def blocks(names: list[str]) -> list[Block]:
    return [Block(name, name.split(".")[0], 100, 2) for name in names]


@pytest.mark.parametrize(("pattern", "expected"), [
    ("encoder.down1", {"encoder.down1"}),
    ("encoder", {n for n in NAMES if n.startswith("encoder")}),
    ("encoder.*", {n for n in NAMES if n.startswith("encoder")}),
    ("inter", {n for n in NAMES if n.startswith("inter")}),
    ("inter*", {n for n in NAMES if n.startswith("inter")}),
    ("inter_b", {"inter_b.dense1"}),
    ("decoder", {n for n in NAMES if n.startswith("decoder")}),
    ("decoder_dst", {"decoder_dst.upscale0", "decoder_dst.mask.out"}),
    ("decoder_src.mask", {"decoder_src.mask.upscale0", "decoder_src.mask.out"}),
    ("mask", {n for n in NAMES if ".mask." in n}),
    ("*.mask.*", {n for n in NAMES if ".mask." in n}),
    ("all", set(NAMES)),
    ("*", set(NAMES)),
    ("features", {"encoder.down4", "decoder_src.upscale0", "decoder_src.res0", "decoder_src.mask.upscale0",
                  "decoder_dst.upscale0"}),
    ("encoder.down?", {n for n in NAMES if n.startswith("encoder")}),
    ("encoder, -encoder.down1", {"encoder.down2", "encoder.down3", "encoder.down4"}),
    ("inter_b , encoder.down2", {"inter_b.dense1", "encoder.down2"}),
    ("all,-decoder,-inter", {n for n in NAMES if n.startswith("encoder")}),
])
def test_a_pattern_means_these_blocks(pattern, expected):
    found = resolve(pattern, blocks(NAMES))
    assert set(found) == expected
    assert found == [n for n in NAMES if n in expected]   # in build order, each once


def test_only_the_deepest_level_counts_as_features():
    deep = ["encoder.down4", "encoder.down5", "encoder.res5", "decoder.upscale0", "decoder.out"]
    assert resolve("features", blocks(deep)) == ["encoder.down5", "encoder.res5", "decoder.upscale0"]


@pytest.mark.parametrize("pattern", ["", "encodr", "encoder,", "*.down9", "encoder.down", "ENCODER", "encoder.down1.x",
                                     "encoder,-nothing", "[", "-"])
def test_a_piece_that_means_nothing_is_refused_with_the_parts_there_are(pattern):
    with pytest.raises(RefusedError, match="names no block") as caught:
        resolve(pattern, blocks(NAMES))
    assert caught.value.hint == "its parts are encoder, inter_ab, inter_b, decoder_src, decoder_dst"


def test_before_the_first_start_no_block_is_known():
    with pytest.raises(RefusedError, match="not known yet"):
        resolve("all", [])


@given(st.text(st.sampled_from("abcdehiknors_.*?,-[]012 "), max_size=24) | st.sampled_from(sorted(GROUPS)))
def test_any_text_is_blocks_or_a_refusal(pattern):
    try:
        found = resolve(pattern, blocks(NAMES))
    except RefusedError:
        return
    assert set(found) <= set(NAMES)
