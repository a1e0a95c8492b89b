"""Quotes, escapes and variables in the words of a Dockerfile. Pure.

Source: BuildKit, frontend/dockerfile/shell/lex.go and parser/line_parsers.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from towpath.core.errors import NothingToJudgeError

# Variables may stand in the words of variables; nobody writes them deeper than this.
DEEPEST = 20

# A value that is None is known to exist and not known here, as that of TARGETARCH.
Values = Mapping[str, str | None]
_NAME = re.compile(r"[0-9]+|[@*#?\-$!]|\w+")


def split(text: str, escape: str = "\\") -> list[str]:
    """Return the words of a line; quotes and escapes keep words together and stay in them."""
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

    `shown` is what an error shows instead of the word. Raises NothingToJudgeError for a variable
    that has no value, one that is not known here, and a word that BuildKit refuses.
    """
    return _Word(word, values, escape, shown or word).until("")


def _quote_after(quote: str, letter: str) -> str:
    """Return in which quotes the next letter is."""
    if letter == quote:
        return ""
    return letter if not quote and letter in "\"'" else quote


class _Word:
    """A word that is read from front to back."""

    def __init__(self, text: str, values: Values, escape: str, shown: str) -> None:
        self._text, self._values, self._escape, self._shown = text, values, escape, shown
        self._at = self._depth = 0

    def until(self, stop: str, *, raw: bool = False) -> str:
        """Return what stands before a letter, expanded; `raw` keeps the escapes of a pattern."""
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
            raise self._wrong(f"{stop!r} is missing")
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
            raise self._wrong("a quote is not closed")
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
        raise self._wrong("a quote is not closed")

    def _dollar(self) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong("variables stand too deep in each other")
        braced = self._text[self._at : self._at + 1] == "{"
        self._at += braced
        match = _NAME.match(self._text, self._at)
        self._at = match.end() if match else self._at
        if match:
            found = self._braced(match[0]) if braced else self._value(match[0])
        elif braced:
            raise self._wrong("'${' is followed by no name")
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
            raise self._wrong(f"the modifier {operator!r} is not known")
        return self._chosen(name, operator, is_colon=is_colon)

    def _chosen(self, name: str, operator: str, *, is_colon: bool) -> str:
        """Return the value or the word, as POSIX has it; the word is read in either case."""
        there = name in self._values and not (is_colon and self._values.get(name) == "")
        value = self._value(name) if there else ""
        takes_word = there == (operator == "+")
        word = self._other(wanted=takes_word)
        if takes_word and operator == "?":
            raise self._wrong(f"{name} is required: {word or 'it has no value'}")
        return word if takes_word else value

    def _other(self, *, wanted: bool) -> str:
        """Return the word of a modifier; what an unwanted one names need not have a value."""
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
        return NothingToJudgeError(f"The Dockerfile has a word that cannot be read: {why}.")


class _Anything(dict[str, str | None]):
    """Every variable, empty: for words that are read and not used."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: object = None) -> str:
        """Return nothing, whatever is asked for."""
        return ""


def _without_start(value: str, pattern: str) -> str:
    """Return a value without the shortest start that fits, or with `##` the longest."""
    greedy = pattern.startswith("#")
    found = re.match(_pattern(pattern[greedy:], greedy=greedy), value, re.S)
    return value[found.end() :] if found else value


def _without_end(value: str, pattern: str) -> str:
    """Return a value without the shortest end that fits, or with `%%` the longest."""
    greedy = pattern.startswith("%")
    expression = re.compile(_pattern(pattern[greedy:], greedy=True), re.S)
    starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    cut = next((start for start in starts if expression.fullmatch(value, start)), len(value))
    return value[:cut]


def _pattern(text: str, *, greedy: bool) -> str:
    """Return a pattern of the shell as a regular expression: `*`, `?` and escapes."""
    found, letters = "", iter(text)
    for letter in letters:
        if letter == "*":
            found += ".*" if greedy else ".*?"
        elif letter == "?":
            found += "."
        else:
            found += re.escape(next(letters, "") if letter == "\\" else letter)
    return found
