"""What happens between a loop that could train and its first iteration: choices, blocks and a trial are written down.

What a trial decides here is in the journal before the first iteration, and a resume finds it there.
"""

from collections.abc import Mapping
from typing import Any

from core.events.event import Chose, Started
from core.train.choice import standing
from core.train.ground import Ground
from core.train.loop import Loop, Tools
from core.train.trial import choose_shared_pass, try_step

SAME_BITS = ("torch", "cpu", "threads")     # what must be equal for a resume to be exact to the bit


def introduce(ground: Ground, tools: Tools, loop: Loop) -> None:
    """Have written down what the journal does not know yet, and try a step before the first one. Raises EndTraining."""
    boundary, generation = tools.boundary, ground.start.generation
    for chose in ground.machine.news:
        boundary.propose(chose, loop.iteration)
    loop.equip()    # patterns of what waits for a trainer are resolved over these blocks
    loop.serve()    # what waits for a trainer comes into force before the trial
    loop.equip()
    tools.prober.look_at_start(loop.iteration)
    loop.equip()    # what it took back is not in force any more
    decide_by_trial(ground, tools, loop)
    if generation is None:
        tools.preview.want()
    else:
        warn_of_another_machine(generation.extra, tools)
    boundary.propose(Started(ground.machine.name, generation.number if generation else None), loop.iteration)


def decide_by_trial(ground: Ground, tools: Tools, loop: Loop) -> None:
    """A trial step, and the shared pass by measurement, unless the journal has both."""
    step, course = tools.step, tools.course
    is_tried = standing(course.events, "trial", since="device") is not None
    shared = standing(course.events, "shared_pass", since="device")
    if not is_tried or shared is None:
        doing = "tries a step: memory and time"
        ground.progress.phase("trial", doing)
        batch, settings = loop.next_batch(), course.settings
        trial = try_step(step, batch, settings, passed=lambda: ground.progress.renew(doing, "trial"))
        if not is_tried:
            tools.boundary.propose(Chose("trial", trial.sentence, "tried before the first iteration"), loop.iteration)
        if shared is None:
            comparing = f"{trial.sentence}; tries whether one pass for both people is faster"
            ground.progress.phase("trial", comparing)
            shared, reason = choose_shared_pass(step, batch, settings, pass_s=trial.seconds,
                                                passed=lambda: ground.progress.renew(comparing, "trial"))
            tools.boundary.propose(Chose("shared_pass", shared, reason), loop.iteration)
    step.shared_pass = bool(shared)


def warn_of_another_machine(saved: Mapping[str, Any], tools: Tools) -> None:
    """Say so when numbers may come out other in the last bit than they would have where the save was made."""
    differ = [f"{key} was {saved.get(key)} and is {tools.extra[key]}" for key in SAME_BITS
              if saved.get(key) != tools.extra[key]]
    if differ:
        tools.notices.warn("machine", f"{'; '.join(differ)}: training goes on, not equal to the last bit")
