"""The terminal's guard, with a pipe in the place of a terminal."""

import os
import pty
import threading

from dfl_tui.terminal import Guard, hung_up


def test_a_terminal_without_another_side_is_hung_up():
    master, slave = pty.openpty()
    assert not hung_up(slave)
    os.close(master)
    assert hung_up(slave)
    os.close(slave)


def test_a_lost_terminal_ends_the_console_once():
    master, slave = pty.openpty()
    ended: list[int] = []
    asked = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        asked.set()

    guard = Guard(end, stdin=slave, stdout=slave, watch_s=0.01)
    guard.start()
    os.close(master)
    assert asked.wait(10)
    guard.release()
    assert ended == [129]
    os.close(slave)


def test_a_signal_asks_for_the_end_once_and_names_itself_in_the_code():
    ended: list[int] = []
    guard = Guard(ended.append, stdin=0, stdout=1)
    guard.ask_end(15)
    guard.ask_end(1)
    assert ended == [143]
