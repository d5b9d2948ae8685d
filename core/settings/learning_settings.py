"""How losses become changes of weights. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Choice, Flag, Real, Whole
from core.settings.setting import ON_OFF, Setting

GROUP = "learning"

LEARNING_SETTINGS: tuple[Setting, ...] = (
    Setting("lr", GROUP, Real(0.0, 1.0), 5e-5, "live",
            "Learning rate: how far a weight moves in one iteration.", usual="1e-6 to 1e-3",
            aliases=("learning_rate",)),
    Setting("lr_dropout", GROUP, Choice(("n", "y"), (("cpu", "y"), *ON_OFF)), "n", "live",
            "Learning-rate dropout: each iteration moves a fresh 30 % of the weights. For the end of training, after "
            "random warp is off."),
    Setting("lr_cos", GROUP, Whole(0, 1_000_000), 500, "live",
            "Period, in iterations, of the cosine that the rate follows while learning-rate dropout is on; 0 keeps "
            "it constant."),
    Setting("clipgrad", GROUP, Flag(), False, "live",
            "Limit the length of each iteration's gradient to 1, which dampens outliers and helps against collapse."),
    Setting("freeze_ab_without_warp", GROUP, Flag(), False, "live",
            "liae: lock inter_AB while random warp is off, as the original program does silently."),
    Setting("growth_dims", GROUP, Whole(0, 512), 0, "live",
            "Channels of the next octave's picture branch, when the run grows; 0 takes d_dims. Half of them give "
            "nearly as much for less work.",
            cost="At d_dims a step of the grown network is 1.4 times the step before, at half of them 1.1 times."),
    Setting("growth_mask_dims", GROUP, Whole(0, 512), 0, "live",
            "Channels of the next octave's mask branch; 0 takes d_mask_dims."),
    Setting("growth_stem", GROUP, Whole(0, 512), 0, "live",
            "Channels of the next octave's stem, through which the encoder sees the finer picture; 0 gives it none. "
            "While the stem is open, the backward pass goes through the whole core.",
            usual="0 to 32"),
    Setting("growth_ramp", GROUP, Whole(0, 100_000), 200, "live",
            "Iterations in which a new octave goes from doubled pixels to a smooth enlargement. At its birth it draws "
            "exactly what was drawn before; the ramp takes the blocks away.", usual="40 to 500"),
    Setting("growth_keep", GROUP, Real(0.0, 10.0), 0.3, "live",
            "Grown networks: how much the smaller pictures inside still count, so that they do not fall apart while "
            "all blocks train. Nothing is paid while the blocks that draw them are locked.",
            cost="A quarter of the losses' work for each octave."),
    Setting("growth_old_rate", GROUP, Real(0.0, 1.0), 0.3, "live",
            "Grown networks: factor on the learning rate of blocks that are older than the last growth, when they are "
            "open. At 1 fresh gradients shake colours that were learnt before.", usual="0.2 to 0.5"),
    Setting("growth_warmup", GROUP, Whole(0, 100_000), 1000, "live",
            "Steps in which the learning rate of a block that came by growth rises to its full height, counted by "
            "each block itself. Its moments begin at 0, and its first steps would be too long.",
            usual="100 in short runs"),
)
