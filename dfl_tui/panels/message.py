"""What panels ask of their screen: acts on the run. A panel knows no connection."""

from textual.message import Message


class Withdraw(Message):
    """Take back the waiting act that event `number` accepted."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class TurnLock(Message):
    """Lock (or open) the blocks that `pattern` names."""

    def __init__(self, pattern: str, *, lock: bool) -> None:
        super().__init__()
        self.pattern = pattern
        self.lock = lock
