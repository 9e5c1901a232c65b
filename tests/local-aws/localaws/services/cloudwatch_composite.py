"""Composite alarms: the AlarmRule language.

ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR, NOT and parentheses.
"""

from __future__ import annotations

import re

from .cloudwatch_rules import ALARM, OK

TOKEN = re.compile(r'\s*(?:(\()|(\))|"([^"]*)"|([^\s()"]+))')


class RuleError(ValueError):
    """The rule cannot be read."""


def _tokens(rule: str) -> list[str]:
    found, position = [], 0
    text = rule.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise RuleError(f"cannot read the alarm rule at {text[position:]!r}")
        found.append(next(group for group in match.groups() if group is not None))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the rule: OR of ANDs of NOTs of atoms."""

    def __init__(self, rule: str, states: dict[str, str]) -> None:
        self.tokens = _tokens(rule)
        self.states = states

    def value(self) -> bool:
        result = self._any()
        if self.tokens:
            raise RuleError(f"unexpected {self.tokens[0]!r} in the alarm rule")
        return result

    def _take(self, *wanted: str) -> bool:
        if self.tokens and self.tokens[0] in wanted:
            self.tokens.pop(0)
            return True
        return False

    def _any(self) -> bool:
        result = self._all()
        while self._take("OR"):
            right = self._all()
            result = result or right
        return result

    def _all(self) -> bool:
        result = self._one()
        while self._take("AND"):
            right = self._one()
            result = result and right
        return result

    def _one(self) -> bool:
        if self._take("NOT"):
            return not self._one()
        if self._take("("):
            result = self._any()
            self._expect(")")
            return result
        if not self.tokens:
            raise RuleError("the alarm rule ends too early")
        word = self.tokens.pop(0)
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        self._expect("(")
        name = self.tokens.pop(0).split(":")[-1]
        self._expect(")")
        return self.states.get(name) == word

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise RuleError(f"expected {token!r} in the alarm rule")


def evaluate_rule(rule: str, states: dict[str, str]) -> str:
    """The state of a composite alarm, given the states of the alarms it speaks of."""
    return ALARM if _Parser(rule, states).value() else OK
