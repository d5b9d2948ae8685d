"""Which faces a step sees, and what is done to them. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Choice, Flag, Real, Text, Whole
from core.settings.setting import Setting

GROUP = "faces"

FACE_SETTINGS: tuple[Setting, ...] = (
    Setting("batch_size", GROUP, Whole(1, 512), 8, "live",
            "Faces of each person in one iteration. More is calmer and slower; too little makes the losses jump.",
            cost="Memory and time of a step grow with it.", usual="2 to 32"),
    Setting("random_warp", GROUP, Flag(), True, "live",
            "Bend the network's input at random, so that it learns the face and not the picture. Turn it off late, "
            "for sharpness."),
    Setting("random_src_flip", GROUP, Flag(), False, "live",
            "Mirror src faces at random. Helps when src lacks one side; a face that is not symmetric loses likeness."),
    Setting("random_dst_flip", GROUP, Flag(), True, "live", "Mirror dst faces at random, for more poses."),
    Setting("uniform_yaw", GROUP, Flag(), False, "live",
            "Draw faces evenly over the turn of the head, so that rare side views are seen often enough.",
            cost="The turn of each face is computed once when it is first switched on."),
    Setting("ct_mode", GROUP, Choice(("none", "rct", "lct", "mkl", "idt", "sot", "fs-aug", "cc-aug")), "none", "live",
            "Colour transfer: give src faces the colours of random dst faces, so that the swap fits into dst. rct is "
            "the mildest and mostly enough; lct and mkl also turn colours; idt and sot match whole distributions. "
            "fs-aug and cc-aug instead vary light and colour of both people at random.",
            cost="A src sample of 256 px takes 4 ms more for rct, lct and mkl, 20 ms for idt and sot; a sample of "
                 "either side 10 ms for fs-aug and cc-aug."),
    Setting("random_hsv_power", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Shift hue, saturation and brightness of src inputs at random, against light that src never has.",
            usual="0 to 0.3"),
    Setting("random_color", GROUP, Real(0.0, 180.0), 0.0, "live",
            "Turn the colours of every face about grey by up to so many degrees, input and target alike, so that the "
            "shape is learnt and not the skin. 180, the original fork's on, also makes green faces.", usual="0 to 20"),
    Setting("random_blur", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that are blurred, so that blurred frames of dst are drawn well. 1 is the fork's on.",
            usual="0 to 0.3"),
    Setting("random_noise", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that get noise, as dark or grainy video has. 1 is the fork's on.", usual="0 to 0.3"),
    Setting("random_jpeg", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that are compressed hard, as poor video is. 1 is the fork's on.", usual="0 to 0.3"),
    Setting("random_downsample", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Share of inputs that lose detail by being shrunk and enlarged, as faces that are small in the frame. 1 is "
            "the fork's on.", usual="0 to 0.3"),
    Setting("degrade_strength", GROUP, Real(0.1, 4.0), 1.0, "live",
            "How strong blur, noise, jpeg and downsample are: 1 is as in the fork at 256 px."),
    Setting("random_shadow", GROUP, Choice(("none", "src", "dst", "all")), "none", "live",
            "Lay a band of shadow across half of the faces of src, of dst, or of all, input and target alike: for "
            "footage with hard light."),
    Setting("shadow_low", GROUP, Real(0.0, 1.0), 0.2, "live", "Deepest random shadow: what is left of the light."),
    Setting("shadow_high", GROUP, Real(0.0, 1.0), 0.6, "live", "Faintest random shadow: what is left of the light."),
    Setting("highlight_low", GROUP, Real(0.0, 4.0), 1.0, "live", "Least light beside a random shadow, as a factor."),
    Setting("highlight_high", GROUP, Real(0.0, 4.0), 2.5, "live", "Most light beside a random shadow, as a factor."),
    Setting("sample_rules", GROUP, Choice(("right", "dfl")), "right", "live",
            "dfl repeats what the original and its fork do wrong in ct_mode, random_blur and its like, and "
            "random_shadow, to compare with them: colours are matched over whole pictures instead of faces, idt and "
            "sot draw other colours for input and target, blur is cut short and in pixels of any side, noise adds "
            "light.",
            cost="Each src sample decodes a second picture for ct_mode; idt and sot take up to 2 s a sample."),
    Setting("retraining_samples", GROUP, Flag(), False, "live",
            "Every 17th iteration trains once more on the faces that were learnt worst in the 16 before it, unbent and "
            "undegraded. For rare poses late in training."),
    Setting("pretrain_dir", GROUP, Text(r"(/[^\n]*)?", "the full path of a folder of faces, or nothing"), "", "restart",
            "Folder of aligned faces of many people, which both sides are drawn from while pretrain is on; without it "
            "the faces of src and dst are. Leave it empty once pretraining is over.",
            cost="It is read at each start of the trainer, as src and dst are."),
    Setting("pretrain_people", GROUP, Text(r"[^\n]*", "who is shown, and on what ground"), "", "restart",
            "Who is shown in pretrain_dir and on what ground the pictures may be used, in your words. It stays in the "
            "journal of the run; without it pretrain_dir is refused."),
)
