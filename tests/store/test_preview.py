"""Previews: a sheet comes back as it was written; a run of any length keeps a bounded number of them."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.png_text import text_of, with_text
from core.store.preview import NEWEST, TOTAL, PreviewStore, Sheet, line_of, thinned

COLUMNS = ["src", "src'", "dst", "dst'", "swap", "mask"]


@pytest.fixture
def store(tmp_path) -> PreviewStore:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    return PreviewStore(folder)


def tiles(faces: int = 3, side: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (faces, len(COLUMNS), side, side, 3), np.uint8)


def test_a_sheet_comes_back_as_it_was_written(store):
    drawn = tiles()
    store.write(200, 0, drawn, COLUMNS, ["a.jpg", "bé.jpg", "老.jpg"])
    read = store.read(200, 1, 5, 16)
    np.testing.assert_array_equal(read.pixels, drawn[1:])
    assert (read.iteration, read.life, read.total, read.columns) == (200, 0, 3, COLUMNS)
    assert read.names == ["bé.jpg", "老.jpg"]


def test_tiles_shrink_by_area(store):
    drawn = tiles()
    store.write(1, 0, drawn, COLUMNS, list("abc"))
    small = store.read(None, 0, 3, 8).pixels
    mean = drawn.reshape(3, 6, 8, 2, 8, 2, 3).mean(axis=(3, 5))
    assert np.abs(small - mean).max() <= 0.5
    assert store.read(None, 0, 1, 40).pixels.shape == (1, 6, 40, 40, 3)


def test_preview_png_is_the_newest_sheet_in_true_colours(store):
    store.write(1, 0, tiles(seed=1), COLUMNS, list("abc"))
    newest = tiles(seed=2)
    store.write(2, 0, newest, COLUMNS, list("abc"))
    bgr = cv2.imread(str(store.folder.preview_png))
    np.testing.assert_array_equal(bgr[:16, 16:32, ::-1], newest[0, 1])
    assert store.newest == 2
    assert store.iterations() == [1, 2]


def test_a_preview_that_is_not_there_is_said(store):
    with pytest.raises(StoreError, match="no preview yet"):
        store.read(None, 0, 1, 8)
    store.write(1, 0, tiles(), COLUMNS, list("abc"))
    with pytest.raises(StoreError, match="iteration 7"):
        store.read(7, 0, 1, 8)
    assert store.read(1, 9, 3, 8).pixels.shape == (0, 6, 8, 8, 3)


def test_a_preview_drawn_again_replaces_the_first(store):
    store.write(1, 0, tiles(seed=1), COLUMNS, list("abc"))
    store.read(1, 0, 3, 16)
    store.write(1, 0, tiles(seed=2), COLUMNS, list("abc"))
    np.testing.assert_array_equal(store.read(1, 0, 3, 16).pixels, tiles(seed=2))


@pytest.mark.parametrize("damage", [lambda _: b"", lambda b: b[:200], lambda b: bytes(len(b)), lambda b: b"x" + b,
                                    lambda b: b[:60] + b"\x00" + b[61:], lambda b: b[:-300]])
def test_a_damaged_sheet_is_an_error_and_no_crash(store, damage):
    store.write(1, 0, tiles(), COLUMNS, list("abc"))
    file = next(store.folder.previews.iterdir())
    file.write_bytes(damage(file.read_bytes()))
    try:
        store.read(1, 0, 3, 16)  # OpenCV fills up what is missing at the end of the pixels
    except StoreError as error:
        assert "not a preview" in error.message


def test_a_sheet_that_says_another_size_is_refused(store):
    png = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    said = {"iteration": 1, "life": 0, "side_px": 4096, "columns": ["a"], "names": ["b"]}
    (store.folder.previews / "0000-000000001.png").write_bytes(with_text(png, said))
    with pytest.raises(StoreError, match="does not hold"):
        store.read(1, 0, 1, 8)


def test_tiles_that_do_not_fit_their_names_are_refused(store):
    with pytest.raises(ValueError, match="do not fit"):
        store.write(1, 0, tiles(), COLUMNS, ["one"])


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=20), max_size=3))
def test_text_in_a_png_round_trips_and_pictures_stay_readable(text):
    png = cv2.imencode(".png", np.full((3, 3, 3), 7, np.uint8))[1].tobytes()
    written = with_text(png, text)
    assert text_of(written) == text
    assert (cv2.imdecode(np.frombuffer(written, np.uint8), cv2.IMREAD_COLOR) == 7).all()
    place, kinds = 8, []
    while place < len(written):   # every chunk's own check holds
        length, kind = struct.unpack_from(">I4s", written, place)
        body = written[place + 4:place + 8 + length]
        assert struct.unpack_from(">I", written, place + 8 + length)[0] == zlib.crc32(body)
        kinds.append(kind)
        place += 12 + length
    assert kinds[:2] == [b"IHDR", b"tEXt"]


def test_earlier_lives_end_where_a_later_one_begins():
    sheets = [Sheet(0, i) for i in (100, 200, 300)] + [Sheet(1, i) for i in (200, 250)] + [Sheet(2, 220)]
    assert line_of(sheets) == [Sheet(0, 100), Sheet(1, 200), Sheet(2, 220)]


def test_a_long_run_keeps_its_first_newest_and_an_even_rest():
    kept: list[Sheet] = []
    for iteration in range(200, 300_001, 200):
        kept.append(Sheet(0, iteration))
        if len(kept) > TOTAL:
            kept = sorted(thinned(kept))
    assert len(kept) == TOTAL
    assert kept[0] == Sheet(0, 200)
    assert kept[-NEWEST:] == [Sheet(0, 300_000 - 200 * i) for i in range(NEWEST - 1, -1, -1)]
    middle = np.log([s.iteration for s in kept[30:-NEWEST]])
    assert np.diff(middle).max() < 4 * np.median(np.diff(middle))


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 10_000)), max_size=80), st.integers(1, 9),
       st.integers(1, 30))
def test_thinning_keeps_the_newest_and_the_bound(made, newest, total):
    sheets = sorted(Sheet(*m) for m in made)
    kept = thinned(sheets, newest=newest, total=total)
    assert set(sheets[-newest:]) <= kept <= set(sheets)
    assert len(kept) <= max(total, newest + 2)  # the first, and the furthest of a life that was given up
