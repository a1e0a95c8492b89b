#!/usr/bin/env python3
"""Set the variables by which a build compiles for another machine.

build.sh lets each Python that pip starts for a build run this first, and sets what it reads:

| variable | is |
|---|---|
| CROSS_MACHINE | the target, as in the names of Debian's compilers: x86_64, aarch64 |
| CROSS_DATA | the directory that holds the build settings of the target's Python |
| CROSS_SETTINGS | the name of that module, such as _sysconfigdata__aarch64-linux-gnu |
| CROSS_CFLAGS, CROSS_LDFLAGS | options for the compiler and the linker, may be empty |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what setuptools, Meson, CMake and Python's own sysconfig read of the target.

    Raises KeyError for a variable of build.sh that is not set.
    """
    machine = environment["CROSS_MACHINE"]
    tool = f"{machine}-linux-gnu-"
    return {
        "CC": f"{tool}gcc",
        "CXX": f"{tool}g++",
        "CPP": f"{tool}gcc -E",
        "AR": f"{tool}ar",
        "LDSHARED": f"{tool}gcc -shared",
        "LDCXXSHARED": f"{tool}g++ -shared",
        "CFLAGS": environment["CROSS_CFLAGS"],
        "LDFLAGS": environment["CROSS_LDFLAGS"],
        "PKG_CONFIG_LIBDIR": f"/usr/lib/{machine}-linux-gnu/pkgconfig:/usr/share/pkgconfig",
        "PYTHONPATH": environment.get("PYTHONPATH", "") + os.pathsep + environment["CROSS_DATA"],
        "_PYTHON_HOST_PLATFORM": f"linux-{machine}",
        "_PYTHON_SYSCONFIGDATA_NAME": environment["CROSS_SETTINGS"],
    }


def main() -> None:
    """Change this process, and with it every process that it starts."""
    data = os.environ["CROSS_DATA"]
    # pip lets this run twice, and takes off the path what the second time adds.
    sys.path += [] if data in sys.path else [data]
    os.environ.update(variables(os.environ))


if __name__ == "__main__":
    main()
