"""AMP, Quick96, the discriminators and XSeg against the counts and numeric vectors of facts/networks.md 6 to 12."""

import numpy as np
import pytest
import torch

from core.events.pattern import resolve
from core.nets.amp import AmpNetwork, channels_of
from core.nets.dfl_keys import load_original, original_tensors, to_original
from core.nets.discriminator import (
    CodeDiscriminator,
    PatchDiscriminator,
    make_code_discriminator,
    make_patch_discriminator,
    patch_layers,
)
from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.network import Morphs
from core.nets.picture import pictures, swapped
from core.nets.saehd import SaehdNetwork
from core.nets.shape import NetworkShape, read_archi
from core.nets.xseg import XsegNetwork, make_xseg
from core.settings.error import NetworkError
from core.settings.registry import birth_settings
from tests.nets.vectors import fill, made_up, seen

TOLERANCE = 1e-4
AMP_DIMS = ("resolution", "ae_dims", "inter_dims", "e_dims", "d_dims", "d_mask_dims")


def amp_settings(*dims, model="amp", **others):
    return birth_settings({"model": model} | dict(zip(AMP_DIMS, dims, strict=True)) | others)


def small_amp(model="amp"):
    network = make_network(amp_settings(32, 8, 12, 4, 4, 2, model=model))
    initialise(network, 1)
    return network


def counts(network):
    """Part -> (tensors, parameters)."""
    found = {}
    for block in network.blocks:
        tensors, parameters = found.get(block.part, (0, 0))
        found[block.part] = (tensors + block.tensors, parameters + block.parameters)
    return found


def on_paper(build):
    with torch.device("meta"):
        return build()


# --- counts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("dims", "encoder", "inter", "decoder", "total"), [
    ((224, 256, 1024, 64, 64, 22), (20, 22076928), (2, 12895232), (44, 53477803), 101345195),
    ((224, 256, 256, 64, 64, 22), (20, 22076928), (2, 3223808), (44, 34455979), 62980523),
    ((64, 32, 64, 16, 16, 16), (20, 996192), (2, 8448), (44, 3213469), 4226557)])
def test_amp_has_the_tensors_and_parameters_of_the_original(dims, encoder, inter, decoder, total):
    network = on_paper(lambda: outline(amp_settings(*dims)))
    found = counts(network)
    assert (found["encoder"], found["inter_src"], found["inter_dst"], found["decoder"]) == (
        encoder, inter, inter, decoder)
    assert sum(parameters for _, parameters in found.values()) == total


def test_quick96_is_a_df_of_its_fixed_size():
    network = on_paper(lambda: outline(birth_settings({"model": "quick96"})))
    assert isinstance(network, SaehdNetwork)
    assert sum(b.parameters for b in network.blocks) == 38294330
    assert sum(b.tensors for b in network.blocks) == 86
    assert network.shape.resolution == 96


def test_xseg_has_the_tensors_and_parameters_of_the_original():
    (tensors, parameters) = np.sum([(b.tensors, b.parameters) for b in on_paper(XsegNetwork).blocks], axis=0)
    assert (tensors, parameters) == (222, 17569317)


@pytest.mark.parametrize(("patch", "dims", "expected"), [
    (16, 16, (20, 233650)), (16, 32, (20, 933218)), (16, 64, (20, 3730114)),
    (28, 16, (28, 3799090)), (28, 32, (28, 9684578)), (28, 64, (28, 16708290))])
def test_the_patch_discriminator_has_the_tensors_and_parameters_of_the_original(patch, dims, expected):
    assert counts(on_paper(lambda: PatchDiscriminator(patch, dims)))["gan"] == expected


@pytest.mark.parametrize(("channels", "side", "expected"), [
    (256, 16, (8, 6949633)), (256, 8, (6, 2229505)), (256, 4, (4, 1049089)), (32, 8, (6, 1312001)),
    (32, 4, (4, 131585))])
def test_the_code_discriminator_has_the_tensors_and_parameters_of_the_original(channels, side, expected):
    assert counts(on_paper(lambda: CodeDiscriminator(channels, side)))["code_discriminator"] == expected


