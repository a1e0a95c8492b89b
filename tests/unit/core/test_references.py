"""References, digests, platforms and versions: right ones pass, wrong ones say why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from towpath.core import references as images
from towpath.core.errors import ConfigurationError
from towpath.core.references import Repository

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


def test_a_platform_that_is_none_gets_no_guess() -> None:
    """That it is one of Linux is no likeness."""
    with pytest.raises(ConfigurationError) as caught:
        images.platforms("sparc")

    assert caught.value.what == "Unknown platform 'sparc'."


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
        ("127.evil.example.com", False),
        ("127.0.0.1.evil.example.com", False),
        ("localhost.evil.com", False),
        ("0.0.0.0:5000", False),
        ("[::ffff:127.0.0.1]:5000", False),
        ("[::2]:5000", False),
    ],
)
def test_only_this_machine_is_loopback(registry: str, loopback: bool) -> None:
    """Plain HTTP is for no other."""
    assert Repository(registry, "a/b").is_loopback is loopback


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "localhost.", "::1%lo", ""],
)
def test_what_programs_read_differently_is_not_loopback(host: str) -> None:
    """Short, decimal and octal forms of an address are names of somebody."""
    assert not images.is_loopback(host)


@pytest.mark.parametrize(
    ("registry", "why"),
    [
        ("R.example.com", "lower case"),
        ("LOCALHOST:5000", "lower case"),
        ("r.example.com:0", "from 1 to 65535"),
        ("r.example.com:65536", "from 1 to 65535"),
        ("r.example.com:", "no scheme, path, slash, user or password"),
        ("r.example.com/", "no scheme, path, slash, user or password"),
        ("r.example.com/team", "no scheme, path, slash, user or password"),
        ("https://r.example.com", "no scheme, path, slash, user or password"),
        ("http://localhost:5000", "no scheme, path, slash, user or password"),
        ("r.example.com.", "no scheme, path, slash, user or password"),
        ("-r.example.com", "no scheme, path, slash, user or password"),
        ("r..example.com", "no scheme, path, slash, user or password"),
        ("r example.com", "no scheme, path, slash, user or password"),
        ("r.example.com\n", "no scheme, path, slash, user or password"),
        ("::1", "stands in brackets"),
        ("2001:db8::1:5000", "stands in brackets"),
        ("[2001:db8::1::2]", "no IPv6 address"),
        ("[fe80]", "no IPv6 address"),
        ("127.1", "IPv4 address"),
        ("2130706433", "IPv4 address"),
        ("300.1.1.1:5000", "IPv4 address"),
        ("team", "a user of Docker Hub"),
    ],
)
def test_a_registry_is_refused_with_its_reason(registry: str, why: str) -> None:
    """When settings are read, and not in the middle of a push."""
    with pytest.raises(ConfigurationError, match="is not a registry") as caught:
        Repository(registry, "a/b")

    assert why in caught.value.why
    assert caught.value.next_step.endswith("'registry.example.com' or 'localhost:5000'.")


@pytest.mark.parametrize("registry", ["[2001:db8::1]:5000", "[::1]", "r-1.example.com", "r:5000"])
def test_a_registry_may_have_an_address_or_a_port(registry: str) -> None:
    """IPv6 in brackets, and a plain word with a port."""
    assert Repository(registry, "a/b").registry == registry


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
