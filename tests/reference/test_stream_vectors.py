"""Philox: the known answers of Random123 and NumPy's own implementation; the statistics judge a good and a bad mask."""

from __future__ import annotations

import numpy as np

from . import stream


def test_known_answers_of_philox():
    zero = (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)
    ones = (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)
    digits = (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6)
    pi = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89)
    assert stream.philox((0, 0, 0, 0), (0, 0)) == zero
    assert stream.philox((stream.WORD,) * 4, (stream.WORD,) * 2) == ones
    assert stream.philox(pi, (0x452821E638D01377, 0xBE5466CF34E90C6C)) == digits


def test_philox_is_numpys():
    counter, key = (5, 6, 7, 8), (99, 2)
    numpy_s = np.random.Philox(counter=list(counter), key=list(key)).random_raw(4)      # counts before it draws
    assert stream.philox((6, 6, 7, 8), key) == tuple(int(v) for v in numpy_s)


def test_the_statistics_tell_good_masks_from_bad_ones():
    draws = np.random.RandomState(3).rand(2, 100_000)
    masks = (draws < 0.3).astype(float)
    assert abs(stream.normal_deviates(masks[0].mean(), 100_000, 0.3)) < 4
    assert abs(stream.normal_deviates((draws < 0.31).mean(), 200_000, 0.3)) > 8
    assert abs(stream.correlation_deviates(*masks)) < 4
    assert abs(stream.correlation_deviates(masks[0], masks[0])) > 300
    assert abs(stream.byte_surprise((draws * 256).astype(np.uint8))) < 4
    assert abs(stream.byte_surprise((draws * 255).astype(np.uint8))) > 20
