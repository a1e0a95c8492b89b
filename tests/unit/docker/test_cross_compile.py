"""By which variables a build compiles for another machine."""

from __future__ import annotations

import os
import sys

import pytest

from tests.unit.docker.scripts import module

cross_compile = module("wheel/cross_compile.py")
GIVEN = {
    "CROSS_MACHINE": "aarch64",
    "CROSS_DATA": "/work/data",
    "CROSS_SETTINGS": "_sysconfigdata__aarch64-linux-gnu",
    "CROSS_CFLAGS": "-g0 -I/target/usr/local/include/python3.13",
    "CROSS_LDFLAGS": "-L/target/usr/local/lib",
}
SET = {
    "CC": "aarch64-linux-gnu-gcc",
    "CXX": "aarch64-linux-gnu-g++",
    "CPP": "aarch64-linux-gnu-gcc -E",
    "AR": "aarch64-linux-gnu-ar",
    "LDSHARED": "aarch64-linux-gnu-gcc -shared",
    "LDCXXSHARED": "aarch64-linux-gnu-g++ -shared",
    "CFLAGS": "-g0 -I/target/usr/local/include/python3.13",
    "LDFLAGS": "-L/target/usr/local/lib",
    "PKG_CONFIG_LIBDIR": "/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig",
    "PYTHONPATH": ":/work/data",
    "_PYTHON_HOST_PLATFORM": "linux-aarch64",
    "_PYTHON_SYSCONFIGDATA_NAME": "_sysconfigdata__aarch64-linux-gnu",
}


def test_compiler_and_settings_are_those_of_the_target() -> None:
    """All of them, whatever the build reads."""
    assert cross_compile.variables(GIVEN) == SET


def test_the_path_of_pip_stays_in_front() -> None:
    """What is on it already goes before the settings of the target."""
    found = cross_compile.variables({**GIVEN, "PYTHONPATH": "/pip"})

    assert found == {**SET, "PYTHONPATH": "/pip:/work/data"}


def test_a_variable_that_is_missing_is_an_error() -> None:
    """Nothing is compiled for half a target."""
    with pytest.raises(KeyError, match="CROSS_MACHINE"):
        cross_compile.variables({})


def test_the_process_itself_is_changed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip lets it run twice: the settings stand on the path once."""
    monkeypatch.setattr(os, "environ", dict(GIVEN))
    monkeypatch.setattr(sys, "path", ["/a"])

    cross_compile.main()
    cross_compile.main()

    assert sys.path == ["/a", "/work/data"]
    assert {**os.environ, "PYTHONPATH": ":/work/data"} == {**GIVEN, **SET}
