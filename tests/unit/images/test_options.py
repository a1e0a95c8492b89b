"""The flags of a build, together: what cannot be is refused before anything is done."""

from __future__ import annotations

import pytest

from towpath.core.errors import ConfigurationError
from towpath.images import options as targets


def test_all_names_every_target() -> None:
    """`all` and a list with commas are several targets in one go."""
    assert targets.flags("all").targets == targets.TARGETS
    assert targets.flags("testing, production,testing").targets == ("testing", "production")
    assert targets.flags("production", progress="plain").shown


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("producton", {}, "Did you mean 'production'"),
        (" , ", {}, "No target was selected"),
        ("production", {"progress": "plane"}, "Did you mean 'plain'"),
        ("all", {"push": False}, "--no-push builds one image"),
        ("production", {"push": False, "tag": "try-1"}, "--no-push builds one image"),
        ("all", {"tag": "try-1"}, "cannot be used with 3 targets"),
        ("production", {"tag": "no spaces"}, "is not a valid tag"),
        ("production", {"tag": "-dash"}, "is not a valid tag"),
        ("production", {"tag": "release"}, "is reserved for the pipeline"),
        ("production", {"tag": "test"}, "is reserved for the pipeline"),
        ("production", {"tag": "built"}, "is reserved for the pipeline"),
        ("production", {"tag": "1.2.3"}, "is reserved for the pipeline"),
        ("production", {"tag": "sha256-abc"}, "is reserved for the pipeline"),
        ("production", {"tag": "building-base-0"}, "is reserved for the pipeline"),
    ],
)
def test_what_cannot_be_is_refused(target: str, options: dict[str, str], words: str) -> None:
    """Each is a configuration error with the nearest right word where there is one."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        targets.flags(target, **options)  # type: ignore[arg-type]
    assert caught.value.code == 2


def test_production_gets_its_version_and_the_others_their_name() -> None:
    """Only production is `built`; a testing image is never what a promotion takes."""
    assert targets.tags("1.2.3", "production", ("production",)) == ("1.2.3", "built")
    assert targets.tags("1.2.3", "testing", ("testing",), "x") == ("testing", "x")
