"""What a stage of a Dockerfile starts from."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.images import dockerfile_reader as dockerfile

TEXT = """# syntax comment
ARG PYTHON=3.13
ARG EMPTY
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS builder
ARG PYTHON=ignored
RUN echo \\
    FROM nothing AS trap
FROM python:$PYTHON-slim as Base
FROM base AS production
FROM dependencies-${TARGETARCH} AS picked
FROM scratch AS empty
FROM ${OTHER:-debian:13} AS fallback
FROM production
"""


@pytest.mark.parametrize(
    ("target", "base"),
    [
        ("builder", "python:3.13-slim"),
        ("production", "python:3.13-slim"),
        ("PRODUCTION", "python:3.13-slim"),
        ("empty", "scratch"),
        ("fallback", "debian:13"),
        ("6", "python:3.13-slim"),
    ],
)
def test_the_base_is_found_through_all_stages(target: str, base: str) -> None:
    """Arguments before the first stage have their defaults; names of stages ignore case."""
    assert dockerfile.base_of(TEXT, target) == base


@pytest.mark.parametrize("target", ["picked", "absent", "trap"])
def test_what_the_file_does_not_say_is_nothing_to_judge(target: str) -> None:
    """A stage that is not there, or a name that depends on the platform, has no known base."""
    with pytest.raises(NothingToJudgeError):
        dockerfile.base_of(TEXT, target)


def test_an_empty_file_has_no_stage() -> None:
    """Nothing at all is no base either."""
    with pytest.raises(NothingToJudgeError, match="It has none|no stage"):
        dockerfile.base_of("", "production")


def test_a_stage_may_be_named_as_its_image() -> None:
    """In any case; only a stage that stands before is meant."""
    assert dockerfile.base_of("FROM Python AS python\n", "python") == "Python"
    assert dockerfile.base_of("FROM b AS a\nFROM a AS b\n", "a") == "b"
    assert dockerfile.base_of("FROM b AS a\nFROM a AS b\n", "b") == "b"


def test_arguments_lose_their_quotes_and_lines_go_on() -> None:
    """As Docker reads them; an empty default is none."""
    text = "ARG A=\"python\"\nARG B='3X'\nFROM \\\n${A}:$B \\\nAS x\nFROM $C AS y\n"

    assert dockerfile.base_of(text, "x") == "python:3X"
    with pytest.raises(NothingToJudgeError, match="depends on EMPTY"):
        dockerfile.base_of("ARG EMPTY\nFROM $EMPTY AS x\n", "x")


def test_an_argument_has_the_default_from_before_the_first_stage() -> None:
    """What a stage says of it later is the stage's own."""
    assert dockerfile.default(TEXT, "PYTHON") == "3.13"


@pytest.mark.parametrize("name", ["EMPTY", "TARGETARCH", "python"])
def test_an_argument_without_a_default_is_nothing_to_judge(name: str) -> None:
    """Declared without one, not declared, or in another case."""
    with pytest.raises(NothingToJudgeError) as caught:
        dockerfile.default(TEXT, name)

    assert caught.value.what == f"The Dockerfile has no argument {name} with a default."


STAGES = """ARG A
FROM a AS one
RUN x
from --platform=$B b as Two
RUN echo from a
# FROM is a word of this comment
FROM c AS two-and
RUN z
"""


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("one", "FROM a AS one\nRUN x\n"),
        (
            "two",
            "from --platform=$B b as Two\nRUN echo from a\n# FROM is a word of this comment\n",
        ),
        ("two-and", "FROM c AS two-and\nRUN z\n"),
    ],
)
def test_a_stage_is_its_lines_from_its_name_to_the_next(name: str, lines: str) -> None:
    """In any case; the last one goes on to the end of the file."""
    assert dockerfile.stage(STAGES, name) == lines


@pytest.mark.parametrize("name", ["a", "on.", "wo", "absent"])
def test_a_stage_that_is_not_there_is_nothing_to_judge(name: str) -> None:
    """Neither an image, a pattern nor a part of a name is a stage."""
    with pytest.raises(NothingToJudgeError) as caught:
        dockerfile.stage(STAGES, name)

    assert caught.value.what == f"The Dockerfile has no stage {name}."
