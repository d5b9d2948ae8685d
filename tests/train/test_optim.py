"""Optimizer rules against the vectors of facts/losses.md, appendix F, and against plain expressions."""

import numpy as np
import pytest
import torch

from core.nets.family import make_network
from core.nets.initial import initialise
from core.samples.stream import Stream, block_words
from core.settings.error import NetworkError
from core.settings.registry import defaults
from core.train.clip import clip_scale, gradient_norm
from core.train.lrd import LrdStream, device_bytes, draw_masks
from core.train.optim import STRETCH, flat, make_optimizer
from core.train.optim_rule import RULES, AdaBelief
from core.train.rate import cosine_rate, rate

PHI, P2 = 0.6180339887498949, 0.7548776662466927
LR = 0.01
ONE = torch.tensor(1.0)


def sequence(n, a):
    return torch.from_numpy((np.arange(1, n + 1) * a) % 1 - 0.5).float()


def gradients_at(t):
    u = sequence(7, t * PHI) * (1, 3, 0.2)[t - 1]
    return [u[:4].clone(), u[4:].clone()]


def train_vectors(kind, *, clip=False, period=0, steps=3, in_lists=False):
    """p, q and the kept tensors after some steps of appendix F, in the CPU's or in the GPU's form."""
    rule = RULES[kind]
    weights = [sequence(4, PHI), sequence(3, P2)]
    kept = {slot: [torch.zeros_like(w) for w in weights] for slot in rule.slots}
    for t in range(1, steps + 1):
        gradients = gradients_at(t)
        scale = clip_scale(gradient_norm(gradients)) if clip else ONE
        gradients = [g * scale for g in gradients]
        lr = cosine_rate(LR, period, t) if period else LR
        if in_lists:
            directions = rule.update_all(gradients, kept, ONE)
        else:
            directions = []
            for i, divisor in enumerate(torch.empty_like(w) for w in weights):
                directions.append(rule.update(gradients[i], {slot: kept[slot][i] for slot in kept}, divisor) / divisor)
        for w, direction in zip(weights, directions, strict=True):
            w.add_(direction, alpha=-lr)
    return *weights, kept


CASES = [
    ("adabelief", {}, (0.1358624750, -0.1559318593, 0.2270026447, -0.0575133596),
     (0.3796549976, -0.0055579262, -0.2464405201)),
    ("adabelief", {"clip": True}, (0.1222203340, -0.1646723174, 0.2245176710, -0.0556218437),
     (0.3869935253, -0.0313676169, -0.2267150488)),
    ("adabelief", {"period": 500}, (0.1358509019, -0.1559508850, 0.2270271875, -0.0574985328),
     (0.3796309228, -0.0055622950, -0.2464296216)),
    ("rmsprop", {}, (0.1147838922, -0.2274827135, 0.2940436616, -0.0274433375),
     (0.3172827995, 0.0105844135, -0.2399211978)),
    ("rmsprop", {"clip": True}, (0.1112024274, -0.2324858602, 0.3000321431, -0.0270081988),
     (0.3135414738, 0.0052226555, -0.2400584186)),
    ("adabelief", {"steps": 1}, (0.0829080266, -0.2288002810, 0.3189690339, 0.0072281224), None),
    ("adabelief", {"steps": 2}, (0.1125643719, -0.1870045349, 0.2707496105, -0.0271668796), None),
    ("adabelief", {"steps": 2, "clip": True}, (0.1068972573, -0.1916578525, 0.2696318221, -0.0264158613), None),
    ("rmsprop", {"steps": 1}, (0.0864120593, -0.2323096248, 0.3224794721, 0.0037551432), None),
]


@pytest.mark.parametrize("in_lists", [False, True])
@pytest.mark.parametrize(("kind", "options", "p", "q"), CASES)
def test_weights_move_as_in_the_facts_in_both_forms(kind, options, p, q, in_lists):
    found_p, found_q, _ = train_vectors(kind, in_lists=in_lists, **options)
    assert found_p.tolist() == pytest.approx(p, abs=2e-6)
    assert q is None or found_q.tolist() == pytest.approx(q, abs=2e-6)


@pytest.mark.parametrize("in_lists", [False, True])
def test_moments_are_those_of_the_facts(in_lists):
    *_, kept = train_vectors("adabelief", in_lists=in_lists)
    assert kept["m"][0].tolist() == pytest.approx((-0.0546188537, -0.0247377073, 0.0861434390, 0.1160245854), rel=1e-5)
    assert kept["s"][0].tolist() == pytest.approx((0.0005495497, 0.0000633654, 0.0003877077, 0.0014617082), rel=1e-5)
    *_, kept = train_vectors("rmsprop", in_lists=in_lists)
    assert kept["a"][0].tolist() == pytest.approx((0.0580547378, 0.0064447527, 0.0452845633, 0.1599666387), rel=1e-5)


