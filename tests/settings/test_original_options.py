"""Every option of the original's SAEHD and AMP: in the registry or left out with a reason, in range, on the settings
screen, in `set` and `new --set`, and each with a test that proves what it does."""

from pathlib import Path

import pytest

from core.events.act import SetValues
from core.exchange.options import taken
from core.run.plan import check_act
from core.settings.error import SettingError
from core.settings.family import AMP, SAEHD, uses
from core.settings.original import MODELS, ORIGINAL, PROGRAMS, counts
from core.settings.registry import BY_KEY, birth_settings, check, parse, parse_all, setting
from dfl_tui.cli import change, new
from dfl_tui.look import look_of
from dfl_tui.screens.settings import SettingsList, View
from dfl_tui.telling import shown

ROOT = Path(__file__).resolve().parents[2]
FAMILY = {"SAEHD": SAEHD, "AMP": AMP}
KEPT = [option for option in ORIGINAL if option.ours]
every_option = pytest.mark.parametrize("option", KEPT, ids=lambda option: option.key)

COLOUR, DEGRADE, SAMPLE = "samples/test_colour.py", "samples/test_degrade.py", "samples/test_sample.py"
POWERS, STEP, OBJECTIVE = "train/test_course_of_powers.py", "train/test_step.py", "reference/test_product_step.py"
LOSSES, SAEHD_NET, FAMILIES = "reference/test_product_losses.py", "nets/test_saehd.py", "nets/test_families.py"
LABELS = f"{POWERS}::test_labels_are_told_wrong_as_often_as_the_noise_says_and_real_is_doubted_alone"
WEIGHTS = f"{SAEHD_NET}::test_tensors_and_parameters_are_as_many_as_in_the_original"
SHADOW = f"{DEGRADE}::test_half_of_the_samples_have_a_shadow_whose_light_lies_in_the_stated_ranges"
TERMS = f"{OBJECTIVE}::test_losses_and_gradients_of_a_step_are_the_same"
EYES = f"{STEP}::test_eyes_and_mouth_weigh_where_the_batch_has_their_mask"
MIRROR = f"{SAMPLE}::test_two_of_five_samples_are_mirrored"
# The test of each option that states a quantity and its expected value.
EFFECTS = {
    "resolution": f"{SAEHD_NET}::test_every_combination_of_letters_draws_pictures_and_masks_of_the_resolution",
    "face_type": "reference/test_alignments.py::test_crops_are_those_of_the_original_and_of_the_product",
    "archi": f"{SAEHD_NET}::test_every_combination_of_letters_draws_pictures_and_masks_of_the_resolution",
    "ae_dims": WEIGHTS, "e_dims": WEIGHTS, "d_dims": WEIGHTS, "d_mask_dims": WEIGHTS,
    "inter_dims": f"{FAMILIES}::test_amp_has_the_tensors_and_parameters_of_the_original",
    "morph_factor": "train/test_mix.py::test_amp_takes_the_exact_number_of_channels_for_every_face",
    "batch_size": f"{SAMPLE}::test_a_batch_has_the_promised_shapes_and_types",
    "masked_training": "train/test_loss.py::test_each_term_can_be_left_out",
    "eyes_mouth_prio": EYES, "eyes_prio": EYES, "mouth_prio": EYES,
    "uniform_yaw": f"{SAMPLE}::test_uniform_yaw_draws_a_side_view_as_often_as_all_front_views",
    "blur_out_mask": f"{LOSSES}::test_blurred_out_targets_are_the_same",
    "adabelief": "train/test_optim.py::test_weights_move_as_in_the_facts_in_both_forms",
    "lr": f"{OBJECTIVE}::test_a_step_moves_weights_by_what_its_moments_say",
    "lr_dropout": f"{STEP}::test_dropout_moves_three_weights_in_ten_anew_each_step_and_nearly_all_in_twelve",
    "clipgrad": f"{STEP}::test_clipping_moves_weights_as_if_the_gradient_were_shorter",
    "loss_function": f"{LOSSES}::test_multiscale_losses_and_their_gradient_are_the_same",
    "background_power": f"{LOSSES}::test_a_persons_loss_and_its_gradient_are_the_same",
    "random_warp": "samples/test_warp.py::test_nodes_move_by_0_1296_of_a_cell_and_at_most_0_48",
    "random_src_flip": MIRROR, "random_dst_flip": MIRROR,
    "random_hsv_power": f"{COLOUR}::test_hsv_shifts_hue_by_whole_degrees_and_light_by_half_the_amount",
    "ct_mode": f"{COLOUR}::test_lct_and_mkl_give_the_partners_mean_and_covariance",
    "random_color": f"{COLOUR}::test_tint_turns_the_colour_plane_and_keeps_lightness",
    "random_downsample": f"{DEGRADE}::test_downsampling_keeps_an_eighth_to_a_quarter_of_the_side",
    "random_noise": f"{DEGRADE}::test_noise_has_the_stated_deviation_and_adds_no_light",
    "random_blur": f"{DEGRADE}::test_gaussian_blur_has_the_stated_deviation_at_every_side",
    "random_jpeg": f"{DEGRADE}::test_jpeg_is_a_jpeg_of_quality_50_to_84",
    "random_shadow": SHADOW, "random_shadow_src": SHADOW, "random_shadow_dst": SHADOW,
    "gan_power": TERMS, "true_face_power": TERMS,
    "gan_patch_size": f"{FAMILIES}::test_a_patch_size_finds_the_layers_of_the_original",
    "gan_dims": f"{FAMILIES}::test_the_patch_discriminator_has_the_tensors_and_parameters_of_the_original",
    "gan_smoothing": LABELS, "gan_noise": LABELS,
    "face_style_power": f"{LOSSES}::test_face_style_and_its_gradient_are_the_same",
    "bg_style_power": f"{LOSSES}::test_background_style_is_the_same",
    "retraining_samples":
        "samples/test_worst.py::test_the_worst_samples_of_the_window_come_again_in_the_17th_iteration_worst_first",
    "pretrain": f"{POWERS}::test_pretraining_switches_off_what_it_must_and_stores_nothing",
    "cpu_cap": "samples/test_source.py::test_the_setting_workers_leaves_a_core_to_the_trainer",
    "preview_samples":
        "train/test_preview_faces.py::test_a_preview_shows_as_many_faces_as_asked_for_spread_over_the_set",
    "preview_mf": f"{FAMILIES}::test_a_preview_morphs_swap_and_reconstruction_apart",
    "autobackup_hour": "train/test_writer.py::test_the_clock_makes_a_backup_a_person_need_not_name",
    "maximum_n_backups":
        "store/test_retention.py::test_only_the_newest_automatic_backups_stay_and_named_ones_are_not_counted",
    "session_name": "train/test_writer.py::test_a_backup_of_the_clock_bears_the_session",
    "target_iter": "journeys/test_families_train.py::test_a_family_trains_as_a_process",
}


