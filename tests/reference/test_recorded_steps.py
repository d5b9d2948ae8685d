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

from . import network, objective, optimizer
from .derivative import STEP

DATA = Path(__file__).parents[1] / "data"
STEPS = json.loads((DATA / "reference" / "steps.json").read_text())
INPUTS = {k: v / 255.0 for k, v in np.load(DATA / "parity" / "inputs_r64_b2_seed21.npz").items()}
PATCH_STRIDES = {8: (2, 2), 16: (2, 2, 2)}


def weights_of(case: str) -> dict[str, np.ndarray]:
    (variables,) = [v["list"] for v in STEPS["variables"] if case in v["cases"]]
    return network.made_up([(name, tuple(shape)) for name, shape in variables], STEPS["seed"])


def losses(case: str, w: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Everything the original records at the starting weights, each (2,)."""
    options, is_amp = STEPS["cases"][case]["options"], case.startswith("amp")
    wanted = objective.Wanted(
        archi="amp" if is_amp else case.split("_")[0],
        has_priority=options.get("eyes_mouth_prio", True), blurs_out=options["blur_out_mask"],
        face_style=options.get("face_style_power", 0.0), bg_style=options.get("bg_style_power", 0.0),
        gan=options["gan_power"], gan_strides=PATCH_STRIDES[options["gan_patch_size"]],
        gan_name="GAN" if is_amp else "D_src", true_face=options.get("true_face_power", 0.0),
        choice=np.array(STEPS["cases"][case]["choice"]) if is_amp else None)
    return objective.losses(INPUTS, w, wanted)


@pytest.mark.parametrize("case", STEPS["cases"])
def test_the_losses_of_a_recorded_step(case):
    recorded = STEPS["cases"][case]
    found = losses(case, weights_of(case))
    for name, value in found.items():
        assert value == pytest.approx(recorded[name], rel=8e-6), name


WITH_GRADIENTS = ("df-ud_gan", "df-ud_trueface", "df-ud_style", "liae-ud_rmsprop_emp", "amp_gan_clipgrad")


@pytest.mark.parametrize("case", WITH_GRADIENTS)
def test_gradients_of_a_recorded_step(case):
    for tag, loss in (("grad_G", "loss_G"), ("grad_Dgan", "loss_Dgan0"), ("grad_Dcode", "loss_Dcode0")):
        for name, index, recorded, largest in STEPS["cases"][case].get(tag, [])[::2]:
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
