"""What is in a wheel is what its name and its RECORD say, or it is refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from tests.layers import AMD64, program, recorded
from tests.layers import wheel as packed
from towpath.core.errors import NothingToJudgeError
from towpath.images.wheels import archive_reader as wheel_archives

NAME = "a_b-1.0-cp313-cp313-linux_x86_64.whl"
FOLDER = "a_b-1.0.dist-info"


def judged(content: bytes, name: str = NAME, platform: str = "linux/amd64") -> list[str]:
    """Return what makes an archive unfit."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return wheel_archives.misfits(name, archive, platform)


def refused(content: bytes, name: str = NAME) -> str:
    """Return why an archive is refused."""
    with pytest.raises(NothingToJudgeError) as caught:
        judged(content, name)
    return f"{caught.value.what} {caught.value.why}".strip()


def test_a_whole_wheel_fits() -> None:
    """Directories, links to nothing and signatures of RECORD are no files of it."""
    files = {"a/x.so": program(AMD64), "a/__init__.py": b"", f"{FOLDER}/RECORD.jws": b"signed"}

    assert judged(packed(files, NAME)) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"Name: a-b\nVersion: 1.0.0\n", ""),
        (b"Name: A.B\nVersion: v1.0\n", ""),
        (b"Name: django\nVersion: 1.0\n", "METADATA names 'django' '1.0'."),
        (b"Name: a-b\nVersion: 2.0\n", "METADATA names 'a-b' '2.0'."),
        (b"Name: a-b\nVersion: one\n", "METADATA names 'a-b' 'one'."),
        (b"Name: a-b\n", "METADATA names 'a-b' ''."),
        (b"", "METADATA names '' ''."),
    ],
)
def test_the_metadata_is_of_the_same_distribution(text: bytes, why: str) -> None:
    """Names and versions are compared as Python does; a broken version is none."""
    content = packed({f"{FOLDER}/METADATA": text}, NAME)

    if not why:
        assert judged(content) == []
        return
    assert refused(content) == f"The wheel {NAME} contains another distribution. {why}"


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (b"Tag: cp313-cp313-linux_aarch64\n", "cp313-cp313-linux_aarch64"),
        (b"Tag: py3-none-any\n", "py3-none-any"),
        (b"", "It has none."),
        (b"Tag: cp313-cp313-linux_x86_64\nTag: py3-none-any\n", "py3-none-any"),
        (b"Tag: nonsense\n", ""),
    ],
)
def test_the_tags_inside_are_those_of_the_name(tags: bytes, why: str) -> None:
    """The Dockerfile sorts files by the tags inside."""
    assert why in refused(packed({f"{FOLDER}/WHEEL": tags}, NAME))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"", f"A file of the wheel {NAME} does not match its RECORD: {FOLDER}/METADATA"),
        (b'"\n', f"A file of the wheel {NAME} does not match its RECORD: {FOLDER}/METADATA"),
        (b"\xff", f"Cannot read wheel {NAME}."),
    ],
)
def test_every_file_is_in_the_record(record: bytes, why: str) -> None:
    """By its hash; a RECORD that is invalid lists nothing."""
    assert why in refused(packed({f"{FOLDER}/RECORD": record, "a.py": b"1"}, NAME))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"a.py,{recorded(b'2')},1", f"A file of the wheel {NAME} does not match its RECORD: a.py"),
        ("a.py,,", f"A file of the wheel {NAME} does not match its RECORD: a.py"),
        ("a.py,md5=x,1", f"A file of the wheel {NAME} does not match its RECORD: a.py"),
        (f"a.py,{recorded(b'1')},1\nb.py,{recorded(b'1')},1", "lacks a file of its RECORD: b.py"),
    ],
)
def test_a_file_is_what_the_record_says(line: str, why: str) -> None:
    """Another hash, none, a weak one, and a file that is not there."""
    files = {"a.py": b"1"}
    good = packed(files, NAME)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        text = archive.read(f"{FOLDER}/RECORD").decode()
    other = text.replace(f"a.py,{recorded(b'1')},1", line)

    assert why in refused(packed({**files, f"{FOLDER}/RECORD": other.encode()}, NAME))


