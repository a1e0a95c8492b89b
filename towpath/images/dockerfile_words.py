"""Quotes, escapes and variables in the words of a Dockerfile. Pure.

Source: BuildKit, frontend/dockerfile/shell/lex.go and parser/line_parsers.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from towpath.core.errors import NothingToJudgeError

# Modifiers of variables may contain variables; this is the deepest nesting that is read.
DEEPEST = 20

# None is a variable that exists but whose value is unknown here, such as TARGETARCH.
Values = Mapping[str, str | None]
_NAME = re.compile(r"[0-9]+|[@*#?\-$!]|\w+")


def split(text: str, escape: str = "\\") -> list[str]:
    """Return the words of a line, which keep their quotes and escapes."""
    words: list[str] = []
    word, quote, index = "", "", 0
    while index < len(text):
        letter = text[index]
        if letter == escape and quote != "'":
            word += text[index : index + 2]
            index += 2
            continue
        if not quote and letter.isspace():
            words, word = [*words, word] if word else words, ""
        else:
            word += letter
            quote = _quote_after(quote, letter)
        index += 1
    return [*words, word] if word else words


def expand(word: str, values: Values, escape: str = "\\", *, shown: str = "") -> str:
    """Return a word without its quotes, with the values of its variables.

    `shown` replaces the word in errors. Raises NothingToJudgeError for a variable without a value
    or with an unknown one, and for a word that BuildKit refuses.
    """
    return _Word(word, values, escape, shown or word).until("")


def _quote_after(quote: str, letter: str) -> str:
    """Return the quote character that is open after this letter; empty without one."""
    if letter == quote:
        return ""
    return letter if not quote and letter in "\"'" else quote


class _Word:
    """A parser that reads one word from front to back."""

    def __init__(self, text: str, values: Values, escape: str, shown: str) -> None:
        self._text, self._values, self._escape, self._shown = text, values, escape, shown
        self._at = self._depth = 0

    def until(self, stop: str, *, raw: bool = False) -> str:
        """Return the expanded text before a letter; `raw` keeps the escapes of a pattern."""
        found = ""
        while self._at < len(self._text):
            letter = self._next()
            if stop and letter == stop:
                return found
            if letter == self._escape:
                found += (letter if raw else "") + self._next()
            elif letter in "'\"$":
                found += self._special(letter)
            else:
                found += letter
        if stop:
            raise self._wrong(f"missing {stop!r}")
        return found

    def _special(self, letter: str) -> str:
        read = {"'": self._single, '"': self._double, "$": self._dollar}
        return read[letter]()

    def _next(self) -> str:
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        return letter

    def _single(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise self._wrong("unterminated quote")
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _double(self) -> str:
        found = ""
        while self._at < len(self._text):
            letter = self._next()
            if letter == '"':
                return found
            if letter == "$":
                letter = self._dollar()
            elif letter == self._escape:
                following = self._text[self._at : self._at + 1]
                letter = self._next() if following in ("", '"', "$", self._escape) else letter
            found += letter
        raise self._wrong("unterminated quote")

    def _dollar(self) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong("variables are nested too deeply")
        braced = self._text[self._at : self._at + 1] == "{"
        self._at += braced
        match = _NAME.match(self._text, self._at)
        self._at = match.end() if match else self._at
        if match:
            found = self._braced(match[0]) if braced else self._value(match[0])
        elif braced:
            raise self._wrong("no variable name after '${'")
        else:
            found = "$"
        self._depth -= 1
        return found

    def _braced(self, name: str) -> str:
        operator = self._next()
        if operator == "}":
            return self._value(name)
        if operator == "/":
            return self._replaced(name)
        is_colon = operator == ":"
        operator = self._next() if is_colon else operator
        acts: dict[str, Callable[[str, str], str]] = {"#": _without_start, "%": _without_end}
        if operator in acts:
            pattern = self.until("}", raw=True)
            return acts[operator](self._value(name), pattern)
        if not operator or operator not in "-+?":
            raise self._wrong(f"unknown modifier {operator!r}")
        return self._chosen(name, operator, is_colon=is_colon)

    def _chosen(self, name: str, operator: str, *, is_colon: bool) -> str:
        """Return the value or the word, as POSIX defines it; the word is parsed in either case."""
        is_set = name in self._values and not (is_colon and self._values.get(name) == "")
        value = self._value(name) if is_set else ""
        takes_word = is_set == (operator == "+")
        word = self._other(wanted=takes_word)
        if takes_word and operator == "?":
            raise self._wrong(f"{name} is required: {word or 'it has no value'}")
        return word if takes_word else value

    def _other(self, *, wanted: bool) -> str:
        """Return the word of a modifier; variables in an unused word need no value."""
        if wanted:
            return self.until("}")
        before, self._values = self._values, _Anything()
        try:
            return self.until("}")
        finally:
            self._values = before

    def _replaced(self, name: str) -> str:
        every = self._text[self._at : self._at + 1] == "/"
        self._at += every
        pattern, other = self.until("/", raw=True), self.until("}", raw=True)
        found = re.compile(_pattern(pattern, greedy=True), re.S)
        return found.sub(lambda _: other, self._value(name), count=0 if every else 1)

    def _value(self, name: str) -> str:
        value = self._values.get(name)
        if name in self._values and value is not None:
            return value
        raise self._unknown(name)

    def _unknown(self, name: str) -> NothingToJudgeError:
        return NothingToJudgeError(f"{self._shown} depends on {name}, which has no default.")

    def _wrong(self, why: str) -> NothingToJudgeError:
        return NothingToJudgeError(f"Invalid word in the Dockerfile: {why}.")


class _Anything(dict[str, str | None]):
    """A mapping in which every variable exists and is empty, for words that are not used."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: object = None) -> str:
        """Return an empty string for every variable."""
        return ""


def _without_start(value: str, pattern: str) -> str:
    """Return a value without the shortest matching start, or with `##` the longest."""
    greedy = pattern.startswith("#")
    found = re.match(_pattern(pattern[greedy:], greedy=greedy), value, re.S)
    return value[found.end() :] if found else value


def _without_end(value: str, pattern: str) -> str:
    """Return a value without the shortest matching end, or with `%%` the longest."""
    greedy = pattern.startswith("%")
    expression = re.compile(_pattern(pattern[greedy:], greedy=True), re.S)
    starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    cut = next((start for start in starts if expression.fullmatch(value, start)), len(value))
    return value[:cut]


def _pattern(text: str, *, greedy: bool) -> str:
    """Return a shell pattern with `*`, `?` and escapes as a regular expression."""
    found, letters = "", iter(text)
    for letter in letters:
        if letter == "*":
            found += ".*" if greedy else ".*?"
        elif letter == "?":
            found += "."
        else:
            found += re.escape(next(letters, "") if letter == "\\" else letter)
    return found
