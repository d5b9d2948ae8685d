"""The discriminators. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Choice, Real, Whole
from core.settings.setting import ON_OFF, Setting

GROUP = "gan"

GAN_SETTINGS: tuple[Setting, ...] = (
    Setting("gan_power", GROUP, Real(0.0, 10.0), 0.0, "live",
            "How much a discriminator, which learns to tell drawn faces from real ones, pushes for detail. For the "
            "end of training, from 0.01 to 0.1; its blocks are gan.*. At 0 it is kept and does not train.",
            cost="Memory of the discriminator, and about half of a step more.", usual="0 to 1"),
    Setting("gan_patch_size", GROUP, Whole(0, 640), 0, "live",
            "How many pixels a judgement of the discriminator looks at; 0 takes an eighth of the resolution. "
            "A change begins a new discriminator.", cost="Larger patches have more layers.", usual="3 to 640"),
    Setting("gan_dims", GROUP, Whole(2, 512), 16, "live",
            "Width of the discriminator. A change begins a new one.", cost="Its memory grows with the square.",
            usual="4 to 64"),
    Setting("gan_smoothing", GROUP, Real(0.0, 0.5), 0.0, "live",
            "The discriminator is told that real faces are real by 1 minus this only, which keeps it from being too "
            "sure. 0.1 is usual.", usual="0 to 0.1"),
    Setting("gan_noise", GROUP, Real(0.0, 0.5), 0.0, "live",
            "Share of the discriminator's lessons that are told the wrong way round, to hold it back when it wins."),
    Setting("gan_sides", GROUP, Choice(("auto", "src", "both")), "auto", "live",
            "Whose drawn faces the discriminator judges. auto does as the original: both for amp, src for others.",
            cost="both costs a decoder pass and twice the judgements."),
    Setting("speckle_guard", GROUP, Choice(("y", "n", "dfl"), ON_OFF), "y", "live",
            "Hold the drawn picture smooth where the discriminator or nothing else would look: differences of "
            "neighbouring pixels count a little. dfl compares colours and rows instead, as the original does on a "
            "GPU."),
    Setting("true_face_power", GROUP, Real(0.0, 1.0), 0.0, "live",
            "df only: a discriminator of codes makes src codes look like those of dst, so that the swap keeps more of "
            "src. Begin at 0.01; its blocks are code_discriminator.*.",
            cost="A small discriminator and a pass through the encoder.", usual="0 to 0.1"),
    Setting("power_ramp", GROUP, Whole(0, 1_000_000), 0, "live",
            "Iterations in which a power that is raised from then on (GAN, true face, face and background style) is "
            "reached, in even steps; lower powers act at once. 0: at once."),
)
