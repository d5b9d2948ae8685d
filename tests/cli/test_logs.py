import pytest

from dfl_tui.cli.logs import added


@pytest.mark.parametrize(("before", "after", "new"), [
    ([], ["a", "b"], ["a", "b"]),
    (["a", "b"], ["a", "b"], []),
    (["a", "b"], ["a", "b", "c"], ["c"]),
    (["a", "b"], ["b", "c", "d"], ["c", "d"]),              # the log is longer than what an answer holds
    (["a", "a"], ["a", "a", "a"], ["a"]),                   # a line that repeats is told again
    (["x", "y"], ["a", "b"], ["a", "b"]),                   # another log since: all of it
])
def test_only_what_was_added_is_told(before, after, new):
    assert added(before, after) == new
