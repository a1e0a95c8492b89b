"""What an engine elsewhere says of itself, and answers that say nothing."""

from __future__ import annotations

import json

import pytest

from towpath.errors import NothingToJudgeError
from towpath.readers import builders


@pytest.mark.parametrize(
    ("machine", "platform"),
    [("x86_64", "linux/amd64"), ("aarch64", "linux/arm64"), ("riscv64", "linux/riscv64")],
)
def test_a_machine_is_named_as_images_name_it(machine: str, platform: str) -> None:
    """One that nothing is built for keeps its own name."""
    said = json.dumps({"OSType": "linux", "Architecture": machine})

    assert builders.native(said) == platform


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("", "The engine's answer is not JSON."),
        ("[]", "The engine did not answer."),
        ("{}", "The engine's answer names no architecture."),
        ('{"Architecture": ""}', "The engine's answer names no architecture."),
        ('{"Architecture": 1}', "The engine's answer names no architecture."),
    ],
)
def test_an_answer_that_says_nothing_is_refused(said: str, what: str) -> None:
    """It never reads as some machine."""
    with pytest.raises(NothingToJudgeError) as caught:
        builders.native(said)

    assert caught.value.what == what


def test_a_client_that_reached_nobody_is_no_answer() -> None:
    """It exits 0 with a whole document, and the error in it."""
    said = json.dumps({"Architecture": "", "ServerErrors": ["Cannot connect"]})

    with pytest.raises(NothingToJudgeError) as caught:
        builders.native(said)

    assert caught.value.why == "Cannot connect"
