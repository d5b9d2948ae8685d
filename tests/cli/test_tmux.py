import sys
from pathlib import Path

from core.run.start import Place
from dfl_tui.cli.tmux import new_session, session_name


def test_a_name_that_tmux_does_not_take_is_bent_as_tmux_does():
    assert session_name(Place("a.b", Path("/r"))) == "dfl-a_b"


def test_the_session_holds_the_console_and_its_status_line_asks_for_the_run():
    words = new_session("dfl-a", Place("a", Path("/r")), ["--home", "/my home"])
    assert words[:5] == ["new-session", "-d", "-s", "dfl-a",
                         f"{sys.executable} -P -m dfl_tui --home '/my home' attach a"]
    assert any(word.startswith("#(") and word.endswith("status a --tmux)") for word in words)
