"""Growth keeps the face: a network that has just grown draws what it drew, to the bit (facts/training.md 1.2)."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.octave import doubled, enlarged, pooled, smooth
from core.settings.error import NetworkError
from core.settings.growth import Octave, core_of, core_resolution, growth_text, octaves_of
from core.settings.registry import birth_settings, check, check_together

# (letters, side of the core, octaves): sides whose pictures are a multiple of 32 numbers
NETS = [
    ("df", 32, [Octave(4, 2, 0)]), ("df-ud", 32, [Octave(6, 3, 4)]), ("df-udt", 32, [Octave(4, 2, 3)]),
    ("df-t", 32, [Octave(4, 2), Octave(3, 2)]), ("df-uc", 48, [Octave(4, 2, 2), Octave(4, 3, 5)]),
    ("liae", 32, [Octave(8, 4)]), ("liae-ud", 64, [Octave(4, 2, 3)]), ("liae-udt", 32, [Octave(5, 1), Octave(4, 2, 2)]),
    ("liae-dc", 32, [Octave(4, 2, 2)]), ("amp-udt", 32, [Octave(4, 2, 3)]),
    ("amp-udt", 32, [Octave(4, 2), Octave(4, 2)]), ("amp-udt", 64, [Octave(3, 2)]),
]
NAMES = [f"{archi}-{side}-{len(octaves)}{'-stem' * any(o.stem for o in octaves)}" for archi, side, octaves in NETS]


def settings_of(archi, side, octaves=(), **others):
    model = "amp" if archi == "amp-udt" else "saehd"
    dims = {"ae_dims": 12, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2} | ({"inter_dims": 10} if model == "amp" else {})
    return birth_settings({"model": model, "archi": archi, "resolution": side << len(octaves),
                           "growth": growth_text(octaves), **dims, **others})


def pair(archi, side, octaves, seed=3):
    """A core, and the same one grown a moment ago."""
    old, new = (make_network(settings_of(archi, side, o)) for o in ((), octaves))
    for network in (old, new):
        initialise(network, seed)
    new.stand_at(0, 200)
    return old, new


def faces(side, seed, count=2):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def mix_for(network, count=2):
    if not network.mixing:
        return None
    return (torch.arange(network.shape.inter_channels) % 3 == 0).float().view(1, -1, 1, 1).expand(count, -1, -1, -1)


def drawn(network, src, dst):
    """Everything that a network can draw of these faces."""
    with torch.no_grad():
        trained = network.train_pass(src, dst, shared_pass=True, mix=mix_for(network))
        return [*trained, *network.swap(dst), network.picture_src(network.src_code(network.encode(src)))]


def dup(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


@pytest.mark.parametrize(("archi", "side", "octaves"), NETS, ids=NAMES)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_network_that_has_just_grown_draws_what_it_drew(archi, side, octaves, precision):
    old, new = pair(archi, side, octaves)
    src, dst = faces(side << len(octaves), 1), faces(side << len(octaves), 2)
    small_src, small_dst = src, dst
    for _ in octaves:
        small_src, small_dst = pooled(small_src), pooled(small_dst)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        before, after = drawn(old, small_src, small_dst), drawn(new, src, dst)
    assert len(before) == 7
    for was, now in zip(before, after, strict=True):
        for _ in octaves:
            was = dup(was)
        assert torch.equal(now, was)
        assert torch.equal(back(now, len(octaves)), back(was, len(octaves)))    # its pooled twin


def random_net(number):
    """Letters, side and octaves of a network that nobody chose."""
    draw = np.random.default_rng(number)
    kinds = ["df", "df-u", "df-d", "df-ut", "df-udtc", "liae", "liae-ud", "liae-udt", "liae-c", "amp-udt"]
    octaves = [Octave(int(draw.integers(1, 9)), int(draw.integers(1, 5)), int(draw.integers(0, 4)))
               for _ in range(draw.integers(1, 3))]
    return str(draw.choice(kinds)), 32 * int(draw.integers(1, 3)), octaves


@pytest.mark.parametrize("number", range(int(os.environ.get("DFL_TUI_GROWTHS", "1"))))
def test_whatever_network_grows_draws_what_it_drew(number):
    archi, side, octaves = random_net(number)
    old, new = pair(archi, side, octaves, seed=number)
    src, dst = faces(side << len(octaves), number), faces(side << len(octaves), number + 1)
    with torch.autocast("cpu", torch.bfloat16, enabled=number % 4 == 3):
        before = drawn(old, back(src, len(octaves)), back(dst, len(octaves)))
        after = drawn(new, src, dst)
    for was, now in zip(before, after, strict=True):
        for _ in octaves:
            was = dup(was)
        assert torch.equal(now, was)


def back(x, times):
    for _ in range(times):
        x = pooled(x)
    return x


def test_logits_are_equal_at_any_side():
    old, new = pair("df", 48, [Octave(3, 2), Octave(5, 1)])
    code = old.src_code(old.encode(faces(48, 5)))
    core, _, full = new.maps("src", code)
    was = old.maps("src", code)[0]
    assert torch.equal(core.logits, was.logits)
    assert torch.equal(full.logits, dup(dup(was.logits)))
    assert torch.equal(full.mask_logits, dup(dup(was.mask_logits)))


@pytest.mark.parametrize("archi", ["df-ud", "liae-ud", "amp-udt"])
def test_old_blocks_have_the_gradients_that_they_had(archi):
    old, new = pair(archi, 32, [Octave(4, 2, 2)])
    src, dst = faces(64, 1), faces(64, 2)
    want = [faces(32, 7), faces(32, 8)]

    def loss(network, a, b, ends):
        out = network.train_pass(a, b, shared_pass=True, mix=mix_for(network))
        pictures = [ends(out.src), ends(out.dst), ends(out.src_mask), ends(out.dst_mask)]
        return sum((p - t[:, :p.shape[1]]).square().sum() for p, t in zip(pictures, want * 2, strict=True))

    before = loss(old, pooled(src), pooled(dst), lambda x: x)
    after = loss(new, src, dst, pooled)
    assert torch.equal(before, after)
    before.backward()
    after.backward()
    grown = dict(new.named_parameters())
    for name, parameter in old.named_parameters():
        if parameter.grad is None:      # a decoder's part that no loss reaches
            assert grown[name].grad is None
        else:
            assert torch.equal(parameter.grad, grown[name].grad), name


def test_growing_in_place_is_the_network_of_the_settings():
    octaves = (Octave(4, 2, 3, 40), Octave(3, 2, 0, 90))
    network = make_network(settings_of("liae-ud", 32))
    initialise(network, 1)
    weights = {name: p.detach().clone() for name, p in network.named_parameters()}
    new = network.grow(octaves)
    whole = outline(settings_of("liae-ud", 32, octaves))
    assert network.blocks == whole.blocks
    assert network.resolution == whole.resolution == 128
    assert [b.name for b in network.blocks if b.born] == new
    assert {b.name: b.born for b in network.blocks}["octave2.head.mask.out"] == 90
    for name, before in weights.items():
        assert torch.equal(dict(network.named_parameters())[name], before)
    with pytest.raises(NetworkError, match="only grows"):
        network.grow(octaves[1:])


def test_every_new_tensor_learns_from_the_second_step_on():
    network = pair("df-ud", 32, [Octave(4, 2, 3)])[1]
    src, dst = faces(64, 1), faces(64, 2)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    for step in (1, 2):
        optimizer.zero_grad()
        sum(x.square().mean() for x in network.train_pass(src, dst, shared_pass=True)).backward()
        moving = {name for name, p in network.named_parameters() if name.startswith("octave") and p.grad.any()}
        if step == 1:
            assert {name.rsplit(".", 2)[0].rpartition(".")[2] for name in moving} == {"out"}
        optimizer.step()
    assert moving == {name for name, _ in network.named_parameters() if name.startswith("octave")}


@pytest.mark.parametrize(("iteration", "weight"), [(100, 0.0), (150, 0.25), (300, 1.0), (9999, 1.0)])
def test_the_ramp_is_a_function_of_iterations_since_birth(iteration, weight):
    network = make_network(settings_of("df", 32, [Octave(4, 2, 0, 100)]))
    initialise(network, 2)
    x = faces(64, 4)
    network.stand_at(iteration, 200)
    with torch.no_grad():
        maps = network.maps("src", network.src_code(network.encode(x)))
    core, full = (m.logits for m in maps)
    wanted = doubled(core) if weight == 0 else torch.lerp(doubled(core), smooth(core), weight)
    assert torch.allclose(full, wanted, atol=1e-6)
    assert (weight > 0) or torch.equal(full, doubled(core))


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (1, 1, 5, 7)], ids=["square", "odd"])
def test_enlarging_is_bicubic_as_others_do_it(shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=torch.channels_last)
    assert torch.allclose(smooth(x), F.interpolate(x, scale_factor=2, mode="bicubic"), atol=1e-5)
    assert torch.equal(enlarged(x, 0.0), F.interpolate(x, scale_factor=2, mode="nearest"))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16], ids=["fp32", "bf16", "fp16"])
def test_pooling_undoes_doubling_to_the_bit(kind):
    x = torch.randn(3, 3, 15, 17, generator=torch.Generator().manual_seed(2)).to(kind)
    assert torch.equal(pooled(doubled(x)), x)


# --- the settings ----------------------------------------------------------------------------------------------------
def test_growth_is_written_down_and_read_back():
    octaves = (Octave(64, 22, 0, 12000), Octave(32, 11, 16, 30000))
    text = growth_text(octaves)
    assert text == "64/22@12000 32/11/16@30000"
    settings = settings_of("df", 32, octaves)
    assert check("growth", text) == text
    assert octaves_of(settings) == octaves
    assert (settings["resolution"], core_resolution(settings)) == (128, 32)
    assert (core_of(settings, 1)["resolution"], core_of(settings, 1)["growth"]) == (64, "64/22@12000")
    check_together(settings)


@pytest.mark.parametrize("text", ["64", "64/22", "64/22@", "64/22@1 ", " 64/22@1", "64/22@1  3/2@1", "64/22@1,3/2@2"])
def test_what_is_no_growth_is_refused(text):
    from core.settings.error import SettingError
    with pytest.raises(SettingError, match="growth"):
        check("growth", text)


def test_numbers_of_the_whole_are_those_of_its_parts():
    network = outline(settings_of("df-ud", 32, [Octave(4, 2, 3)]))
    assert sum(b.parameters for b in network.blocks) == sum(int(np.prod(p.shape)) for p in network.parameters())
