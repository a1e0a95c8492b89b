"""What the program in the container says of migrations -> a plan."""

from __future__ import annotations

import json

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.deployment.migrations import reader
from towpath.deployment.migrations.rules import Migration, MigrationPlan

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
    assert reader.plan("Loading...\n" + json.dumps(ANSWER) + "\n") == MigrationPlan(
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


def answer(**changes: object) -> str:
    """Return a whole answer with something else in it."""
    return json.dumps({**ANSWER, **changes})


def operation(**facts: object) -> list[dict[str, object]]:
    """Return a pending migration with one operation of these facts."""
    return [{"name": "app.0002", "do": [{"kind": "AddField", **facts}]}]


def test_what_a_newer_program_says_besides_is_read() -> None:
    """The rows that may be newer, what is replaced, and what is the last twice."""
    found = reader.plan(answer(newer=[], replaced=["app.0001_s"], conflicts=[["app.a", "app.b"]]))

    assert found.newer == ()
    assert found.replaced == ("app.0001_s",)
    assert found.conflicts == (("app.a", "app.b"),)
    assert reader.plan(answer()).newer is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"vendor": ' + "9" * 5_000 + "}",
        answer(vendor="postgresql\x1b[2J"),
        answer(vendor=["postgresql"]),
        answer(empty="no"),
        answer(leaves="app.0001"),
        answer(leaves=["app"]),
        answer(unknown=["../../etc"]),
        answer(unknown=["app.0001\nAll is well."]),
        answer(unknown=["a." + "b" * 1_000]),
        answer(unknown={"app.0001": 1}),
        answer(unknown=["app.0001"] * 60_000),
        answer(hash=None),
        answer(newer=[1]),
        answer(conflicts=["app.0001"]),
        answer(pending={}),
        answer(pending=[{"name": "app.0002", "do": "x"}]),
        answer(pending=[{"name": "app.0002", "do": [["AddField"]]}]),
        answer(pending=[{"name": "app.0002", "do": [{"model": "book"}]}]),
        answer(pending=operation(kind="")),
        answer(pending=operation(new=0)),
        answer(pending=operation(silent="yes")),
        answer(pending=operation(model="\x1b]0;x\x07")),
        answer(pending=operation(before=[])),
        answer(pending=operation(after={"null": None})),
        answer(pending=operation(after={"type": 7})),
        answer(pending=operation(options={"managed": "false"})),
    ],
    ids=range(27),
)
def test_whatever_a_container_prints_is_an_answer_or_an_error_of_ours(text: str) -> None:
    """No depth, size, type or letter of it gets further, and the reason stays short."""
    with pytest.raises(NothingToJudgeError) as caught:
        reader.plan(text)

    assert len(caught.value.why) < 1_000


@pytest.mark.parametrize("names", ["app.0001", [1], ["a\x1b.b"], None])
def test_what_was_applied_is_a_list_of_names(names: object) -> None:
    """Nothing else is told to anybody."""
    with pytest.raises(NothingToJudgeError):
        reader.applied(json.dumps({"applied": names}))
