"""The Python distributions of an image."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.scanning import distributions_reader as distributions

DJANGO = b"Metadata-Version: 2.1\nName: Django\nVersion: 5.2.1\n\nVersion: in the text\n"


def test_each_distribution_is_named_once() -> None:
    """Names are normalized; what Debian packaged is Debian's to judge."""
    files = {
        "srv/lib/Django-5.2.1.dist-info/METADATA": DJANGO,
        "usr/local/lib/python3.13/site-packages/django-5.2.1.dist-info/METADATA": DJANGO,
        "srv/lib/a.b_c-1.dist-info/METADATA": b"Name: a.b_c\nVersion: 1\n",
        "usr/lib/python3/dist-packages/pip-25.dist-info/METADATA": b"Name: pip\nVersion: 25\n",
        "srv/lib/old.egg-info/PKG-INFO": b"Name: old\nVersion: 2\n",
        "srv/lib/x.dist-info/RECORD": b"x",
    }

    assert distributions.read_distributions(files) == [
        ("a-b-c", "1"),
        ("django", "5.2.1"),
        ("old", "2"),
    ]


@pytest.mark.parametrize(
    "metadata",
    [b"Name: x\n", b"Version: 1\n", b"Name:\nVersion: 1\n", b"", b"\nName: x\nVersion: 1\n"],
)
def test_metadata_without_a_name_or_version_is_nothing_to_judge(metadata: bytes) -> None:
    """A distribution that cannot be asked about is not passed over."""
    with pytest.raises(NothingToJudgeError) as caught:
        distributions.read_distributions({"srv/lib/x.dist-info/METADATA": metadata})

    assert (
        caught.value.what == "srv/lib/x.dist-info/METADATA in the image has no name or no version."
    )


def test_text_of_another_encoding_hides_no_distribution() -> None:
    """A name of an author in Latin-1 is no reason to stop."""
    metadata = b"Name: a\nAuthor: M\xfcller\nVersion: 1\n"

    assert distributions.read_distributions({"x.dist-info/METADATA": metadata}) == [("a", "1")]
