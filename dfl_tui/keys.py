"""The one table of keys. Bindings, footer, `?` help, palette, `dfl-tui keys` and docs/keys.md are made from it.

Knows no Textual: names of keys are Textual's, which is all. Rules: j, k, h, l, d, g and G only ever move; an act that
gives something up is upper case and asks in a dialog; a digit is a panel (facts/console.md 5).
"""

from dataclasses import dataclass
from typing import Literal

Where = Literal["everywhere", "lists", "stages", "locks", "chart", "previews", "events", "runs", "new-run", "settings",
                "saves"]

NAMES = {
    "question_mark": "?", "colon": ":", "slash": "/", "comma": ",", "full_stop": ".", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}", "escape": "esc",
    "pageup": "pgup", "pagedown": "pgdn", "left": "←", "right": "→", "up": "↑", "down": "↓",
}
HEADINGS: dict[str, str] = {
    "everywhere": "Everywhere", "lists": "Lists", "stages": "Stages", "locks": "Locks", "chart": "Loss chart",
    "previews": "Previews", "events": "Events", "runs": "Runs", "new-run": "New run", "settings": "Settings",
    "saves": "Saves",
}


@dataclass(frozen=True, slots=True)
class Key:
    """What one key does.

    id: name of the action and of the binding, for remapping. where: the panel or screen that has the key.
    label: one or two words for the footer. help: a sentence. dialog: it asks before it acts.
    anywhere: a panel's key that acts on this panel also while another one has the focus.
    """

    keys: tuple[str, ...]
    id: str
    where: Where
    label: str
    help: str
    dialog: bool = False
    anywhere: bool = False

    @property
    def action(self) -> str:
        """Textual's action: the method's name without `action_`, and its argument for a digit."""
        word, _dash, number = self.id.partition("-")
        return f"panel({number})" if word == "panel" else self.id.replace("-", "_")


