import pytest

from core.events.act import LockBlocks, MakeBackup, SetValues, UnlockBlocks
from core.recipes.recipe import load, names, parse
from core.settings.error import RecipeError
from core.settings.registry import check_together, defaults

WHOLE = """
help = "For a test."
[settings]
batch_size = 4
lr = 1e-4
[[at]]
iteration = 300
lock = "encoder.*"
[[at]]
iteration = 200
set = { random_warp = false, lr = 2e-5 }
[[at]]
iteration = 400
unlock = "all"
[[at]]
iteration = 200
backup = "before"
"""


def test_a_recipe_gives_settings_and_acts_in_the_order_of_their_iterations():
    recipe = parse(WHOLE, "whole")
    assert recipe.settings == {"batch_size": 4, "lr": 1e-4}
    assert recipe.waiting == ((200, SetValues({"random_warp": False, "lr": 2e-5})), (200, MakeBackup("before")),
                              (300, LockBlocks("encoder.*")), (400, UnlockBlocks("all")))


@pytest.mark.parametrize(("text", "sentence"), [
    ("x = 1", "recipe r has 'x', which means nothing"),
    ("[settings", "recipe r is no TOML"),
    ("[settings]\nlrr = 1", "recipe r, settings: there is no setting 'lrr': did you mean lr?"),
    ("[settings]\nlr = 7", "recipe r, settings: lr = 7: 7 is out of range: give 0 to 1"),
    ("settings = 3", "recipe r, settings: 3 is no table"),
    ("at = 3", "the acts of recipe r are not understood"),
    ("[[at]]\niteration = 5", "recipe r, act 1 is not understood"),
    ("[[at]]\niteration = 5\nlock = 'a'\nunlock = 'b'", "recipe r, act 1 is not understood"),
    ("[[at]]\niteration = 0\nlock = 'a'", "recipe r, act 1: iteration = 0 is no iteration"),
    ("[[at]]\niteration = true\nlock = 'a'", "iteration = True is no iteration"),
    ("[[at]]\niteration = 5\nlock = 7", "recipe r, act 1: lock = 7 is no text"),
    ("[[at]]\niteration = 5\nset = { resolution = 64 }", "resolution is fixed when the run is made"),
    ("[[at]]\niteration = 5\nset = 4", "recipe r, act 1: 4 is no table"),
    ("[[at]]\niteration = 1\nlock = 'a'\n" * 51, "write at most 50 tables"),
])
def test_a_mistake_is_named_with_its_place(text, sentence):
    with pytest.raises(RecipeError) as caught:
        parse(text, "r")
    assert sentence in str(caught.value)


def test_a_file_is_read_by_its_path_and_called_by_its_name(tmp_path):
    (tmp_path / "mine.toml").write_text(WHOLE)
    assert load(str(tmp_path / "mine.toml")).name == "mine"


@pytest.mark.parametrize(("name", "content"), [("gone.toml", None), ("picture.toml", b"\xff\xd8\xff"),
                                               ("large.toml", b"#" * 100_000)])
def test_a_file_that_is_no_recipe_is_said(name, content, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=name):
        load(str(tmp_path / name))


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(RecipeError, match=r"there is no recipe 'demoo': choose .*demo"):
        load("demoo")


@pytest.mark.parametrize("name", names())
def test_a_built_in_recipe_can_be_used_and_says_what_it_is_for(name):
    recipe = load(name)
    assert recipe.help
    check_together(defaults() | recipe.settings)
