"""What a person does after `init`: the commands that come next, and a choice that is left."""

from __future__ import annotations

import json
from pathlib import Path

from towpath.adoption.plan import SCRIPTS, script_name
from towpath.adoption.view import Directory
from towpath.config import load
from towpath.config.loading import OWN
from towpath.config.model import Config
from towpath.core.errors import ConfigurationError
from towpath.core.terminal import Terminal
from towpath.rendering import requirements


def show(terminal: Terminal, tree: Directory, root: Path, dockerfile: str) -> None:
    """Show the commands that come next; `dockerfile` is one that the project has, or empty.

    Pins are compiled where nothing has them. A Dockerfile that is not built from is named, with
    the lines that change that.
    """
    script = f"./{script_name(tree) or SCRIPTS[0]}"
    config = _config(root)
    is_own = bool(config and config.image.dockerfile)
    if dockerfile and config and not is_own:
        _name_dockerfile(terminal, root, dockerfile)
    rows = [f"{script} python -m towpath lock"] if not is_own and _lacks_pins(config) else []
    terminal.say("Next:")
    for row in [*rows, "git add -A && git commit", f"{script} invoke pipeline"]:
        terminal.say(f"  {row}")


def _name_dockerfile(terminal: Terminal, root: Path, dockerfile: str) -> None:
    table = "image" if (root / OWN).is_file() else "tool.towpath.image"
    terminal.say(
        f"A rendered Dockerfile is used, not {dockerfile}. To build with yours, add to [{table}]:"
    )
    terminal.say(f"  dockerfile = {json.dumps(dockerfile)}")


def _config(root: Path) -> Config | None:
    try:
        return load(root, {})
    except (ConfigurationError, OSError):
        return None


def _lacks_pins(config: Config | None) -> bool:
    try:
        return config is not None and requirements.can_compile(config)
    except (ConfigurationError, OSError):
        return False
