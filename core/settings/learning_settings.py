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
)
