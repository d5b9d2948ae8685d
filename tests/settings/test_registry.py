"""The registry: every setting explains itself, takes its default, and refuses with its name and range."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings.error import DflTuiError, SettingError
from core.settings.kind import Choice, Flag, Kind, Real, Text, Value, Whole
from core.settings.registry import (
    BY_KEY,
    PAIRS,
    SETTINGS,
    check,
    check_together,
    defaults,
    parse,
    parse_all,
    setting,
)

every_setting = pytest.mark.parametrize("s", SETTINGS, ids=lambda s: s.key)
anything = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=3)
            | st.lists(st.integers(), max_size=2) | st.just(10**400) | st.just(-10**400))


def good_values(kind: Kind) -> list[Value]:
    """Values at the edges of what a kind takes."""
    match kind:
        case Flag():
            return [True, False]
        case Whole(low, high, _):
            return [low, high]
        case Real(low, high):
            return [low, high, (low + high) / 2]
        case Choice(values, _):
            return list(values)
        case Text():
            return []
    raise AssertionError(kind)


@every_setting
def test_a_setting_explains_itself(s):
    assert len(s.help) > 20
    assert s.help.endswith(".")
    assert "  " not in s.help
    assert s.kind.describe()
    assert re.fullmatch(r"[a-z][a-z0-9_]*", s.key)


@every_setting
def test_a_default_and_the_edges_of_the_range_are_taken(s):
    for value in (s.default, *good_values(s.kind)):
        assert check(s.key, value) == value
        assert type(check(s.key, value)) is type(value)
        assert parse(s.key, str(value)) == {s.key: value}


@every_setting
def test_a_refusal_names_the_key_and_what_would_do(s):
    wrong = "\n" if isinstance(s.kind, Text) else "xyzzy"
    with pytest.raises(SettingError) as caught:
        parse(s.key, wrong)
    assert caught.value.message.startswith(f"{s.key} = ")
    assert caught.value.hint
    if isinstance(s.kind, Whole | Real):
        with pytest.raises(SettingError, match="out of range") as caught:
            check(s.key, s.kind.high + 1)
        assert s.kind.describe() in caught.value.hint
        assert str(caught.value).startswith(f"{s.key} = ")


@every_setting
@settings(max_examples=25)      # of each setting: 2,400 in all, and the kinds are few
@given(value=anything)
def test_a_wrong_value_is_never_more_than_a_sentence(s, value):
    try:
        taken = check(s.key, value)
    except SettingError as error:
        assert error.message.startswith(f"{s.key} = ")
    else:
        assert check(s.key, taken) == taken
        assert isinstance(taken, type(s.default))


@every_setting
@settings(max_examples=25)
@given(text=st.text(max_size=30) | st.from_regex(r"-?[0-9_,.]{1,40}(e[0-9]{1,3})?", fullmatch=True))
def test_whatever_is_typed_is_taken_or_refused_in_a_sentence(s, text):
    try:
        taken = parse(s.key, text)[s.key]
    except SettingError as error:
        assert error.message.startswith(f"{s.key} = ")
    else:
        assert check(s.key, taken) == taken


def test_keys_and_aliases_are_told_apart():
    names = [n for s in SETTINGS for n in (s.key, *s.aliases)] + list(PAIRS)
    assert len(names) == len(set(names))
    for s in SETTINGS:
        assert all(setting(alias) is s for alias in (s.key, *s.aliases))
    assert all(key in BY_KEY for pair in PAIRS.values() for key in pair)
    assert defaults().keys() == BY_KEY.keys()


@pytest.mark.parametrize(("text", "expected"), [
    ("batch_size=12", {"batch_size": 12}), ("batch_size = 1_2", {"batch_size": 12}), ("target_iter=1,000,000",
                                                                                      {"target_iter": 1_000_000}),
    ("learning_rate=1e-4", {"lr": 1e-4}), ("random_warp=n", {"random_warp": False}),
    ("adabelief=false", {"optimizer": "rmsprop"}), ("adabelief=y", {"optimizer": "adabelief"}),
    ("eyes_mouth_prio=on", {"eyes_prio": True, "mouth_prio": True}), ("face_type=wf", {"face_type": "whole_face"}),
    ("lr_dropout=cpu", {"lr_dropout": "y"}), ("hook=notify --to a=b", {"hook": "notify --to a=b"}),
    ("device=cuda:1", {"device": "cuda:1"}), ("archi=df-udt", {"archi": "df-udt"}),
])
def test_what_people_and_the_original_write_is_understood(text, expected):
    assert parse_all([text]) == expected


@pytest.mark.parametrize("text", ["archi=dfx", "archi=df-", "archi=df-uu", "archi=df-udtcx", "archi=DF", "archi=liae\n",
                                  "device=cuda:", "device=gpu", "resolution=100", "resolution=0", "lr=nan", "lr=inf",
                                  "lr=-1", "adabelief=maybe", "eyes_mouth_prio=x", "e_dims=3"])
def test_what_does_not_fit_is_refused_by_its_name(text):
    with pytest.raises(SettingError, match=r"^\w+ = "):
        parse_all([text])


def test_a_later_word_wins_and_a_word_without_a_value_is_refused():
    assert parse_all(["batch_size=2", "lr=1e-4", "batch_size=3"]) == {"batch_size": 3, "lr": 1e-4}
    with pytest.raises(SettingError, match="sets nothing: write KEY=VALUE"):
        parse_all(["batch_size"])


def test_an_unknown_key_is_told_the_nearest_and_an_alias_its_key():
    with pytest.raises(SettingError, match="did you mean batch_size"):
        parse("batchsize", "4")
    with pytest.raises(SettingError, match="no setting 'qqqqqq': see dfl-tui config"):
        setting("qqqqqq")
    with pytest.raises(SettingError, match="another name of lr: use lr"):
        check("learning_rate", 0.1)


@pytest.mark.parametrize(("archi", "resolution", "fits"), [("df", 80, True), ("liae-u", 144, True), ("df-d", 80, False),
                                                           ("df-d", 96, True), ("liae-ut", 144, False)])
def test_sizes_that_the_network_cannot_halve_are_refused_together(archi, resolution, fits):
    settings = defaults() | {"archi": archi, "resolution": resolution}
    if fits:
        check_together(settings)
    else:
        with pytest.raises(SettingError, match=f"resolution = {resolution} does not fit archi = {archi}.* of 32"):
            check_together(settings)


def test_an_error_is_one_sentence_with_its_hint():
    assert str(DflTuiError("this is wrong", hint="do that")) == "this is wrong: do that"
    assert str(DflTuiError("this is wrong")) == "this is wrong"
