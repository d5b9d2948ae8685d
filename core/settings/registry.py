"""The one list of every setting. Console form, command line, wire checks, recipes and docs are derived from it.

A setting that is not here does not exist. Sources: `facts/options.md` for the original's options, `method.md` for ours.
The file is long because it is a table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.settings.error import SettingError
from core.settings.family import AMP, AMP_LEGACY, MODELS, QUICK96, SAEHD, check_family, presets
from core.settings.kind import Choice, Flag, Kind, Real, Text, Value, Whole

When = Literal["birth", "restart", "live"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it takes, when it can change, and what a person is told about it.

    `when`: "birth" is fixed when the run is made, "restart" restarts the trainer, "live" acts at the next iteration.
    `help` says what it does and when to use it, `cost` what it costs ("" = nothing worth saying).
    `usual` is the range that the original program offers, where it is narrower than what works.
    """

    key: str
    group: str
    kind: Kind
    default: Value
    when: When
    help: str
    cost: str = ""
    usual: str = ""
    aliases: tuple[str, ...] = ()


MODEL = "model"
FACES = "faces"
LOSS = "loss"
GAN = "gan"
LEARNING = "learning"
SAVING = "saving"
MACHINE = "machine"
# How people and the original write the first two of a choice that begins with n and y.
ON_OFF = tuple((word, "y") for word in ("True", "true", "on", "yes")) + tuple(
    (word, "n") for word in ("False", "false", "off", "no"))

