"""Text of others is shown as the letters that it is made of."""

from __future__ import annotations

import pytest

from towpath.core import markup


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é\t\n", "plain é\t\n"),
        ("a\r\nb\rc", "a\nb\\rc"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m\x7f\x00", "\\x9b31m\\x7f\\x00"),
        ("user\u202etxt.exe\u2066", "user\\u202etxt.exe\\u2066"),
    ],
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    """They move no cursor and turn no text around."""
    assert markup.visible(text) == shown


def test_colours_of_a_tool_may_stay() -> None:
    """But no other sequence."""
    text = "\x1b[31mred\x1b[0m \x1b[2J"

    assert markup.visible(text, colours=True) == "\x1b[31mred\x1b[0m \\x1b[2J"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "> ::error::x"),
        ("a\n  ::stop-commands::x", "a\n  > ::stop-commands::x"),
        ("a ::error::", "a ::error::"),
        ("x ##[group]y", "x # #[group]y"),
        ("## title", "## title"),
    ],
)
def test_output_starts_no_workflow_command(text: str, shown: str) -> None:
    """At the start of a line, or anywhere in it, as GitHub reads each."""
    assert markup.without_commands(text) == shown


def test_markdown_is_shown_letter_by_letter() -> None:
    """No picture is loaded, no link made, no cell ended."""
    text = "![x](http://h/p) <img src=x> a|b `c` *d* & #1\na_b __init__"

    assert markup.markdown(text) == (
        "\\!\\[x\\](http://h/p) &lt;img src=x&gt; a\\|b \\`c\\` \\*d\\* &amp; "
        "\\#1<br>a_b \\_\\_init\\_\\_"
    )


def test_a_property_of_a_workflow_command_ends_nothing() -> None:
    """Neither the command nor the list of properties."""
    assert markup.command_property("a,b:c%\r\n") == "a%2Cb%3Ac%25%0D%0A"
