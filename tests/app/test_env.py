"""Reading settings strictly: what is accepted, and what each refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.env import Environment, SettingError


def read(**values: str) -> Environment:
    """Return the reader of these variables and no others."""
    return Environment(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("yes", True),
        ("on", True),
        ("false", False),
        ("False", False),
        ("0", False),
        ("no", False),
        ("off", False),
        (" true ", True),
    ],
)
def test_flag_understands_the_usual_words(text: str, expected: bool) -> None:
    """A truth value may be written in five ways, in either case."""
    assert read(NAME=text).flag("NAME", default=not expected) is expected


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("values", [{}, {"NAME": ""}, {"NAME": "  "}])
def test_absent_and_blank_mean_the_default(values: dict[str, str], default: bool) -> None:
    """A blank variable, as compose files make them, is no variable."""
    env = Environment(values)

    assert env.flag("NAME", default=default) is default
    assert env.text("NAME", "fallback") == "fallback"
    assert env.choice("NAME", ("a", "b"), "b") == "b"
    assert env.number("NAME", 7, lowest=1, highest=9) == 7
    assert env.items("NAME") == []
    assert env.secret("NAME") == ""


@pytest.mark.parametrize("text", ["1", "9", "5"])
def test_number_within_its_limits(text: str) -> None:
    """Both limits belong to the range."""
    assert read(NAME=text).number("NAME", 3, lowest=1, highest=9) == int(text)


@pytest.mark.parametrize("text", ["0", "10", "-1", "1.5", "x", "0x5", "٣", "1_0", "5 5"])
def test_number_outside_is_refused(text: str) -> None:
    """What is no whole number in the range names the variable and the range."""
    with pytest.raises(SettingError) as caught:
        read(PORT=text).number("PORT", 3, lowest=1, highest=9)

    assert (
        str(caught.value)
        == f"PORT: {text!r} is not a valid number. Allowed: an integer from 1 to 9."
    )


def test_flag_refuses_another_word() -> None:
    """A word that is no truth value is not taken for false."""
    with pytest.raises(SettingError) as caught:
        read(DEBUG="maybe").flag("DEBUG", default=False)

    assert str(caught.value) == (
        "DEBUG: 'maybe' is not a boolean. Allowed: true, 1, yes, on, false, 0, no, off."
    )


def test_choice_names_what_is_allowed() -> None:
    """An unknown word is answered with the known ones."""
    with pytest.raises(SettingError) as caught:
        read(PLACE="prod").choice("PLACE", ("staging", "production"), "staging")

    assert (
        str(caught.value) == "PLACE: 'prod' is not an allowed value. Allowed: staging, production."
    )


def test_items_are_split_and_trimmed() -> None:
    """Blanks around the commas do not matter."""
    assert read(HOSTS="a.example, b.example ,c").items("HOSTS") == ["a.example", "b.example", "c"]


@pytest.mark.parametrize("text", [",", "a,", "a,,b", ",a"])
def test_an_empty_item_is_refused(text: str) -> None:
    """A stray comma is a mistake, not a host with no name."""
    with pytest.raises(SettingError, match=r"HOSTS: .* has an empty element"):
        read(HOSTS=text).items("HOSTS")


def test_secret_comes_from_its_variable_unchanged() -> None:
    """Blanks can be part of a secret."""
    assert read(KEY=" s p a c e ").secret("KEY") == " s p a c e "


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_secret_comes_from_its_file_without_the_newline(tmp_path: Path, ending: str) -> None:
    """The newline that an editor leaves is not part of the secret."""
    file = tmp_path / "key"
    file.write_bytes(f" s3cret {ending}".encode())

    assert read(KEY_FILE=str(file)).secret("KEY") == " s3cret "


def test_secret_in_two_places_is_refused_without_telling_it(tmp_path: Path) -> None:
    """Which of the two would count is not for the reader to guess."""
    file = tmp_path / "key"
    file.write_text("one")
    with pytest.raises(SettingError) as caught:
        read(KEY="hush", KEY_FILE=str(file)).secret("KEY")

    assert str(caught.value) == "KEY: is set together with KEY_FILE. Allowed: only one of the two."


def test_secret_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The message names the variable and the path."""
    path = tmp_path / "absent"
    with pytest.raises(SettingError, match=rf"KEY_FILE: cannot read '{path}' \(No such file"):
        read(KEY_FILE=str(path)).secret("KEY")


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n"])
def test_secret_file_that_is_empty_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty secret protects nothing."""
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(SettingError, match="KEY_FILE: .* is empty"):
        read(KEY_FILE=str(file)).secret("KEY")


def test_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are a wrong file."""
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match=r"KEY_FILE: cannot read .* \(is not UTF-8\)"):
        read(KEY_FILE=str(file)).secret("KEY")


@pytest.mark.parametrize("values", [{"KEY": "x"}, {"KEY_FILE": "/run/secrets/key"}])
def test_require_is_content_with_the_variable_or_its_file(values: dict[str, str]) -> None:
    """A secret may come in either way."""
    env = Environment(values)
    env.require("KEY", because="the test says so")

    assert env.text("KEY") + env.text("KEY_FILE") == "".join(values.values())


def test_require_says_why() -> None:
    """The message names the variable and the reason."""
    with pytest.raises(SettingError) as caught:
        read().require("KEY", because="ENVIRONMENT is staging")

    assert caught.value.name == "KEY"
    assert str(caught.value).startswith("KEY: is required because ENVIRONMENT is staging.")
