"""The networks against the counts and numeric vectors of facts/networks.md 10 and 12."""

import numpy as np
import pytest
import torch

from core.events.pattern import resolve
from core.nets.dfl_keys import from_original, original_tensors, to_original
from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.layer import depth_to_space
from core.nets.picture import pictures, swapped
from core.nets.shape import NetworkShape, read_archi, shape_of
from core.settings.error import NetworkError
from core.settings.registry import defaults
from tests.nets.vectors import fill, made_up, mixed, seen

BIG = (128, 256, 64, 64, 22)
SMALL = (64, 32, 16, 16, 16)


def settings(archi, dims=SMALL):
    keys = ("resolution", "ae_dims", "e_dims", "d_dims", "d_mask_dims")
    return defaults() | {"archi": archi} | dict(zip(keys, dims, strict=True))


def on_paper(archi, dims):
    """A network without memory."""
    with torch.device("meta"):
        return outline(settings(archi, dims))


# (tensors, parameters) of encoder, each inter, each decoder, all (facts/networks.md 10)
COUNTS = [
    ("df df-u df-c", BIG, (8, 4306560), (6, 14959872), (28, 19136000), (70, 57538432)),
    ("df-d df-ud df-udc", BIG, (8, 4306560), (6, 11801856), (36, 19181291), (86, 54470998)),
    ("df-t df-ut", BIG, (18, 15654144), (4, 6308096), (36, 34410688), (94, 90783616)),
    ("df-udt", BIG, (18, 15654144), (4, 3150080), (44, 34455979), (110, 87716182)),
    ("liae liae-u", BIG, (8, 4306560), (6, 26249472), (28, 38157824), (48, 94963328)),
    ("liae-d liae-ud", BIG, (8, 4306560), (6, 19933440), (36, 38203115), (56, 82376555)),
    ("liae-t", BIG, (18, 15654144), (4, 10518784), (36, 53432512), (62, 90124224)),
    ("liae-udt liae-udtc", BIG, (18, 15654144), (4, 4202752), (44, 53477803), (70, 77537451)),
    ("df", SMALL, (8, 270240), (6, 119456), (28, 1421636), (70, 3232968)),
    ("df-ud", SMALL, (8, 270240), (6, 106784), (36, 1442717), (86, 3262458)),
    ("df-t", SMALL, (18, 979776), (4, 33312), (36, 2897476), (94, 6808040)),
    ("df-udt", SMALL, (18, 979776), (4, 20640), (44, 2918557), (110, 6837530)),
    ("liae", SMALL, (8, 270240), (6, 247072), (28, 2306372), (48, 3070756)),
    ("liae-ud", SMALL, (8, 270240), (6, 221728), (36, 2327453), (56, 3041149)),
    ("liae-udt liae-udtc", SMALL, (18, 979776), (4, 24864), (44, 3803293), (70, 4832797)),
    ("df-ud", (96, 128, 64, 64, 16), (8, 4306560), (6, 3098368), (36, 15444701), (86, 38294330)),
]


@pytest.mark.parametrize(("archis", "dims", "encoder", "inter", "decoder", "total"), COUNTS)
def test_tensors_and_parameters_are_as_many_as_in_the_original(archis, dims, encoder, inter, decoder, total):
    for archi in archis.split():
        blocks = on_paper(archi, dims).blocks

        def count(wanted, blocks=blocks):
            chosen = [b for b in blocks if wanted in ("", b.part)]
            return sum(b.tensors for b in chosen), sum(b.parameters for b in chosen)

        is_df = archi.startswith("df")
        assert count("encoder") == encoder
        assert {count(p) for p in (["inter"] if is_df else ["inter_ab", "inter_b"])} == {inter}
        assert {count(p) for p in (["decoder_src", "decoder_dst"] if is_df else ["decoder"])} == {decoder}
        assert count("") == total


SIX = [("df", 2413888), ("df-ud", 2411638), ("df-t", 4974560), ("df-udt", 4972310), ("liae", 2384736),
       ("liae-ud", 2339259), ("liae-udt", 3623707)]


@pytest.mark.parametrize(("archi", "total"), SIX)
def test_mask_dims_below_the_prompt_limit_are_built(archi, total):
    assert sum(b.parameters for b in on_paper(archi, (64, 32, 16, 16, 6)).blocks) == total


ALL = [f"{kind}{'-' * bool(n)}{''.join(letter for i, letter in enumerate('udtc') if n >> i & 1)}"
       for kind in ("df", "liae") for n in range(16)]


