"""Isort's verdict on every file that is named, by the project's rules, in words that we know.

Its own command takes its words, their colours and whether it says any from the project's settings,
names no file that a comment in it leaves out, and looks for the settings beside the first file.

`python -m towpath.checks.tools.imports FILE...` writes a line for each file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from isort import Config, api
from isort.exceptions import FileSkipComment, ISortError


def verdict(file: str, config: Config) -> str:
    """Return the line about a file.

    Raises ISortError, OSError or ValueError for one that cannot be judged.
    """
    if config.filter_files and config.is_skipped(Path(file)):
        return f"EXCLUDED: {file} (the settings skip it)"
    try:
        # It says itself, in the project's words, what we say in ours.
        with redirect_stderr(StringIO()):
            good = api.check_file(file, config=config)
    except FileSkipComment:
        return f"EXCLUDED: {file} (a comment in it says isort: skip_file)"
    return f"SUCCESS: {file} Everything Looks Good!" if good else f"ERROR: {file} {WRONG}"


WRONG = "Imports are incorrectly sorted and/or formatted."


def main(files: Sequence[str]) -> int:
    """Write the verdicts; return 0, 1 where imports are out of order, 2 without a verdict."""
    config = Config(settings_path=str(Path.cwd()), quiet=True, verbose=False, color_output=False)
    lines, code = [], 0
    for file in files:
        try:
            line = verdict(file, config)
        except (ISortError, OSError, ValueError) as error:
            sys.stderr.write(f"{file}: {error}\n")
            code = 2
            continue
        lines.append(line)
        code = max(code, int(line.startswith("ERROR")))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
