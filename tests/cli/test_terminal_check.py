from dfl_tui.cli.terminal_check import findings


def states(*, size=(120, 40), encoding="UTF-8", escape_ms=0):
    return {finding.name: finding.state for finding in findings(size, encoding, escape_ms)}


def test_a_good_terminal_has_nothing_to_warn_of():
    assert set(states().values()) == {"ok"}


def test_a_window_that_is_too_small_is_said():
    assert states(size=(79, 24))["size"] == "warn"
    assert states(size=(80, 23))["size"] == "warn"
    assert states(size=(80, 24))["size"] == "ok"


def test_a_locale_without_utf_8_is_said():
    assert states(encoding="ANSI_X3.4-1968")["letters"] == "warn"


def test_a_slow_escape_key_is_said():
    assert states(escape_ms=500)["Esc"] == "warn"
    assert "Esc" not in states(escape_ms=20)
