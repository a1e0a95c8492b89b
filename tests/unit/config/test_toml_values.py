"""Words for reading a table: what is wrong is named with its path."""

from __future__ import annotations

import pytest

from towpath.config import toml_values as tables
from towpath.core.errors import ConfigurationError


def test_a_table_of_known_keys_is_given_back() -> None:
    """Fewer keys than are known are fine."""
    assert tables.checked({"a": 1}, {"a", "b"}, "x") == {"a": 1}


def test_an_unknown_key_names_its_path_and_the_nearest_one() -> None:
    """What is known is said too."""
    with pytest.raises(ConfigurationError) as caught:
        tables.checked({"platfrom": 1}, {"platform", "target"}, "tool.x")

    assert caught.value.lines() == [
        "Unknown key tool.x.platfrom in pyproject.toml. Did you mean 'platform'?",
        "why: tool.x takes platform, target.",
    ]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: tables.checked([], {"a"}, "x"), "x in pyproject.toml must be a table, not []."),
        (lambda: tables.typed(True, int, "x"), "must be an integer, not True."),
        (lambda: tables.typed(1, str, "x"), "must be a string, not 1."),
        (lambda: tables.strings("a", "x"), "must be a list of file types, not 'a'."),
        (lambda: tables.strings([1], "x"), "must be a string, not 1."),
    ],
    ids=["no table", "a boolean", "a number", "a text", "numbers"],
)
def test_a_value_of_another_type_is_refused(act: object, said: str) -> None:
    """A boolean is no number, a text is no list."""
    assert callable(act)
    with pytest.raises(ConfigurationError) as caught:
        act()

    assert said in caught.value.what


def test_texts_are_given_back() -> None:
    """A list becomes a tuple."""
    assert tables.strings(["a", "b"], "x") == ("a", "b")
    assert tables.typed(1, int, "x") == 1
