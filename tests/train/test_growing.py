"""A run grows while it trains: what was learnt stays to the bit, what is new learns at its own pace."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.events.event import Grown
from core.events.growth import octave_blocks, with_octaves
from core.events.growth_cost import growth_cost, step_work
from core.events.pattern import resolve
from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.octave import pooled
from core.settings.growth import Octave, growth_text
from core.settings.registry import birth_settings
from core.train.objective import half
from core.train.optim import make_optimizer
from core.train.rate import rates
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide

SMALL = {"archi": "df-ud", "resolution": 32, "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2,
         "batch_size": 2, "lr": 1e-3, "growth_warmup": 10, "growth_ramp": 20}


def settings_of(*octaves, **others):
    small = birth_settings(SMALL | others)
    return small | {"resolution": int(small["resolution"]) << len(octaves), "growth": growth_text(octaves)}


def batch_of(side, seed=1):
    random = torch.Generator().manual_seed(seed)

    def person():
        target = torch.rand(2, 3, side, side, generator=random)
        mask = torch.zeros(2, 1, side, side)
        mask[:, :, side // 4: -side // 4, side // 4: -side // 4] = 1
        return TrainSide(target, target, mask, None)
    return TrainBatch(person(), person())


def step_of(settings):
    network = make_network(settings)
    initialise(network, int(settings["seed"]))
    return Step(network, make_optimizer(str(settings["optimizer"]), network))


def state(step, blocks):
    """Bytes of weights, moments and counters."""
    optimizer = step.optimizer
    return {b: ([p.detach().numpy().tobytes() for p in optimizer.parameters[b].values()],
                [a.tobytes() for a in optimizer.state_of(b).values()]) for b in blocks}


def grown_step(octave, locked_before=2):
    small, large = settings_of(), settings_of(octave)
    step = step_of(small)
    for iteration in range(locked_before):
        step(batch_of(32, iteration), small, iteration=iteration)
    return step, large


@pytest.mark.parametrize("archi", ["df-ud", "liae"])
def test_a_growth_changes_nothing_that_there_was_and_locked_blocks_stay_as_they_are(archi):
    octave = Octave(4, 2, 3, 2)
    small, large = settings_of(archi=archi), settings_of(octave, archi=archi)
    step = step_of(small)
    for iteration in range(2):
        step(batch_of(32, iteration), small, iteration=iteration)
    old = [b.name for b in step.blocks]
    before = state(step, old)
    step.equip(large)
    assert state(step, old) == before
    new = [b.name for b in step.blocks if b.name not in old]
    assert all(step.optimizer.counter_of(b) == 0 for b in new)
    fresh = state(step, new)
    for iteration in range(2, 5):
        step(batch_of(64, iteration), large, iteration=iteration, locked=frozenset(old))
    assert state(step, old) == before
    assert all(step.optimizer.counter_of(b) == 3 for b in new)
    assert all(state(step, [b]) != {b: fresh[b]} for b in new)


def test_the_loss_of_the_step_after_birth_is_the_loss_before_on_pooled_targets():
    octave = Octave(4, 2, 0, 2)
    step, large = grown_step(octave)
    batch = batch_of(64, 9)
    sides = [half(side) for side in (batch.src, batch.dst)]
    small = TrainBatch(*(TrainSide(pooled(side.warped), side.target, side.mask, None) for side in sides))
    before = step.losses(small, settings_of())
    step.equip(large)
    step.network.stand_at(2, 20)
    drawn = step.network.reconstruct(batch.src.warped, batch.dst.warped)
    from core.train.loss_side import form_of, side_loss
    after = side_loss(pooled(drawn.src), pooled(drawn.src_mask), small.src, form_of(large))
    assert torch.equal(after.total, before.src.total)


def test_new_blocks_warm_up_by_their_own_counters_and_old_ones_move_less():
    large = settings_of(Octave(4, 2, 0, 50), growth_old_rate=0.25)
    blocks = outline(large).blocks
    pace = rates(large, 60, blocks)
    assert pace.of("encoder.down1", 0) == pytest.approx(0.25e-3)
    assert [pace.of("octave1.head.src.up", n) for n in (0, 4, 9, 500)] == pytest.approx([1e-4, 5e-4, 1e-3, 1e-3])
    assert rates(settings_of(), 60, outline(settings_of()).blocks).of("encoder.down1", 0) == 1e-3


def test_the_optimizer_moves_each_block_at_its_rate():
    step, large = grown_step(Octave(4, 2, 0, 2))
    step.equip(large)
    optimizer = step.optimizer
    blocks = ["encoder.down1", "octave1.head.src.up"]
    for forms in (optimizer.update_in_stretches, lambda b, r, s, m: optimizer.update_in_lists(b, r, torch.tensor(s),
                                                                                             torch.tensor(1.0), m)):
        moved = []
        for pace in (1e-3, rates(large, 2, step.learner.blocks)):
            saved = {b: {n: p.detach().clone() for n, p in optimizer.parameters[b].items()} for b in blocks}
            kept = {b: {k: v.copy() for k, v in optimizer.state_of(b).items()} for b in blocks}
            for b in blocks:
                for p in optimizer.parameters[b].values():
                    p.grad = torch.full_like(p, 0.5)
            forms(blocks, pace, 1.0, None)
            moved.append([float((optimizer.parameters[b]["conv.weight"] - saved[b]["conv.weight"]).abs().mean())
                          for b in blocks])
            for b in blocks:
                optimizer.load_state(b, kept[b])
                for n, p in optimizer.parameters[b].items():
                    p.data.copy_(saved[b][n])
        (a, b), (c, d) = moved
        assert (c / a, d / b) == pytest.approx((0.3, 0.1), rel=1e-3)


def test_smaller_pictures_count_while_something_below_is_open():
    octave = Octave(4, 2, 0, 2)
    step, large = grown_step(octave)
    step.equip(large)
    batch = batch_of(64, 5)
    old = frozenset(b.name for b in step.blocks if not b.born)
    step.open_blocks(large, old)
    assert step.losses(batch, large).unseen is None
    step.open_blocks(large, frozenset())
    kept = step.losses(batch, large).unseen
    lower = step.network.levels(step.network.codes(batch.src.warped, batch.dst.warped, shared_pass=True),
                                shared_pass=True)[0]
    assert lower.src.shape[-1] == 32
    assert kept is not None
    twice = step.losses(batch, large | {"growth_keep": 0.6}).unseen
    assert torch.allclose(twice, 2 * kept)


# --- what a locked core costs ----------------------------------------------------------------------------------------
def macs(module, shape):
    """Multiplications of a convolution or dense layer on an output of this shape."""
    weight = module.weight
    return weight.numel() * (int(np.prod(shape[2:])) if weight.dim() == 4 else 1) * shape[0]


def work(network, run):
    """Multiplications of a forward pass by block, counted from the shapes that go through."""
    found, hooks = {}, []
    for block, module in network.named_blocks():
        for part in module.modules():
            if isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
                def count(m, _, out, block=block):
                    found[block] = found.get(block, 0) + macs(m, out.shape)
                hooks.append(part.register_forward_hook(count))
    with torch.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize(("archi", "stem"), [("df", 0), ("liae", 0), ("df", 3)], ids=["df", "liae", "df-stem"])
def test_a_locked_core_is_no_part_of_the_backward_pass(archi, stem):
    network = make_network(settings_of(Octave(4, 2, stem, 2), archi=archi))
    initialise(network, 1)
    network.stand_at(2, 20)
    batch = batch_of(64)

    def forward():
        return network.train_pass(batch.src.warped, batch.dst.warped, shared_pass=True)
    by_block = work(network, forward)
    for name, module in network.named_blocks():
        module.requires_grad_(name.startswith("octave1.head"))
    with FlopCounterMode(display=False) as counter:
        sum(x.sum() for x in forward()).backward()
    heads = {b: n for b, n in by_block.items() if b.startswith("octave1.head")}
    inside = sum(n for b, n in heads.items() if not b.endswith(("head.up", "src.up", "dst.up", "mask.up")))
    # Forward once; of heads the weights' gradients, and the inputs' but for the first layers, behind which is the core.
    wanted = 2 * (sum(by_block.values()) + sum(heads.values()) + inside)
    assert counter.get_total_flops() == wanted


# --- without torch ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("archi", "model"), [("df", "saehd"), ("df-udt", "saehd"), ("liae-ud", "saehd"),
                                              ("liae-t", "saehd"), ("amp-udt", "amp")])
def test_a_console_knows_the_blocks_that_torch_builds(archi, model):
    octaves = (Octave(6, 3, 5, 40), Octave(4, 2, 0, 90), Octave(3, 1, 2, 90))
    settings = birth_settings({"model": model, "archi": archi, "resolution": 256, "growth": growth_text(octaves),
                               "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2})
    built = outline(settings).blocks
    core = [b for b in built if not b.part.startswith("octave")]
    assert with_octaves(core, [b for n in (1, 2, 3) for b in octave_blocks(settings, n)]) == built
    names = [b.name for b in built]
    assert resolve("old", built) + resolve("new", built) == names
    assert {b.split(".")[0] for b in resolve("new", built)} == {"octave2", "octave3"}
    assert resolve("octave1.stem", built) == [n for n in names if n.startswith("octave1.stem.")]
    assert all(".mask." in n for n in resolve("octave2.head.*mask*", built))
    assert isinstance(Grown(32, 256, growth_text(octaves), built, []), Grown)


@pytest.mark.parametrize(("archi", "model"), [("df", "saehd"), ("df-udt", "saehd"), ("liae-ud", "saehd"),
                                              ("liae-t", "saehd"), ("amp-udt", "amp")])
def test_what_a_step_costs_is_counted_without_torch(archi, model):
    octaves = (Octave(6, 3, 5, 40), Octave(4, 2, 0, 90), Octave(3, 1, 2, 90))
    settings = birth_settings({"model": model, "archi": archi, "resolution": 256, "growth": growth_text(octaves),
                               "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2})
    with torch.device("meta"):
        network, faces = outline(settings), torch.empty(1, 3, 256, 256)
        network.stand_at(0, 1)      # doubled pixels: the smooth enlargement is a convolution of its own
        mix = torch.empty(1, network.shape.inter_channels, 1, 1) if network.mixing else None
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network.train_pass(faces, faces, shared_pass=True, mix=mix)
    assert counter.get_total_flops() == 2 * step_work(settings)


def test_a_growth_costs_what_the_table_says():
    settings = birth_settings({"archi": "df-u", "resolution": 128, "ae_dims": 256, "e_dims": 64, "d_dims": 64,
                               "d_mask_dims": 22})
    cost = growth_cost(settings, 256, 100)
    assert (round(cost.step, 2), round(cost.of_flat, 2), round(cost.heads, 2)) == (1.37, 0.34, 0.64)
    narrow = growth_cost(settings | {"growth_dims": 16, "growth_mask_dims": 8}, 256, 100)
    assert (round(narrow.step, 2), round(narrow.of_flat, 2)) == (1.06, 0.27)
    twice = growth_cost(settings | {"growth_dims": 32}, 512, 100)
    assert twice.resolution == 512
    assert twice.cache_bytes == 100 * 512 * 512 * 4