def test_clipping_shortens_all_gradients_together_and_only_long_ones():
    norms = [float(gradient_norm(gradients_at(t))) for t in (1, 2, 3)]
    assert norms == pytest.approx((0.6717585541, 1.9980586481, 0.1552232502), rel=1e-6)
    assert [float(clip_scale(torch.tensor(n))) for n in norms] == pytest.approx((1, 1 / 1.9980586481, 1))
    assert not gradient_norm([torch.tensor([1.0, float("inf")]), torch.ones(2)]).isfinite()
    assert float(clip_scale(torch.tensor(0.0))) == 1


def test_the_rate_follows_a_cosine_only_while_dropout_is_on():
    settings = defaults() | {"lr": 5e-5}
    assert rate(settings, 250) == 5e-5
    settings |= {"lr_dropout": "y"}
    assert [rate(settings, i) for i in (0, 125, 250, 500)] == pytest.approx((5e-5, 2.5e-5, 0, 5e-5), abs=1e-15)
    assert rate(settings | {"lr_cos": 0}, 250) == 5e-5


# --- over a network ---------------------------------------------------------------------------------------------------
def small_network(kind="adabelief"):
    dims = {"resolution": 64, "ae_dims": 128, "e_dims": 8, "d_dims": 6, "d_mask_dims": 2}
    network = make_network(defaults() | {"archi": "df-ud"} | dims)
    initialise(network, 0)
    return network, make_optimizer(kind, network)