# --- layers of the patch discriminator -------------------------------------------------------------------------------
# first and last patch size, strides (facts/networks.md 6.1)
LAYERS = [(3, 5, 2), (6, 9, 22), (10, 13, 212), (14, 17, 222), (18, 21, 2122), (22, 25, 2212), (26, 29, 21212),
          (30, 33, 2222), (34, 37, 21222), (38, 41, 22122), (42, 45, 212122), (46, 49, 22212), (50, 53, 212212),
          (54, 57, 221212), (58, 61, 2121212), (62, 65, 22222), (66, 69, 212222), (70, 73, 221222), (74, 77, 2121222),
          (78, 81, 222122), (82, 85, 2122122), (86, 89, 2212122), (90, 93, 21212122), (94, 97, 222212),
          (98, 101, 2122212), (102, 105, 2212212), (106, 109, 21212212), (110, 113, 2221212), (114, 117, 21221212),
          (118, 121, 22121212), (122, 125, 212121212), (126, 129, 222222), (130, 133, 2122222), (158, 161, 2222122)]


@pytest.mark.parametrize(("first", "last", "strides"), LAYERS)
def test_a_patch_size_finds_the_layers_of_the_original(first, last, strides):
    assert {patch_layers(patch) for patch in range(first, last + 1)} == {tuple(map(int, str(strides)))}


def test_a_picture_that_does_not_come_back_at_its_size_is_refused():
    with pytest.raises(NetworkError, match="cannot judge pictures of 48"):
        PatchDiscriminator(66, 2).check_side(48)
    settings = birth_settings({"resolution": 64, "archi": "df-ud"})
    gan = make_patch_discriminator(settings)
    assert gan.strides == patch_layers(8)
    patches, pixels = gan(torch.rand(2, 3, 64, 64))
    assert (tuple(patches.shape), tuple(pixels.shape)) == ((2, 1, 16, 16), (2, 1, 64, 64))


def test_true_face_is_for_df_only():
    judge = make_code_discriminator(birth_settings({"archi": "df-ud", "resolution": 64, "ae_dims": 8}))
    assert tuple(judge(torch.rand(2, 8, 4, 4)).shape) == (2, 1, 3, 3)
    with pytest.raises(NetworkError, match="needs a df network and not liae"):
        make_code_discriminator(birth_settings({"archi": "liae-ud"}))


# --- vectors ---------------------------------------------------------------------------------------------------------
AMP_VECTORS = {
    0.5: ((0.536824, 0.429847, 0.143907, 0.648099, 0.994444, 0.419769),
          (0.546511, 0.174534, 0.571455, 0.447486, 0.333547, 0.636339)),
    0.3: ((0.535671, 0.427709, 0.116061, 0.558352, 0.999788, 0.481732),
          (0.545809, 0.173207, 0.565806, 0.475351, 0.503468, 0.621675)),
}
AMP_MASK = (0.544240, 0.176353, 0.569482, 0.507977, 0.404066, 0.539279)


@pytest.mark.parametrize("morph", AMP_VECTORS)
def test_amp_swaps_as_the_original_exports_at_each_morph(morph):
    network = make_network(amp_settings(64, 32, 64, 16, 16, 16))
    fill(network)
    drawn = swapped(network, made_up(64), morph=morph)
    for map_, expected in zip((drawn.dst_mask, drawn.swap, drawn.swap_mask), (AMP_MASK, *AMP_VECTORS[morph]),
                              strict=True):
        assert np.abs(seen(map_) - expected).max() < TOLERANCE


@pytest.mark.parametrize(("patch", "center", "full"), [
    (16, (-0.675132, 0.334866, -0.449391, -0.220672, -0.818859, -0.384906),
     (0.209641, 0.473755, 0.334857, -0.146871, 0.472021, 0.033267)),
    (28, (0.106173, 0.390339, -0.181620, -0.382565, -0.044842, 0.382791),
     (-0.312009, 0.894834, 0.082946, 0.414750, -0.002901, -0.324203))])
def test_the_patch_discriminator_judges_as_the_original(patch, center, full):
    judge = PatchDiscriminator(patch, 16)
    fill(judge)
    for map_, expected in zip(judge(made_up(64)), (center, full), strict=True):
        assert np.abs(seen(map_) - expected).max() < TOLERANCE


def test_the_code_discriminator_judges_as_the_original():
    judge = CodeDiscriminator(8, 16)
    fill(judge)
    expected = (-0.323565, 0.375471, 0.174663, -0.346572, -0.296506, -0.002380)
    assert np.abs(seen(judge(made_up(16, 8))) - expected).max() < TOLERANCE


