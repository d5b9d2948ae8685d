"""Text to condition: a small grammar, and errors that point at the character. Nothing is ever evaluated as code.

    condition  = all { "or" all }            all  = one { "and" one }
    one        = "not" one | word "(" name ")" | "(" condition ")" | sum compare sum
    sum        = product { ("+" | "-") product }        product = factor { ("*" | "/") factor }
    factor     = number | reading | "since" "(" setting ")" | "-" factor | "(" sum ")"
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Never

from core.events.pattern import GROUPS
from core.recipes.condition import (
    COMPARE,
    READINGS,
    WATCHED,
    WORDS,
    Both,
    Comparison,
    Condition,
    Not,
    Number,
    Reading,
    Since,
    Sum,
    Term,
    Word,
)
from core.settings.error import RecipeError
from core.settings.registry import BY_KEY

MAX_CONDITION = 500     # characters; the longest of the built-in recipes has 90
MAX_DEPTH = 20          # parentheses and nots in each other: the parser calls itself for each
# What stands in `locked(...)` may be a pattern: there, * and - are not signs.
TOKEN = re.compile(r"\s*(?:(?P<group>(?<=locked\()[^()]+)|(?P<number>\d[\d_]*(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)"
                   r"|(?P<sign><=|>=|[<>()+\-*/]))")
ACTS_SINCE = ("grow", "inter_reset")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. kind: number, name, group, sign or end; at: its first character, from 0."""

    kind: str
    text: str
    at: int


def parse_condition(text: str, where: str) -> Condition:
    """The condition that `text` states. Raises RecipeError, which points at the character."""
    if len(text) > MAX_CONDITION:
        raise RecipeError(f"{where}: the condition has {len(text):,} characters",
                          hint=f"write at most {MAX_CONDITION}")
    parser = Parser(text, where)
    condition = parser.condition()
    if parser.now.kind != "end":
        parser.fail(f"{parser.now.text!r} is not expected here", "join conditions with and, or")
    return condition


