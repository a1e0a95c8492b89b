"""Which pins have no wheel, told by the tags and the hashes of what the index has."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest

from tests.layers import AMD64, ARM64, program
from tests.layers import wheel as packed
from towpath.core.errors import NothingToJudgeError
from towpath.images.wheels import archive_reader as wheel_archives
from towpath.images.wheels import wheels_reader as wheels
from towpath.images.wheels.wheels_reader import WheelSource

A, B, C, D = (letter * 64 for letter in "abcd")
NEITHER = "native has neither a wheel for amd64 nor a source archive with a pinned hash."
REQUIREMENTS = f"""# compiled
Pure_Thing==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via -r production.in
native[extra]==2.0 ; python_version >= '3.11' \\
    --hash=sha256:{C} \\
    --hash=sha256:{D}
    # via pure-thing
"""


def lock(native: str, *, pure: str = "pure_thing-1.0-py3-none-any.whl") -> str:
    """Return a lock in which these packages have wheels of these names, and sources."""
    return f"""
lock-version = "1.0"
[[packages]]
name = "pure-thing"
version = "1.0"
sdist = {{ url = "https://e/pure_thing-1.0.tar.gz", hashes = {{ sha256 = "{B}" }} }}
wheels = [{{ url = "https://e/{pure}", hashes = {{ sha256 = "{A}" }} }}]

[[packages]]
name = "native"
version = "2.0"
sdist = {{ url = "https://e/native-2.0.tar.gz", hashes = {{ sha256 = "{D}" }} }}
{native}
"""


def wheel(tags: str, sha256: str = C) -> str:
    """Return the wheels of the package that has C code."""
    return f'wheels = [{{ name = "native-2.0-{tags}.whl", hashes = {{ sha256 = "{sha256}" }} }}]'


@pytest.mark.parametrize(
    "tags",
    [
        "cp313-cp313-manylinux_2_28_aarch64",
        "cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64",
        "cp38-abi3-manylinux_2_5_aarch64",
        "py3-none-manylinux2014_aarch64",
        "cp313-cp313-linux_aarch64",
        "py2.py3-none-any",
    ],
)
def test_a_wheel_that_fits_is_enough(tags: str) -> None:
    """Of the Python, of its stable interface, or of every Python and machine."""
    assert not wheels.without_wheel(lock(wheel(tags)), REQUIREMENTS, "3.13", "arm64")


@pytest.mark.parametrize(
    "tags",
    [
        "cp313-cp313-manylinux_2_28_x86_64",
        "cp312-cp312-manylinux_2_28_aarch64",
        "cp313-cp313t-manylinux_2_28_aarch64",
        "cp314-abi3-manylinux_2_28_aarch64",
        "cp313-cp313-manylinux_2_39_aarch64",
        "cp313-cp313-musllinux_1_2_aarch64",
        "cp313-cp313-macosx_11_0_arm64",
        "cp313-cp313-win_arm64",
    ],
)
def test_a_wheel_for_something_else_is_none(tags: str) -> None:
    """Another machine, Python, C library or system."""
    found = wheels.without_wheel(lock(wheel(tags)), REQUIREMENTS, "3.13", "arm64")

    assert found == [WheelSource("native", "2.0", D)]


def test_only_files_that_the_pin_allows_count() -> None:
    """A wheel of another hash may be anybody's."""
    text = lock(wheel("cp313-cp313-manylinux_2_28_aarch64", "e" * 64))

    assert wheels.without_wheel(text, REQUIREMENTS, "3.13", "arm64") == [
        WheelSource("native", "2.0", D)
    ]


def test_what_is_not_for_linux_needs_no_wheel() -> None:
    """A package with a marker that is not met there is not installed."""
    text = lock("marker = \"sys_platform == 'win32'\"")

    assert wheels.without_wheel(text, REQUIREMENTS, "3.13", "amd64") == []