def added(act: Callable[[zipfile.ZipFile], object], files: dict[str, bytes] | None = None) -> bytes:
    """Return a wheel to whose archive something was added."""
    stream = io.BytesIO(packed(files or {}, NAME))
    with zipfile.ZipFile(stream, "a") as archive:
        act(archive)
    return stream.getvalue()


def member(name: str, mode: int = 0, kind: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """Return a member of an archive with these rights, compressed in this way."""
    row = zipfile.ZipInfo(name)
    row.external_attr, row.compress_type = mode << 16, kind
    return row


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (member("../x"), "'../x': its path leads outside the archive"),
        (member("/x"), "'/x': its path leads outside the archive"),
        (member("a//x"), "'a//x': its path leads outside the archive"),
        (member("a\\x"), "'a\\\\x': its path leads outside the archive"),
        (member(f"{FOLDER}/METADATA2", 0o120777), "a link or a device"),
        (member("pipe", 0o010644), "a link or a device"),
        (member("x.py", 0, zipfile.ZIP_LZMA), "unsupported compression method"),
        (member("x.py", 0, zipfile.ZIP_BZIP2), "unsupported compression method"),
    ],
)
def test_a_member_that_does_harm_is_named(row: zipfile.ZipInfo, why: str) -> None:
    """Names that lead out, links, devices, and what needs much memory."""
    content = added(lambda archive: archive.writestr(row, b"METADATA"))

    assert refused(content).startswith(f"The wheel {NAME} has an invalid member ")
    assert why in refused(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_named() -> None:
    """Who unpacks it takes the last, who checks it may take the first."""
    content = added(lambda archive: archive.writestr("a.py", b"2"), {"a.py": b"1"})

    assert refused(content) == f"The wheel {NAME} has an invalid member 'a.py': duplicate name."


def test_an_encrypted_member_is_named() -> None:
    """By its flag, before anybody is asked for a password."""
    content = bytearray(packed({"a.py": b"1"}, NAME))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(magic) + offset] |= 1

    assert "encrypted" in refused(bytes(content))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is declared is bounded, and more than that is not read."""
    monkeypatch.setattr(wheel_archives, "MOST_BYTES", 1 << 20)
    row = member("zeros", 0, zipfile.ZIP_DEFLATED)
    content = added(lambda archive: archive.writestr(row, bytes(2 << 20)))

    assert refused(content) == (
        f"The wheel {NAME} is too large. The limits are 50000 files and 1048576 unpacked bytes."
    )
    # The same with a size that is a lie: no byte more is read, and the checksum says so.
    size = (2 << 20).to_bytes(4, "little")
    assert "Cannot read" in refused(content.replace(size, (1 << 10).to_bytes(4, "little")))


def test_members_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first is read."""
    monkeypatch.setattr(wheel_archives, "MOST_MEMBERS", 2)

    assert "is too large" in refused(packed({}, NAME))


def test_a_long_text_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """METADATA, WHEEL and RECORD have a bound of their own."""
    monkeypatch.setattr(wheel_archives, "MOST_PARSED", 10)

    assert "is too large" in refused(packed({}, NAME))


@pytest.mark.parametrize("count", [0, 2])
def test_a_wheel_has_one_distribution(count: int) -> None:
    """Neither none nor two."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(count):
            archive.writestr(f"a{number}-1.dist-info/METADATA", b"")

    assert (
        refused(stream.getvalue())
        == f"The wheel {NAME} has {count} .dist-info directories instead of one."
    )


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_damage_anywhere_is_a_typed_error(at: int) -> None:
    """Half of an archive, or a byte that is another one."""
    content = packed({"a.so": program(AMD64), "b.py": b"pass"}, NAME)
    broken = bytearray(content)
    broken[at] ^= 0xFF
    for other in (bytes(broken), content[:at]):
        try:
            assert isinstance(judged(other), list)
        except (NothingToJudgeError, *wheel_archives.BROKEN) as error:
            assert str(error)
