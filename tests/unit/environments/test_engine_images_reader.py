"""What the engine says of its images."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.environments.engine_images_reader import LocalImage, listed

ID = "sha256:" + "1" * 64
DIGEST = "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("tag", "digest", "kept"),
    [
        ("x", DIGEST, LocalImage("a/b:x", DIGEST)),
        ("<none>", DIGEST, LocalImage(f"a/b@{DIGEST}", DIGEST)),
        ("x", "<none>", LocalImage("a/b:x", ID)),
        ("<none>", "<none>", LocalImage(f"a/b@{ID}", ID)),
    ],
)
def test_an_image_has_a_name_and_a_digest(tag: str, digest: str, kept: LocalImage) -> None:
    """By its tag if it has one, and by its id if it has no digest."""
    line = f'{{"Repository": "a/b", "Tag": "{tag}", "Digest": "{digest}", "ID": "{ID}"}}\n'

    assert listed(line) == [kept]


def test_no_line_is_no_image() -> None:
    """An engine without an image of the product says nothing at all."""
    assert listed("\n") == []


@pytest.mark.parametrize("text", ["x", "{}", "[]", '"x"'])
def test_another_line_is_refused(text: str) -> None:
    """It never reads as no image."""
    with pytest.raises(NothingToJudgeError) as caught:
        listed(text)

    assert caught.value.what == "Cannot read the engine's list of images."
    assert caught.value.why.endswith(f": {text}")


def test_of_a_long_line_the_beginning_is_told() -> None:
    """With what is wrong before it."""
    with pytest.raises(NothingToJudgeError) as caught:
        listed('{"Tag": "' + "x" * 100 + '"}')

    assert (
        caught.value.why == "The field 'Repository' is missing. The line: " + '{"Tag": "' + "x" * 71
    )
