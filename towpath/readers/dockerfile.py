"""Which image a stage of a Dockerfile starts from. Pure.

Source: Dockerfile reference, "FROM" and "Understand how ARG and FROM interact".
"""

from __future__ import annotations

import re

from towpath.errors import NothingToJudgeError

SCRATCH = "scratch"

_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.I)
_ARG = re.compile(r"ARG\s+(?P<name>\w+)(?:=(?P<value>\S*))?\s*", re.I)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>\w+))")


def base_of(text: str, target: str) -> str:
    """Return the image that the stage `target` starts from, through all stages between.

    `scratch` is an image without anything. Raises NothingToJudgeError where the stage is not there
    or the name depends on something that the Dockerfile itself does not say.
    """
    stages, defaults = _read(text)
    seen: list[str] = []
    image = target
    while image.lower() in stages and image.lower() not in seen:
        seen.append(image.lower())
        image = _expanded(stages[image.lower()], defaults)
    if not seen:
        raise NothingToJudgeError(
            f"The Dockerfile has no stage {target}.", why=f"It has {', '.join(stages) or 'none'}."
        )
    return image


def default(text: str, name: str) -> str:
    """Return what an argument before the first stage is where nobody gives it.

    Raises NothingToJudgeError where there is none of this name, or it has no default.
    """
    found = _read(text)[1].get(name, "")
    if not found:
        raise NothingToJudgeError(f"The Dockerfile has no argument {name} with a default.")
    return found


def stage(text: str, name: str) -> str:
    """Return the lines of a stage, its FROM the first; raises NothingToJudgeError without it."""
    begin = re.search(rf"^FROM\s.*\sAS\s+{re.escape(name)}\s*$", text, re.M | re.I)
    if not begin:
        raise NothingToJudgeError(f"The Dockerfile has no stage {name}.")
    rest = text[begin.end() :]
    end = re.search(r"^FROM\s", rest, re.M | re.I)
    return begin[0] + (rest[: end.start()] if end else rest)


def _read(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what each stage starts from, and the defaults of the arguments before the first."""
    stages: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if match := _FROM.fullmatch(line.strip()):
            stages[(match["name"] or str(len(stages))).lower()] = match["image"]
        elif not stages and (match := _ARG.fullmatch(line.strip())):
            defaults[match["name"]] = (match["value"] or "").strip("\"'")
    return stages, defaults


def _expanded(image: str, defaults: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        found = defaults.get(name, "") or match["default"] or ""
        if not found:
            raise NothingToJudgeError(f"FROM {image} depends on {name}, which has no default.")
        return found

    return _VARIABLE.sub(value, image)
