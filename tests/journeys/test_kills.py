"""kill -9 at random moments of a real run: nothing is unreadable, nothing mixed, the run goes on.

`make campaign` does it a hundred times (DFL_TUI_KILLS).
"""

import os
import time
from collections import Counter
from statistics import median

import pytest

from tests.journeys.killing import Victim, end_run
from tests.train.directing import make_run, small_faces

KILLS = int(os.environ.get("DFL_TUI_KILLS", "5"))
AIMED = 0.7     # of the kills wait for a save to begin
NEXT_ITERATION_S = 30.0
SLACK = 3.0     # a machine that takes more than 10 s for the first start of all is held against that


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(240 + 60 * KILLS)
def test_a_trainer_that_is_killed_at_any_moment_goes_on_from_a_whole_generation(tmp_path):
    run = make_run(tmp_path / "home" / "runs" / "victim", small_faces(tmp_path / "faces"), save_minutes=0.05)
    kills = []
    try:
        began = time.monotonic()
        victim = Victim(run, seed=KILLS)
        victim.training_pid()
        first_s = time.monotonic() - began      # of a supervisor and a trainer, on this machine as it is now
        for number in range(KILLS):
            kill = victim.kill(in_save=number % 10 < AIMED * 10)
            print(f"kill {number + 1}: {kill}", flush=True)
            kills.append(kill)
    finally:
        end_run(run)
    where = Counter(kill.where for kill in kills)
    slowest = max(kill.seconds for kill in kills)
    print(f"{dict(where)}; median {median(k.seconds for k in kills):.1f} s, slowest {slowest:.1f} s to the next "
          f"iteration; {kills[-1].generation} generations, 0 unreadable, 0 mixed", flush=True)
    assert {kill.cause for kill in kills} == {"killed: signal 9"}
    numbers = [kill.generation or 0 for kill in kills]
    assert numbers == sorted(numbers), "the run went back to an older generation"
    assert numbers[-1] > 0, "no generation was ever whole: nothing was shown"
    assert slowest <= max(NEXT_ITERATION_S, SLACK * first_s)
    assert where["between the first blob and HEAD"] >= 0.4 * KILLS
