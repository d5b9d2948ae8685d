import pytest

from core.events.act import SetValues
from core.recipes.language import load, names, parse
from core.settings.error import RecipeError
from core.settings.family import MODELS
from core.settings.registry import check_together, defaults

WHOLE = """
[recipe]
name = "three"
for = ["saehd"]
about = "For a test."
[[stage]]
name = "first"
set = { batch_size = 4, lr = 1 }
leave = "iterations >= 1_000"
[[stage]]
name = "second"
set = { random_warp = false }
leave = "iterations>=250"
[[stage]]
name = "last"
set = { lr_dropout = "y", lr = 2e-5 }
"""


def one_stage(stage, head='name = "r"\nfor = ["saehd"]\nabout = "x"'):
    return f"[recipe]\n{head}\n[[stage]]\n{stage}"


def test_stages_become_settings_of_the_birth_and_acts_at_the_sum_of_the_iterations_before():
    recipe = parse(WHOLE, "three.toml")
    assert recipe.settings == {"batch_size": 4, "lr": 1.0}
    assert recipe.waiting == ((1000, SetValues({"random_warp": False})),
                              (1250, SetValues({"lr_dropout": "y", "lr": 2e-5})))
    assert (recipe.name, recipe.about, recipe.author) == ("three", "For a test.", "recipe:three")


@pytest.mark.parametrize(("text", "sentence"), [
    ("[recipe", "r.toml is no TOML: "),
    ("x = 1", "r.toml: 'x' is not understood"),
    ("", "r.toml has no table 'recipe'"),
    *((WHOLE.replace('for = ["saehd"]', f"for = {wrong}"), f"r.toml, [recipe]: for = {wrong}")
      for wrong in ("[]", "'amp'", "['sae']", "['amp', 'amp']", "[[]]", "3")),
    (one_stage('name = "a"\nset = { morph_factor = 0.3 }'), "r.toml, stage 1: morph_factor = 0.3 has no effect on"),
    (one_stage('name = "a"\nset = { model = "amp" }'), "the recipe 'r' is for saehd, not for model = amp"),
    (WHOLE.replace('["saehd"]', '["saehd", "amp"]').replace("random_warp = false", "bg_style_power = 3"),
     "r.toml, stage 2: bg_style_power = 3.0 has no effect on model = amp"),
    (WHOLE.replace('about = "For a test."', ""), "r.toml, [recipe]: about must be one line of text"),
    (WHOLE.replace('"three"', '"../three"'), "r.toml, [recipe]: name = '../three'"),
    ('[recipe]\nname = "r"\nabout = "x"', "r.toml has no stages"),
    ('stage = [3]\n[recipe]\nname = "r"\nabout = "x"', "r.toml, stage 1 is no table"),
    (one_stage('name = "a"'), "r.toml, stage 1 ('a') has no table 'set'"),
    (one_stage('name = "a"\nset = { lrr = 1 }'), "r.toml, stage 1 ('a'): there is no setting 'lrr'"),
    (one_stage('name = "a"\nset = { lr = 7 }'), "r.toml, stage 1 ('a'): lr = 7.0: "),
    (one_stage('name = "a"\nset = {}\ngrow = 256'), "r.toml, stage 1 ('a'): 'grow' is not understood"),
    (one_stage('name = "a"\nset = {}\nleave = "iterations >= 5"'), "is the last and is left for nothing"),
    (one_stage('name = "a"\nset = { resolution = 80, archi = "df-ud" }'), "r.toml, stage 1: resolution = 80"),
    (WHOLE.replace('leave = "iterations>=250"', ""), "stage 2 ('second') has no end"),
    (WHOLE.replace("iterations>=250", "plateau(loss)"), "stage 2 ('second'): leave = 'plateau(loss)' waits for mo"),
    (WHOLE.replace("iterations>=250", "iterations>="), "leave: character 13 of 'iterations>=': 'the end' stands"),
    (WHOLE.replace('"iterations>=250"', "250"), "stage 2 ('second'): leave = 250 is no text"),
    (WHOLE.replace("iterations>=250", "iterations >= 0"), "is true before the stage begins"),
    (WHOLE.replace("random_warp = false", "resolution = 64"), "resolution cannot change while a run trains"),
    (WHOLE.replace("{ random_warp = false }", "{}"), "stage 2 ('second') sets nothing"),
    (WHOLE + "".join(f'leave = "iterations >= 1"\n[[stage]]\nname = "s{n}"\nset = {{ lr = 1e-5 }}\n'
                     for n in range(60)), "r.toml has no stages"),
])
def test_a_mistake_is_named_with_its_place(text, sentence):
    with pytest.raises(RecipeError) as caught:
        parse(text, "r.toml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
def test_a_recipe_can_be_for_any_family_and_its_runs_are_of_the_first_unless_another_is_asked_for(model):
    others = [one for one in MODELS if one != model]
    recipe = parse(WHOLE.replace('["saehd"]', str([model, *others[:1]])), "r.toml")
    assert recipe.birth({"lr": 2e-5}) == {"model": model, "batch_size": 4, "lr": 2e-5}
    assert recipe.birth({"model": others[0]})["model"] == others[0]
    with pytest.raises(RecipeError, match=f"is for {model} and {others[0]}, not for model = {others[1]}"):
        recipe.birth({"model": others[1]})


def test_a_file_is_read_by_its_path(tmp_path):
    (tmp_path / "mine.toml").write_text(WHOLE)
    assert load(str(tmp_path / "mine.toml")) == parse(WHOLE, "mine.toml")


@pytest.mark.parametrize(("name", "content"), [("gone.toml", None), ("picture.toml", b"\xff\xd8\xff"),
                                               ("large.toml", b"#" * 100_000)])
def test_a_file_that_is_no_recipe_is_said(name, content, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=name):
        load(str(tmp_path / name))


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(RecipeError, match=r"there is no recipe 'demoo': built in are demo, saehd"):
        load("demoo")


@pytest.mark.parametrize("name", names())
def test_a_built_in_recipe_can_be_used_and_says_what_it_is_for(name):
    recipe = load(name)
    assert recipe.name == name
    assert recipe.about
    check_together(defaults() | recipe.settings)
