"""References, digests, platforms and versions: right ones pass, wrong ones say why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from towpath import images
from towpath.errors import ConfigurationError
from towpath.images import Repository

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64"),
    ],
)
def test_a_platform_may_be_named_in_short(text: str, full: str) -> None:
    """The system is always Linux."""
    assert images.platform(text) == full


def test_platforms_keep_their_order_and_lose_repetitions() -> None:
    """Spaces and empty parts do not matter."""
    assert images.platforms("arm64, amd64,,linux/arm64") == ("linux/arm64", "linux/amd64")


def test_an_unknown_platform_names_the_nearest() -> None:
    """A typo is answered with the word that was meant."""
    with pytest.raises(ConfigurationError) as caught:
        images.platforms("amd46")

    assert caught.value.what == "Unknown platform 'amd46'. Did you mean 'linux/amd64'?"
    assert caught.value.next_step


def test_the_nearest_word_must_be_near() -> None:
    """A word like no other gets no guess."""
    assert images.nearest("stagin", ["staging", "production"]) == " Did you mean 'staging'?"
    assert images.nearest("xyz", ["staging"]) == ""


REFUSED: list[tuple[Callable[[str], object], str]] = [
    (images.platform, "windows/amd64"),
    (images.platforms, ""),
    (images.platforms, " , "),
    (images.digest, ""),
    (images.digest, "sha256:abc"),
    (images.digest, DIGEST.upper()),
    (images.digest, DIGEST + "0"),
    (images.digest, f"{DIGEST}\n"),
    (images.digest, "latest"),
    (images.tag, ""),
    (images.tag, ".hidden"),
    (images.tag, "-dash"),
    (images.tag, "a+b"),
    (images.tag, "x" * 129),
]


@pytest.mark.parametrize(("check", "text"), REFUSED)
def test_what_is_malformed_is_refused(check: Callable[[str], object], text: str) -> None:
    """Each with a message that repeats it or says what is wanted."""
    with pytest.raises(ConfigurationError) as caught:
        check(text)

    assert caught.value.what


def test_what_is_well_formed_is_returned_as_it_is() -> None:
    """A digest, a tag of the longest length, and a version's tag without its plus."""
    assert images.digest(DIGEST) == DIGEST
    assert images.tag("x" * 128) == "x" * 128
    assert images.version_tag("0.0.0+gabc1234") == "0.0.0-gabc1234"


def test_a_repository_makes_references() -> None:
    """By digest for what runs, by tag for what people read."""
    repository = Repository("localhost:5000", "towpath/dashboard")

    assert str(repository) == "localhost:5000/towpath/dashboard"
    assert repository.at(DIGEST) == f"localhost:5000/towpath/dashboard@{DIGEST}"
    assert repository.tagged("test") == "localhost:5000/towpath/dashboard:test"
    with pytest.raises(ConfigurationError):
        repository.at("latest")


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("[::1]:5000", True),
        ("registry.example.com", False),
        ("localhost.example.com:5000", False),
        ("10.0.0.1:5000", False),
    ],
)
def test_only_this_machine_is_loopback(registry: str, loopback: bool) -> None:
    """Plain HTTP is for no other."""
    assert Repository(registry, "a/b").is_loopback is loopback


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        ("https://r.example.com", "a"),
        ("user:word@r.example.com", "a"),
        ("r.example.com/path", "a"),
        ("", "a"),
        ("r.example.com:port", "a"),
        ("r.example.com", ""),
        ("r.example.com", "Upper"),
        ("r.example.com", "/a"),
        ("r.example.com", "a//b"),
        ("r.example.com", "a:tag"),
    ],
)
def test_an_impossible_repository_is_refused(registry: str, name: str) -> None:
    """A scheme, a user, a path, upper case, an empty part: none can be pushed to."""
    with pytest.raises(ConfigurationError):
        Repository(registry, name)
