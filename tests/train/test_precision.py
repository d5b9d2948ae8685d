"""Number formats: what is computed in half precision and what never is, the loss scale, the layout in memory."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from test_step import BATCH, hashes, some_step, train

from core.nets.layer import Dense, ImageOut, MaskOut, Up, depth_to_space, pixel_norm
from core.train.loss_scale import FIRST, GROWS_AFTER, LossScale
from core.train.overflow import AMONG, OFTEN, Overflows, is_expected
from core.train.precision import Precision, set_tf32

JUDGED = {"archi": "df-ud", "gan_power": 0.1, "true_face_power": 0.1}
SEGMENTS = {0: "fp32", 10: "bf16", 17: "fp16", 24: "fp32"}      # precision of 30 iterations, by the first of each


def eps_of(settings):
    """What the numbers of a precision are off by, about."""
    return {"fp32": 0.0, "bf16": 2.0**-8, "fp16": 2.0**-11}[settings["precision"]]


def precision_at(iteration):
    return SEGMENTS[max(first for first in SEGMENTS if first <= iteration)]


def train_in_segments(step, settings, first, last):
    for iteration in range(first, last):
        train(step, {**settings, "precision": precision_at(iteration)}, 1, first=iteration)


def moved_to(step, settings):
    """Another process' step: blocks and state of this one, loaded anew."""
    other, _ = some_step(**{key: settings[key] for key in (*JUDGED, "clipgrad", "lr_dropout", "channels_last")})
    other.restore(step.state(), settings)
    for mine, theirs in zip(step.learners, other.learners, strict=True):
        for block in mine.blocks:
            for name, p in mine.module.parameters_of(block.name).items():
                theirs.module.parameters_of(block.name)[name].data.copy_(p.data)
            theirs.optimizer.load_state(block.name, mine.optimizer.state_of(block.name))
    return other


# --- what is computed in which format --------------------------------------------------------------------------------
@pytest.mark.parametrize(("precision", "changes"), [
    ("bf16", JUDGED), ("bf16", {"archi": "liae-udt", "face_style_power": 1.0, "bg_style_power": 1.0}),
    ("fp16", {"archi": "df-ud"})], ids=["bf16-df-judges", "bf16-liae-styles", "fp16-df"])
def test_losses_in_half_precision_are_those_of_fp32_to_its_rounding(precision, changes):
    (full, plain), (half, settings) = some_step(**changes), some_step(precision=precision, **changes)
    a, b = train(full, plain, 1)[0].read(), train(half, settings, 1)[0].read()
    assert a[:3] == pytest.approx(b[:3], rel=eps_of(settings) / 4) and a.gradient_norm != b.gradient_norm
    assert b.gradient_norm == pytest.approx(a.gradient_norm, rel=4 * eps_of(settings))
    if precision == "bf16" and "gan_power" in changes:
        assert b.d_fake == pytest.approx(a.d_fake, rel=eps_of(settings)) and b.d_fake != a.d_fake


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_weights_moments_pictures_codes_and_losses_stay_in_float32(precision):
    step, settings = some_step(**JUDGED, precision=precision)
    train(step, settings, 1)
    for learner in step.learners:
        assert all(p.dtype == torch.float32 for p in learner.module.parameters())
        kept = learner.optimizer.kept.values()
        assert all(t.dtype == torch.float32 for block in kept for slots in block.values() for t in slots.values())
    with Precision(precision).network():
        codes = step.network.codes(BATCH.src.warped, BATCH.dst.warped, shared_pass=True)
        drawn = step.network.drawn(codes, shared_pass=True)
    assert codes.src.dtype != torch.float32 and all(picture.dtype == torch.float32 for picture in drawn)
    assert all(loss.dtype == torch.float32 for loss in step.losses(BATCH, settings).src)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_convolutions_alone_are_computed_in_half_precision(precision):
    torch.manual_seed(0)
    x, v = torch.rand(2, 8, 6, 6), torch.rand(2, 64)
    blocks = {"conv": Up(8, 4, lambda y, _: y), "dense": Dense(64, 64), "picture": ImageOut(8), "mask": MaskOut(8)}
    with Precision(precision).network():
        found = {name: block(v if name == "dense" else x) for name, block in blocks.items()}
        assert pixel_norm(v.to(torch.bfloat16)).dtype == torch.float32
    assert [name for name, y in found.items() if y.dtype != torch.float32] == ["conv"]
    assert torch.equal(found["dense"], blocks["dense"](v))      # to the bit as without
    logits = found["picture"].logit()
    assert not torch.equal(logits, logits.to(torch.bfloat16).float())       # the sigmoid is not one of 8 bits


