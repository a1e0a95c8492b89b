"""The documentation site: links move along with pages, nothing is fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import site


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small repository."""
    for name, text in {
        "README.md": (
            "# Home\n![a picture](docs/a.svg) [A](docs/a.md#part) [code](towpath/gates.py)\n"
        ),
        "SECURITY.md": "[web](https://example.org) [part](#part)\n",
        "docs/a.md": "# A\n```\n[none](gone.md)\n```\n[home](../README.md) [key](reference/k.md)\n",
        "docs/reference/k.md": "[a](../a.md) [policy](../../SECURITY.md)\n",
        "docs/a.svg": "<svg/>\n",
        "towpath/gates.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_links_lead_where_the_pages_are_in_the_site(root: Path) -> None:
    """One to a file that is no page becomes plain text; code and addresses stay as they are."""
    pages = root / "build"

    assert site.collect(root, pages) == 5
    assert {str(file.relative_to(pages)): file.read_text() for file in pages.rglob("*.*")} == {
        "index.md": "# Home\n![a picture](a.svg) [A](a.md#part) code\n",
        "security-policy.md": "[web](https://example.org) [part](#part)\n",
        "a.md": "# A\n```\n[none](gone.md)\n```\n[home](index.md) [key](reference/k.md)\n",
        "reference/k.md": "[a](../a.md) [policy](../security-policy.md)\n",
        "a.svg": "<svg/>\n",
    }


def test_a_page_that_is_gone_leaves_the_site(root: Path) -> None:
    """The pages are gathered anew each time."""
    site.collect(root, root / "build")
    (root / "docs/a.svg").unlink()
    (root / "README.md").write_text("# Home\n")

    assert site.collect(root, root / "build") == 4
    assert not (root / "build/a.svg").exists()


def test_a_broken_link_is_named(root: Path) -> None:
    """With the page that has it."""
    (root / "docs/a.md").write_text("[b](b.md)\n")

    with pytest.raises(ValueError, match=r"^docs/a\.md links to b\.md, which does not exist\.$"):
        site.collect(root, root / "build")


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="https://example.org">', []),
        ('<link rel="canonical" href="https://example.org">', []),
        ('<script src="../assets/a.js"></script>', []),
        (
            '<script src="https://cdn.example.org/a.js">',
            ['<script src="https://cdn.example.org/a.js'],
        ),
        ("<img alt=x src=//example.org/a.png>", ["<img alt=x src=//example.org/a.png"]),
        (
            '<link href="https://fonts.example.org/a" rel="stylesheet">',
            ['<link href="https://fonts.example.org/a'],
        ),
    ],
)
def test_what_a_browser_would_fetch_is_found(tmp_path: Path, html: str, found: list[str]) -> None:
    """A link that somebody follows is none of it."""
    (tmp_path / "a.html").write_text(html)

    assert list(site.fetched(tmp_path)) == [f"a.html: {row}" for row in found]


def test_a_site_that_fetches_something_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And so does a broken link."""
    monkeypatch.setattr(site, "SITE", tmp_path)
    (tmp_path / "a.html").write_text("<p>")
    assert site.main(["check"]) == 0

    (tmp_path / "a.html").write_text('<img src="https://example.org/a.png">')
    assert site.main(["check"]) == 1
    assert capsys.readouterr().out.endswith('a.html: <img src="https://example.org/a.png\n')
