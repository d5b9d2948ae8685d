"""From one network to another: every way of converting has a law, and every tensor has its line."""

import numpy as np
import pytest
import torch

from core.exchange.conversion.axes import axes_of
from core.exchange.conversion.convert import convert
from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.nets.shape import shape_of
from core.settings.error import ExchangeError
from core.settings.registry import birth_settings
from core.store.generation import BlockContent

SMALL = {"resolution": 32, "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 4}
ARCHIS = ("df", "df-ud", "df-udt", "df-t", "liae", "liae-ud", "liae-udtc", "amp-udt")
COUNTER = 7


def settings_of(archi, **more):
    """All settings of a small network."""
    family = {"model": "amp", "inter_dims": 16} if archi == "amp-udt" else {}
    return birth_settings({**SMALL, "archi": archi, **family, **more})


def blocks_of(settings, seed=1):
    """A network with weights, biases and moments that are all different from 0."""
    network = make_network(settings)
    initialise(network, seed)
    draws = np.random.default_rng(seed)
    found = {}
    for block in network.blocks:
        weights = {name: array + draws.normal(0, 0.05, array.shape).astype(np.float32)
                   for name, array in weights_of(network, block.name).items()}
        moments = {f"{name}.{slot}": draws.random(array.shape, np.float32) for name, array in weights.items()
                   for slot in "ms"}
        found[block.name] = BlockContent(weights, {**moments, "counter": np.array(COUNTER)})
    return found


def network_of(settings, blocks):
    network = make_network(settings)
    for block in network.blocks:
        load_weights(network, block.name, dict(blocks[block.name].weights))
    return network


def faces(side=32):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(3))


def gap(one, other):
    """The largest difference between two lists of tensors."""
    return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))


def swaps_gap(before, old, after, new):
    """How far the swaps of two networks lie apart, pictures and masks."""
    return gap(network_of(before, old).swap(faces()), network_of(after, new).swap(faces()))


def drawn_gap(before, old, after, new):
    """How far everything that two networks draw lies apart."""
    one, other = network_of(before, old), network_of(after, new)
    src, dst = faces(), faces().flip(3)
    return max(swaps_gap(before, old, after, new), gap(one.reconstruct(src, dst), other.reconstruct(src, dst)))


def assert_equal(one, other, names=None):
    """Blocks are equal to the byte: weights, moments, counters."""
    for block in names or one:
        for kind in ("weights", "moments"):
            first, second = getattr(one[block], kind), getattr(other[block], kind)
            assert first.keys() == second.keys()
            for name, array in first.items():
                assert array.dtype == second[name].dtype
                np.testing.assert_array_equal(array, second[name], f"{block} {name}")


# --- the report -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("old", "new"), [(a, ARCHIS[n - 3]) for n, a in enumerate(ARCHIS)])
def test_every_tensor_of_the_new_network_has_a_line_and_what_is_carried_is_equal_to_the_byte(old, new):
    before, after = settings_of(old), settings_of(new)
    blocks = blocks_of(before)
    done = convert(blocks, before, after)
    network = network_of(after, done.blocks)        # loads only what fits in name, shape and type
    wanted = [(b.name, name) for b in network.blocks for name in network.parameters_of(b.name)]
    lines = [line for line in done.lines if line.what != "left"]
    assert [(line.block, line.tensor) for line in lines] == wanted
    for line in lines:
        if line.what != "carried":
            assert line.how
            continue
        block = line.source.removesuffix(f".{line.tensor}")
        tensor = line.tensor
        assert done.blocks[line.block].weights[line.tensor].tobytes() == blocks[block].weights[tensor].tobytes()
        for slot in "ms":
            np.testing.assert_array_equal(done.blocks[line.block].moments[f"{line.tensor}.{slot}"],
                                          blocks[block].moments[f"{tensor}.{slot}"])
        assert done.blocks[line.block].moments["counter"] == COUNTER
    used = {line.source for line in lines}
    for line in done.lines:
        assert line.what != "left" or f"{line.block}.{line.tensor}" not in used


def test_letters_that_change_no_tensor_carry_all_of_them():
    before, after = settings_of("df-d"), settings_of("df-udc")
    blocks = blocks_of(before)
    done = convert(blocks, before, after)
    assert {line.what for line in done.lines} == {"carried"}
    assert_equal(blocks, done.blocks)
    assert [note[:8] for note in done.notes] == ["letter u", "letter c"]


