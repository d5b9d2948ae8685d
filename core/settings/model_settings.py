"""The network, fixed when a run is made. (`facts/options.md`, `method.md`)"""

from core.settings.family import AMP, AMP_LEGACY, MODELS, QUICK96, SAEHD
from core.settings.growth import EXAMPLE, LARGEST, PATTERN
from core.settings.kind import Choice, Real, Text, Whole
from core.settings.setting import Setting

GROUP = "model"

MODEL_SETTINGS: tuple[Setting, ...] = (
    Setting("model", GROUP, Choice(MODELS, (("SAEHD", SAEHD), ("AMP", AMP), ("AMPLegacy", AMP_LEGACY),
                                            ("Quick96", QUICK96))), SAEHD, "birth",
            "Family of the network. saehd: the usual one, in many shapes. amp: one decoder that draws every blend of "
            "the two people, so that a swap can be taken part of the way. amp_legacy: the older amp, whose inters "
            "learn too. quick96: a small df-ud at 96 pixels with fixed habits, to see within hours whether the faces "
            "are good enough.",
            cost="amp has about 1.2 times the parameters of a liae-ud of its widths; quick96 the fewest."),
    Setting("archi", GROUP,
            Text(r"(df|liae)(-(?=[udtc]+$)(?!.*(.).*\3)[udtc]+)?|amp-udt",
                 "df or liae, and letters of u d t c: liae-ud"),
            "liae-ud", "birth",
            "Shape of the network. df keeps the two people apart and gives more likeness; liae shares more and "
            "follows light "
            "and pose better. u: steadier code, d: works at half size inside, t: deeper, c: another activation. "
            "model = amp is always amp-udt.",
            cost="d costs least for its size; t adds about half of the parameters again."),
    Setting("resolution", GROUP, Whole(32, LARGEST, 16), 128, "birth",
            "Side of the square picture the network sees and draws, in pixels. With d or t it must be a multiple of "
            "32. `dfl-tui grow` doubles it later without losing what was learnt.",
            cost="Twice the side is four times the work and memory of a step; grown to twice the side it is a third "
                 "more.", usual="64 to 640"),
    Setting("growth", GROUP, Text(PATTERN, EXAMPLE), "", "birth",
            "The octaves around the network's core, written by `dfl-tui grow`. Each has doubled the resolution once. "
            "A run may be born with some, to compare: resolution is then the side with them."),
    Setting("face_type", GROUP, Choice(("half_face", "midfull_face", "full_face", "whole_face", "head"),
                                       (("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"),
                                        ("wf", "whole_face"))),
            "whole_face", "birth",
            "How much of the head is trained. It must not be larger than what the aligned faces show."),
    Setting("ae_dims", GROUP, Whole(8, 2048), 256, "birth",
            "Width of the code between encoder and decoder: how much about a face passes through.",
            cost="Parameters of the inter grow with it.", usual="32 to 1024"),
    Setting("inter_dims", GROUP, Whole(2, 4096), 1024, "birth",
            "amp: channels of each inter, between which a face is blended. More make finer steps from dst to src.",
            cost="Parameters of both inters and of the decoder's first layers grow with it.", usual="32 to 2048"),
    Setting("morph_factor", GROUP, Real(0.0, 1.0), 0.5, "live",
            "amp: share of a src face's channels that come from inter_src while training; the others come from "
            "inter_dst. Less keeps dst's light and pose longer.", usual="0.1 to 0.5"),
    Setting("preview_morph", GROUP, Real(0.0, 1.0), 1.0, "live",
            "amp: how far the swaps of previews go from dst (0) to src (1). It changes pictures, not the training.",
            usual="0.25, 0.5, 0.65, 0.75 or 1", aliases=("preview_mf",)),
    Setting("e_dims", GROUP, Whole(2, 512, 2), 64, "birth", "Channels of the encoder: how finely faces are read.",
            cost="Work of the encoder grows with its square.", usual="16 to 256"),
    Setting("d_dims", GROUP, Whole(2, 512, 2), 64, "birth", "Channels of the decoder: how finely faces are drawn.",
            cost="The decoders are 96 % of a step, and their work grows with the square.", usual="16 to 256"),
    Setting("d_mask_dims", GROUP, Whole(2, 512, 2), 22, "birth",
            "Channels of the decoder's mask branch: how finely the mask is drawn.", usual="16 to 256"),
    Setting("seed", GROUP, Whole(0, 2**63 - 1), 0, "birth",
            "First number of all random draws. The same seed, faces and changes give the same run on the same "
            "machine."),
    Setting("optimizer", GROUP, Choice(("adabelief", "rmsprop")), "adabelief", "birth",
            "Rule that turns gradients into changes of weights. AdaBelief learns finer; RMSprop needs half the "
            "memory for its state.",
            aliases=("adabelief",)),
)
