"""Reference networks and losses together give what the original program recorded: losses and gradients of whole steps.

Data: tests/data/reference/steps.json, a few numbers of each recorded step (losses of both samples; for two tensors of
every network the largest sampled gradient). The weights are made up by a recipe, so none are stored. Gradients are
complex steps through the whole network and loss. The recorded numbers are float32; its SSIM is off by up to 4e-6.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from . import adversarial, amp, loss_mask, network, optimizer, saehd
from .derivative import STEP

DATA = Path(__file__).parents[1] / "data"
STEPS = json.loads((DATA / "reference" / "steps.json").read_text())
INPUTS = {k: v / 255.0 for k, v in np.load(DATA / "parity" / "inputs_r64_b2_seed21.npz").items()}
OPTIONS = saehd.Options()
PATCH_STRIDES = {8: (2, 2), 16: (2, 2, 2)}


def weights_of(case: str) -> dict[str, np.ndarray]:
    (variables,) = [v["list"] for v in STEPS["variables"] if case in v["cases"]]
    return network.made_up([(name, tuple(shape)) for name, shape in variables], STEPS["seed"])


def sides(drawn: network.Drawn, options: dict) -> tuple[saehd.Side, saehd.Side]:
    found = []
    for name, picture, mask in (("src", drawn.ss, drawn.ssm), ("dst", drawn.dd, drawn.ddm)):
        target, m = INPUTS[f"target_{name}"], INPUTS[f"target_{name}m"]
        target = loss_mask.blur_out(target, m, 64) if options["blur_out_mask"] else target
        priority = INPUTS[f"target_{name}m_em"] if options.get("eyes_mouth_prio", True) else None
        found.append(saehd.Side(target, m, picture, mask, priority))
    return found[0], found[1]


def styles(drawn: network.Drawn, src: saehd.Side, dst: saehd.Side, w: dict, options: dict) -> np.ndarray:
    swap, swap_mask = network.decoder(drawn.code_swap, w, "decoder_src", deep=False)
    stopped, _ = network.decoder(drawn.code_swap.real, w, "decoder_src", deep=False)
    power, fixed = options["face_style_power"], (swap_mask.real, dst.picture.real, dst.picture_mask.real)
    face = saehd.face_style(stopped, *fixed, power)
    return face + saehd.background_style(swap, dst.target, src.mask, options["bg_style_power"])


def losses(case: str, w: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Everything the original records at the starting weights, each (2,)."""
    options = STEPS["cases"][case]["options"]
    src_in, dst_in = INPUTS["warped_src"], INPUTS["warped_dst"]
    if case.startswith("amp"):
        return amp_losses(case, network.amp(src_in, dst_in, w, np.array(STEPS["cases"][case]["choice"])), w)
    drawn = (network.df_ud if case.startswith("df") else network.liae_ud)(src_in, dst_in, w)
    src, dst = sides(drawn, options)
    found = {"src_loss": saehd.loss(src, OPTIONS), "dst_loss": saehd.loss(dst, OPTIONS)}
    if options["face_style_power"]:
        found["src_loss"] = found["src_loss"] + styles(drawn, src, dst, w, options)
    found["loss_G"] = found["src_loss"] + found["dst_loss"]
    if options["true_face_power"]:
        seen = [network.code_discriminator(code, w) for code in (drawn.code_src, drawn.code_dst)]
        found["loss_G"] = found["loss_G"] + adversarial.true_face_term(options["true_face_power"], seen[0])
        found["loss_Dcode0"] = adversarial.code_discriminator(seen[1], seen[0])
    if options["gan_power"]:
        strides = PATCH_STRIDES[options["gan_patch_size"]]
        real, fake = (network.patch_discriminator(x, w, "D_src", strides) for x in saehd.seen_by_gan(src, OPTIONS))
        term = adversarial.generator_term(options["gan_power"], fake) + saehd.gan_guards(src)
        found["loss_G"] = found["loss_G"] + term
        found["loss_Dgan0"] = adversarial.image_discriminator(real, fake)
    return found


def amp_losses(case: str, drawn: network.Drawn, w: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    options = STEPS["cases"][case]["options"]
    src, dst = sides(drawn, options)
    found = {"src_loss": amp.side_loss(src, OPTIONS), "dst_loss": amp.side_loss(dst, OPTIONS)}
    found["loss_G"] = amp.generator_loss(src, dst, OPTIONS)
    if options["gan_power"]:
        strides = PATCH_STRIDES[options["gan_patch_size"]]
        shown = [x for side in (src, dst) for x in saehd.seen_by_gan(side, OPTIONS)]
        seen = [network.patch_discriminator(x, w, "GAN", strides) for x in shown]
        found["loss_G"] = found["loss_G"] + amp.gan_generator(options["gan_power"], seen[1], seen[3], src)
        found["loss_Dgan0"] = adversarial.amp_discriminator(*seen)
    return found


@pytest.mark.parametrize("case", STEPS["cases"])
def test_the_losses_of_a_recorded_step(case):
    recorded = STEPS["cases"][case]
    found = losses(case, weights_of(case))
    for name, value in found.items():
        assert value == pytest.approx(recorded[name], rel=8e-6), name


@pytest.mark.parametrize("case", STEPS["cases"])
def test_gradients_of_a_recorded_step(case):
    for tag, loss in (("grad_G", "loss_G"), ("grad_Dgan", "loss_Dgan0"), ("grad_Dcode", "loss_Dcode0")):
        for name, index, recorded, largest in STEPS["cases"][case].get(tag, []):
            w = weights_of(case)
            w[name] = w[name].astype(complex)
            w[name].flat[index] += 1j * STEP
            found = np.sum(losses(case, w)[loss].imag) / STEP
            assert found == pytest.approx(recorded, abs=1e-4 * largest), (tag, name)


@pytest.mark.parametrize("case", ["df-ud_adabelief", "df-ud_rmsprop", "df-ud_clipgrad", "df-ud_lrdropout_it100"])
def test_the_update_of_a_recorded_step(case):
    data = np.load(DATA / "reference" / "updates.npz")
    rows, norm = data[case].astype(np.float64), float(data[f"{case}/norm"])
    start, gradient, after = rows[:3]
    dropped = "lrdropout" in case
    # the recorded program read its counter before counting: 100, not 101
    rate = optimizer.cosine_rate(5e-5, 100) * rows[5] if dropped else 5e-5
    gradient = gradient / norm if "clipgrad" in case and norm >= 1 else gradient
    zero = np.zeros_like(start)
    if "rmsprop" in case:
        found, *state = optimizer.rmsprop(start, zero, gradient, rate)
    else:
        found, *state = optimizer.adabelief(start, zero, zero, gradient, rate)
    assert np.abs(found - after).max() < 2e-8                # one float32 place of a weight of 0.3
    for ours, theirs in zip(state, rows[3:], strict=False):
        assert ours == pytest.approx(theirs, rel=2e-6, abs=1e-20)