SETTINGS: tuple[Setting, ...] = (
    # --- the network: fixed at birth -------------------------------------------------------------------------------
    Setting("model", MODEL, Choice(MODELS, (("SAEHD", SAEHD), ("AMP", AMP), ("AMPLegacy", AMP_LEGACY),
                                            ("Quick96", QUICK96))), SAEHD, "birth",
            "Family of the network. saehd: the usual one, in many shapes. amp: one decoder that draws every blend of "
            "the two people, so that a swap can be taken part of the way. amp_legacy: the older amp, whose inters "
            "learn too. quick96: a small df-ud at 96 pixels with fixed habits, to see within hours whether the faces "
            "are good enough.",
            cost="amp has about 1.2 times the parameters of a liae-ud of its widths; quick96 the fewest."),
    Setting("archi", MODEL,
            Text(r"(df|liae)(-(?=[udtc]+$)(?!.*(.).*\3)[udtc]+)?|amp-udt",
                 "df or liae, and letters of u d t c: liae-ud"),
            "liae-ud", "birth",
            "Shape of the network. df keeps the two people apart and gives more likeness; liae shares more and "
            "follows light "
            "and pose better. u: steadier code, d: works at half size inside, t: deeper, c: another activation. "
            "model = amp is always amp-udt.",
            cost="d costs least for its size; t adds about half of the parameters again."),
    Setting("resolution", MODEL, Whole(32, 1024, 16), 128, "birth",
            "Side of the square picture the network sees and draws, in pixels. With d or t it must be a multiple of "
            "32.",
            cost="Twice the side is four times the work and memory of a step.", usual="64 to 640"),
    Setting("face_type", MODEL, Choice(("half_face", "midfull_face", "full_face", "whole_face", "head"),
                                       (("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"),
                                        ("wf", "whole_face"))),
            "whole_face", "birth",
            "How much of the head is trained. It must not be larger than what the aligned faces show."),
    Setting("ae_dims", MODEL, Whole(8, 2048), 256, "birth",
            "Width of the code between encoder and decoder: how much about a face passes through.",
            cost="Parameters of the inter grow with it.", usual="32 to 1024"),
    Setting("inter_dims", MODEL, Whole(2, 4096), 1024, "birth",
            "amp: channels of each inter, between which a face is blended. More make finer steps from dst to src.",
            cost="Parameters of both inters and of the decoder's first layers grow with it.", usual="32 to 2048"),
    Setting("morph_factor", MODEL, Real(0.0, 1.0), 0.5, "live",
            "amp: share of a src face's channels that come from inter_src while training; the others come from "
            "inter_dst. Less keeps dst's light and pose longer.", usual="0.1 to 0.5"),
    Setting("preview_morph", MODEL, Real(0.0, 1.0), 1.0, "live",
            "amp: how far the swaps of previews go from dst (0) to src (1). It changes pictures, not the training.",
            usual="0.25, 0.5, 0.65, 0.75 or 1", aliases=("preview_mf",)),
    Setting("e_dims", MODEL, Whole(2, 512, 2), 64, "birth", "Channels of the encoder: how finely faces are read.",
            cost="Work of the encoder grows with its square.", usual="16 to 256"),
    Setting("d_dims", MODEL, Whole(2, 512, 2), 64, "birth", "Channels of the decoder: how finely faces are drawn.",
            cost="The decoders are 96 % of a step, and their work grows with the square.", usual="16 to 256"),
    Setting("d_mask_dims", MODEL, Whole(2, 512, 2), 22, "birth",
            "Channels of the decoder's mask branch: how finely the mask is drawn.", usual="16 to 256"),
    Setting("seed", MODEL, Whole(0, 2**63 - 1), 0, "birth",
            "First number of all random draws. The same seed, faces and changes give the same run on the same "
            "machine."),
    Setting("optimizer", MODEL, Choice(("adabelief", "rmsprop")), "adabelief", "birth",
            "Rule that turns gradients into changes of weights. AdaBelief learns finer; RMSprop needs half the "
            "memory for its state.",
            aliases=("adabelief",)),
    # --- faces -----------------------------------------------------------------------------------------------------
    Setting("batch_size", FACES, Whole(1, 512), 8, "live",
            "Faces of each person in one iteration. More is calmer and slower; too little makes the losses jump.",
            cost="Memory and time of a step grow with it.", usual="2 to 32"),
    Setting("random_warp", FACES, Flag(), True, "live",
            "Bend the network's input at random, so that it learns the face and not the picture. Turn it off late, "
            "for sharpness."),
    Setting("random_src_flip", FACES, Flag(), False, "live",
            "Mirror src faces at random. Helps when src lacks one side; a face that is not symmetric loses likeness."),
    Setting("random_dst_flip", FACES, Flag(), True, "live", "Mirror dst faces at random, for more poses."),
    Setting("uniform_yaw", FACES, Flag(), False, "live",
            "Draw faces evenly over the turn of the head, so that rare side views are seen often enough.",
            cost="The turn of each face is computed once when it is first switched on."),
    Setting("ct_mode", FACES, Choice(("none", "rct", "lct", "mkl", "idt", "sot", "fs-aug", "cc-aug")), "none", "live",
            "Colour transfer: give src faces the colours of random dst faces, so that the swap fits into dst. rct is "
            "the mildest and mostly enough; lct and mkl also turn colours; idt and sot match whole distributions. "
            "fs-aug and cc-aug instead vary light and colour of both people at random.",
            cost="A src sample of 256 px takes 4 ms more for rct, lct and mkl, 20 ms for idt and sot; a sample of "
                 "either side 10 ms for fs-aug and cc-aug."),
    Setting("random_hsv_power", FACES, Real(0.0, 1.0), 0.0, "live",
            "Shift hue, saturation and brightness of src inputs at random, against light that src never has.",
            usual="0 to 0.3"),
    Setting("random_color", FACES, Real(0.0, 180.0), 0.0, "live",
            "Turn the colours of every face about grey by up to so many degrees, input and target alike, so that the "
            "shape is learnt and not the skin. 180, the original fork's on, also makes green faces.", usual="0 to 20"),
    Setting("random_blur", FACES, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that are blurred, so that blurred frames of dst are drawn well. 1 is the fork's on.",
            usual="0 to 0.3"),
    Setting("random_noise", FACES, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that get noise, as dark or grainy video has. 1 is the fork's on.", usual="0 to 0.3"),
    Setting("random_jpeg", FACES, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that are compressed hard, as poor video is. 1 is the fork's on.", usual="0 to 0.3"),
    Setting("random_downsample", FACES, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that lose detail by being shrunk and enlarged, as faces that are small in the frame. 1 is "
            "the fork's on.", usual="0 to 0.3"),
    Setting("degrade_strength", FACES, Real(0.1, 4.0), 1.0, "live",
            "How strong blur, noise, jpeg and downsample are: 1 is as in the fork at 256 px."),
    Setting("random_shadow", FACES, Choice(("none", "src", "dst", "all")), "none", "live",
            "Lay a band of shadow across half of the faces of src, of dst, or of all, input and target alike: for "
            "footage with hard light."),
    Setting("shadow_low", FACES, Real(0.0, 1.0), 0.2, "live", "Deepest random shadow: what is left of the light."),
    Setting("shadow_high", FACES, Real(0.0, 1.0), 0.6, "live", "Faintest random shadow: what is left of the light."),
    Setting("highlight_low", FACES, Real(0.0, 4.0), 1.0, "live", "Least light beside a random shadow, as a factor."),
    Setting("highlight_high", FACES, Real(0.0, 4.0), 2.5, "live", "Most light beside a random shadow, as a factor."),
    Setting("sample_rules", FACES, Choice(("right", "dfl")), "right", "live",
            "dfl repeats what the original and its fork do wrong in ct_mode, random_blur and its like, and "
            "random_shadow, to compare with them: colours are matched over whole pictures instead of faces, idt and "
            "sot draw other colours for input and target, blur is cut short and in pixels of any side, noise adds "
            "light.",
            cost="Each src sample decodes a second picture for ct_mode; idt and sot take up to 2 s a sample."),
    Setting("retraining_samples", FACES, Flag(), False, "live",
            "Every 17th iteration trains once more on the faces that were learnt worst in the 16 before it, unbent and "
            "undegraded. For rare poses late in training."),
    # --- loss ------------------------------------------------------------------------------------------------------
    Setting("masked_training", LOSS, Flag(), True, "live",
            "Train the face inside its mask only; the background is left to chance. The mask itself is always "
            "trained."),
    Setting("eyes_prio", LOSS, Flag(), False, "live",
            "Weigh eyes thirty times over, against eyes that look past you. Switch it off again when they are right.",
            cost="Two small masks a sample while it is on."),
    Setting("mouth_prio", LOSS, Flag(), False, "live",
            "The same for the mouth: for teeth and lips.", cost="One small mask a sample while it is on."),
    Setting("loss_function", LOSS, Choice(("SSIM", "MS-SSIM", "MS-SSIM+L1", "MS-SSIM+L1-dfl")), "SSIM", "live",
            "How likeness of two pictures is measured. SSIM: structure at one scale, and squared pixels. MS-SSIM: "
            "structure at several scales, and squared pixels. MS-SSIM+L1: several scales and plain pixel differences. "
            "The -dfl form looks at pixels in the middle of the picture only, as the original does.",
            cost="MS-SSIM takes up to twice the time of the losses."),
    Setting("background_power", LOSS, Real(0.0, 1.0), 0.0, "live",
            "Add this share of the loss of the whole picture to that of the face, so that the background is learnt a "
            "little. It raises the numbers on the chart.",
            cost="The losses of a step are computed twice while it is on."),
    Setting("blur_out_mask", LOSS, Choice(("n", "y", "dfl"), ON_OFF), "n", "live",
            "Replace what surrounds the face in the target by a blur of itself, so that the edge of the mask is not "
            "learnt. Needs exact masks. dfl darkens the border of the picture, as the original does."),
    Setting("face_style_power", LOSS, Real(0.0, 100.0), 0.0, "live",
            "Draw the swap in the colours of dst, inside the mask. Begin below 1; more can ruin the face: make a "
            "backup first.", cost="One more pass through the decoder.", usual="0 to 10"),
    Setting("bg_style_power", LOSS, Real(0.0, 100.0), 0.0, "live",
            "Draw what surrounds the swapped face like dst. Begin below 1; more can ruin the face: make a backup "
            "first.", cost="One more pass through the decoder, and its gradient.", usual="0 to 10"),
    Setting("bg_style_mask", LOSS, Choice(("drawn", "dfl")), "drawn", "live",
            "What bg_style_power takes for background. drawn: where neither the swap's mask nor dst's mask is. dfl: "
            "outside of a src face that has nothing to do with the dst face, as the original does."),
    Setting("background_hold", LOSS, Choice(("dfl", "mve", "n")), "dfl", "live",
            "amp: how strongly what is drawn outside of the mask is held to the picture. dfl: lightly, dst only; mve: "
            "250 times as much, both people; n: not at all."),
    Setting("pretrain", LOSS, Choice(("n", "y", "dfl"), ON_OFF), "n", "live",
            "Train on many people before the two: no warp, both sides flipped, even poses, no GAN, style or "
            "learning-rate dropout. When it is switched off, the inter begins anew, with its moments. dfl leaves "
            "true_face_power on, with a discriminator that learns nothing, and freezes liae's inter_ab."),
    Setting("pretrain_dir", FACES, Text(r"(/[^\n]*)?", "the full path of a folder of faces, or nothing"), "", "restart",
            "Folder of aligned faces of many people, which both sides are drawn from while pretrain is on; without it "
            "the faces of src and dst are. Leave it empty once pretraining is over.",
            cost="It is read at each start of the trainer, as src and dst are."),
    Setting("pretrain_people", FACES, Text(r"[^\n]*", "who is shown, and on what ground"), "", "restart",
            "Who is shown in pretrain_dir and on what ground the pictures may be used, in your words. It stays in the "
            "journal of the run; without it pretrain_dir is refused."),
    Setting("unwarped_every", LOSS, Whole(0, 1000), 0, "live",
            "Every so many iterations the network sees unwarped faces although random warp is on; 0 never. Quick96 of "
            "the original takes 3 (and shows it the faces of the iteration before)."),
    # --- discriminators ----------------------------------------------------------------------------------------------
    Setting("gan_power", GAN, Real(0.0, 10.0), 0.0, "live",
            "How much a discriminator, which learns to tell drawn faces from real ones, pushes for detail. For the "
            "end of training, from 0.01 to 0.1; its blocks are gan.*. At 0 it is kept and does not train.",
            cost="Memory of the discriminator, and about half of a step more.", usual="0 to 1"),
    Setting("gan_patch_size", GAN, Whole(0, 640), 0, "live",
            "How many pixels a judgement of the discriminator looks at; 0 takes an eighth of the resolution. "
            "A change begins a new discriminator.", cost="Larger patches have more layers.", usual="3 to 640"),
    Setting("gan_dims", GAN, Whole(2, 512), 16, "live",
            "Width of the discriminator. A change begins a new one.", cost="Its memory grows with the square.",
            usual="4 to 64"),
    Setting("gan_smoothing", GAN, Real(0.0, 0.5), 0.0, "live",
            "The discriminator is told that real faces are real by 1 minus this only, which keeps it from being too "
            "sure. 0.1 is usual.", usual="0 to 0.1"),
    Setting("gan_noise", GAN, Real(0.0, 0.5), 0.0, "live",
            "Share of the discriminator's lessons that are told the wrong way round, to hold it back when it wins."),
    Setting("gan_sides", GAN, Choice(("auto", "src", "both")), "auto", "live",
            "Whose drawn faces the discriminator judges. auto does as the original: both for amp, src for others.",
            cost="both costs a decoder pass and twice the judgements."),
    Setting("speckle_guard", GAN, Choice(("y", "n", "dfl"), ON_OFF), "y", "live",
            "Hold the drawn picture smooth where the discriminator or nothing else would look: differences of "
            "neighbouring pixels count a little. dfl compares colours and rows instead, as the original does on a "
            "GPU."),
    Setting("true_face_power", GAN, Real(0.0, 1.0), 0.0, "live",
            "df only: a discriminator of codes makes src codes look like those of dst, so that the swap keeps more of "
            "src. Begin at 0.01; its blocks are code_discriminator.*.",
            cost="A small discriminator and a pass through the encoder.", usual="0 to 0.1"),
    Setting("power_ramp", GAN, Whole(0, 1_000_000), 0, "live",
            "Iterations in which a power that is raised from then on (GAN, true face, face and background style) is "
            "reached, in even steps; lower powers act at once. 0: at once."),
    # --- learning --------------------------------------------------------------------------------------------------
    Setting("lr", LEARNING, Real(0.0, 1.0), 5e-5, "live",
            "Learning rate: how far a weight moves in one iteration.", usual="1e-6 to 1e-3",
            aliases=("learning_rate",)),
    Setting("lr_dropout", LEARNING, Choice(("n", "y"), (("cpu", "y"), *ON_OFF)), "n", "live",
            "Learning-rate dropout: each iteration moves a fresh 30 % of the weights. For the end of training, after "
            "random warp is off."),
    Setting("lr_cos", LEARNING, Whole(0, 1_000_000), 500, "live",
            "Period, in iterations, of the cosine that the rate follows while learning-rate dropout is on; 0 keeps "
            "it constant."),
    Setting("clipgrad", LEARNING, Flag(), False, "live",
            "Limit the length of each iteration's gradient to 1, which dampens outliers and helps against collapse."),
    Setting("freeze_ab_without_warp", LEARNING, Flag(), False, "live",
            "liae: lock inter_AB while random warp is off, as the original program does silently."),
    # --- saving ----------------------------------------------------------------------------------------------------
    Setting("target_iter", SAVING, Whole(0, 1_000_000_000), 0, "live",
            "Save and stop at this iteration; 0 trains on without end."),
    Setting("save_minutes", SAVING, Real(0.05, 1440.0), 10.0, "live",
            "Minutes between saves: the most that a crash can cost.",
            cost="A copy of the changed tensors in memory; writing goes on beside the training."),
    Setting("backup_hours", SAVING, Whole(0, 240), 4, "live",
            "Hours between automatic backups that are kept; 0 makes none.", aliases=("autobackup_hour",)),
    Setting("keep_generations", SAVING, Whole(2, 100), 4, "live", "How many of the last saves are kept."),
    Setting("keep_days", SAVING, Whole(0, 365), 7, "live", "For how many days one save a day is kept."),
    Setting("keep_backups", SAVING, Whole(1, 1000), 24, "live",
            "How many automatic backups are kept; backups that you named stay until you remove them.",
            aliases=("maximum_n_backups",)),
    Setting("disk_budget_gb", SAVING, Real(0.0, 100_000.0), 0.0, "live",
            "Most disk space for saves, in GB; 0 sets no limit. Beyond it old automatic saves first give up the "
            "optimizer's moments and keep their weights (swap and export still work), then they go. Backups that you "
            "named stay whole."),
    Setting("preview_every", SAVING, Whole(1, 1_000_000), 200, "live", "Iterations between previews.",
            cost="A preview costs about one step."),
    Setting("preview_faces", SAVING, Whole(1, 32), 4, "live", "Fixed faces of each person in the preview."),
    Setting("hook", SAVING, Text(r"[^\n]*", "a command, or nothing"), "", "live",
            "Command that is started when the run ends, fails or is restarted; it gets JSON on standard input."),
    # --- machine ---------------------------------------------------------------------------------------------------
    Setting("device", MACHINE, Text(r"auto|cpu|mps|cuda(:\d{1,3})?", "auto, cpu, mps, cuda or cuda:1"), "auto",
            "restart",
            "Where to train. auto takes the best device that is there."),
    Setting("threads", MACHINE, Whole(0, 256), 0, "restart",
            "Threads for computing on the CPU; 0 takes one for each core that this process may use."),
    Setting("workers", MACHINE, Whole(-1, 64), -1, "restart",
            "Processes that prepare samples; 0 prepares them in the trainer, -1 chooses. "
            "Any number gives the same samples.",
            aliases=("cpu_cap",)),
)

BY_KEY: Mapping[str, Setting] = {s.key: s for s in SETTINGS}
# One word of the original that stands for two of ours (facts/options.md 3).
PAIRS: Mapping[str, tuple[str, ...]] = {"eyes_mouth_prio": ("eyes_prio", "mouth_prio")}


def setting(key: str) -> Setting:
    """The setting of that key or alias. Raises SettingError, naming the nearest key."""
    for s in SETTINGS:
        if key == s.key or key in s.aliases:
            return s
    from difflib import get_close_matches  # late: only after a mistake

    near = get_close_matches(key, BY_KEY, n=1)
    hint = f"did you mean {near[0]}?" if near else "see dfl-tui config"
    raise SettingError(f"there is no setting {key!r}", hint=hint)


def defaults() -> dict[str, Value]:
    """Every setting at its default."""
    return {s.key: s.default for s in SETTINGS}


def birth_settings(asked: Mapping[str, Value]) -> dict[str, Value]:
    """Every setting of a new run: what was asked for, else what its family begins with, else the default."""
    known = defaults()
    return {**known, **presets(str(asked.get("model", known["model"]))), **asked}


def parse(key: str, text: str) -> dict[str, Value]:
    """What `key = text` sets: one setting, or both of a pair. Raises SettingError with key and range."""
    if key in PAIRS:
        return {k: v for one in PAIRS[key] for k, v in parse(one, text).items()}
    s = setting(key)
    try:
        if key == "adabelief":  # the original's on/off word for our choice of optimizer
            return {s.key: "adabelief" if Flag().parse(text) else "rmsprop"}
        return {s.key: s.kind.parse(text)}
    except SettingError as error:
        raise SettingError(f"{s.key} = {text}: {error.message}", hint=error.hint) from error


def parse_all(assignments: Iterable[str]) -> dict[str, Value]:
    """`KEY=VALUE` words, in order; a later one wins."""
    values: dict[str, Value] = {}
    for word in assignments:
        key, equals, text = word.partition("=")
        if not equals:
            raise SettingError(f"{word!r} sets nothing", hint="write KEY=VALUE")
        values |= parse(key.strip(), text)
    return values


def check(key: str, value: object) -> Value:
    """`value`, if the setting `key` takes it. For values that come typed (wire, recipe, journal)."""
    if key not in BY_KEY:
        setting(key)  # raises with the nearest key; an alias is not a key
        raise SettingError(f"{key!r} is another name of {setting(key).key}", hint=f"use {setting(key).key}")
    try:
        return BY_KEY[key].kind.check(value)
    except SettingError as error:
        raise SettingError(f"{key} = {value}: {error.message}", hint=error.hint) from error


def check_together(settings: Mapping[str, Value]) -> None:
    """What no single setting can say: what the family takes, and shapes that must fit each other (facts/networks.md
    2.4). Raises SettingError."""
    check_family(settings, defaults())
    if float(settings["true_face_power"]) and not str(settings["archi"]).startswith("df"):
        raise SettingError(f"true_face_power = {settings['true_face_power']} needs archi = df",
                           hint="leave it at 0: in other networks src and dst have no codes of one kind")
    if settings["pretrain_dir"] and not settings["pretrain_people"]:
        raise SettingError("who is shown in pretrain_dir, and on what ground, is not stated",
                           hint="set pretrain_people with it, in your own words")
    letters = str(settings["archi"]).partition("-")[2]
    resolution = int(settings["resolution"])
    if resolution % 32 and ("d" in letters or "t" in letters):
        below, above = resolution // 32 * 32, (resolution // 32 + 1) * 32
        raise SettingError(f"resolution = {resolution} does not fit archi = {settings['archi']}",
                           hint=f"with d or t it must be a multiple of 32: {below} or {above}")