def test_a_judge_is_asked_in_fp32_while_the_network_computes_in_fp16():
    seen = {}
    for precision in ("bf16", "fp16"):
        step, settings = some_step(**JUDGED, precision=precision)
        step.equip(settings)
        for learner in step.rivals.learners:
            block = learner.module.get_submodule("conv0")
            block.register_forward_hook(lambda *args, p=precision: seen.setdefault(p, set()).add(args[2].dtype))
        train(step, settings, 1)
    assert seen == {"bf16": {torch.bfloat16}, "fp16": {torch.float32}}


# --- the loss scale --------------------------------------------------------------------------------------------------
def test_a_loss_scale_is_halved_by_an_overflow_and_doubled_after_two_thousand_calm_steps():
    scale = LossScale(torch.device("cpu"), (1024.0, 0.0))
    values = []
    for overflowed in [0.0, 1.0, *[0.0] * (GROWS_AFTER + 1)]:
        scale.update(torch.tensor(overflowed))
        values.append(float(scale.value))
    assert values[0] == 1024 and set(values[1:GROWS_AFTER + 1]) == {512.0} and values[GROWS_AFTER + 1] == 1024
    assert scale.state() == [1024.0, 1.0]


def test_clipping_sees_gradients_without_the_loss_scale():
    for kept in (2.0**4, 2.0**12):
        moments = []
        for is_clipped in (True, False):
            step, settings = some_step(precision="fp16", clipgrad=is_clipped)
            step.equip(settings)
            step.numerics.loss_scale = LossScale(torch.device("cpu"), (kept, 0.0))
            norm = train(step, settings, 1)[0].read().gradient_norm
            moments.append(step.optimizer.state_of("decoder_dst.mask.out")["conv.weight.m"])
        assert norm == pytest.approx(3.1245, rel=1e-3)      # that of fp32, whatever the scale
        assert moments[0] * norm == pytest.approx(moments[1], rel=1e-3, abs=1e-9)


def test_a_step_whose_scaled_gradients_overflow_changes_nothing_but_the_scale():
    step, settings = some_step(precision="fp16", **JUDGED)
    train(step, settings, 1)
    before = hashes_of_all(step)
    step.numerics.loss_scale = LossScale(torch.device("cpu"), (2.0**40, 7.0))
    told = train(step, settings, 1, first=1)[0].read()
    assert told.overflowed and not told.applied and told.loss_scale == 2.0**40
    assert math.isfinite(told.src) and hashes_of_all(step) == before
    assert step.state()["loss_scale"] == [2.0**39, 0.0]
    step.numerics.loss_scale = LossScale(torch.device("cpu"))
    assert train(step, settings, 1, first=2)[0].read().applied


def hashes_of_all(step):
    """Weights, moments and counters of every block, the judges' too, as bytes."""
    found = {}
    for learner in step.learners:
        for block in learner.blocks:
            tensors = learner.module.parameters_of(block.name).values()
            weights = [p.detach().contiguous().numpy().tobytes() for p in tensors]
            kept = [array.tobytes() for array in learner.optimizer.state_of(block.name).values()]
            found[block.name] = hash((*weights, *kept))
    return found


def test_a_loss_that_is_not_finite_is_no_overflow():
    step, settings = some_step(precision="fp16")
    bad = replace(BATCH, dst=replace(BATCH.dst, target=BATCH.dst.target * torch.nan))
    told = train(step, settings, 1, batch=bad)[0].read()
    assert not told.applied and not told.overflowed and step.state()["loss_scale"] == [FIRST, 1.0]


def test_a_loss_scale_begins_with_fp16_and_ends_with_it():
    step, settings = some_step()
    found = []
    for precision in ("fp32", "fp16", "fp16", "bf16", "fp16"):
        train(step, {**settings, "precision": precision}, 1)
        found.append(step.state()["loss_scale"])
    assert found == [None, [FIRST, 1.0], [FIRST, 2.0], None, [FIRST, 1.0]]


def test_overflows_are_said_when_they_repeat_and_once_for_each_time():
    overflows = Overflows()
    told = [overflows.step(i, overflowed=i % 4 == 0, scale=2.0) for i in range(AMONG)]
    sentences = [sentence for sentence in told if sentence]
    assert len(sentences) == 1 and told.index(sentences[0]) == 4 * (OFTEN - 1)
    assert f"overflowed in {OFTEN} of the last" in sentences[0] and "precision=bf16" in sentences[0]
    assert not any(overflows.step(i, overflowed=False, scale=2.0) for i in range(2 * AMONG))
    assert any(overflows.step(i, overflowed=True, scale=2.0) for i in range(OFTEN))     # a new time


def test_an_overflow_is_expected_unless_the_scale_is_below_one():
    assert is_expected(overflowed=True, scale=1.0) and not is_expected(overflowed=True, scale=0.5)
    assert not is_expected(overflowed=False, scale=2.0)


