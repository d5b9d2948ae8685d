"""What panels ask of their screen: acts on the run. A panel knows no connection."""

from textual.message import Message
from textual.widget import Widget


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


class WholeScreen(Message):
    """Give `panel` the whole screen, or what it had before."""

    def __init__(self, panel: Widget, *, is_wanted: bool) -> None:
        super().__init__()
        self.panel = panel
        self.is_wanted = is_wanted
