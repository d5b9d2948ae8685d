"""Which colours a terminal gets."""

import pytest

from dfl_tui.colours import depth


@pytest.mark.parametrize(("environment", "wanted", "features", "is_depth"), [
    ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "auto", "", "true"),
    ({"TERM": "xterm-256color"}, "auto", "", "256"),
    ({"TERM": "xterm-kitty"}, "auto", "", "256"),
    ({"TERM": "linux"}, "auto", "", "16"),
    ({"TERM": "dumb"}, "auto", "", "none"),
    ({}, "auto", "", "none"),
    # tmux passes true colour on only where it knows that its own terminal has it
    ({"TERM": "tmux-256color", "TMUX": "x"}, "auto", "256,RGB,title", "true"),
    ({"TERM": "tmux-256color", "TMUX": "x", "COLORTERM": "truecolor"}, "auto", "256,title", "256"),
    ({"TERM": "dumb"}, "true", "", "true"),
    ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "16", "", "16"),
])
def test_depth_follows_from_the_environment_unless_it_is_chosen(environment, wanted, features, is_depth):
    assert depth(environment, wanted, features) == is_depth
