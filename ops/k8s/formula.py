"""The part of the language expr (github.com/expr-lang/expr) that our KEDA formulas are written in, read and computed.

    value   = either ["?" value ":" value]          either = both {"||" both}        both = compare {"&&" compare}
    compare = sum [("<" | "<=" | ">" | ">=") sum]   sum = product {("+" | "-") product}
    product = unit {("*" | "/") unit}               unit = number | name | max(...) | min(...) | "(" value ")"

The same formulas were given to expr 1.17.8, which KEDA 2.20.2 is built with: `docs/deployment.md` has the comparison.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

Value = float | bool
Computed = Callable[[Mapping[str, float]], Value]

_WORD: Final = re.compile(r"\s*(\d+\.?\d*|[A-Za-z_]\w*|\|\||&&|<=|>=|[-+*/<>?:(),])")
_COMPARE: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SUM: Final = {"+": operator.add, "-": operator.sub}
_PRODUCT: Final = {"*": operator.mul, "/": operator.truediv}
_CALLS: Final[dict[str, Callable[..., float]]] = {"max": max, "min": min}


class Formula:
    """A formula, ready to be computed again and again.

    Args:
        text: as in `spec.advanced.scalingModifiers.formula`.

    Raises:
        ValueError: it is none of this language.
    """

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._words = _words(text)
        self._at = 0
        self._computed = self._value()
        if self._at != len(self._words):
            raise ValueError(f"'{self._words[self._at]}' is too much in {text!r}")

    def __call__(self, **values: float) -> float:
        """The value of the formula.

        Args:
            values: of every name in it.
        """
        return float(self._computed(values))

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _take(self, wanted: str = "") -> str:
        word = self._peek()
        if not word or (wanted and word != wanted):
            raise ValueError(f"'{wanted or 'a value'}' is missing before '{word}'")
        self._at += 1
        return word

    def _value(self) -> Computed:
        test = self._either()
        if self._peek() != "?":
            return test
        self._take()
        yes = self._value()
        self._take(":")
        no = self._value()
        return lambda of: yes(of) if test(of) else no(of)

    def _either(self) -> Computed:
        found = self._both()
        while self._peek() == "||":
            self._take()
            found = _either(found, self._both())
        return found

    def _both(self) -> Computed:
        found = self._compare()
        while self._peek() == "&&":
            self._take()
            found = _both(found, self._compare())
        return found

    def _compare(self) -> Computed:
        return self._chain(_COMPARE, lambda: self._chain(_SUM, lambda: self._chain(_PRODUCT, self._unit)))

    def _chain(self, signs: Mapping[str, Callable[..., Value]], part: Callable[[], Computed]) -> Computed:
        found = part()
        while self._peek() in signs:
            found = _two(signs[self._take()], found, part())
        return found

    def _unit(self) -> Computed:
        word = self._take()
        if word == "(":
            inner = self._value()
            self._take(")")
            return inner
        if word in _CALLS and self._peek() == "(":
            return self._call(_CALLS[word])
        if word[0].isdigit():
            number = float(word)
            return lambda _: number
        if not (word[0].isalpha() or word[0] == "_"):
            raise ValueError(f"'{word}' is no value")
        self.names.add(word)
        return lambda of: of[word]

    def _call(self, function: Callable[..., float]) -> Computed:
        self._take("(")
        given = [self._value()]
        while self._peek() == ",":
            self._take()
            given.append(self._value())
        self._take(")")
        return lambda of: function(*(one(of) for one in given))


def _words(text: str) -> list[str]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise ValueError(f"'{text[at : at + 10]}' is nothing of this language")
        found.append(match[1])
        at = match.end()
    return found


def _two(sign: Callable[..., Value], left: Computed, right: Computed) -> Computed:
    return lambda of: sign(left(of), right(of))


def _either(left: Computed, right: Computed) -> Computed:
    return lambda of: left(of) or right(of)


def _both(left: Computed, right: Computed) -> Computed:
    return lambda of: left(of) and right(of)


__all__ = ["Formula"]
