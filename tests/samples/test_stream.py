"""Random streams: the addressed Philox against a slow independent one, and what the numbers look like."""

import hashlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.samples.stream import Address, Draws, Stream, block_words

WORD = 2**64 - 1
words = st.integers(0, WORD)


def philox_4x64_10(counter: list[int], key: list[int]) -> list[int]:
    """Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3; ten rounds."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        low0, high0 = (0xD2E7470EE14C6C93 * a) & WORD, (0xD2E7470EE14C6C93 * a) >> 64
        low1, high1 = (0xCA5A826395121157 * c) & WORD, (0xCA5A826395121157 * c) >> 64
        a, b, c, d = high1 ^ b ^ k0, low1, high0 ^ d ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & WORD, (k1 + 0xBB67AE8584CAA73B) & WORD
    return [a, b, c, d]


def slow_words(address: Address, count: int) -> list[int]:
    found: list[int] = []
    block = 0
    while len(found) < count:
        block += 1         # numpy counts up before it makes a block
        found += philox_4x64_10([block, address.slot, address.iteration, address.life],
                                [address.seed, int(address.stream)])
    return found[:count]


def test_the_slow_philox_gives_the_known_answer_of_its_authors():
    assert philox_4x64_10([0] * 4, [0] * 2) == [
        0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]


@settings(deadline=None)
@given(seed=words, life=words, iteration=words, slot=words, stream=st.sampled_from(Stream), count=st.integers(1, 13))
def test_raw_words_are_those_of_an_independent_philox(seed, life, iteration, slot, stream, count):
    address = Address(seed, stream, life, iteration, slot)
    assert Draws().raw(address, count).tolist() == slow_words(address, count)


def test_a_reused_generator_forgets_what_it_was_asked_before():
    used, address = Draws(), Address(1, Stream.WARP, 2, 3, 4)
    for count in (1, 2, 3, 5):
        used.raw(Address(9, Stream.FLIP, 9, 9, 9), count)
        assert used.raw(address, 9).tolist() == Draws().raw(address, 9).tolist()


def test_asking_for_more_words_does_not_change_the_first_ones():
    address = Address(1, Stream.WARP, 2, 3, 4)
    assert Draws().raw(address, 5).tolist() == Draws().raw(address, 50)[:5].tolist()


@pytest.mark.parametrize("part", ["seed", "life", "iteration", "slot", "stream"])
def test_every_part_of_the_address_counts(part):
    address = Address(1, Stream.WARP, 1, 1, 1)
    other = address._replace(**{part: Stream.FLIP if part == "stream" else 2})
    assert Draws().raw(address, 1) != Draws().raw(other, 1)


def test_stream_numbers_are_fixed_for_old_runs_need_them():
    assert {stream.name: int(stream) for stream in Stream} == {
        "ORDER": 1, "YAW_BIN": 2, "YAW_FACE": 3, "AFFINE": 4, "FLIP": 5, "WARP": 6, "LRD": 7,
        "PARTNER": 8, "TRANSFER": 9, "HSV": 10, "DEGRADE": 11, "GRAIN": 12, "SHADOW": 13, "TINT": 14,
        "MORPH": 15, "LABEL": 32, "REFERENCE": 40, "PROBE": 41, "RESAMPLE": 42}


def test_recorded_words_of_an_address_stay_what_they_are():
    assert Draws().raw(Address(7, Stream.WARP, 1, 1000, 5), 2).tolist() == slow_words(
        Address(7, Stream.WARP, 1, 1000, 5), 2) == [0x481D0B971B15AE8A, 0xEE03873BE96AF299]


def test_a_part_that_is_no_64_bit_word_is_refused():
    for bad in (-1, 2**64):
        with pytest.raises(ValueError, match="outside"):
            Draws().raw(Address(1, Stream.WARP, 1, bad, 1), 1)


def test_uniforms_are_the_upper_53_bits_and_lie_below_one():
    address = Address(1, Stream.AFFINE, 0, 5, 6)
    expected = [(word >> 11) / 2**53 for word in slow_words(address, 100)]
    assert Draws().uniforms(address, 100).tolist() == expected
    assert max(expected) < 1


def test_normals_are_box_muller_of_neighbouring_uniforms():
    address = Address(1, Stream.AFFINE, 0, 5, 6)
    u = Draws().uniforms(address, 6)
    expected = []
    for first, second in u.reshape(3, 2):
        radius = math.sqrt(-2 * math.log(1 - first))
        expected += [radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)]
    assert Draws().normals(address, 5) == pytest.approx(expected[:5], rel=1e-12)


def test_normals_have_the_moments_of_a_normal():
    x = Draws().normals(Address(1, Stream.AFFINE, 0, 5, 7), 100_000)
    error = 4 / math.sqrt(len(x))                       # four standard errors of each moment
    assert abs(x.mean()) < error
    assert abs(x.var() - 1) < error * math.sqrt(2)
    assert abs((x**4).mean() - 3) < error * math.sqrt(96)


def test_block_words_belong_to_the_name_and_are_a_prefix_of_longer_ones():
    name = "encoder.down1/weight"
    slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    expected = b"".join(word.to_bytes(8, "little") for word in slow_words(Address(3, Stream.LRD, 1, 20, slot), 3))
    assert block_words(3, Stream.LRD, 1, 20, name, 19).tobytes() == expected[:19]
    assert block_words(3, Stream.LRD, 1, 20, "encoder.down2/weight", 19).tobytes() != expected[:19]
    assert block_words(3, Stream.LRD, 1, 20, name, 0).shape == (0,)


def test_block_bytes_below_77_are_three_tenths():
    share = (block_words(3, Stream.LRD, 0, 20, "inter.dense1/weight", 1_000_000) < 77).mean()
    assert abs(share - 77 / 256) < 4 * math.sqrt(0.3 * 0.7 / 1_000_000)