@pytest.mark.parametrize(
    "marker",
    [
        "python_version == '3.13'",
        "python_full_version == '3.13.0'",
        "sys_platform == 'linux'",
        "platform_system == 'Linux'",
        "os_name == 'posix'",
        "platform_machine == 'aarch64'",
        "implementation_name == 'cpython'",
        "platform_python_implementation == 'CPython'",
    ],
)
def test_a_marker_speaks_of_the_image_and_not_of_the_machine_that_asks(
    marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks, under another system and Python: what is installed in the image counts."""
    here = {
        "python_version": "3.9",
        "python_full_version": "3.9.1",
        "sys_platform": "win32",
        "platform_system": "Windows",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "implementation_name": "pypy",
        "platform_python_implementation": "PyPy",
    }
    monkeypatch.setattr("packaging.markers.default_environment", lambda: here)
    met, unmet = (lock(f'marker = "{it}"') for it in (marker, marker.replace("==", "!=")))

    assert wheels.without_wheel(met, REQUIREMENTS, "3.13", "arm64") == [
        WheelSource("native", "2.0", D)
    ]
    assert wheels.without_wheel(unmet, REQUIREMENTS, "3.13", "arm64") == []


@pytest.mark.parametrize("tag", ["manylinux2014", "manylinux2010", "manylinux1", "linux"])
@pytest.mark.parametrize("python", ["cp313-cp313", "cp313-none", "py3-none"])
def test_every_name_of_the_c_library_counts(tag: str, python: str) -> None:
    """Those by year as well, for each kind of wheel that is not for every machine."""
    text = lock(wheel(f"{python}-{tag}_x86_64"))

    assert wheels.without_wheel(text, REQUIREMENTS, "3.13", "amd64") == []
    assert wheels.without_wheel(text, REQUIREMENTS, "3.13", "arm64") == [
        WheelSource("native", "2.0", D)
    ]


@pytest.mark.parametrize(("minor", "fits"), [(4, False), (5, True), (28, True), (29, False)])
def test_the_c_library_is_neither_too_old_nor_too_new(minor: int, fits: bool) -> None:
    """As uv takes wheels for another Linux."""
    text = lock(wheel(f"cp313-cp313-manylinux_2_{minor}_aarch64"))

    assert (wheels.without_wheel(text, REQUIREMENTS, "3.13", "arm64") == []) is fits


@pytest.mark.parametrize(
    "place",
    [
        'name = "native-2.0+local-cp313-cp313-linux_aarch64.whl", url = "https://e/a-1.zip"',
        'url = "https://e/f/native-2.0%2Blocal-cp313-cp313-linux_aarch64.whl", path = "a-1.zip"',
        'path = "wheels/native-2.0+local-cp313-cp313-linux_aarch64.whl"',
        'path = "native-2.0+local-cp313-cp313-linux_aarch64.whl"',
    ],
)
def test_a_file_is_known_by_its_name_its_address_or_its_path(place: str) -> None:
    """In this order, as PEP 751 has it; an address is quoted."""
    row = f'{{ {place}, hashes = {{ sha256 = "{C}" }} }}'

    assert not wheels.without_wheel(lock(f"wheels = [{row}]"), REQUIREMENTS, "3.13", "arm64")


@pytest.mark.parametrize("row", ["{ }", f'{{ hashes = {{ md5 = "{C}" }} }}'])
def test_a_file_without_a_hash_that_the_pin_allows_is_left_out(row: str) -> None:
    """It may be anybody's."""
    text = lock(f"wheels = [{row}]")

    assert wheels.without_wheel(text, REQUIREMENTS, "3.13", "arm64") == [
        WheelSource("native", "2.0", D)
    ]


def test_a_pin_without_a_source_says_what_to_do() -> None:
    """It has neither, whether the lock is silent or names another file."""
    text = lock("").replace(
        f'sdist = {{ url = "https://e/native-2.0.tar.gz", hashes = {{ sha256 = "{D}" }} }}', ""
    )
    with pytest.raises(NothingToJudgeError) as caught:
        wheels.without_wheel(text, REQUIREMENTS, "3.13", "amd64")

    assert caught.value.what == NEITHER
    assert caught.value.next_step == "Compile the requirements again, or pin another version."


def test_what_the_lock_knows_besides_is_nobody_s_pin() -> None:
    """Names are compared as Python does, the rows have an order, and a version may be missing."""
    more = '[[packages]]\n\n[[packages]]\nname = "other"\nversion = "1"\n'
    text = lock("").replace('name = "native"\nversion = "2.0"', 'name = "NATIVE"') + more
    both = text.replace(f', hashes = {{ sha256 = "{A}" }}', "")

    assert wheels.without_wheel(both, REQUIREMENTS, "3.13", "amd64") == [
        WheelSource("native", "2", D),
        WheelSource("pure-thing", "1.0", B),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "Cannot read pylock.toml."),
        ("packages = ", "Cannot read pylock.toml."),
        ("packages = 1", "Unexpected format of pylock.toml: 'packages' is not a list."),
        ("packages = [1]", "Unexpected format of pylock.toml: 'packages' is not a list."),
        ("packages = []", "pylock.toml has no entry for native, pure-thing."),
        (lock("").replace(D, "e" * 64), NEITHER),
        (lock('marker = "nonsense ="'), "native has an invalid environment marker."),
        (lock("", pure="no-wheel.txt"), "Invalid wheel file name: 'no-wheel.txt'."),
        (lock(f'wheels = [{{ hashes.sha256 = "{C}" }}]'), "Invalid wheel file name: ''."),
    ],
)
def test_what_cannot_be_told_is_an_error(text: str, what: str) -> None:
    """Nobody knows is not: there is none."""
    with pytest.raises(NothingToJudgeError) as caught:
        wheels.without_wheel(text, REQUIREMENTS, "3.13", "amd64")

    assert caught.value.what == what


