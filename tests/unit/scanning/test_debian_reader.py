"""Debian's documents and the order of its versions."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.scanning import debian_reader as debian
from towpath.scanning.debian_reader import Package, Pending

STATUS = b"""Package: openssl
Status: install ok installed
Version: 3.5.1-1
Description: a toolkit
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: zlib1g
Status: install ok installed
Version: 1:1.3-1
"""

RELEASE = b'PRETTY_NAME="Debian GNU/Linux 13"\nVERSION_CODENAME=trixie\nID=debian\n'


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0-1~bpo12+1", "1.0-1"),
        ("1.0-1", "1.0-1.1"),
        ("1.0-1+deb12u2", "1.0-1+deb12u10"),
        ("9.9", "1:0"),
        ("1.0a", "1.0+"),
        ("1.0", "1.0a"),
        ("1-2-3", "1-2-4"),
        ("2-9", "2.1-1"),
    ],
)
def test_versions_have_debians_order(older: str, newer: str) -> None:
    """Every pair is in the order that `dpkg --compare-versions` gives."""
    assert debian.compare(older, newer) < 0
    assert debian.compare(newer, older) > 0


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0"), ("0:1", "1"), ("1.00", "1.0"), ("1", "1-0")]
)
def test_versions_that_are_the_same(one: str, other: str) -> None:
    """An epoch of 0, a revision of 0 and zeros in front change nothing."""
    assert debian.compare(one, other) == 0


def test_what_is_installed_is_read_from_the_status() -> None:
    """A package that was removed is not installed, and a description names no version."""
    assert debian.installed({debian.STATUS: STATUS}) == [
        Package("openssl", "3.5.1-1"),
        Package("zlib1g", "1:1.3-1"),
    ]


def test_an_image_of_parts_is_read_too() -> None:
    """Images without a package manager keep one file a package, and sums beside it."""
    files = {
        "var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 13\n",
        "var/lib/dpkg/status.d/base.md5sums": b"abc  etc/x\n",
    }

    assert debian.installed(files) == [Package("base-files", "13")]


@pytest.mark.parametrize("files", [{}, {debian.STATUS: b""}, {debian.STATUS: b"Package: x\n"}])
def test_no_package_is_nothing_to_judge(files: dict[str, bytes]) -> None:
    """An image that names no package is never taken for one without findings."""
    with pytest.raises(NothingToJudgeError):
        debian.installed(files)


def test_pending_updates_are_those_the_archive_has_newer() -> None:
    """Of two versions in the archive the newest counts; what is not there is not pending."""
    archive = debian.available(
        "Package: openssl\nVersion: 3.5.1-1+deb13u1\n\nPackage: openssl\nVersion: 3.5.1-1+deb13u2\n"
        "\nPackage: zlib1g\nVersion: 1:1.2-1\n\nPackage: other\nVersion: 9\n"
    )

    assert debian.pending(debian.installed({debian.STATUS: STATUS}), archive) == [
        Pending("openssl", "3.5.1-1", "3.5.1-1+deb13u2")
    ]


@pytest.mark.parametrize("index", ["", "\n\n", "Package: x\n"])
def test_an_empty_archive_is_nothing_to_judge(index: str) -> None:
    """A list without packages never says that all is up to date."""
    with pytest.raises(NothingToJudgeError):
        debian.available(index)


def test_the_codename_is_debians() -> None:
    """The release is named by the image itself."""
    assert debian.codename({debian.RELEASE: RELEASE}) == "trixie"


@pytest.mark.parametrize("files", [{}, {debian.RELEASE: b"ID=alpine\nVERSION_ID=3.20\n"}])
def test_another_distribution_is_nothing_to_judge(files: dict[str, bytes]) -> None:
    """What we cannot look up is not clean."""
    with pytest.raises(NothingToJudgeError, match="not a Debian release"):
        debian.codename(files)


def test_wanted_files_are_few() -> None:
    """Only what says something of packages is kept from a layer."""
    names = [debian.STATUS, debian.RELEASE, "var/lib/dpkg/status.d/a", "var/lib/dpkg/status-old"]

    assert [debian.is_package_list(name) for name in names] == [True, True, True, False]


def test_text_of_another_encoding_hides_nothing() -> None:
    """Neither the release nor a package."""
    status = b"Package: a\nMaintainer: M\xfcller\nVersion: 1\n"
    files = {debian.RELEASE: b"NAME=M\xfcller\n" + RELEASE, debian.STATUS: status}

    assert debian.codename(files) == "trixie"
    assert debian.installed(files) == [Package("a", "1")]


@pytest.mark.parametrize("quote", [b"", b'"', b"'"])
def test_the_codename_may_be_quoted(quote: bytes) -> None:
    """As os-release(5) allows it; a value may hold an equals sign."""
    text = b"ID=" + quote + b"debian" + quote + b"\nVERSION_CODENAME=" + quote + b"X=X" + quote

    assert debian.codename({debian.RELEASE: text}) == "X=X"


def test_only_the_status_names_packages() -> None:
    """The release of an image is kept too, and is no list; sums are not even kept."""
    files = {debian.STATUS: STATUS, debian.RELEASE: b"Package: x\nVersion: 1\n"}

    assert [row.name for row in debian.installed(files)] == ["openssl", "zlib1g"]
    assert not debian.is_package_list("var/lib/dpkg/status.d/base.md5sums")


def test_what_continues_a_field_is_no_field() -> None:
    """Whether a space or a tab begins it; a line without a colon is none either."""
    text = "Package: a\nodd\nDescription: b\n Version: 1\n\tOther: 2\n"

    assert list(debian.paragraphs(text)) == [{"Package": "a", "Description": "b"}]


def test_pending_updates_are_sorted_by_name() -> None:
    """What is as new as the archive is not pending."""
    packages = [Package("b", "9"), Package("c", "2"), Package("a", "1"), Package("b", "1")]

    assert debian.pending(packages, {"a": "2", "b": "10", "c": "2"}) == [
        Pending("a", "1", "2"),
        Pending("b", "9", "10"),
        Pending("b", "1", "10"),
    ]


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1:2:3", "1:3:1"), ("1-9-1", "1-10-1"), ("1", "1.0.1"), ("1~", "1.0"), ("1-2-9", "1-2+1-1")],
)
def test_versions_with_more_than_one_colon_or_hyphen(older: str, newer: str) -> None:
    """The first colon ends the epoch, the last hyphen begins the revision."""
    assert debian.compare(older, newer) < 0
    assert debian.compare(newer, older) > 0