# --- exactness -------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("cut", [12, 20, 24])
def test_straight_equals_stopped_and_resumed_with_a_bf16_and_a_fp16_segment(cut):
    changes = {**JUDGED, "clipgrad": True, "lr_dropout": "y", "channels_last": True}
    straight, settings = some_step(**changes)
    train_in_segments(straight, settings, 0, 30)
    first, _ = some_step(**changes)
    train_in_segments(first, settings, 0, cut)
    assert (first.state()["loss_scale"] is not None) == (cut > 17)
    # at a boundary the save holds the precision of the step before it, as a generation does
    second = moved_to(first, {**settings, "precision": precision_at(cut - 1)})
    train_in_segments(second, settings, cut, 30)
    assert hashes_of_all(second) == hashes_of_all(straight)


def test_the_loss_scale_of_a_save_is_gone_on_with():
    step, settings = some_step(precision="fp16")
    step.numerics.loss_scale = LossScale(torch.device("cpu"), (64.0, 5.0))
    other, _ = some_step(precision="fp16")
    other.restore(step.state(), settings)
    told = train(other, settings, 1)[0].read()
    assert told.loss_scale == 64 and other.state()["loss_scale"] == [64.0, 6.0]
    other.restore({**step.state(), "loss_scale": None}, settings)
    del (old := step.state())["loss_scale"]     # of a save that is older than precisions
    other.restore(old, settings)
    assert other.state()["loss_scale"] is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_locked_block_does_not_change_by_a_bit_in_half_precision(precision):
    step, settings = some_step(precision=precision, clipgrad=True, lr_dropout="y")
    locked = frozenset({"encoder.down1", "encoder.down2", "decoder_src.upscale0", "inter.dense1"})
    before = hashes(step)
    free = train(step, settings, 2, locked=locked)[0].read().gradient_norm
    after = hashes(step)
    assert {name for name in before if before[name] == after[name]} == locked
    open_, _ = some_step(precision=precision, clipgrad=True, lr_dropout="y")
    assert train(open_, settings, 1)[0].read().gradient_norm > free     # what is locked has no part in the length


# --- tf32, channels_last ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_on", [True, False])
def test_tf32_is_for_convolutions_alone(is_on):
    step, settings = some_step(tf32=is_on)
    step.equip(settings)
    assert torch.backends.cudnn.allow_tf32 is is_on and torch.backends.cuda.matmul.allow_tf32 is False
    set_tf32(True)


def test_layout_changes_strides_of_kernels_moments_and_maps_and_no_number():
    maps = {}
    numbers = []
    for is_last in (True, False):
        step, settings = some_step(**JUDGED, channels_last=is_last)
        step.equip(settings)
        for learner in step.learners:
            for block in learner.blocks:
                for name, p in learner.module.parameters_of(block.name).items():
                    form = torch.channels_last if is_last else torch.contiguous_format
                    assert p.is_contiguous(memory_format=form if p.dim() == 4 else torch.contiguous_format)
                    assert all(t.stride() == p.stride() for t in learner.optimizer.kept[block.name][name].values())
        step.network.decoder_src.upscale1.register_forward_hook(
            lambda *args, key=is_last: maps.update({key: args[2].is_contiguous(memory_format=torch.channels_last)}))
        numbers.append([result.read()[:9] for result in train(step, settings, 2)])
    assert maps == {True: True, False: False}
    assert [a for n in numbers[0] for a in n] == pytest.approx([b for n in numbers[1] for b in n], rel=1e-4)


def test_switching_the_layout_to_and_fro_changes_no_bit():
    step, settings = some_step(**JUDGED, lr_dropout="y")
    train(step, settings, 2)
    before = hashes_of_all(step)
    for is_last in (False, True):
        step.equip({**settings, "channels_last": is_last})
        assert hashes_of_all(step) == before
    twin, _ = some_step(**JUDGED, lr_dropout="y")
    train(twin, settings, 2)
    train(step, settings, 2, first=2)
    train(twin, settings, 2, first=2)
    assert hashes_of_all(step) == hashes_of_all(twin)


def test_depth_to_space_is_the_same_in_both_layouts_and_keeps_them():
    x = torch.rand(2, 12, 5, 4)
    plain, last = depth_to_space(x), depth_to_space(x.contiguous(memory_format=torch.channels_last))
    assert torch.equal(plain, last) and plain.is_contiguous() and last.is_contiguous(memory_format=torch.channels_last)


def test_fp32_after_half_precision_is_fp32_to_the_bit():
    step, settings = some_step()
    twin, _ = some_step()
    step.equip({**settings, "precision": "fp16"})
    assert all(a == b for a, b in pairwise([hashes_of_all(step), hashes_of_all(twin)]))
    train(step, settings, 2)
    train(twin, settings, 2)
    assert hashes_of_all(step) == hashes_of_all(twin) and step.state()["loss_scale"] is None
