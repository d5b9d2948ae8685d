"""The restatements give the numbers printed in facts/losses.md, appendix A to I."""

from __future__ import annotations

import numpy as np
import pytest

from . import adversarial, filters, loss_mask, optimizer, saehd, similarity, style
from .derivative import along, at
from .sequence import P2, P3, PHI, mix, seq, tensor

X = tensor((1, 3, 64, 64), PHI)
Y = mix(X, tensor((1, 3, 64, 64), P2), 0.7)
PRINTED = 6e-11         # half a unit of the last printed place (ten decimals)


def disc(cx: float, cy: float, r2: float) -> np.ndarray:
    y, x = np.mgrid[0:64, 0:64]
    return ((x - cx) ** 2 + (y - cy) ** 2 < r2).astype(np.float64)[None, None]


MASK = disc(31.5, 31.5, 400)
PRIORITY = disc(31.5, 24, 36)
SIDE = saehd.Side(X, MASK, Y, np.clip(0.8 * MASK + 0.1, 0, 1), PRIORITY)


def test_the_two_forms_of_every_blur_agree():
    x = tensor((1, 2, 20, 17), P3)
    for size in (1, 2, 5, 8, 11):
        row = filters.dssim_row(size)
        assert np.abs(filters.valid(x, row) - filters.slide(x, np.outer(row, row))).max() < 1e-14
    for radius in (0.5, 1, 1.75, 3):
        assert np.abs(filters.gblur(x, radius) - filters.gblur_by_definition(x, radius)).max() < 1e-14


def test_window_of_dssim():
    assert filters.dssim_row(5)[:3] == pytest.approx([0.1200783842, 0.2338807566, 0.2920817183], abs=PRINTED)
    half = [0.0010283801, 0.0075987581, 0.0360007721, 0.1093606895, 0.2130055377, 0.2660117249]
    assert filters.dssim_row(11)[:6] == pytest.approx(half, abs=PRINTED)
    assert filters.dssim_row(22)[10] ** 2 == pytest.approx(0.0632969336, abs=PRINTED)


def test_window_sizes_of_the_table():
    sides = (64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 416, 448, 512, 640)
    f1 = (5, 8, 11, 13, 16, 19, 22, 24, 27, 33, 35, 38, 44, 55)
    f2 = (2, 4, 5, 6, 8, 9, 11, 12, 13, 16, 17, 19, 22, 27)
    assert [similarity.window_sizes(r) for r in sides] == list(zip(f1, f2, strict=True))


@pytest.mark.parametrize(("size", "channels"), [
    (5, (0.0574473254, 0.0574325910, 0.0574588038)),
    (11, (0.0569173240, 0.0571001148, 0.0573576332)),
    (22, (0.0564298363, 0.0570018197, 0.0575601950)),
])
def test_dssim(size, channels):
    assert similarity.dssim(X, Y, size)[0] == pytest.approx(channels, abs=PRINTED)