def test_another_optimizer_takes_the_weights_and_begins_its_moments_at_zero():
    before, after = settings_of("df"), settings_of("df", optimizer="rmsprop")
    blocks = blocks_of(before)
    done = convert(blocks, before, after)
    assert {(line.what, line.how) for line in done.lines} == {
        ("carried", "moments begin at zero, for another optimizer")}
    out = done.blocks["decoder_src.out"]
    np.testing.assert_array_equal(out.weights["conv.weight"], blocks["decoder_src.out"].weights["conv.weight"])
    assert set(out.moments) == {"conv.weight.a", "conv.bias.a", "counter"}
    assert not out.moments["conv.weight.a"].any()


def test_a_save_that_lacks_a_block_is_refused_by_its_name():
    before = settings_of("df")
    blocks = blocks_of(before)
    del blocks["inter.dense2"]
    with pytest.raises(ExchangeError, match=r"lacks block inter\.dense2"):
        convert(blocks, before, settings_of("liae"))


def test_a_grown_network_is_refused_and_told_what_can_be_done():
    before = settings_of("df")
    with pytest.raises(ExchangeError, match="grown") as refused:
        convert({}, {**before, "growth": "4/2@20"}, settings_of("liae"))
    assert "a save from before" in refused.value.hint


# --- widths -----------------------------------------------------------------------------------------------------------
WIDER = [("df-d", "e_dims", 6), ("df-d", "d_dims", 6), ("df-d", "d_mask_dims", 6), ("liae-ud", "ae_dims", 12),
         ("liae-udt", "e_dims", 6), ("amp-udt", "inter_dims", 24), ("amp-udt", "e_dims", 6)]


@pytest.mark.parametrize(("archi", "key", "size"), WIDER)
def test_a_wider_network_draws_what_the_old_one_drew_and_cut_back_it_is_the_old_one(archi, key, size):
    before, after = settings_of(archi), settings_of(archi, **{key: size})
    blocks = blocks_of(before)
    wide = convert(blocks, before, after)
    assert drawn_gap(before, blocks, after, wide.blocks) <= 1e-6
    back = convert(wide.blocks, after, before)
    if key != "e_dims" or "u" not in archi:
        assert_equal(blocks, back.blocks)
        return
    for block, content in blocks.items():   # times sqrt(3/2), times sqrt(2/3): rounded twice
        returned = {**back.blocks[block].weights, **back.blocks[block].moments}
        for name, array in {**content.weights, **content.moments}.items():
            np.testing.assert_allclose(returned[name], array, rtol=1e-6)


@pytest.mark.parametrize("archi", ["df-d", "liae-udt"])
def test_all_newcomers_learn_from_the_second_step_on(archi):
    wider = {"e_dims": 6, "d_dims": 6, "d_mask_dims": 6, "ae_dims": 12}
    before, after = settings_of(archi, resolution=64), settings_of(archi, resolution=64, **wider)
    wide = convert(blocks_of(before), before, after)
    network = network_of(after, wide.blocks)
    for _ in range(2):
        network.zero_grad()
        out = network.train_pass(faces(64), faces(64).flip(3), shared_pass=True)
        sum((x - 0.3).square().sum() for x in out).backward()
        moved = {(b.name, n): p.grad != 0 for b in network.blocks for n, p in network.parameters_of(b.name).items()}
        with torch.no_grad():
            for parameter in network.parameters():
                parameter -= 1e-4 * parameter.grad.sign()
    for (block, name), has_gradient in moved.items():
        assert has_gradient.float().mean() > 0.5, f"{block} {name}"


def shuffled(blocks, settings, seed=0):
    """The same network with the channels of every space in another order."""
    draws = np.random.default_rng(seed)
    orders: dict[str, np.ndarray] = {}
    found = {name: BlockContent(dict(b.weights), dict(b.moments)) for name, b in blocks.items()}
    for (block, name), axes in axes_of(shape_of(settings)).items():
        for place, axis in enumerate(a for a in axes if a is not None and a.space not in ("rgb", "mask")):
            place += axes.out.space in ("rgb", "mask")
            array = np.moveaxis(found[block].weights[name], place, 0)
            split = array.reshape(axis.copies, -1, axis.side**2 or 1, *array.shape[1:])
            order = orders.setdefault(axis.space, draws.permutation(split.shape[1]))
            mixed = split[:, order].reshape(array.shape)
            found[block].weights[name] = np.ascontiguousarray(np.moveaxis(mixed, 0, place))
    return found


