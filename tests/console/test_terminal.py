"""The console as a process on a real pseudo terminal: how it ends, what it writes, what it survives."""

import re
import signal
from collections.abc import Callable

import pytest

from dfl_tui.terminal import MODES_OFF
from tests.console.conftest import Opener
from tests.console.pty_terminal import PtyTerminal

pytestmark = [pytest.mark.journey, pytest.mark.slow]

LIGHT = re.compile(rb"[;\[](?:47|107)m")     # a background of a light theme
SGR = re.compile(rb"([0-9;]*)m")
RESTORED = b"\x1b[?1049l"      # the alternate screen is left
END_CPU_S = 3.0                # to an end; one that spins until the watch ends it by force spends as much by itself


def ends_without_spinning(terminal: PtyTerminal, end: Callable[[], None], *, reads: bool = True) -> None:
    """`end` ends the program, at once by its own clock: CPU time, for the machine is shared."""
    before_s = terminal.cpu_s()
    end()
    terminal.wait_for_end(reads=reads)
    assert terminal.cpu_s() - before_s < END_CPU_S


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_ends_at_once(open_console: Opener, number: signal.Signals):
    terminal = open_console()
    terminal.wait_for_text("3 loss")
    ends_without_spinning(terminal, lambda: terminal.signal(number))
    assert RESTORED in terminal.output
    assert b"\x1b[?25h" in terminal.output
    assert terminal.code == 128 + number


def test_a_closed_terminal_ends_the_console(open_console: Opener):
    terminal = open_console()
    terminal.wait_for_text("3 loss")
    ends_without_spinning(terminal, terminal.hang_up, reads=False)
    assert terminal.code is not None


def test_a_closed_terminal_ends_a_console_that_never_gets_the_hangup(open_console: Opener):
    # as under sudo: the session's leader ignores SIGHUP and passes nothing on, only poll can tell
    terminal = open_console(under=("/bin/sh", "-c", "trap '' HUP; \"$@\"; exit 7", "sh"))
    terminal.wait_for_text("3 loss")
    ends_without_spinning(terminal, terminal.hang_up, reads=False)
    assert terminal.code == 7


def test_q_leaves_and_says_that_the_training_goes_on(open_console: Opener):
    terminal = open_console()
    terminal.wait_for_text("3 loss")
    terminal.press("q")
    terminal.wait_for_end()
    assert terminal.code == 0
    assert RESTORED in terminal.output
    assert "the training goes on; dfl-tui attach anna-on-bo comes back" in terminal.text().rpartition("detached")[2]


def test_ctrl_c_leaves_as_q_does(open_console: Opener):
    terminal = open_console()
    terminal.wait_for_text("3 loss")
    terminal.press("\x03")
    terminal.wait_for_end()
    assert terminal.code == 0


def test_no_color_draws_in_grey_and_every_state_has_a_word(open_console: Opener):
    terminal = open_console(NO_COLOR="1")
    terminal.wait_for_text("3 loss")
    terminal.wait_for_text("swap")
    terminal.press("2")
    terminal.wait_for_text("inter_b")
    text = terminal.text()
    for word in ("▶ training", "3,5", "locked", "contact now"):
        assert word in text
    coloured = [part for part in bytes(terminal.output).split(b"\x1b[")
                if b"38;2;" in part and b"m" in part]       # the last one may have come in half
    greys = [part.split(b"38;2;")[1].split(b"m")[0].split(b";")[:3] for part in coloured]
    assert all(len(set(grey)) == 1 for grey in greys)


def test_colours_none_writes_no_colour_of_the_sixteen(open_console: Opener):
    terminal = open_console(colours="none")
    terminal.wait_for_text("▶ training")
    terminal.wait_for_text("swap")
    before = len(terminal.output)
    terminal.press("\x1bOQ")      # F2: of the light theme's colours some are next to one of the sixteen that is no grey
    terminal.wait_for(lambda: LIGHT.search(terminal.output, before) is not None, "the light theme")
    before = len(terminal.output)
    terminal.wait_for(lambda: b"dst" in terminal.output[before:], "a row of it")
    codes = {int(code) for part in bytes(terminal.output).split(b"\x1b[") if (found := SGR.match(part))
             for code in found[1].split(b";") if code}
    greys = {30, 37, 40, 47, 90, 97, 100, 107}
    assert not {code for code in codes if code in range(30, 48) or code in range(90, 108)} - greys - {39, 49}


def test_256_colours_write_no_true_colour(open_console: Opener):
    terminal = open_console(colours="256")
    terminal.wait_for_text("3 loss")
    terminal.wait_for_text("swap")
    assert b"38;2;" not in terminal.output
    assert b"38;5;" in terminal.output


def test_forty_resizes_leave_a_console_that_answers(open_console: Opener):
    terminal = open_console()
    terminal.wait_for_text("3 loss")
    for i in range(40):
        terminal.resize(80 + i * 2, 24 + i)
        terminal.read(0.02)
    terminal.resize(60, 20)
    terminal.wait_for_text("too small")
    terminal.resize(120, 40)
    before = len(terminal.output)
    terminal.wait_for(lambda: b"events" in terminal.output[before:], "the whole screen again")
    terminal.press("q")
    terminal.wait_for_end()
    assert terminal.code == 0


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_a_training_console_stays_far_below_its_bytes_a_second(open_console: Opener, size: tuple[int, int]):
    terminal = open_console(size)
    terminal.wait_for_text("swap")
    terminal.read_for(2)
    seconds = 6
    assert terminal.read_for(seconds) / seconds < 8_000     # half of the budget of design.md 7; usual are 2,700


def test_a_terminal_that_stops_reading_does_not_hold_the_console_for_ever(open_console: Opener):
    terminal = open_console(stall_looks=3)
    terminal.wait_for_text("swap")
    terminal.press("123456" * 60)       # each is a repaint that nobody reads: the queue fills, the loop stands
    terminal.wait_for_end(reads=False, within_s=60)
    assert terminal.code == 128 + signal.SIGHUP


def test_the_reset_bytes_switch_every_mode_off():
    for mode in (1000, 1003, 1006, 2004, 1004):
        assert f"\x1b[?{mode}l" in MODES_OFF
