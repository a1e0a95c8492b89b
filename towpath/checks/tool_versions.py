"""What is installed in the environment of a Python, which may be another one than ours."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path


def version(package: str, python: str) -> str:
    """Return the version of a package in the environment of a Python, or "missing"."""
    if package == "towpath":
        # It may run from a checkout, which the evidence describes.
        return next(_versions(package, sys.path), "this checkout")
    return next(_versions(package, [site_packages(python)]), "missing")


def _versions(package: str, path: list[str]) -> Iterator[str]:
    found = metadata.distributions(name=package, path=path)
    return (row.version for row in found if row.version)


def installed(python: str) -> dict[str, str]:
    """Return the names and versions of everything in the environment of a Python."""
    found = metadata.distributions(path=[site_packages(python)])
    return {row.metadata["Name"]: row.version for row in found if row.metadata["Name"]}


@cache
def site_packages(python: str) -> str:
    """Return where the environment of a Python has its packages."""
    if python == sys.executable:
        return sysconfig.get_path("purelib")
    environment = Path(python).parent.parent
    return str(next(iter(sorted(environment.glob("lib/python*/site-packages"))), environment))


def python_version(python: str) -> str:
    """Return the version of a Python as classifiers name it, such as `3.12`."""
    if python != sys.executable:
        found = re.search(r"python(3\.\d+)", site_packages(python))
        if found:
            return found[1]
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