def test_a_narrower_network_keeps_the_channels_that_weigh_most():
    narrow, wide = settings_of("liae-d"), settings_of("liae-d", e_dims=6, d_dims=6, d_mask_dims=6, ae_dims=12)
    blocks = blocks_of(narrow)
    large = shuffled(convert(blocks, narrow, wide).blocks, wide)
    assert drawn_gap(narrow, blocks, wide, large) <= 1e-5
    # a third of the channels is unheard and stands anywhere: without them nothing changes
    done = convert(large, wide, narrow)
    assert drawn_gap(narrow, blocks, narrow, done.blocks) <= 1e-5
    assert all("weigh most" in line.how for line in done.lines if line.what == "adapted")


def test_moments_are_cut_and_padded_with_their_weights():
    before, after = settings_of("df-d"), settings_of("df-d", d_mask_dims=6)
    blocks = blocks_of(before)
    done = convert(blocks, before, after).blocks["decoder_src.mask.upscale1"]
    old = blocks["decoder_src.mask.upscale1"]
    assert done.moments["counter"] == COUNTER
    for slot in "ms":
        cells = done.moments[f"conv.weight.{slot}"].reshape(4, 24, 48, 3, 3)
        np.testing.assert_array_equal(cells[:, :16, :32].reshape(64, 32, 3, 3), old.moments[f"conv.weight.{slot}"])
        assert not cells[:, 16:].any()
        assert not cells[:, :, 32:].any()


