"""Stages of a project's own in the Dockerfile that is rendered for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.config import Config, parse
from towpath.core.errors import ConfigurationError
from towpath.rendering import dockerfile, own_stages
from towpath.rendering.requirements import Pins

OWN = '# The tests.\nFROM base AS testing\nCMD ["python", "manage.py", "test"]\n'


def config(root: Path, **image: str) -> Config:
    """Return the settings of a project."""
    tables = {"image": image, "env": {"ENVIRONMENT": "{environment}", "HOSTS": "{hosts}"}}
    web = {"web": {"command": "gunicorn shop.wsgi", "health": "python -m shop.check"}}
    return parse({"name": "shop", "processes": web, **tables}, root, {})


def text(found: Config) -> str:
    """Return the Dockerfile with the project's own stages."""
    stages = own_stages.read(found)
    return dockerfile.dockerfile(found, scripts="s", uv="u.txt", pins=Pins("r"), stages=stages)


def test_they_come_before_the_last_stage(tmp_path: Path) -> None:
    """So that the last one is the product, as `docker build` takes it."""
    (tmp_path / "more.txt").write_text(OWN)
    found = text(config(tmp_path, stages="more.txt"))

    before, _, after = found.partition(OWN.strip())
    assert "FROM base AS development" in before
    assert after.lstrip("\n-# ").startswith("production")
    assert "testing" not in text(config(tmp_path))


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("RUN true\nFROM base AS testing\n", "does not begin with a stage"),
        ("", "does not begin with a stage"),
        ("FROM alpine AS Base\n", "names a stage that the rendered Dockerfile has itself: base"),
    ],
)
def test_what_would_change_another_stage_is_refused(tmp_path: Path, own: str, words: str) -> None:
    """The name of the file is in the message."""
    (tmp_path / "more.txt").write_text(own)

    with pytest.raises(ConfigurationError, match=f"more.txt {words}"):
        text(config(tmp_path, stages="more.txt"))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the setting that names it; a path out of the project is none."""
    with pytest.raises(ConfigurationError, match="Cannot read more.txt, which .* stages names"):
        text(config(tmp_path, stages="more.txt"))
    with pytest.raises(ConfigurationError, match="a file of the project"):
        config(tmp_path, stages="../more.txt")


def test_an_image_stands_for_the_environment_of_its_target(tmp_path: Path) -> None:
    """In every variable that has the environment's name, and with the check of its web process."""
    found = text(config(tmp_path))

    _, _, development = found.partition("FROM base AS development")
    development, _, production = development.partition("FROM base AS production")
    assert "ENV ENVIRONMENT=development" in development
    assert "ENV ENVIRONMENT=production" in production
    assert 'CMD ["python", "-m", "shop.check"]' in production
