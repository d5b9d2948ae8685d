"""Where the publisher's news go: beats to the supervisor, what a person should know to the journal."""

from core.train.balance import Balance
from core.train.notices import Notices
from core.train.overflow import Overflows, is_expected
from core.train.pipe import Pipe
from core.train.publisher import Listeners
from core.train.soundness import Soundness
from core.train.step import StepNumbers

GAN_HELP = "lower gan_power or gan_dims, raise gan_noise, or lock gan.* for a while"
CODE_HELP = "lower true_face_power, or lock code_discriminator.* for a while"


def listeners(pipe: Pipe, notices: Notices) -> Listeners:
    """Beats, outcomes of steps, troubles of the disk."""
    soundness = Soundness()
    gan, code = Balance("pictures", GAN_HELP), Balance("codes", CODE_HELP)

    overflows = Overflows()

    def outcome(iteration: int, told: StepNumbers) -> None:
        overflowed, scale = told.overflowed, told.loss_scale
        if sentence := overflows.step(iteration, overflowed=overflowed, scale=scale):
            notices.warn("precision", sentence)
        is_sound = told.applied or is_expected(overflowed=overflowed, scale=scale)
        if sentence := soundness.step(iteration, applied=is_sound):
            notices.warn("losses", sentence)
        for about, balance, real, fake in (("gan", gan, told.d_real, told.d_fake),
                                           ("true face", code, told.code_real, told.code_fake)):
            if sentence := balance.step(iteration, real, fake):
                notices.warn(about, sentence)

    return Listeners(pipe.say, outcome, lambda sentence: notices.warn("metrics", sentence))