def test_every_option_is_listed_once_and_one_that_is_left_out_says_why():
    assert len({option.key for option in ORIGINAL}) == len(ORIGINAL)
    for option in ORIGINAL:
        assert any(option.is_asked(model, program) for model in MODELS for program in PROGRAMS)
        assert bool(option.ours) != (len(option.why) > 10), option.key
        assert all(len(reason) > 10 for reason in option.without.values())


@every_option
def test_an_option_is_in_the_registry_with_range_default_and_help(option):
    for key in option.ours:
        ours = BY_KEY[key]
        assert check(key, ours.default) == ours.default
        assert ours.kind.describe() and len(ours.help) > 20


@every_option
def test_what_the_original_takes_is_taken_from_its_files(option):
    for value in option.takes:
        found = taken(option.key, value) or {key: check(key, value) for key in option.ours}
        assert tuple(found) == option.ours, value


@pytest.mark.parametrize("option", [o for o in KEPT if o.without], ids=lambda option: option.key)
def test_a_word_that_is_left_out_is_refused_or_named_and_never_taken_for_another(option):
    for word in option.without:
        try:
            assert taken(option.key, word) is None
        except SettingError as error:
            assert error.hint


@every_option
@pytest.mark.parametrize("model", MODELS)
def test_an_option_is_on_the_settings_screen_of_its_models(option, model):
    settings = birth_settings({"model": FAMILY[model]})
    listed = {row.key for row in SettingsList().rows(View(tuple(settings.items())), look_of({}), 200)}
    asked = any(option.is_asked(model, program) for program in PROGRAMS)
    assert not asked or set(option.ours) <= listed
    assert all((key in listed) == uses(FAMILY[model], key) for key in option.ours)


@every_option
def test_an_option_is_set_by_both_commands_under_the_originals_name_and_ours(option):
    assert change.parse_all is new.parse_all is parse_all
    for key in option.ours:
        value = BY_KEY[key].default
        assert parse_all([f"{key}={shown(value)}"]) == {key: value}
        if BY_KEY[key].when != "birth":
            check_act(SetValues({key: value}))
    if option.key == "adabelief":
        assert parse("adabelief", "false") == {"optimizer": "rmsprop"}
    elif option.key == "eyes_mouth_prio":
        assert parse("eyes_mouth_prio", "true") == {"eyes_prio": True, "mouth_prio": True}
    elif len(option.ours) == 1:
        assert setting(option.key).key == option.ours[0]


@every_option
def test_the_effect_of_an_option_is_proven_by_a_test_of_that_name(option):
    file, _, name = EFFECTS[option.key].partition("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_no_effect_is_listed_that_nobody_has():
    assert set(EFFECTS) == {option.key for option in KEPT}


def test_the_counts_stand_in_the_guide(capsys):
    lines = [f"| {name} | {total} | {own} | {other} | {left} |" for name, total, own, other, left in counts()]
    with capsys.disabled():
        print("", "| options | asked | same name | other name | left out |", *lines, sep="\n")
    guide = (ROOT / "docs" / "guide" / "deepfacelab.md").read_text(encoding="utf-8")
    assert "\n".join(lines) in guide
