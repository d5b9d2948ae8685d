"""Where the publisher's news go: beats to the supervisor, what a person should know to the journal."""

from collections.abc import Sequence

from core.train.balance import Balance
from core.train.notices import Notices
from core.train.pipe import Pipe
from core.train.publisher import Listeners
from core.train.soundness import Soundness

GAN_HELP = "lower gan_power or gan_dims, raise gan_noise, or lock gan.* for a while"
CODE_HELP = "lower true_face_power, or lock code_discriminator.* for a while"


def listeners(pipe: Pipe, notices: Notices) -> Listeners:
    """Beats, outcomes of steps, troubles of the disk."""
    soundness = Soundness()
    gan, code = Balance("pictures", GAN_HELP), Balance("codes", CODE_HELP)

    def outcome(iteration: int, applied: bool, beliefs: Sequence[float]) -> None:
        if sentence := soundness.step(iteration, applied=applied):
            notices.warn("losses", sentence)
        for about, balance, (real, fake) in (("gan", gan, beliefs[:2]), ("true face", code, beliefs[2:])):
            if sentence := balance.step(iteration, real, fake):
                notices.warn(about, sentence)

    return Listeners(pipe.say, outcome, lambda sentence: notices.warn("metrics", sentence))
