"""Every option that the original and its fork MVE ask for SAEHD and AMP (facts/options.md 2 to 4), and what it is here.

An option has one or more settings of ours, or a reason why there is none. Docs print the table; a test walks it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Program = Literal["DeepFaceLab", "MVE"]
Model = Literal["SAEHD", "AMP"]
PROGRAMS: tuple[Program, ...] = ("DeepFaceLab", "MVE")
MODELS: tuple[Model, ...] = ("SAEHD", "AMP")

FLAG = (True, False)
WINDOW, MEMORY = "it only serves the preview window", "it only serves TensorFlow's memory"


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `asked`: pairs of model and program, S A for the models, O M for the programs. `takes`: values at the
    edges of what it takes there, or all of its words. `ours`: settings that have its effect, () with a reason in `why`.
    `without`: words of it that we have not, each with the reason."""

    key: str
    asked: str
    takes: tuple[object, ...]
    ours: tuple[str, ...]
    why: str = ""
    without: Mapping[str, str] = field(default_factory=dict)

    def is_asked(self, model: Model, program: Program) -> bool:
        """Whether that model of that program has it."""
        return f"{model[0]}{'O' if program == 'DeepFaceLab' else 'M'}" in self.asked.split()


ALL, S, FORK = "SO AO SM AM", "SO SM", "SM AM"
NOT_A = "SO SM AM"      # the fork gave it to AMP as well


def same(key: str, asked: str, *takes: object) -> Option:
    """An option whose setting has its name."""
    return Option(key, asked, takes, (key,))


ORIGINAL: tuple[Option, ...] = (
    # structure
    same("resolution", ALL, 64, 640),
    Option("face_type", ALL, ("h", "mf", "f", "wf", "head"), ("face_type",), without={
        "custom": "a face is always laid into the frame of a type, which masks, swaps and mixed sets need"}),
    same("archi", S, "df", "liae", "df-udtc", "liae-udtc"),
    same("ae_dims", ALL, 32, 1024),
    same("inter_dims", "AO AM", 32, 2048),
    same("e_dims", ALL, 16, 256),
    same("d_dims", ALL, 16, 256),
    same("d_mask_dims", ALL, 16, 256),
    same("morph_factor", "AO AM", 0.1, 0.5),
    # training
    same("batch_size", ALL, 1, 64),
    Option("models_opt_on_gpu", ALL, FLAG, (), f"{MEMORY}: the optimizer's state is where the network is"),
    same("masked_training", NOT_A, *FLAG),
    Option("eyes_mouth_prio", "SO", FLAG, ("eyes_prio", "mouth_prio")),
    same("eyes_prio", FORK, *FLAG),
    same("mouth_prio", FORK, *FLAG),
    same("uniform_yaw", ALL, *FLAG),
    same("blur_out_mask", ALL, *FLAG),
    Option("adabelief", NOT_A, FLAG, ("optimizer",)),
    same("lr", FORK, 0.0, 1.0),
    same("lr_dropout", ALL, "n", "y", "cpu"),
    same("clipgrad", ALL, *FLAG),
    same("loss_function", FORK, "SSIM", "MS-SSIM", "MS-SSIM+L1"),
    same("background_power", FORK, 0.0, 1.0),
    same("random_warp", ALL, *FLAG),
    same("random_src_flip", ALL, *FLAG),
    same("random_dst_flip", ALL, *FLAG),
    same("random_hsv_power", NOT_A, 0.0, 0.3),
    Option("ct_mode", ALL, ("none", "rct", "lct", "mkl", "idt", "sot", "fs-aug", "cc-aug"), ("ct_mode",)),
    same("random_color", FORK, *FLAG),
    same("random_downsample", FORK, *FLAG),
    same("random_noise", FORK, *FLAG),
    same("random_blur", FORK, *FLAG),
    same("random_jpeg", FORK, *FLAG),
    same("random_shadow", FORK, "none", "src", "dst", "all"),
    *(Option(key, FORK, (), ("random_shadow", "shadow_low", "shadow_high", "highlight_low", "highlight_high"),
             without={"ranges of its own": "one set of ranges is for both people"})
      for key in ("random_shadow_src", "random_shadow_dst")),
    same("gan_power", ALL, 0.0, 10.0),
    same("gan_patch_size", ALL, 3, 640),
    same("gan_dims", ALL, 4, 512),
    same("gan_smoothing", FORK, 0.0, 0.5),
    same("gan_noise", FORK, 0.0, 0.5),
    same("true_face_power", S, 0.0, 1.0),
    same("face_style_power", S, 0.0, 100.0),
    same("bg_style_power", S, 0.0, 100.0),
    same("retraining_samples", FORK, *FLAG),
    Option("use_fp16", FORK, FLAG, (), "it keeps the weights themselves in half precision, which ruins the training"),
    same("pretrain", S, *FLAG),
    Option("cpu_cap", FORK, (1, 64), ("workers",)),
    Option("preview_samples", FORK, (1, 16), ("preview_faces",)),
    Option("force_full_preview", FORK, FLAG, (), f"{WINDOW}: a preview has one row a face at any resolution"),
    Option("preview_mf", "AM", (0.25, 0.5, 0.65, 0.75, 1), ("preview_morph",)),
    # the run
    Option("autobackup_hour", ALL, (0, 24), ("backup_hours",)),
    Option("maximum_n_backups", FORK, (0, 24), ("keep_backups",)),
    Option("session_name", FORK, (), ("session_name",)),
    Option("write_preview_history", ALL, FLAG, (), "every preview is kept, thinned with age: nothing to choose"),
    same("target_iter", ALL, 0, 1_000_000),
    *(Option(f"{side}_pak_name", FORK, (), (), f"the face set's path says it: --{side} DIR/NAME.pak")
      for side in ("src", "dst")),
)


def counts() -> list[tuple[str, int, int, int, int]]:
    """For each model and program: its name, options, those under their own name, under another, left out."""
    found = []
    for model in MODELS:
        for program in PROGRAMS:
            asked = [option for option in ORIGINAL if option.is_asked(model, program)]
            own = sum(option.ours == (option.key,) for option in asked)
            left = sum(not option.ours for option in asked)
            found.append((f"{model} of {program}", len(asked), own, len(asked) - own - left, left))
    own = sum(option.ours == (option.key,) for option in ORIGINAL)
    left = sum(not option.ours for option in ORIGINAL)
    return [*found, ("all together", len(ORIGINAL), own, len(ORIGINAL) - own - left, left)]
