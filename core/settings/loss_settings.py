"""What a step minimises. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Choice, Flag, Real, Whole
from core.settings.setting import ON_OFF, Setting

GROUP = "loss"

LOSS_SETTINGS: tuple[Setting, ...] = (
    Setting("masked_training", GROUP, Flag(), True, "live",
            "Train the face inside its mask only; the background is left to chance. The mask itself is always "
            "trained."),
    Setting("eyes_prio", GROUP, Flag(), False, "live",
            "Weigh eyes thirty times over, against eyes that look past you. Switch it off again when they are right.",
            cost="Two small masks a sample while it is on."),
    Setting("mouth_prio", GROUP, Flag(), False, "live",
            "The same for the mouth: for teeth and lips.", cost="One small mask a sample while it is on."),
    Setting("loss_function", GROUP, Choice(("SSIM", "MS-SSIM", "MS-SSIM+L1", "MS-SSIM+L1-dfl")), "SSIM", "live",
            "How likeness of two pictures is measured. SSIM: structure at one scale, and squared pixels. MS-SSIM: "
            "structure at several scales, and squared pixels. MS-SSIM+L1: several scales and plain pixel differences. "
            "The -dfl form looks at pixels in the middle of the picture only, as the original does.",
            cost="MS-SSIM takes up to twice the time of the losses."),
    Setting("background_power", GROUP, Real(0.0, 1.0), 0.0, "live",
            "Add this share of the loss of the whole picture to that of the face, so that the background is learnt a "
            "little. It raises the numbers on the chart.",
            cost="The losses of a step are computed twice while it is on."),
    Setting("blur_out_mask", GROUP, Choice(("n", "y", "dfl"), ON_OFF), "n", "live",
            "Replace what surrounds the face in the target by a blur of itself, so that the edge of the mask is not "
            "learnt. Needs exact masks. dfl darkens the border of the picture, as the original does."),
    Setting("face_style_power", GROUP, Real(0.0, 100.0), 0.0, "live",
            "Draw the swap in the colours of dst, inside the mask. Begin below 1; more can ruin the face: make a "
            "backup first.", cost="One more pass through the decoder.", usual="0 to 10"),
    Setting("bg_style_power", GROUP, Real(0.0, 100.0), 0.0, "live",
            "Draw what surrounds the swapped face like dst. Begin below 1; more can ruin the face: make a backup "
            "first.", cost="One more pass through the decoder, and its gradient.", usual="0 to 10"),
    Setting("bg_style_mask", GROUP, Choice(("drawn", "dfl")), "drawn", "live",
            "What bg_style_power takes for background. drawn: where neither the swap's mask nor dst's mask is. dfl: "
            "outside of a src face that has nothing to do with the dst face, as the original does."),
    Setting("background_hold", GROUP, Choice(("dfl", "mve", "n")), "dfl", "live",
            "amp: how strongly what is drawn outside of the mask is held to the picture. dfl: lightly, dst only; mve: "
            "250 times as much, both people; n: not at all."),
    Setting("pretrain", GROUP, Choice(("n", "y", "dfl"), ON_OFF), "n", "live",
            "Train on many people before the two: no warp, both sides flipped, even poses, no GAN, style or "
            "learning-rate dropout. When it is switched off, the inter begins anew, with its moments. dfl leaves "
            "true_face_power on, with a discriminator that learns nothing, and freezes liae's inter_ab; for amp_legacy "
            "it leaves poses and colours as they are set."),
    Setting("unwarped_every", GROUP, Whole(0, 1000), 0, "live",
            "Every so many iterations the network sees unwarped faces although random warp is on; 0 never. Quick96 of "
            "the original takes 3 (and shows it the faces of the iteration before)."),
)