@pytest.mark.slow
def test_xseg_draws_the_mask_of_the_original():
    network = make_xseg()
    fill(network)
    with torch.no_grad():
        mask = torch.sigmoid(network(made_up(256)))
    assert np.abs(seen(mask) - (0.546484, 0.153282, 0.452876, 0.647822, 0.540404, 0.568564)).max() < TOLERANCE
    cut = network.mask(made_up(256))
    assert torch.equal(cut, torch.where(mask < 0.1, torch.zeros(()), mask))


# --- AMP: mixing and morphing ----------------------------------------------------------------------------------------
def test_a_mix_takes_each_channel_from_one_inter():
    network, faces = small_amp(), torch.rand(2, 3, 32, 32)
    features = network.encode(faces)
    as_src, as_dst = network.src_code(features, 1.0), network.dst_code(features)
    mix = torch.zeros(2, 12, 1, 1)
    mix[0, ::2], mix[1, 3] = 1, 1
    for shared_pass in (True, False):
        codes = network.codes(faces, faces, shared_pass=shared_pass, mix=mix)
        assert torch.allclose(codes.src, torch.where(mix > 0, as_src, as_dst), atol=1e-6)
        assert torch.allclose(codes.dst, as_dst, atol=1e-6)
        assert codes.swap is codes.dst


def test_a_mix_is_asked_for_by_amp_and_refused_by_others():
    faces = torch.rand(1, 3, 32, 32)
    with pytest.raises(NetworkError, match=r"a mix of shape \(1, 12, 1, 1\)"):
        small_amp().train_pass(faces, faces, shared_pass=True)
    with pytest.raises(NetworkError, match="no channels to mix"):
        make_network(birth_settings({"resolution": 32, "archi": "df"})).codes(
            faces, faces, shared_pass=True, mix=torch.ones(1, 12, 1, 1))


def test_channels_are_cut_off_in_single_precision():
    assert [channels_of(64, m) for m in (0.0, 0.3, 0.75, 1.0)] == [0, 19, 48, 64]
    assert channels_of(10, 0.3) == 3 and channels_of(1000, 0.29) == 290


def test_a_preview_morphs_swap_and_reconstruction_apart():
    network, faces = small_amp(), torch.rand(3, 3, 32, 32)
    drawn = pictures(network, faces, faces, morphs=Morphs(src=0.5, swap=0.0), chunk=2)
    assert torch.allclose(drawn.swap, drawn.dst, atol=1e-6)     # nothing of src is left
    half = network.swap(faces, morph=0.5)[0]
    assert torch.allclose(drawn.src, half, atol=1e-6)
    assert not torch.allclose(half, network.swap(faces)[0], atol=1e-6)


