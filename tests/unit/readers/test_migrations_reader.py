"""What the program in the container says of migrations -> a plan."""

from __future__ import annotations

import json

import pytest

from towpath.errors import NothingToJudgeError
from towpath.migrations import Migration, Plan
from towpath.readers import migrations as reader

ANSWER = {
    "vendor": "postgresql",
    "leaves": ["app.0001"],
    "empty": True,
    "unknown": ["gone.0001"],
    "pending": [{"name": "app.0001", "do": [{"kind": "CreateModel"}]}],
    "hash": "abc",
}


def test_the_last_line_is_the_plan() -> None:
    """Whatever the release prints while it starts comes before."""
    assert reader.plan("Loading...\n" + json.dumps(ANSWER) + "\n") == Plan(
        vendor="postgresql",
        leaves=("app.0001",),
        empty=True,
        unknown=("gone.0001",),
        pending=(Migration("app.0001", ({"kind": "CreateModel"},)),),
        hash="abc",
    )


def test_applied_migrations_are_named() -> None:
    """Nothing applied is an answer too."""
    assert reader.applied('{"applied": ["app.0001"], "attempts": 1}') == ("app.0001",)
    assert reader.applied('{"applied": []}') == ()


@pytest.mark.parametrize("text", ["", "Traceback", "[]", '{"vendor": "x"}', '{"pending": 1}'])
def test_an_answer_that_is_not_whole_is_not_no_migrations(text: str) -> None:
    """It raises for a plan and for what was applied."""
    with pytest.raises(NothingToJudgeError):
        reader.plan(text)
    with pytest.raises(NothingToJudgeError):
        reader.applied(text)
