"""Stages of the project's own in the Dockerfile that is rendered for it."""

from __future__ import annotations

import re

from towpath.config import Config
from towpath.core.errors import ConfigurationError

WHERE = "[tool.towpath.image] stages"
EJECT = "./dev python -m towpath eject dockerfile"
_NAMED = re.compile(r"^[ \t]*FROM[ \t].*[ \t]AS[ \t]+([A-Za-z0-9._-]+)[ \t]*$", re.I | re.M)
_FIRST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*FROM[ \t]", re.I)


def read(config: Config) -> str:
    """Return the text of the project's own stages; empty where the settings name none.

    Raises ConfigurationError for a file that is missing or does not begin with a stage.
    """
    name = config.image.stages
    if not name:
        return ""
    try:
        text = (config.root / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"Cannot read {name}, which {WHERE} names.",
            why=str(error),
            next_step=f"Add the file, or remove {WHERE}.",
        ) from error
    if not _FIRST.match(text):
        raise ConfigurationError(
            f"{name} does not begin with a stage.",
            why=f"The file of {WHERE} is put into the rendered Dockerfile: an instruction before"
            " its first FROM would belong to another stage.",
            next_step="Begin it with a line such as: FROM base AS testing",
        )
    return text.strip("\n")


def require_new(rendered: str, own: str, file: str) -> None:
    """Raise ConfigurationError where a stage of `own` has the name of a `rendered` one."""
    known = {name.lower() for name in _NAMED.findall(rendered)}
    if twice := sorted(known & {name.lower() for name in _NAMED.findall(own)}):
        raise ConfigurationError(
            f"{file} names a stage that the rendered Dockerfile has itself: {', '.join(twice)}.",
            next_step=f"Give it another name, or own the Dockerfile: {EJECT}",
        )
