"""Which known name somebody may have meant."""

from __future__ import annotations

import pytest

from towpath.core.suggest import find_nearest, nearest

ENVIRONMENTS = ["staging", "production", "testing"]


@pytest.mark.parametrize(
    ("word", "known", "wanted"),
    [
        ("stagin", ENVIRONMENTS, "staging"),
        ("prod", ENVIRONMENTS, "production"),
        ("pr", ENVIRONMENTS, ""),
        ("xyz", ENVIRONMENTS, ""),
        ("", ENVIRONMENTS, ""),
        ("sparc", ["amd64", "arm64"], ""),
        ("shh", ["ssh", "tcp"], "ssh"),
        ("promote", ["promote-test", "promote-release"], "promote-test"),
        ("lint", ["lint-plugin-one", "lint-plugin-two"], ""),
        ("name", [], ""),
    ],
)
def test_a_name_is_suggested_only_where_it_is_near(
    word: str, known: list[str], wanted: str
) -> None:
    """One that begins with the word, if it is the only one, else one that is much alike."""
    assert find_nearest(word, known) == wanted


def test_the_words_for_the_end_of_a_message() -> None:
    """None where nothing is near."""
    assert nearest("stagin", ENVIRONMENTS) == " Did you mean 'staging'?"
    assert nearest("xyz", ENVIRONMENTS) == ""