def test_every_family_keeps_to_the_protocol():
    dims = {"resolution": 32, "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2}
    for network in (small_amp(), *(make_network(birth_settings(dims | {"archi": a})) for a in ("df-ud", "liae"))):
        initialise(network, 3)
        faces = torch.rand(2, 3, 32, 32)
        code = network.src_code(network.encode(faces))
        assert tuple(code.shape[1:]) == (network.shape.code_channels, network.shape.code_side, network.shape.code_side)
        image, mask = network.draw_src(code)
        assert (tuple(image.shape), tuple(mask.shape)) == ((2, 3, 32, 32), (2, 1, 32, 32))
        assert torch.equal(network.picture_src(code), image)
        assert torch.equal(network.picture_dst(code), network.draw_dst(code)[0])


def test_amp_has_one_shape_of_letters():
    assert read_archi("amp-udt") == outline(amp_settings(32, 8, 12, 4, 4, 2)).shape.archi
    for text in ("amp", "amp-ud", "amp-udtc"):
        with pytest.raises(NetworkError, match="no architecture"):
            read_archi(text)
    with pytest.raises(NetworkError, match="inter_dims = 0"):
        NetworkShape(read_archi("amp-udt"), 32, 8, 4, 4, 2)
    assert (small_amp().mixing, small_amp("amp_legacy").mixing) == ("exact", "bernoulli")


# --- blocks, names, first weights ------------------------------------------------------------------------------------
def test_locks_find_the_blocks_of_every_network():
    amp = small_amp()
    names = [b.name for b in amp.blocks]
    assert [n for n in names if "dense" in n] == ["encoder.dense1", "inter_src.dense2", "inter_dst.dense2"]
    assert resolve("inter_src,inter_dst", amp.blocks) == ["inter_src.dense2", "inter_dst.dense2"]
    gan = PatchDiscriminator(8, 2)
    assert [b.name for b in gan.blocks] == ["gan.conv0", "gan.conv1", "gan.upconv0", "gan.upconv1", "gan.in", "gan.out",
                                            "gan.center_out", "gan.center"]
    for network in (amp, gan, CodeDiscriminator(4, 8)):
        listed = [p for b in network.blocks for p in network.parameters_of(b.name).values()]
        assert [id(p) for p in listed] == [id(p) for p in network.parameters()]


def test_original_names_stand_in_the_order_of_the_original_files():
    def layers(network, file):
        return list(dict.fromkeys(t.key.split("/")[0] for t in original_tensors(network) if t.file == file))

    assert layers(small_amp(), "decoder") == [
        *(f"upscale{i}" for i in range(4)), *(f"res{i}" for i in range(4)), *(f"upscalem{i}" for i in range(5)),
        "out_convm", "out_conv", "out_conv1", "out_conv2", "out_conv3"]
    assert layers(small_amp(), "encoder")[-2:] == ["res5", "dense1"]
    gan = PatchDiscriminator(28, 16)
    assert layers(gan, "GAN") == [*(f"convs_{i}" for i in range(5)), *(f"upconvs_{i}" for i in range(5)), "in_conv",
                                  "out_conv", "center_out", "center_conv"]
    assert {t.variable.split("/")[0] for t in original_tensors(gan, gan_prefix="GAN")} == {"GAN"}
    assert next(t for t in original_tensors(gan) if t.key == "upconvs_0/weight:0").shape == (3, 3, 256, 512)
    xseg = layers(on_paper(XsegNetwork), "XSeg_256")
    assert xseg[14:18] == ["conv53", "dense1", "dense2", "up5"] and xseg[-3:] == ["uconv02", "uconv01", "out_conv"]
    rests = ("conv/weight", "conv/bias", "frn/weight", "frn/bias", "frn/eps", "tlu/tau")
    assert [t.variable for t in original_tensors(on_paper(XsegNetwork))][:6] == [
        f"XSeg/conv01/{rest}:0" for rest in rests]


def test_files_of_the_original_are_taken_whole_or_not_at_all():
    judge, other = CodeDiscriminator(4, 8, base=2), CodeDiscriminator(4, 8, base=2)
    for place, network in enumerate((judge, other)):
        initialise(network, place)
    file = {t.key: to_original(judge.parameters_of(t.block)[t.name].detach().numpy(), t)
            for t in original_tensors(judge)}
    before = [p.clone() for p in other.parameters()]
    for wrong in ({}, {"code_discriminator": {}}, {"code_discriminator": file | {"out_conv/bias:0": np.zeros(7)}}):
        with pytest.raises(NetworkError):
            load_original(other, wrong)
        assert all(torch.equal(a, b) for a, b in zip(before, other.parameters(), strict=True))
    load_original(other, {"code_discriminator": file})
    assert all(torch.equal(a, b) for a, b in zip(judge.parameters(), other.parameters(), strict=True))


def test_first_weights_of_normalisation_and_threshold_are_constants():
    network = make_xseg(2)
    initialise(network, 4)
    first = network.parameters_of("up5")
    assert first["frn.weight"].eq(1).all() and first["frn.eps"].item() == pytest.approx(1e-6)
    assert not first["frn.bias"].any() and not first["tlu.tau"].any() and not first["conv.bias"].any()
    reach = (6 / (9 * (16 + 8))) ** 0.5
    assert 0.9 * reach < first["conv.weight"].abs().max() <= reach


def test_judges_do_not_begin_alike():
    gan, code = PatchDiscriminator(8, 4), CodeDiscriminator(4, 8, base=4)
    for judge in (gan, code):
        initialise(judge, 0)
    wide, narrow = gan.parameters_of("gan.conv0")["weight"], code.parameters_of("code_discriminator.conv1")["weight"]
    assert not torch.allclose(wide.flatten()[:9] / wide.abs().max(), narrow.flatten()[:9] / narrow.abs().max())


def test_an_amp_network_learns_through_locked_inters():
    network = small_amp()
    for name in ("inter_src.dense2", "inter_dst.dense2"):
        for parameter in network.parameters_of(name).values():
            parameter.requires_grad_(False)
    faces = torch.rand(2, 3, 32, 32)
    drawn = network.train_pass(faces, faces, shared_pass=True, mix=torch.ones(2, 12, 1, 1))
    torch.stack([x.sum() for x in drawn]).sum().backward()
    assert isinstance(network, AmpNetwork)
    assert network.encoder.down1.conv.weight.grad.abs().sum() > 0
    assert network.inter_src.dense2.weight.grad is None