@pytest.mark.parametrize(("radius", "size", "centre", "values"), [
    (0.5, 3, 0.6193470306, (0.4517425476, 0.8164786948, 0.4840670185, 30.6462225590)),
    (1.0, 5, 0.1621028216, (0.2337731561, 0.6023574159, 0.3294549755, 26.6957831455)),
    (1.75, 7, 0.0566957010, (0.1809918107, 0.5160671099, 0.2320904504, 23.0126633933)),
    (2.0, 9, 0.0416828118, (0.1668810632, 0.4812024485, 0.2081964967, 21.3821088877)),
])
def test_gblur(radius, size, centre, values):
    row = filters.gblur_row(radius)
    z = filters.gblur(tensor((1, 1, 8, 8), PHI), radius)[0, 0]
    assert len(row) == size
    assert row[size // 2] ** 2 == pytest.approx(centre, abs=PRINTED)
    assert [z[0, 0], z[3, 4], z[7, 7], z.sum()] == pytest.approx(values, abs=PRINTED)


def test_style_and_variation():
    a, b, c = tensor((2, 3, 16, 16), PHI), tensor((2, 3, 16, 16), P2), tensor((2, 3, 16, 16), P3)
    assert style.style(a, mix(a, c, 0.6), 0, 1) == pytest.approx([0.0065088920, 0.0064803839], abs=PRINTED)
    assert style.style(a, b, 0, 1) == pytest.approx([0.0000023341, 0.0000043585], abs=PRINTED)
    assert style.style(a, b, 2.0, 100) == pytest.approx([0.0009783860, 0.0013890178], abs=PRINTED)
    assert style.variation(a) == pytest.approx([158.8238360529, 157.2696607729], abs=PRINTED)
    assert style.spatial_variation(a) == pytest.approx([242.5617665285, 241.0075912485], abs=PRINTED)


@pytest.mark.parametrize(("side", "channels", "factors", "numbers"), [
    (64, 3, (0.0710547185, 0.4529738303, 0.4759714512), (0.0898957321, 0.2991107819, 0.1233701401)),
    (44, 3, (0.0710547185, 0.4529738303, 0.4759714512), (0.1183110005, 0.3391911266, 0.1536518207)),
    (176, 1, similarity.POWERS, (0.0847957993, 0.4961389696, 0.1506107065)),
])
def test_ms_ssim(side, channels, factors, numbers):
    x = tensor((1, channels, side, side), PHI)
    y = mix(x, tensor(x.shape, P2), 0.7)
    assert similarity.power_factors(side) == pytest.approx(factors, abs=PRINTED)
    found = [f(x, y, side)[0] for f in (similarity.msssim, similarity.spot_l1, similarity.msssim_l1)]
    assert found == pytest.approx(numbers, abs=PRINTED)


def test_the_scales_of_ms_ssim():
    assert [len(similarity.power_factors(r)) for r in (44, 87, 88, 175, 176, 640)] == [3, 3, 4, 4, 5, 5]


# --- F: optimizers ---------------------------------------------------------------------------------------------------

GRADIENTS = [(seq(7, t * PHI) - 0.5) * (1, 3, 0.2)[t - 1] for t in (1, 2, 3)]


def run(kind: str, *, clipped: bool = False, cosine: bool = False) -> list[tuple[list, list]]:
    """Weights and states of p and q after each of the three steps."""
    weights = [seq(4, PHI) - 0.5, seq(3, P2) - 0.5]
    states = [[np.zeros(len(w)) for _ in range(2 if kind == "adabelief" else 1)] for w in weights]
    history = []
    for n, g in enumerate(GRADIENTS, start=1):
        pair = [g[:4], g[4:]]
        pair = optimizer.clip_by_norm(pair) if clipped else pair
        rate = optimizer.cosine_rate(0.01, n) if cosine else 0.01
        update = optimizer.adabelief if kind == "adabelief" else optimizer.rmsprop
        done = [update(w, *state, g, rate) for w, state, g in zip(weights, states, pair, strict=True)]
        weights, states = [d[0] for d in done], [list(d[1:]) for d in done]
        history.append((weights, states))
    return history


@pytest.mark.parametrize(("kind", "options", "p", "q"), [
    ("adabelief", {}, (0.1358624750, -0.1559318593, 0.2270026447, -0.0575133596),
     (0.3796549976, -0.0055579262, -0.2464405201)),
    ("adabelief", {"clipped": True}, (0.1222203340, -0.1646723174, 0.2245176710, -0.0556218437),
     (0.3869935253, -0.0313676169, -0.2267150488)),
    ("adabelief", {"cosine": True}, (0.1358509019, -0.1559508850, 0.2270271875, -0.0574985328),
     (0.3796309228, -0.0055622950, -0.2464296216)),
    ("rmsprop", {}, (0.1147838922, -0.2274827135, 0.2940436616, -0.0274433375),
     (0.3172827995, 0.0105844135, -0.2399211978)),
    ("rmsprop", {"clipped": True}, (0.1112024274, -0.2324858602, 0.3000321431, -0.0270081988),
     (0.3135414738, 0.0052226555, -0.2400584186)),
])
def test_three_updates(kind, options, p, q):
    weights, _ = run(kind, **options)[-1]
    assert weights[0] == pytest.approx(p, abs=PRINTED)
    assert weights[1] == pytest.approx(q, abs=PRINTED)


def test_the_states_of_the_updates():
    (after_1, _), _, (_, states) = run("adabelief")
    assert states[0][0] == pytest.approx([-0.0546188537, -0.0247377073, 0.0861434390, 0.1160245854], abs=PRINTED)
    assert states[0][1] == pytest.approx([0.0005495497, 0.0000633654, 0.0003877077, 0.0014617082], abs=PRINTED)
    assert after_1[0] == pytest.approx([0.0829080266, -0.2288002810, 0.3189690339, 0.0072281224], abs=PRINTED)
    _, _, (_, states) = run("rmsprop")
    assert states[0][0] == pytest.approx([0.0580547378, 0.0064447527, 0.0452845633, 0.1599666387], abs=PRINTED)


def test_the_global_norms():
    # the third is printed as 0.1552232502, a misprint by 1.0e-7 (decimal arithmetic of 40 places: 0.15522315005); the
    # weights after step 3 come from these very gradients and agree
    norms = [optimizer.global_norm([g]) for g in GRADIENTS]
    assert norms == pytest.approx([0.6717585541, 1.9980586481, 0.1552231501], abs=PRINTED)


# --- G, H, I: composite, blur-out, cross entropy ---------------------------------------------------------------------


def test_the_composite_loss():
    terms = saehd.terms(SIDE, saehd.Options())
    assert loss_mask.blurred(MASK, 64).sum() == pytest.approx(1452.4371975261, abs=PRINTED)
    assert {k: float(v[0]) for k, v in terms.items()} == pytest.approx(
        {"structure": 0.2408092880, "pixel": 0.0500129349, "mask": 0.1, "eyes_mouth": 0.7890481423}, abs=PRINTED)
    assert saehd.loss(SIDE, saehd.Options())[0] == pytest.approx(1.1798703652, abs=PRINTED)


PLACES = [(0, 0, 20, 20), (0, 1, 31, 31), (0, 2, 24, 33), (0, 0, 24, 31), (0, 1, 0, 0)]


def composite(picture: np.ndarray) -> np.ndarray:
    return saehd.loss(saehd.Side(X, MASK, picture, SIDE.picture_mask, PRIORITY), saehd.Options())


def test_the_gradient_of_the_composite_loss():
    printed = [4.4032804878e-04, 9.8241657987e-04, -2.4563375132e-02, 2.6080646542e-02, 0]
    assert at(composite, Y, PLACES) == pytest.approx(printed, rel=1e-9, abs=1e-15)
    blurred = loss_mask.blurred(MASK, 64)
    whole = (10 / 3 * similarity.dssim_gradient(X * blurred, Y * blurred, 5) * blurred
             + 20 * (Y - X) * blurred**2 / Y.size + 300 * np.sign(Y - X) * PRIORITY / Y.size)
    assert np.linalg.norm(whole) == pytest.approx(0.4620047697, abs=PRINTED)
    assert [whole[p] for p in PLACES] == pytest.approx(at(composite, Y, PLACES), rel=1e-11, abs=1e-16)


def test_the_gradient_by_the_predicted_mask():
    def by_mask(mask: np.ndarray) -> np.ndarray:
        return saehd.loss(saehd.Side(X, MASK, Y, mask), saehd.Options())
    assert at(by_mask, SIDE.picture_mask, [(0, 0, 32, 32)]) == pytest.approx([-4.8828125e-04], rel=1e-9)
    steepest = SIDE.picture_mask - MASK
    assert along(by_mask, SIDE.picture_mask, steepest) == pytest.approx(0.03125 * np.linalg.norm(steepest))


def test_two_windows_and_their_gradient():
    def two(picture: np.ndarray) -> np.ndarray:
        return 5 * similarity.dssim(X, picture, 22).mean(axis=1) + 5 * similarity.dssim(X, picture, 11).mean(axis=1)
    assert two(Y)[0] == pytest.approx(0.5706115382, abs=PRINTED)
    printed = [6.9549551460e-04, 1.2488101183e-03, -1.0818712690e-04, 2.2245267455e-03, 1.0999286938e-09]
    assert at(two, Y, PLACES) == pytest.approx(printed, rel=1e-9)


def test_the_blurred_out_target():
    out = loss_mask.blur_out(X, MASK, 64)
    assert out.mean() == pytest.approx(0.4966778914, abs=PRINTED)
    assert [out[0, 0, 0, 0], out[0, 1, 5, 9]] == pytest.approx([0.4259634241, 0.5022537128], abs=PRINTED)


@pytest.mark.parametrize(("label", "values"), [
    (0.0, (0.1269280110, 0.4740769842, 0.6931471806, 1.7014132780)),
    (0.9, (1.9269280110, 0.9240769842, 0.6931471806, 0.3514132780)),
    (1.0, (2.1269280110, 0.9740769842, 0.6931471806, 0.2014132780)),
])
def test_cross_entropy(label, values):
    assert adversarial.bce_map(label, np.array([-2, -0.5, 0, 1.5])) == pytest.approx(values, abs=PRINTED)
