"""What follows a run over many iterations: ramps, the balance with a judge, pretraining and its end. No networks here
but the smallest."""

import math

import pytest
import torch

from core.settings.registry import birth_settings, check_together, defaults
from core.train.balance import WINDOW, Balance
from core.train.judge_label import labels_of
from core.train.lrd import LrdStream
from core.train.pretrain import in_effect
from core.train.ramp import Ramp, Ramps
from tests.train.test_rivals import some_step, train
from tests.train.test_step import BATCH


def powers(ramps, first, count, **changes):
    settings = defaults() | changes
    return [ramps.step(settings, i)["gan_power"] for i in range(first, first + count)]


def test_a_power_is_reached_after_as_many_iterations_as_the_ramp_has():
    found = powers(Ramps(), 5, 12, gan_power=0.5, power_ramp=10)
    assert found == pytest.approx([0.05 * i for i in range(10)] + [0.5, 0.5])


def test_without_a_ramp_a_power_acts_at_once_and_a_lower_one_always_does():
    ramps = Ramps()
    assert powers(ramps, 0, 1, gan_power=0.5) == [0.5]
    assert powers(ramps, 1, 1, gan_power=0.1, power_ramp=100) == [0.1]
    assert powers(ramps, 2, 3, gan_power=0.2, power_ramp=2) == pytest.approx([0.1, 0.15, 0.2])


def test_a_ramp_goes_on_from_its_kept_state_to_the_bit():
    ramps = Ramps()
    powers(ramps, 0, 7, gan_power=0.3, power_ramp=9)
    again = Ramps(ramps.state())
    assert powers(again, 7, 5, gan_power=0.3, power_ramp=9) == powers(ramps, 7, 5, gan_power=0.3, power_ramp=9)
    assert Ramp().towards(0.0, 50, 10) == Ramp()


def test_another_length_is_for_powers_that_are_raised_after_it():
    ramps = Ramps()
    powers(ramps, 0, 3, gan_power=0.5)
    assert powers(ramps, 3, 1, gan_power=0.5, power_ramp=1000) == [0.5]


def test_a_judge_that_tells_all_has_won_and_is_told_of_once():
    balance = Balance("pictures", "lower gan_power")
    said = [balance.step(i, 0.95, 0.05) for i in range(1, 2 * WINDOW)]
    assert [i for i, sentence in enumerate(said, 1) if sentence] == [WINDOW]
    assert "has won by iteration 300" in said[WINDOW - 1] and "lower gan_power" in said[WINDOW - 1]


def test_a_draw_or_silence_is_no_victory_and_after_a_draw_a_second_one_is_told():
    balance = Balance("pictures", "")
    assert not any(balance.step(i, 0.6, 0.4) for i in range(2 * WINDOW))
    assert not any(balance.step(i, math.nan, math.nan) for i in range(2 * WINDOW))
    won = [sentence for i in range(WINDOW) if (sentence := balance.step(i, 1.0, 0.0))]
    assert not [s for i in range(WINDOW) if (s := balance.step(i, 0.5, 0.5))]
    assert len(won) == len([s for i in range(WINDOW) if (s := balance.step(i, 1.0, 0.0))]) == 1


def test_labels_are_told_wrong_as_often_as_the_noise_says_and_real_is_doubted_alone():
    settings = defaults() | {"gan_noise": 0.25, "gan_smoothing": 0.1}
    logits = torch.zeros(4, 1, 64, 64)
    labels, again, later = (labels_of(settings, LrdStream(1, 0), i) for i in (5, 5, 6))
    real, fake = labels.real(logits, 0), labels.fake(logits, 0)
    for told in (real, fake):
        assert told.unique().tolist() == pytest.approx([0.0, 0.9])
    assert float((real > 0).float().mean()) == pytest.approx(0.75, abs=0.02)
    assert float((fake > 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert torch.equal(real, again.real(logits, 0)) and not torch.equal(real, later.real(logits, 0))
    assert not torch.equal(real, labels.real(logits, 1))
    exact = labels_of(settings | {"gan_noise": 0.0}, LrdStream(1, 0), 5)
    assert float(exact.real(logits, 0).min()) == pytest.approx(0.9) and float(exact.fake(logits, 0).max()) == 0


def test_pretraining_switches_off_what_it_must_and_stores_nothing():
    asked = defaults() | {"pretrain": "y", "gan_power": 0.1, "true_face_power": 0.1, "lr_dropout": "y"}
    forced = in_effect(asked)
    assert not forced["random_warp"] and forced["random_src_flip"] and forced["uniform_yaw"]
    assert forced["gan_power"] == forced["true_face_power"] == 0 and forced["lr_dropout"] == "n"
    assert asked["random_warp"] and in_effect(asked | {"pretrain": "dfl"})["true_face_power"] == 0.1
    plain = defaults()
    assert in_effect(plain) is plain


def test_amp_legacy_as_the_fork_pretrains_with_its_own_poses_and_colours():
    asked = birth_settings({"model": "amp_legacy", "ct_mode": "rct", "random_hsv_power": 0.1, "lr_dropout": "y"})
    right, fork = (in_effect(asked | {"pretrain": how}) for how in ("y", "dfl"))
    assert right["uniform_yaw"] and right["ct_mode"] == "none"
    assert not fork["uniform_yaw"] and fork["ct_mode"] == "rct"
    for forced in (right, fork):
        assert not forced["random_warp"] and forced["random_src_flip"] and forced["random_hsv_power"] == 0
        assert forced["lr_dropout"] == "n"
    assert in_effect(defaults() | {"pretrain": "dfl"})["uniform_yaw"]      # SAEHD of the original does force it


@pytest.mark.parametrize(("model", "inters"), [
    ({"archi": "df-ud"}, {"inter"}), ({"archi": "liae-ud"}, {"inter_ab", "inter_b"}),
    ({"model": "amp_legacy", "archi": "amp-udt", "inter_dims": 6}, {"inter_src", "inter_dst"})],
    ids=["df", "liae", "amp_legacy"])
def test_when_pretraining_ends_the_inters_begin_anew_with_their_moments(model, inters):
    step, settings = some_step(pretrain="y", **model)
    check_together(settings)
    train(step, settings, 2)
    before = {name: p.detach().clone() for name, p in step.network.named_parameters()}
    step.equip(settings | {"pretrain": "n"}, locked=frozenset({f"{min(inters)}.dense2"}))
    for block in step.learner.blocks:
        is_new = block.part in inters and block.name != f"{min(inters)}.dense2"
        assert step.optimizer.counter_of(block.name) == (0 if is_new else 2)
        same = [torch.equal(before[f"{block.name}.{name}"], p) for name, p in
                step.network.parameters_of(block.name).items()]
        assert not any(same) if is_new else all(same), block.name


def test_the_original_pulls_codes_while_it_pretrains_and_teaches_nobody():
    step, settings = some_step(pretrain="dfl", true_face_power=0.1)
    (numbers,) = train(step, settings, 1)
    assert math.isnan(numbers.code_real)
    assert step.losses(BATCH, settings).unseen is not None
    assert step.rivals.code.optimizer.counter_of("code_discriminator.conv0") == 0