def test_the_pin_of_a_wheel_that_was_made_allows_that_one_alone() -> None:
    """Its marker stays, other pins stay as they are, and names are compared as Python does."""
    text = wheels.with_made(REQUIREMENTS, {("native", "2"): "f" * 64})

    assert wheels.pins(text) == {("pure-thing", "1"): {A, B}, ("native", "2"): {"f" * 64}}
    assert "native[extra]==2.0 ; python_version >= '3.11'" in text
    assert wheels.with_made(REQUIREMENTS, {}) == REQUIREMENTS


@pytest.mark.parametrize(
    ("name", "pure"),
    [
        ("oncalendar-1.1-py3-none-any.whl", True),
        ("thing-1-py2.py3-none-any.whl", True),
        ("thing-1-cp313-cp313-linux_x86_64.whl", False),
        ("thing-1-cp313-none-linux_x86_64.whl", False),
        ("thing-1-cp313-cp313-any.whl", False),
    ],
)
def test_a_pure_wheel_is_for_every_machine(name: str, pure: bool) -> None:
    """Neither a platform nor an interface of C is in its name."""
    assert wheels.is_pure(name) is pure


@pytest.mark.parametrize(
    ("name", "files", "strange"),
    [
        ("a-1-cp313-cp313-linux_aarch64.whl", {"a.so": program(ARM64), "a.py": b""}, []),
        ("a-1-py3-none-any.whl", {"a.py": b"pass"}, []),
        ("a-1-cp313-cp313-any.whl", {"a.py": b"pass"}, []),
        ("a-1-cp313-cp313-linux_aarch64.whl", {"a.so": program(AMD64)}, ["a.so (x86-64)"]),
        ("a-1-py3-none-any.whl", {"a.so": program(ARM64)}, ["a.so"]),
        (
            "a-1-cp313-cp313-linux_x86_64.whl",
            {"a.so": program(ARM64)},
            ["a-1-cp313-cp313-linux_x86_64.whl"],
        ),
    ],
)
def test_what_does_not_fit_a_platform_is_named(
    name: str, files: dict[str, bytes], strange: list[str]
) -> None:
    """By the wheel's own name, and by every program in it."""
    with ZipFile(BytesIO(packed(files, name))) as archive:
        assert wheel_archives.misfits(name, archive, "linux/arm64") == strange


def test_a_damaged_wheel_is_an_error() -> None:
    """It never reads as one that fits."""
    content = packed({"a.so": program(ARM64)}).replace(b"\x7fELF", b"\x7fEAF")
    with (
        ZipFile(BytesIO(content)) as archive,
        pytest.raises(NothingToJudgeError, match="Cannot read"),
    ):
        wheel_archives.misfits("a-1-py3-none-any.whl", archive, "linux/arm64")


TWO = f"""Thing==1.0.0 ; python_version < '3.13' \\
    --hash=sha256:{A}
thing[extra] == 2.0 ; python_version >= '3.13' --hash=sha256:{C} --hash=sha512:{D}
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_name_may_have_a_pin_for_each_python(ends: str) -> None:
    """A pin is a name and a version; its own marker says where it is installed."""
    text = "\ufeff" + TWO.replace("\n", ends)
    made = wheels.with_made(text, {("thing", "2"): "f" * 64})
    lock_ = f"""[[packages]]
name = "thing"
version = "2.0"
sdist = {{ url = "https://e/thing-2.0.tar.gz", hashes = {{ sha256 = "{C}" }} }}
"""

    assert wheels.pins(text) == {("thing", "1"): {A}, ("thing", "2"): {C}}
    assert wheels.pins(made) == {("thing", "1"): {A}, ("thing", "2"): {"f" * 64}}
    assert "sha512" not in made
    assert wheels.without_wheel(lock_, text, "3.13", "arm64") == [WheelSource("thing", "2.0", C)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            lock("wheels = 1"),
            "Unexpected format of pylock.toml: the wheels of native are not a list.",
        ),
        (
            lock("wheels = [1]"),
            "Unexpected format of pylock.toml: the wheels of native are not a list.",
        ),
        (lock('marker = "extra"'), "native has an invalid environment marker."),
        (lock("sdist2 = 1").replace("[[packages]]", "[[packages]]\nhashes = 1", 1), NEITHER),
    ],
)
def test_a_lock_of_another_form_is_a_typed_error(text: str, what: str) -> None:
    """Whatever is in the place of a list or a table."""
    with pytest.raises(NothingToJudgeError) as caught:
        wheels.without_wheel(text.replace(D, "e" * 64), REQUIREMENTS, "3.13", "amd64")

    assert caught.value.what == what


@pytest.mark.parametrize(
    "name",
    ["a-1-1/../b-py3-none-any.whl", "a-1-py3-none-any\0.whl", "a-x-py3-none-any.whl", "a.whl", ""],
)
def test_a_name_that_leads_elsewhere_is_none(name: str) -> None:
    """A build tag may hold anything by the format, and no path by ours."""
    for read in (wheels.is_pure, wheels.name_of, wheels.tags_of):
        with pytest.raises(NothingToJudgeError, match="Invalid wheel file name"):
            read(name)