@pytest.mark.parametrize("archi", ALL)
def test_every_combination_of_letters_draws_pictures_and_masks_of_the_resolution(archi):
    network = make_network(settings(archi, (96, 12, 4, 4, 2)))
    initialise(network, 1)
    src, dst = torch.rand(2, 3, 96, 96), torch.rand(2, 3, 96, 96)
    together = network.train_pass(src, dst, shared_pass=True)
    apart = network.train_pass(src, dst, shared_pass=False)
    assert [tuple(x.shape) for x in together] == [(2, 3, 96, 96), (2, 1, 96, 96)] * 2
    for a, b in zip(together, apart, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    for a, b in zip(network.reconstruct(src, dst), apart, strict=True):
        assert torch.equal(a, b.detach()) and not a.requires_grad


def test_resolutions_that_the_graph_cannot_have_are_refused_with_the_right_step():
    for archi, resolution, step in [("df", 72, 16), ("df-d", 80, 32), ("liae-t", 112, 32), ("df", 0, 16)]:
        with pytest.raises(NetworkError, match=f"multiple of {step}"):
            shape_of(settings(archi, (resolution, 8, 4, 4, 2)))
    assert shape_of(settings("df-u", (80, 8, 4, 4, 2))).feature_side == 5
    with pytest.raises(NetworkError, match="e_dims = 0"):
        NetworkShape(read_archi("df"), 64, 8, 0, 4, 2)


@pytest.mark.parametrize("text", ["", "sae", "df-", "df-uu", "df-x", "liae-ud-t", "dfud"])
def test_an_unknown_architecture_is_refused(text):
    with pytest.raises(NetworkError, match="no architecture"):
        read_archi(text)


def test_letters_may_stand_in_any_order():
    assert read_archi("liae-cdu") == read_archi("liae-udc")


def test_depth_to_space_takes_channels_in_the_order_of_the_original():
    x = torch.arange(2 * 12 * 2 * 3.0).reshape(2, 12, 2, 3)
    y = depth_to_space(x)
    for dy in range(2):
        for dx in range(2):
            for k in range(3):
                assert torch.equal(y[:, k, dy::2, dx::2], x[:, (2 * dy + dx) * 3 + k])
    assert not torch.equal(y, torch.pixel_shuffle(x, 2))


# --- first weights ---------------------------------------------------------------------------------------------------
def test_first_weights_are_glorot_uniform_and_biases_zero():
    network = make_network(settings("df-ud", (64, 32, 16, 16, 16)))
    initialise(network, 3)
    kernel = network.decoder_src.upscale1.conv.weight.detach()  # (256, 128, 3, 3)
    reach = (6 / (9 * (256 + 128))) ** 0.5
    assert 0.999 * reach < kernel.abs().max() <= reach
    assert abs(kernel.mean()) < 0.01 * reach and abs(kernel.std() / (reach / 3**0.5) - 1) < 0.01
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_a_tensor_keeps_its_first_values_whatever_stands_beside_it():
    one, other = (make_network(settings(a, (64, 32, 16, 16, 16))) for a in ("df-ud", "df-udc"))
    deep = make_network(settings("df-udt", (64, 32, 16, 16, 16)))
    for network in (one, other, deep):
        initialise(network, 5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert torch.equal(one.encoder.down2.conv.weight, deep.encoder.down2.conv.weight)
    assert not torch.equal(one.decoder_src.res0.conv1.weight, one.decoder_dst.res0.conv1.weight)
    initialise(other, 6)
    assert not torch.equal(one.encoder.down2.conv.weight, other.encoder.down2.conv.weight)


# --- vectors of facts/networks.md 12 ----------------------------------------------------------------------------------
# mean, std, and the pixels (0,0,0), (1,0,0), (R//2, R//3, last), (last, last-1, last)
VECTORS = {
    "df": ((0.380296, 0.134580, 0.446242, 0.483879, 0.252778, 0.458703),
           (0.487085, 0.323237, 0.374158, 0.477398, 0.015385, 0.327273),
           (0.436190, 0.131473, 0.465796, 0.518615, 0.523068, 0.507621)),
    "df-udt": ((0.572657, 0.242274, 0.451629, 0.524033, 0.881560, 0.482804),
               (0.479337, 0.421313, 0.963154, 0.721936, 0.999976, 0.709245),
               (0.502155, 0.163076, 0.471929, 0.460514, 0.419178, 0.553924)),
    "liae-ud": ((0.347006, 0.183963, 0.516434, 0.462822, 0.727982, 0.393039),
                (0.446162, 0.410449, 0.825119, 0.691288, 0.261346, 0.284520),
                (0.362115, 0.173248, 0.458595, 0.435569, 0.688652, 0.422828)),
    "liae-udtc": ((0.508632, 0.133376, 0.433022, 0.607600, 0.791132, 0.385969),
                  (0.498307, 0.126021, 0.619951, 0.664030, 0.281982, 0.500781),
                  (0.508227, 0.125451, 0.371675, 0.493887, 0.469938, 0.361667)),
}


@pytest.mark.parametrize("archi", VECTORS)
def test_swap_and_masks_are_those_that_the_original_exports(archi):
    network = make_network(settings(archi))
    fill(network)
    drawn = swapped(network, made_up(64))
    for image, expected in zip((drawn.dst_mask, drawn.swap, drawn.swap_mask), VECTORS[archi], strict=True):
        assert np.abs(seen(image) - expected).max() < 1e-4


def test_the_vectors_recipe_is_the_one_that_the_facts_give():
    assert np.allclose(mixed(3, 1), [0.29931006, 0.73028517, 0.71085111])
    assert sum(map(ord, "encoder/down1/downs_0/conv1/weight:0")) == 3352


# --- blocks and the original's names ----------------------------------------------------------------------------------
def test_blocks_bear_the_names_that_levers_take():
    network = on_paper("df-ud", BIG)
    names = [b.name for b in network.blocks]
    assert names[:8] == ["encoder.down1", "encoder.down2", "encoder.down3", "encoder.down4", "inter.dense1",
                         "inter.dense2", "inter.upscale1", "decoder_src.upscale0"]
    assert resolve("mask", network.blocks) == [n for n in names if ".mask." in n]
    assert resolve("features", network.blocks) == [
        "encoder.down4", "decoder_src.upscale0", "decoder_src.res0", "decoder_src.mask.upscale0",
        "decoder_dst.upscale0", "decoder_dst.res0", "decoder_dst.mask.upscale0"]
    assert set(network.parameters_of("decoder_src.out")) == {
        f"conv{i}.{kind}" for i in ("", "1", "2", "3") for kind in ("weight", "bias")}
    with pytest.raises(NetworkError, match=r"encoder\.down9"):
        network.parameters_of("encoder.down9")


def test_every_parameter_belongs_to_exactly_one_block():
    for archi in ALL:
        network = on_paper(archi, SMALL)
        listed = [p for b in network.blocks for p in network.parameters_of(b.name).values()]
        assert {id(p) for p in listed} == {id(p) for p in network.parameters()}
        assert len(listed) == len({id(p) for p in listed})


def test_original_keys_and_shapes_are_those_of_the_facts():
    shapes = {t.variable: t.shape for t in original_tensors(on_paper("df", (64, 32, 16, 16, 16)))}
    assert shapes["encoder/down1/downs_3/conv1/weight:0"] == (5, 5, 64, 128)
    assert shapes["inter/dense1/weight:0"] == (2048, 32)
    assert shapes["inter/upscale1/conv1/weight:0"] == (3, 3, 32, 128)
    assert shapes["decoder_src/upscalem2/conv1/weight:0"] == (3, 3, 64, 128)
    assert shapes["decoder_dst/out_convm/bias:0"] == (1,)
    deep = {t.variable: t.shape for t in original_tensors(on_paper("liae-udtc", SMALL))}
    assert deep["inter_AB/dense2/weight:0"] == (32, 256)
    assert deep["encoder/down5/conv1/weight:0"] == (5, 5, 128, 128)
    assert deep["decoder/upscalem4/conv1/weight:0"] == (3, 3, 32, 64)
    assert deep["decoder/out_conv3/weight:0"] == (3, 3, 32, 3)


def test_original_tensors_stand_in_the_order_of_the_original_files():
    layers = list(dict.fromkeys(t.key.split("/")[0] for t in original_tensors(on_paper("df-ud", SMALL))
                                if t.file == "decoder_src"))
    assert layers == ["upscale0", "upscale1", "upscale2", "res0", "res1", "res2", "upscalem0", "upscalem1", "upscalem2",
                      "out_conv", "out_conv1", "out_conv2", "out_conv3", "upscalem3", "out_convm"]


def test_a_tensor_survives_the_way_to_the_original_and_back():
    for tensor in original_tensors(on_paper("df-ud", (64, 8, 2, 2, 2))):
        array = np.random.default_rng(0).random(tensor.shape, dtype=np.float32)
        assert np.array_equal(to_original(from_original(array, tensor), tensor), array)
    with pytest.raises(NetworkError, match="in the file"):
        from_original(np.zeros((1, 2), np.float32), tensor)


def test_a_preview_in_chunks_shows_what_one_pass_shows():
    network = make_network(settings("liae-ud", (64, 8, 4, 4, 2)))
    initialise(network, 2)
    src, dst = torch.rand(5, 3, 64, 64), torch.rand(5, 3, 64, 64)
    drawn = pictures(network, src, dst, chunk=2)
    whole = network.reconstruct(src, dst)
    assert torch.allclose(drawn.src, whole.src, atol=1e-5)
    assert torch.allclose(drawn.dst_mask, whole.dst_mask, atol=1e-5)
    assert torch.allclose(drawn.swap, network.swap(dst)[0], atol=1e-5)
    assert all(x.is_contiguous() and not x.requires_grad for x in drawn)