KEYS: tuple[Key, ...] = (
    Key(("question_mark", "f1"), "help", "everywhere", "help", "Show the keys, those of the focused panel first."),
    Key(("colon", "ctrl+p"), "palette", "everywhere", "commands", "Find any command or setting by its name."),
    Key(("q", "ctrl+q", "ctrl+c"), "detach", "everywhere", "detach", "Leave the console; the training goes on."),
    Key(("escape",), "back", "everywhere", "back", "One level back: close the dialog, clear the filter, end the zoom."),
    Key(("tab",), "next-panel", "everywhere", "next", "Focus the next panel."),
    Key(("shift+tab",), "previous-panel", "everywhere", "previous", "Focus the previous panel."),
    Key(("z",), "zoom", "everywhere", "zoom", "Give the focused panel the whole screen, or end that."),
    Key(("1",), "panel-1", "everywhere", "stages", "Go to the stages; the same digit again zooms."),
    Key(("2",), "panel-2", "everywhere", "locks", "Go to the lock tree."),
    Key(("3",), "panel-3", "everywhere", "loss", "Go to the loss chart."),
    Key(("4",), "panel-4", "everywhere", "previews", "Go to the previews."),
    Key(("5",), "panel-5", "everywhere", "series", "Go to the sparklines."),
    Key(("6",), "panel-6", "everywhere", "events", "Go to the event log."),
    Key(("7",), "panel-7", "everywhere", "system", "Go to the machine's load."),
    Key(("p",), "pause", "everywhere", "pause", "Let the run stand still, or go on: after a pause, stop or failure."),
    Key(("s",), "save", "everywhere", "save", "Save now."),
    Key(("b",), "backup", "everywhere", "backup", "Save under a name that is kept; asks for the name."),
    Key(("v",), "preview", "everywhere", "preview", "Draw the preview faces now."),
    Key(("w",), "warp", "everywhere", "warp", "Switch random warp."),
    Key(("u",), "undo", "everywhere", "undo", "Take the last change of a setting or lock back, and say which."),
    Key(("e",), "settings", "everywhere", "settings", "Edit settings, now or at an iteration."),
    Key(("a",), "saves", "everywhere", "saves", "List the saves that are kept; go back to one."),
    Key(("O",), "grow", "everywhere", "grow", "Double the resolution by an octave; the face stays as it is.",
        dialog=True),
    Key(("S",), "stop", "everywhere", "stop", "Save and end the training.", dialog=True),
    Key(("t",), "lease", "everywhere", "take over", "Take the lease, so that this console steers; or release it."),
    Key(("R",), "runs", "everywhere", "runs", "Pick another run."),
    Key(("n",), "new-run", "everywhere", "new run", "Make a run from two face sets."),
    Key(("L",), "log", "everywhere", "log", "Read the logs of trainer and supervisor."),
    Key(("f2",), "theme", "everywhere", "theme", "Use the next theme."),
    Key(("r", "ctrl+l"), "redraw", "everywhere", "redraw", "Draw the whole screen again."),
    Key(("down", "j"), "down", "lists", "down", "One row down."),
    Key(("up", "k"), "up", "lists", "up", "One row up."),
    Key(("pagedown", "ctrl+d"), "page-down", "lists", "page down", "One page down."),
    Key(("pageup", "ctrl+u"), "page-up", "lists", "page up", "One page up."),
    Key(("g", "home"), "first", "lists", "first", "To the first row."),
    Key(("G", "end"), "last", "lists", "last", "To the last row."),
    Key(("slash",), "filter", "lists", "filter", "Show only rows with the words typed; esc shows all again."),
    Key(("x",), "withdraw", "stages", "withdraw", "Withdraw the waiting act under the cursor."),
    Key(("space",), "lock", "locks", "lock", "Lock or open the part, block or group under the cursor."),
    Key(("right", "l"), "unfold", "locks", "unfold", "Show the blocks of a part."),
    Key(("left", "h"), "fold", "locks", "fold", "Hide the blocks of a part."),
    Key(("enter",), "turn", "locks", "fold", "Show or hide the blocks of a part."),
    Key(("y",), "log", "chart", "log", "Logarithmic or plain scale.", anywhere=True),
    Key(("left_square_bracket",), "range-less", "chart", "shorter", "Show fewer iterations: all, 50k, 10k, 5k.",
        anywhere=True),
    Key(("right_square_bracket",), "range-more", "chart", "longer", "Show more iterations.", anywhere=True),
    Key(("left", "h"), "cursor-left", "chart", "cursor", "Cursor to the left; it says what happened there."),
    Key(("right", "l"), "cursor-right", "chart", "cursor", "Cursor to the right; past the end it goes away."),
    Key(("home", "g"), "cursor-first", "chart", "first", "Cursor to the first iteration shown."),
    Key(("end", "G"), "cursor-last", "chart", "newest", "No cursor."),
    Key(("left_curly_bracket",), "event-before", "chart", "event before", "Cursor to the event before."),
    Key(("right_curly_bracket",), "event-after", "chart", "event after", "Cursor to the event after."),
    Key(("c",), "mode", "previews", "picture", "Next kind of picture: quadrants, half blocks, 256 colours, braille, "
        "ASCII.", anywhere=True),
    Key(("left", "h"), "page-left", "previews", "faces", "The faces before; of one tile, the picture before."),
    Key(("right", "l"), "page-right", "previews", "faces", "The faces after; of one tile, the picture after."),
    Key(("enter",), "tile", "previews", "one tile", "One picture as large as it goes, or all again."),
    Key(("comma",), "earlier", "previews", "earlier", "The same faces at an earlier iteration beside now.",
        anywhere=True),
    Key(("full_stop",), "later", "previews", "later", "The next later iteration; at the newest the comparison ends.",
        anywhere=True),
    Key(("enter",), "tell", "events", "in full", "Tell the event under the cursor in full: what, when, by whom, why."),
    Key(("enter",), "open", "runs", "open", "Open the run under the cursor."),
    Key(("enter",), "edit", "new-run", "fill in", "Fill in the field, or do what the row says."),
    Key(("space",), "switch", "new-run", "switch", "Take the next choice."),
    Key(("enter",), "edit", "settings", "edit", "Give the setting under the cursor another value."),
    Key(("space",), "switch", "settings", "switch", "Switch a setting that is on or off, or take the next choice."),
    Key(("B",), "roll-back", "saves", "go back", "Go on from the save under the cursor, in a new life.", dialog=True),
)


def shown(key: str) -> str:
    """A key as a person reads it: "?" for question_mark, "S" for S, "ctrl+p" as it is."""
    return NAMES.get(key, key)


def key_of(where: str, key_id: str) -> Key:
    """The row of that place and id. Raises KeyError."""
    for key in KEYS:
        if key.where == where and key.id == key_id:
            return key
    raise KeyError(f"{where}/{key_id}")


def keys_at(where: str) -> list[Key]:
    """The rows of one place, in order."""
    return [key for key in KEYS if key.where == where]