def give_gradients(network, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in network.parameters():
        p.grad = torch.empty_like(p).copy_(torch.randn(p.shape, generator=generator) * 1e-3)


@pytest.mark.slow
def test_an_update_in_stretches_is_the_plain_expression():
    network, optimizer = small_network()
    blocks = list(optimizer.parameters)
    weights = {name: p.detach().double() for name, p in network.named_parameters()}
    m = {name: torch.zeros_like(w) for name, w in weights.items()}
    s = {name: torch.zeros_like(w) for name, w in weights.items()}
    for step in range(3):
        give_gradients(network, step)
        for name, p in network.named_parameters():
            g = p.grad.double() * 0.5
            m[name] = 0.9 * m[name] + 0.1 * g
            s[name] = 0.999 * s[name] + 0.001 * (g - m[name]) ** 2
            weights[name] = weights[name] - 1e-3 * m[name] / (s[name].sqrt() + 1e-6)
        optimizer.update(blocks, rate=1e-3, scale=torch.tensor(0.5), sound=ONE, masks=None)
    for name, p in network.named_parameters():
        assert (p - weights[name]).abs().max() < 1e-6


def test_stretches_do_not_change_bits():
    flat_weights = torch.randn(STRETCH * 2 + 17)
    gradient = torch.randn_like(flat_weights)
    results = []
    for size in (STRETCH, len(flat_weights)):
        kept = {slot: torch.zeros_like(gradient) for slot in AdaBelief.slots}
        direction = torch.empty_like(gradient)
        for start in range(0, len(gradient), size):
            part = slice(start, start + size)
            AdaBelief().update(gradient[part].clone(), {k: v[part] for k, v in kept.items()}, direction[part])
        results.append((direction, *kept.values()))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_a_gpu_step_that_is_not_finite_changes_nothing_and_counts_nothing():
    network, optimizer = small_network()
    blocks = list(optimizer.parameters)
    give_gradients(network, 0)
    optimizer.update_in_lists(blocks, 1e-3, ONE, ONE, None)
    before = [t.clone() for t in (*network.parameters(), *(t for b in blocks for *_, t in optimizer.moments_of(b)))]
    give_gradients(network, 1)
    next(network.parameters()).grad[0, 0, 0, 0] = float("nan")
    optimizer.update_in_lists(blocks, 1e-3, torch.tensor(float("nan")), torch.tensor(0.0), None)
    after = [*network.parameters(), *(t for b in blocks for *_, t in optimizer.moments_of(b))]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_both_forms_agree_over_a_network():
    results = []
    for form in ("update_in_stretches", "update_in_lists"):
        network, optimizer = small_network()
        blocks = list(optimizer.parameters)
        for step in range(2):
            give_gradients(network, step)
            masks = draw_masks(optimizer, blocks, LrdStream(4, 0), step)
            if form == "update_in_lists":
                optimizer.update_in_lists(blocks, 1e-3, ONE, ONE, masks)
            else:
                optimizer.update_in_stretches(blocks, 1e-3, 1.0, masks)
        results.append([p.detach() for p in network.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*results, strict=True))


def test_state_comes_back_by_block_in_plain_order():
    network, optimizer = small_network()
    give_gradients(network, 0)
    optimizer.update(["encoder.down2", "decoder_src.out"], rate=1e-3, scale=ONE, sound=ONE, masks=None)
    state = optimizer.state_of("encoder.down2")
    assert set(state) == {"conv.weight.m", "conv.weight.s", "conv.bias.m", "conv.bias.s", "counter"}
    assert state["conv.weight.m"].flags.c_contiguous and state["counter"] == 1
    assert optimizer.counter_of("encoder.down1") == 0
    gradient = network.encoder.down2.conv.weight.grad
    assert np.allclose(state["conv.weight.m"], 0.1 * gradient.numpy(), rtol=1e-5)

    _, other = small_network()
    other.load_state("encoder.down2", state)
    again = other.state_of("encoder.down2")
    assert all(np.array_equal(state[name], again[name]) for name in state)


def test_state_of_another_network_is_refused_and_nothing_is_set():
    _, optimizer = small_network()
    state = optimizer.state_of("encoder.down2") | {"counter": np.array(7)}
    for wrong in ({k: v for k, v in state.items() if k != "conv.bias.m"}, state | {"x": np.zeros(1)},
                  state | {"conv.bias.s": np.zeros(3, np.float32)}, state | {"conv.bias.s": np.zeros(16)}):
        with pytest.raises(NetworkError, match=r"block encoder\.down2"):
            optimizer.load_state("encoder.down2", wrong)
    assert optimizer.counter_of("encoder.down2") == 0


# --- dropout ----------------------------------------------------------------------------------------------------------
def test_a_mask_belongs_to_its_block_and_iteration_whatever_else_is_drawn():
    _, optimizer = small_network()
    stream = LrdStream(1, 0)
    all_ = draw_masks(optimizer, optimizer.parameters, stream, 5)
    one = draw_masks(optimizer, ["inter.dense1"], stream, 5)
    assert torch.equal(all_["inter.dense1"]["weight"], one["inter.dense1"]["weight"])
    later = draw_masks(optimizer, ["inter.dense1"], stream, 6)
    life = draw_masks(optimizer, ["inter.dense1"], LrdStream(1, 1), 5)
    for other in (later, life):
        assert not torch.equal(one["inter.dense1"]["weight"], other["inter.dense1"]["weight"])


def test_three_weights_in_ten_move_and_masks_have_the_shape_of_their_tensors():
    _, optimizer = small_network()
    masks = draw_masks(optimizer, optimizer.parameters, LrdStream(1, 0), 0)
    for block, tensors in optimizer.parameters.items():
        assert {n: m.shape for n, m in masks[block].items()} == {n: p.shape for n, p in tensors.items()}
    share = masks["inter.dense1"]["weight"].float().mean()
    assert abs(share - 0.3008) < 0.01
    weight = optimizer.parameters["inter.dense1"]["weight"]
    words = block_words(1, Stream.LRD, 0, 0, "inter.dense1", weight.numel() + 128)
    assert torch.equal(flat(masks["inter.dense1"]["weight"], weight), torch.from_numpy(words[: weight.numel()] < 77))


def test_bytes_that_a_device_makes_itself_depend_on_the_seed_only():
    cpu = torch.device("cpu")
    seeds = [torch.from_numpy(block_words(1, Stream.LRD, 0, i, "encoder.down1", 8)) for i in (0, 1)]
    first, again, other = (device_bytes(seed, 10_000, cpu) for seed in (seeds[0], seeds[0], seeds[1]))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert abs((first < 77).float().mean() - 0.3008) < 0.02


def test_dropout_holds_weights_back_but_not_their_moments():
    moved = []
    for with_masks in (True, False):
        network, optimizer = small_network()
        before = network.inter.dense1.weight.detach().clone()
        give_gradients(network, 0)
        masks = draw_masks(optimizer, optimizer.parameters, LrdStream(2, 0), 0) if with_masks else None
        optimizer.update(list(optimizer.parameters), rate=1e-3, scale=ONE, sound=ONE, masks=masks)
        moved.append((network.inter.dense1.weight.detach() - before, optimizer.state_of("inter.dense1")))
    (some, state), (every, other) = moved
    mask = draw_masks(optimizer, ["inter.dense1"], LrdStream(2, 0), 0)["inter.dense1"]["weight"]
    assert torch.equal(some != 0, mask & (every != 0))
    assert torch.equal(some[mask], every[mask])
    assert np.array_equal(state["weight.m"], other["weight.m"])
