"""Whole steps of the product, with combinations that no recording has, against the reference network, losses and
updates.

The same made-up weights go into both. The product's gradients are compared in full tensors' places with complex steps
through the reference network; its moments after one step, which are the gradients it took, must be what moved the
weights.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.nets.dfl_keys import load_original, original_tensors, to_original
from core.nets.family import make_network
from core.settings.registry import SETTINGS
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide

from . import network, objective, saehd, stream
from .derivative import STEP
from .layer import Weights

DATA = Path(__file__).parents[1] / "data"
STEPS = json.loads((DATA / "reference" / "steps.json").read_text())
GIVEN = {k: v / 255.0 for k, v in np.load(DATA / "parity" / "inputs_r64_b2_seed21.npz").items()}
DF = {"archi": "df-ud", "resolution": 64, "ae_dims": 20, "e_dims": 6, "d_dims": 4, "d_mask_dims": 2,
      "gan_patch_size": 8, "gan_dims": 4}
LIAE = {**DF, "archi": "liae-ud", "ae_dims": 12}
AMP = {**DF, "model": "amp", "archi": "amp-udt", "inter_dims": 24, "e_dims": 4, "d_dims": 2, "gan_patch_size": 16}
CHOICE = np.array(STEPS["cases"]["amp"]["choice"])
W = objective.Wanted
F = saehd.Options

CASES = {
    "df, ms-ssim, eyes, background": ("df-ud_adabelief", DF,
        {"loss_function": "MS-SSIM", "background_power": 0.3},
        W(form=F(loss="MS-SSIM", background_power=0.3), has_priority=True)),
    "df, both judges, unmasked": ("df-ud_gan+trueface", DF,
        {"gan_power": 0.3, "true_face_power": 0.05, "masked_training": False, "speckle_guard": "dfl"},
        W(form=F(masked=False), gan=0.3, true_face=0.05)),
    "df, gan, masked, guarded": ("df-ud_gan", DF,
        {"gan_power": 2.0, "speckle_guard": "y", "background_power": 0.2},
        W(form=F(background_power=0.2), gan=2.0, speckle="y")),
    "df, guards alone": ("df-ud_gan", DF,
        {"gan_power": 1e-5, "speckle_guard": "dfl"},
        W(gan=1e-5)),
    "df, styles, blurred out": ("df-ud_adabelief", DF,
        {"face_style_power": 40.0, "bg_style_power": 5.0, "bg_style_mask": "dfl", "blur_out_mask": "dfl"},
        W(face_style=40.0, bg_style=5.0, blurs_out=True)),
    "liae, styles, ms-ssim+l1": ("liae-ud_rmsprop_emp", LIAE,
        {"face_style_power": 20.0, "bg_style_power": 30.0, "bg_style_mask": "dfl", "loss_function": "MS-SSIM+L1-dfl"},
        W(archi="liae-ud", form=F(loss="MS-SSIM+L1"), face_style=20.0, bg_style=30.0)),
    "amp, gan of both, held": ("amp_gan_clipgrad", AMP,
        {"gan_power": 0.5, "speckle_guard": "dfl", "background_hold": "dfl"},
        W(archi="amp", gan=0.5, gan_strides=(2, 2, 2), gan_name="GAN", choice=CHOICE, has_priority=True)),
    "amp, held as in the fork": ("amp", AMP,
        {"speckle_guard": "dfl", "background_hold": "mve"},
        W(archi="amp", hold="mve", choice=CHOICE)),
    "amp, background": ("amp", AMP,
        {"background_power": 0.3, "background_hold": "n"},
        W(archi="amp", form=F(background_power=0.3), hold="n", choice=CHOICE)),
    "amp of old": ("amp", {**AMP, "model": "amp_legacy"}, {}, W(archi="amp_legacy", choice=CHOICE)),
}


def made_up(case: str) -> Weights:
    """Of the recorded cases that `case` names; a plus joins the judges of two."""
    found: Weights = {}
    first, _, more = case.partition("+")
    for name in (first, *([f"{first.split('_')[0]}_{more}"] if more else [])):
        (variables,) = [v["list"] for v in STEPS["variables"] if name in v["cases"]]
        found.update(network.made_up([(n, tuple(shape)) for n, shape in variables], STEPS["seed"]))
    return found


def load(module: torch.nn.Module, w: Weights, prefix: str = "D_src") -> None:
    files: dict[str, dict[str, np.ndarray]] = {}
    for tensor in original_tensors(module, gan_prefix=prefix):
        files.setdefault(tensor.file, {})[tensor.key] = w[full_name(tensor)].astype(np.float32)
    load_original(module, files)


def full_name(tensor) -> str:
    return f"{tensor.prefix}/{tensor.key}".removesuffix(":0")


def settings_of(shape: dict, asked: dict) -> dict:
    return {s.key: s.default for s in SETTINGS} | shape | asked


def batch_of(*, has_priority: bool) -> TrainBatch:
    def one(name: str) -> TrainSide:
        parts = [GIVEN[k].astype(np.float32) for k in (
            f"warped_{name}", f"target_{name}", f"target_{name}m", f"target_{name}m_em")]
        tensors = [torch.from_numpy(p) for p in parts]
        return TrainSide(*tensors[:3], tensors[3] if has_priority else None)
    return TrainBatch(one("src"), one("dst"))


def step_of(name: str) -> tuple[Step, dict, Weights, objective.Wanted]:
    case, shape, asked, wanted = CASES[name]
    settings, w = settings_of(shape, asked), made_up(case)
    module = make_network(settings)
    load(module, w)
    step = Step(module, make_optimizer("adabelief", module))
    step.equip(settings)
    judges = step.rivals.judges()
    for judge in (judges.gan, judges.code):
        if judge is not None:
            load(judge, w, wanted.gan_name)
    return step, settings, w, wanted


@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_of_a_step_are_the_same(name):
    step, settings, w, wanted = step_of(name)
    step.open_blocks(settings, frozenset())
    mix = None if wanted.choice is None else torch.from_numpy(wanted.choice.astype(np.float32))[:, :, None, None]
    found = step.losses(batch_of(has_priority=wanted.has_priority), settings, mix=mix)
    expected = objective.losses(GIVEN, w, wanted)
    paid = found.src.total + found.dst.total + (0.0 if found.unseen is None else found.unseen)
    for ours, key in ((found.src.total, "src_loss"), (found.dst.total, "dst_loss"), (paid, "loss_G")):
        assert ours.detach().numpy() == pytest.approx(expected[key], rel=1e-5), key
    if found.unseen is not None:
        beside = expected["loss_G"] - expected["src_loss"] - expected["dst_loss"]
        assert found.unseen.detach().numpy() == pytest.approx(beside, rel=1e-5, abs=1e-12)
    paid.sum().backward()
    state = np.random.RandomState(4)
    # the first layer has a value exactly on the kink of its activation (dfl_real/README.md)
    tensors = [t for t in original_tensors(step.network) if "downs_0" not in t.key and "down1/c" not in t.key]
    for part in ("encoder", "decoder_src" if wanted.archi == "df-ud" else "decoder"):
        tensor = state.choice([t for t in tensors if t.file == part])
        parameter = step.network.parameters_of(tensor.block)[tensor.name]
        ours = to_original(parameter.grad.numpy(), tensor)
        place = int(np.argmax(np.abs(ours)))
        bent = {**w, full_name(tensor): w[full_name(tensor)].astype(complex)}
        bent[full_name(tensor)].flat[place] += 1j * STEP
        slope = objective.losses(GIVEN, bent, wanted)["loss_G"].imag.sum() / STEP
        assert ours.flat[place] == pytest.approx(slope, rel=2e-4), full_name(tensor)


@pytest.mark.parametrize(("asked", "share"), [({}, 1.0), ({"lr_dropout": "y", "clipgrad": True}, 77 / 256)])
def test_a_step_moves_weights_by_what_its_moments_say(asked, share):
    """AdaBelief from nothing: m = 0.1 g, s = 0.001 (0.9 g)^2; the weight moves by rate m / (sqrt(s) + 1e-6), or not
    at all.
    """
    settings, w = settings_of(DF, {"lr": 1e-3, **asked}), made_up("df-ud_adabelief")
    module = make_network(settings)
    load(module, w)
    optimizer = make_optimizer("adabelief", module)
    locked = frozenset(b.name for b in module.blocks if b.name.startswith("decoder_dst"))
    train = Step(module, optimizer)
    result = train(batch_of(has_priority=False), settings, iteration=0, locked=locked).read()
    assert result.applied
    moved, squared, count = 0, 0.0, 0
    for tensor in original_tensors(module):
        before = w[full_name(tensor)]
        after = to_original(module.parameters_of(tensor.block)[tensor.name].detach().numpy(), tensor)
        if tensor.block in locked:
            assert np.array_equal(after, before.astype(np.float32))
            assert optimizer.counter_of(tensor.block) == 0
            continue
        state = optimizer.state_of(tensor.block)
        m, s = (to_original(state[f"{tensor.name}.{slot}"], tensor).astype(np.float64) for slot in "ms")
        assert np.allclose(s, 0.001 * (9 * m) ** 2, rtol=1e-4, atol=1e-20)
        change = -1e-3 * m / (np.sqrt(s) + 1e-6)
        is_open = np.abs(after - before) > 0.5 * np.abs(change)
        assert np.abs(after - before - np.where(is_open, change, 0)).max() < 3e-7
        clear = np.abs(change) > 1e-5
        moved, count = moved + np.sum(is_open & clear), count + clear.sum()
        squared += np.sum((m / 0.1) ** 2)
    assert count > 20_000
    assert moved == count if share == 1.0 else abs(stream.normal_deviates(moved / count, count, share)) < 4
    length = 1.0 if asked.get("clipgrad") else result.gradient_norm
    assert np.sqrt(squared) == pytest.approx(length, rel=1e-5)
    assert result.gradient_norm > 1


@pytest.mark.parametrize("name", ["df, both judges, unmasked", "amp, gan of both, held"])
def test_the_judges_learn_from_what_is_drawn_after_the_network_has_moved(name):
    """The order of the original (facts/losses.md 3): their first moments are the gradient at the moved network's
    weights.
    """
    step, settings, w, wanted = step_of(name)
    mix = None if wanted.choice is None else torch.from_numpy(wanted.choice.astype(np.float32))[:, :, None, None]
    step(batch_of(has_priority=wanted.has_priority), {**settings, "lr": 1e-3}, iteration=0, mix=mix)
    after = {full_name(t): to_original(step.network.parameters_of(t.block)[t.name].detach().numpy(), t).astype(float)
             for t in original_tensors(step.network)}
    learners = [step.rivals.gan, step.rivals.code]
    for learner, key in zip(learners, ("loss_Dgan0", "loss_Dcode0"), strict=True):
        if learner is None:
            continue
        module, optimizer = learner.module, learner.optimizer
        named = original_tensors(module, gan_prefix=wanted.gan_name)
        tensor = next(t for t in named if t.key == "out_conv/weight:0")
        m = to_original(optimizer.state_of(tensor.block)[f"{tensor.name}.m"], tensor)
        slopes = {}
        for when, weights in (("before", w), ("after", {**w, **after})):
            bent = {**weights, full_name(tensor): w[full_name(tensor)].astype(complex)}
            bent[full_name(tensor)].flat[0] += 1j * STEP
            slopes[when] = objective.losses(GIVEN, bent, wanted)[key].imag.sum() / STEP
        assert m.flat[0] / 0.1 == pytest.approx(slopes["after"], rel=3e-4)
        assert abs(slopes["before"] / slopes["after"] - 1) > 3e-3
