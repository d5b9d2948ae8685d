"""What values a setting takes: reading them from text, checking them, and saying the range in words."""

from dataclasses import dataclass
from typing import Protocol

from core.settings.error import SettingError

Value = bool | int | float | str

TRUE_WORDS = ("true", "yes", "y", "on", "1")
FALSE_WORDS = ("false", "no", "n", "off", "0")


class Kind(Protocol):
    """One sort of value. `parse` reads what a person typed, `check` tests a typed value; both raise SettingError."""

    def parse(self, text: str) -> Value: ...
    def check(self, value: object) -> Value: ...
    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Flag:
    """On or off."""

    def parse(self, text: str) -> Value:
        word = text.strip().lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise SettingError(f"{text!r} is neither on nor off", hint="write true or false")

    def check(self, value: object) -> Value:
        if isinstance(value, bool):
            return value
        raise SettingError(f"{value!r} is neither on nor off", hint="give true or false")

    def describe(self) -> str:
        return "true or false"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`; `multiple` gives the step that the network's shapes ask for."""

    low: int
    high: int
    multiple: int = 1

    def parse(self, text: str) -> Value:
        try:
            return self.check(int(text.strip().replace("_", "").replace(",", "")))
        except ValueError as error:
            raise SettingError(f"{text!r} is not a whole number", hint=f"give {self.describe()}") from error

    def check(self, value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingError(f"{value!r} is not a whole number", hint=f"give {self.describe()}")
        if not self.low <= value <= self.high or value % self.multiple:
            raise SettingError(f"{value:,} is out of range", hint=f"give {self.describe()}")
        return value

    def describe(self) -> str:
        text = f"{self.low:,} to {self.high:,}"
        return text if self.multiple == 1 else f"{text} in steps of {self.multiple}"


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number from `low` to `high`."""

    low: float
    high: float

    def parse(self, text: str) -> Value:
        try:
            return self.check(float(text.strip()))
        except ValueError as error:
            raise SettingError(f"{text!r} is not a number", hint=f"give {self.describe()}") from error

    def check(self, value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingError(f"{value!r} is not a number", hint=f"give {self.describe()}")
        if not self.low <= value <= self.high:  # false for NaN as well
            raise SettingError(f"{value} is out of range", hint=f"give {self.describe()}")
        return float(value)

    def describe(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words. `also` maps spellings of the original program to ours."""

    values: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()

    def parse(self, text: str) -> Value:
        return self.check(text.strip())

    def check(self, value: object) -> Value:
        word = dict(self.also).get(str(value), value)
        if word in self.values:
            return str(word)
        raise SettingError(f"{value!r} is not one of the choices", hint=f"give {self.describe()}")

    def describe(self) -> str:
        return ", ".join(self.values[:-1]) + " or " + self.values[-1]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text that matches `pattern`; `example` is shown where it does not."""

    pattern: str
    example: str
    longest: int = 500

    def parse(self, text: str) -> Value:
        return self.check(text)

    def check(self, value: object) -> Value:
        import re  # late: most commands never check a text

        if isinstance(value, str) and len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return value
        raise SettingError(f"{value!r} is not understood", hint=f"give {self.example}")

    def describe(self) -> str:
        return self.example
