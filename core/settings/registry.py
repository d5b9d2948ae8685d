"""The one list of every setting. Console form, command line, wire checks, recipes and docs are derived from it.

A setting that is not here does not exist. The tables stand beside this module, one a topic: `loss_settings.py` ...
"""

from collections.abc import Iterable, Mapping

from core.settings.error import SettingError
from core.settings.face_settings import FACE_SETTINGS
from core.settings.family import check_family, presets
from core.settings.gan_settings import GAN_SETTINGS
from core.settings.growth import octaves_of
from core.settings.kind import Flag, Value
from core.settings.learning_settings import LEARNING_SETTINGS
from core.settings.loss_settings import LOSS_SETTINGS
from core.settings.machine_settings import MACHINE_SETTINGS
from core.settings.model_settings import MODEL_SETTINGS
from core.settings.saving_settings import SAVING_SETTINGS
from core.settings.setting import Setting
from core.settings.watching_settings import WATCHING_SETTINGS

SETTINGS: tuple[Setting, ...] = (*MODEL_SETTINGS, *FACE_SETTINGS, *LOSS_SETTINGS, *GAN_SETTINGS, *LEARNING_SETTINGS,
                                 *SAVING_SETTINGS, *WATCHING_SETTINGS, *MACHINE_SETTINGS)

BY_KEY: Mapping[str, Setting] = {s.key: s for s in SETTINGS}
# One word of the original that stands for two of ours (facts/options.md 3).
PAIRS: Mapping[str, tuple[str, ...]] = {"eyes_mouth_prio": ("eyes_prio", "mouth_prio")}


def setting(key: str) -> Setting:
    """The setting of that key or alias. Raises SettingError, naming the nearest key."""
    for s in SETTINGS:
        if key == s.key or key in s.aliases:
            return s
    from difflib import get_close_matches  # late: only after a mistake

    near = get_close_matches(key, BY_KEY, n=1)
    hint = f"did you mean {near[0]}?" if near else "see dfl-tui config"
    raise SettingError(f"there is no setting {key!r}", hint=hint)


def defaults() -> dict[str, Value]:
    """Every setting at its default."""
    return {s.key: s.default for s in SETTINGS}


def birth_settings(asked: Mapping[str, Value]) -> dict[str, Value]:
    """Every setting of a new run: what was asked for, else what its family begins with, else the default."""
    known = defaults()
    return {**known, **presets(str(asked.get("model", known["model"]))), **asked}


def parse(key: str, text: str) -> dict[str, Value]:
    """What `key = text` sets: one setting, or both of a pair. Raises SettingError with key and range."""
    if key in PAIRS:
        return {k: v for one in PAIRS[key] for k, v in parse(one, text).items()}
    s = setting(key)
    try:
        if key == "adabelief":  # the original's on/off word for our choice of optimizer
            return {s.key: "adabelief" if Flag().parse(text) else "rmsprop"}
        return {s.key: s.kind.parse(text)}
    except SettingError as error:
        raise SettingError(f"{s.key} = {text}: {error.message}", hint=error.hint) from error


def parse_all(assignments: Iterable[str]) -> dict[str, Value]:
    """`KEY=VALUE` words, in order; a later one wins."""
    values: dict[str, Value] = {}
    for word in assignments:
        key, equals, text = word.partition("=")
        if not equals:
            raise SettingError(f"{word!r} sets nothing", hint="write KEY=VALUE")
        values |= parse(key.strip(), text)
    return values


def check(key: str, value: object) -> Value:
    """`value`, if the setting `key` takes it. For values that come typed (wire, recipe, journal)."""
    if key not in BY_KEY:
        setting(key)  # raises with the nearest key; an alias is not a key
        raise SettingError(f"{key!r} is another name of {setting(key).key}", hint=f"use {setting(key).key}")
    try:
        return BY_KEY[key].kind.check(value)
    except SettingError as error:
        raise SettingError(f"{key} = {value}: {error.message}", hint=error.hint) from error


def check_together(settings: Mapping[str, Value]) -> None:
    """What no single setting can say: what the family takes, and shapes that must fit each other (facts/networks.md
    2.4). Raises SettingError."""
    check_family(settings, defaults())
    if float(settings["true_face_power"]) and not str(settings["archi"]).startswith("df"):
        raise SettingError(f"true_face_power = {settings['true_face_power']} needs archi = df",
                           hint="leave it at 0: in other networks src and dst have no codes of one kind")
    if settings["pretrain_dir"] and not settings["pretrain_people"]:
        raise SettingError("who is shown in pretrain_dir, and on what ground, is not stated",
                           hint="set pretrain_people with it, in your own words")
    check_devices(settings)
    check_resolution(settings)


def check_devices(settings: Mapping[str, Value]) -> None:
    """Every device must have a sample of each batch. Raises SettingError."""
    count = len(str(settings["devices"]).split(","))
    if count > int(settings["batch_size"]):
        raise SettingError(f"batch_size = {settings['batch_size']} leaves some of the {count} devices without a sample",
                           hint=f"raise it to {count} or more, or name fewer devices")
    if int(settings["nodes"]) > 1 and not settings["node_interface"]:
        raise SettingError("several nodes need the name of the network interface between them",
                           hint="set node_interface, such as eth0")


def check_resolution(settings: Mapping[str, Value]) -> None:
    """The side of the core, which the octaves of a grown network double, must fit its letters. Raises SettingError."""
    letters, octaves = str(settings["archi"]).partition("-")[2], len(octaves_of(settings))
    multiple = 32 if "d" in letters or "t" in letters else 16
    resolution, step = int(settings["resolution"]), multiple << octaves
    if resolution % step:
        below, above = resolution // step * step, (resolution // step + 1) * step
        why = f"with d or t it must be a multiple of {step}" if multiple == 32 else f"it must be a multiple of {step}"
        around = f" and {octaves} octave{'s' * (octaves != 1)}" if octaves else ""
        raise SettingError(f"resolution = {resolution} does not fit archi = {settings['archi']}{around}",
                           hint=f"{why}: {below} or {above}")