def test_what_reads_normed_features_has_moments_of_its_larger_gradients():
    before, after = settings_of("df-u"), settings_of("df-u", e_dims=8)
    blocks = blocks_of(before)
    old, new = blocks["inter.dense1"], convert(blocks, before, after).blocks["inter.dense1"]
    half = slice(0, old.weights["weight"].shape[1])     # twice the channels: each input sqrt(2) as large
    np.testing.assert_allclose(new.weights["weight"][:, half], old.weights["weight"] / np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(new.moments["weight.m"][:, half], old.moments["weight.m"] * np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(new.moments["weight.s"][:, half], old.moments["weight.s"] * 2, rtol=1e-6)


# --- resolution -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("archi", ["df", "liae-ud", "amp-udt"])
def test_twice_the_side_and_back_is_the_old_network(archi):
    before, after = settings_of(archi), settings_of(archi, resolution=64)
    blocks = blocks_of(before)
    done = convert(blocks, before, after)
    adapted = {line.block.partition(".")[2] for line in done.lines if line.what == "adapted"}
    assert adapted == {"dense1", "dense2"}
    assert_equal(blocks, convert(done.blocks, after, before).blocks)


@pytest.mark.parametrize("side", [96, 128])
def test_an_even_map_has_the_same_code_at_another_side_and_a_code_maps_of_the_same_means(side):
    before, after = settings_of("df", resolution=64), settings_of("df", resolution=side)
    blocks = blocks_of(before)
    old, new = network_of(before, blocks), network_of(after, convert(blocks, before, after).blocks)
    channels = torch.rand(1, 32, 1, 1, generator=torch.Generator().manual_seed(3))
    cells = side // 16
    with torch.no_grad():
        code = old.inter.dense1(channels.expand(1, 32, 4, 4).flatten(1))
        torch.testing.assert_close(new.inter.dense1(channels.expand(1, 32, cells, cells).flatten(1)), code, rtol=1e-4,
                                   atol=1e-5)
        small = old.inter.dense2(code).reshape(1, 8, 4, 4)
        large = new.inter.dense2(code).reshape(1, 8, cells, cells)
    parts = 4 if side == 128 else 1     # cells of one and a half times the side lie over each other's edges
    pool = torch.nn.functional.adaptive_avg_pool2d
    assert gap([pool(small, parts)], [pool(large, parts)]) <= 1e-6


# --- letters ----------------------------------------------------------------------------------------------------------
def test_half_the_size_inside_draws_the_same_picture_with_each_pixel_four_times():
    before, after = settings_of("df"), settings_of("df-d", resolution=64)
    blocks = blocks_of(before)
    old, new = network_of(before, blocks), network_of(after, convert(blocks, before, after).blocks)
    code = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for one, other in zip(old.decoder_src(code), new.decoder_src(code), strict=True):
            assert gap([one.repeat_interleave(2, 2).repeat_interleave(2, 3)], [other]) <= 1e-6


def test_half_the_size_inside_and_back_is_the_old_network():
    before, after = settings_of("liae"), settings_of("liae-d")
    blocks = blocks_of(before)
    back = convert(convert(blocks, before, after).blocks, after, before)
    whole = [b for b in blocks if b.split(".")[-1] not in ("out", "dense2")]
    assert_equal(blocks, back.blocks, whole)
    out = back.blocks["decoder.out"]
    np.testing.assert_array_equal(out.weights["conv.weight"], blocks["decoder.out"].weights["conv.weight"])
    np.testing.assert_array_equal(out.moments["conv.weight.m"], blocks["decoder.out"].moments["conv.weight.m"])
    for name in ("conv.weight", "conv.bias"):
        np.testing.assert_allclose(back.blocks["decoder.mask.out"].weights[name],
                                   blocks["decoder.mask.out"].weights[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", ["df", "liae"])
def test_a_level_more_draws_src_as_before_where_nothing_is_negative(kind):
    before, after = settings_of(kind), settings_of(f"{kind}-t")
    blocks = blocks_of(before)
    inter = "inter" if kind == "df" else "inter_ab"
    blocks[f"{inter}.upscale1"].weights["conv.bias"][:] += 9.0
    old, new = network_of(before, blocks), network_of(after, convert(blocks, before, after).blocks)
    code = torch.randn(1, 8 if kind == "df" else 16, 2, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wide = old.get_submodule(inter).upscale1(code)
        both = [torch.cat([x, x], 1) if kind == "liae" else x for x in (wide, code)]
        assert gap(old.decoder_of("src")(both[0]), new.decoder_of("src")(both[1])) <= 1e-5


# --- kinds ------------------------------------------------------------------------------------------------------------
KEPT = [("df-ud", {}, "liae-ud", {}), ("df-udtc", {}, "liae-udtc", {}), ("df-udt", {}, "amp-udt", {"inter_dims": 12}),
        ("liae", {}, "df", {"ae_dims": 16}),
        ("liae-udt", {}, "df-udt", {"ae_dims": 16}), ("liae-udt", {}, "amp-udt", {"ae_dims": 16, "inter_dims": 32}),
        ("amp-udt", {}, "liae-udt", {}), ("amp-udt", {}, "df-udt", {"ae_dims": 16})]


@pytest.mark.parametrize(("old", "had", "new", "has"), KEPT)
def test_another_kind_with_room_for_the_code_draws_the_same_swap(old, had, new, has):
    before, after = settings_of(old, **had), settings_of(new, **has)
    blocks = blocks_of(before)
    done = convert(blocks, before, after)
    assert swaps_gap(before, blocks, after, done.blocks) <= 1e-6
    assert not [note for note in done.notes if "would keep all of it" in note]


@pytest.mark.parametrize(("old", "new", "has"), [("liae-udt", "amp-udt", {"ae_dims": 16, "inter_dims": 32}),
                                                 ("amp-udt", "liae-udt", {})])
def test_between_liae_and_amp_dst_is_kept_too(old, new, has):
    before, after = settings_of(old), settings_of(new, **has)
    blocks = blocks_of(before)
    assert drawn_gap(before, blocks, after, convert(blocks, before, after).blocks) <= 1e-6


@pytest.mark.parametrize(("one", "other"), [("df", "liae"), ("df-udt", "liae-udt"), ("df-udt", "amp-udt")])
def test_from_df_to_another_kind_and_back_is_what_draws_src(one, other):
    before, after = settings_of(one), settings_of(other)
    blocks = blocks_of(before)
    back = convert(convert(blocks, before, after).blocks, after, before)
    assert_equal(blocks, back.blocks, [b for b in blocks if not b.startswith("decoder_dst")])


def test_a_code_that_has_no_room_is_said_with_the_widths_that_would_keep_it():
    before, after = settings_of("liae-udt"), settings_of("amp-udt")
    done = convert(blocks_of(before), before, after)
    assert done.notes[-1].endswith("ae_dims = 16 and inter_dims = 32 would keep all of it")
