"""What an engine elsewhere says of itself, and answers that say nothing."""

from __future__ import annotations

import json

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.images import builders_reader as builders


@pytest.mark.parametrize(
    ("machine", "platform"),
    [("x86_64", "linux/amd64"), ("aarch64", "linux/arm64"), ("riscv64", "linux/riscv64")],
)
def test_a_machine_is_named_as_images_name_it(machine: str, platform: str) -> None:
    """One that nothing is built for keeps its own name."""
    said = json.dumps({"OSType": "linux", "Architecture": machine})

    assert builders.native(said) == platform


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ({"Architecture": "riscv64"}, "linux/riscv64"),
        ({"OSType": "", "Architecture": "s390x"}, "linux/s390x"),
        ({"OSType": "windows", "Architecture": "riscv64"}, "windows/riscv64"),
        ({"OSType": "windows", "Architecture": "amd64"}, "linux/amd64"),
    ],
)
def test_a_system_is_named_by_the_engine(said: dict[str, str], platform: str) -> None:
    """One that says none is Linux; for the machines of images, containers of Linux are meant."""
    assert builders.native(json.dumps(said)) == platform


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("", "Unexpected output of `docker info`: not valid JSON."),
        ("[]", "The Docker engine did not respond."),
        ("{}", "Unexpected output of `docker info`: missing field 'Architecture'."),
        (
            '{"Architecture": ""}',
            "Unexpected output of `docker info`: missing field 'Architecture'.",
        ),
        (
            '{"Architecture": 1}',
            "Unexpected output of `docker info`: missing field 'Architecture'.",
        ),
    ],
)
def test_an_answer_that_says_nothing_is_refused(said: str, what: str) -> None:
    """It never reads as some machine."""
    with pytest.raises(NothingToJudgeError) as caught:
        builders.native(said)

    assert caught.value.what == what


def test_a_client_that_reached_nobody_is_no_answer() -> None:
    """It exits 0 with a whole document, and the error in it."""
    said = json.dumps({"Architecture": "x86_64", "ServerErrors": ["Cannot connect", "twice"]})

    with pytest.raises(NothingToJudgeError) as caught:
        builders.native(said)

    assert caught.value.what == "The Docker engine did not respond."
    assert caught.value.why == "Cannot connect; twice"


@pytest.mark.parametrize("said", ["[]", '{"ServerErrors": "x"}'])
def test_an_error_that_is_no_list_gives_no_reason(said: str) -> None:
    """It is an error all the same."""
    with pytest.raises(NothingToJudgeError) as caught:
        builders.native(said)

    assert caught.value.why == ""


def test_the_reason_of_what_is_no_json_is_told() -> None:
    """In the words of the parser."""
    with pytest.raises(NothingToJudgeError) as caught:
        builders.native("x")

    assert "Expecting value" in caught.value.why
