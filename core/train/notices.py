"""What a person should know, found by any thread of the trainer; the training thread has it written down."""

from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue

from core.events.event import Chose, Event, Warned


class Notices:
    """Warnings on their way to the journal. A broken face file is named once in a run's life."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._waiting: SimpleQueue[Warned] = SimpleQueue()
        self._chosen: SimpleQueue[Chose] = SimpleQueue()
        self._told_faces = {e.body.sentence for e in events if isinstance(e.body, Warned) and e.body.about == "faces"}

    def warn(self, about: str, sentence: str) -> None:
        """Have this written down. Any thread."""
        self._waiting.put(Warned(about, sentence))

    def chose(self, choice: Chose) -> None:
        """Have it written down what was decided by measuring. Any thread."""
        self._chosen.put(choice)

    def choices(self) -> Iterator[Chose]:
        """What was decided since the last call. The training thread."""
        while not self._chosen.empty():
            yield self._chosen.get()

    def taken(self) -> Iterator[Warned]:
        """What came since the last call. The training thread."""
        while not self._waiting.empty():
            try:
                warning = self._waiting.get_nowait()
            except Empty:
                return
            if warning.about != "faces" or warning.sentence not in self._told_faces:
                self._told_faces.add(warning.sentence)
                yield warning