class Parser:
    """Reads one condition from left to right."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where = text, where
        self.tokens = self.split()
        self.place = 0
        self.depth = 0

    # --- tokens -------------------------------------------------------------------------------------------------------
    def split(self) -> list[Token]:
        """All pieces of the text, and an end."""
        tokens, at = [], 0
        text = self.text.rstrip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                self.stop(f"{text[at]!r} has no meaning here", "use names, numbers and < <= > >= + - * / ( )", at)
            kind = match.lastgroup or ""
            tokens.append(Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return [*tokens, Token("end", "the end", len(text))]

    @property
    def now(self) -> Token:
        """The piece that is to be read next."""
        return self.tokens[self.place]

    def take(self, *texts: str) -> str | None:
        """Read the next piece where it is one of `texts`."""
        if self.now.kind != "end" and self.now.text in texts:
            self.place += 1
            return self.tokens[self.place - 1].text
        return None

    def expect(self, text: str) -> None:
        """Read `text`, or fail."""
        if self.take(text) is None:
            self.fail(f"{self.now.text!r} stands where {text!r} is expected", "close what was opened")

    def name_in(self, allowed: Iterable[str], what: str) -> str:
        """A name in parentheses."""
        self.expect("(")
        token = self.now
        if token.kind != "name" or token.text not in allowed:
            self.fail(f"{token.text!r} is no {what}", f"use {listed(allowed)}")
        self.place += 1
        self.expect(")")
        return token.text

    def fail(self, what: str, hint: str) -> Never:
        """Refuse the text at the present piece."""
        self.stop(what, hint, self.now.at)

    def stop(self, what: str, hint: str, at: int) -> Never:
        """Refuse the text at a character."""
        raise RecipeError(f"{self.where}: character {at + 1} of {self.text!r}: {what}", hint=hint)

    # --- grammar ------------------------------------------------------------------------------------------------------
    def condition(self) -> Condition:
        """Alternatives."""
        parts = [self.all_of()]
        while self.take("or"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Both("or", tuple(parts))

    def all_of(self) -> Condition:
        """What must hold together."""
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Both("and", tuple(parts))

    def one(self) -> Condition:
        """A comparison, a word, a negation, or a condition in parentheses."""
        self.go_deeper()
        try:
            if self.take("not"):
                return Not(self.one())
            if self.now.text in WORDS:
                return self.word()
            if self.now.text == "(" and (inner := self.in_parentheses()) is not None:
                return inner
            return self.comparison()
        finally:
            self.depth -= 1

    def in_parentheses(self) -> Condition | None:
        """A condition in parentheses; None, and nothing is read, where the parentheses hold a number."""
        place = self.place
        self.place += 1
        if self.holds_a_condition():
            inner = self.condition()
            self.expect(")")
            return inner
        self.place = place
        return None

    def holds_a_condition(self) -> bool:
        """Whether a comparison, a word or a negation stands before the parenthesis that was opened is closed."""
        open_ = 1
        for token in self.tokens[self.place:]:
            open_ += {"(": 1, ")": -1}.get(token.text, 0)
            if not open_:
                return False
            if token.text in COMPARE or token.text in WORDS or token.text in ("not", "and", "or"):
                return True
        return True     # it is never closed: that is said where the condition ends

    def word(self) -> Word:
        """`plateau(loss)`, `locked(encoder)`."""
        word = self.now.text
        self.place += 1
        if word != "locked":
            return Word(word, self.name_in(WATCHED, "reading that is watched"))
        self.expect("(")
        group = self.now
        if group.kind != "group":
            self.fail(f"{group.text!r} is no group of blocks", f"use {listed(GROUPS)}, or a pattern")
        self.place += 1
        self.expect(")")
        return Word(word, group.text.strip())

    def comparison(self) -> Comparison:
        """Two numbers and how they stand to each other."""
        left = self.sum()
        sign = self.take(*COMPARE)
        if sign is None:
            self.fail(f"{self.now.text!r} stands where a comparison is expected", "use < <= > or >=")
        right = self.sum()
        if self.now.text in COMPARE:
            self.fail("a second comparison", "write a < b and b < c")
        return Comparison(left, sign, right)

    def sum(self) -> Term:
        """Sums and differences, from left to right."""
        left = self.product()
        while sign := self.take("+", "-"):
            left = Sum(left, sign, self.product())
        return left

    def product(self) -> Term:
        """Products and quotients, from left to right."""
        left = self.factor()
        while sign := self.take("*", "/"):
            left = Sum(left, sign, self.factor())
        return left

    def factor(self) -> Term:
        """A number, a reading, or a sum in parentheses."""
        self.go_deeper()
        try:
            token = self.now
            if self.take("-"):
                return Sum(Number(0.0), "-", self.factor())
            if self.take("("):
                inner = self.sum()
                self.expect(")")
                return inner
            return self.leaf(token)
        finally:
            self.depth -= 1

    def leaf(self, token: Token) -> Term:
        """A number or a reading."""
        if token.text not in (*READINGS, "since") and token.kind != "number":
            what = "is no reading" if token.kind == "name" else "stands where a number is expected"
            self.fail(f"{token.text!r} {what}", f"use {listed(READINGS)}, since(SETTING), or a number")
        self.place += 1
        if token.kind == "number":
            return Number(float(token.text.replace("_", "")))
        if token.text == "since":
            return Since(self.name_in((*BY_KEY, *ACTS_SINCE), "setting, nor grow, nor inter_reset"))
        return Reading(token.text)

    def go_deeper(self) -> None:
        """Count how deep the text is nested."""
        self.depth += 1
        if self.depth > MAX_DEPTH * 2:      # a parenthesis counts twice: as a condition's and as a number's
            self.fail("nested too deeply", f"use at most {MAX_DEPTH} parentheses in each other")


def listed(names: Iterable[str]) -> str:
    """The first dozen names, for a hint."""
    names = list(names)
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
