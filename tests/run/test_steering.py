"""What a stop is answered."""

import pytest

from core.run.attempt import Attempt
from core.run.steering import stopped
from core.wire.trainer_record import Bye, NotSaved, Saved

SAVED, FULL = Saved(3, 900, "", 10, 0.1, None), NotSaved("the disk is full: 9,000 bytes are missing", 9_000, None)


@pytest.mark.parametrize(("reports", "sentence"), [
    ([FULL, SAVED, Bye(900)], "saved and stopped at iteration 900"),
    ([FULL, Bye(900)], "stopped, but not all of 900 iterations is saved: the disk is full: 9,000 bytes are missing"),
    ([SAVED], "stopped, but not all of 900 iterations is saved: the trainer ended before it had saved"),
])
def test_a_stop_says_saved_only_where_it_is(reports, sentence):
    attempt = Attempt()
    for report in reports:
        attempt.hear(report, 1.0)
    assert stopped(attempt, 900) == sentence


def test_a_stop_without_a_trainer_says_so():
    assert stopped(None, 900) == "stopped: no trainer ran"
