"""`[tool.towpath]` and the environment, read once into frozen values.

An error names the path of the key and the nearest valid one. The environment is a parameter: this
module does not read `os.environ`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import towpath
from towpath.config import binding
from towpath.config import builders as nodes
from towpath.config import checking, engine_address, names
from towpath.config import waivers as policy
from towpath.config.checking import RANDOM, SuiteSettings
from towpath.config.environments import read_environments
from towpath.config.images import read_image, read_proxy
from towpath.config.model import Config, Dashboard, Django, Environment
from towpath.config.monitoring import Monitoring, read_monitoring, require_targets
from towpath.config.notify import read_notify
from towpath.config.processes import Processes, read_processes
from towpath.config.reach import BRANCH, REACHES, TAG
from towpath.config.services import Service, read_services, read_volumes
from towpath.config.toml_values import below, checked, section, strings, typed, wrong
from towpath.config.variables import PLACEHOLDER, made_up, read_env
from towpath.config.waivers import Waiver
from towpath.core import environment, inputs
from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError
from towpath.core.references import platform
from towpath.core.suggest import nearest

# A variable, or how its name begins.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?")

# The stages that read the project's files, and the files that none of them may ignore.
CHECKS = ("lint", "tests", "integration", "performance", "security")
SETTINGS = ("pyproject.toml", "noxfile.py", "towpath.toml")
# The largest number of days for evidence-days: one year.
MOST_DAYS = 365
# Fields of the settings that are no keys of their table.
OURS = {"root", "baseline", "baseline-file"}
# More than any gate measures, in any unit.
LARGEST_LIMIT = 10**18


def parse(
    table: Mapping[str, Any],
    root: Path,
    env: Mapping[str, str],
    today: dt.date | None = None,
    hazards: Collection[str] = (),
) -> Config:
    """Turn the table `[tool.towpath]` into a Config; raises ConfigurationError.

    `today` decides which waivers have expired; without it the clock is asked. `hazards` are the
    codes that a waiver of a migration may name.
    """
    where = "tool.towpath"
    known = {row.metadata.get("key", row.name.replace("_", "-")) for row in fields(Config)}
    known -= OURS
    # Before the other keys, of which another version may know more or fewer.
    _require_version(table, where)
    values = {key.replace("-", "_"): row for key, row in checked(table, known, where).items()}
    product_env = values.pop("env", {})
    _replace(values, env)
    _split_gates(values)
    readers: dict[str, Callable[..., Any]] = {
        "version": partial(typed, kind=str),
        "name": partial(_name, env=env),
        "repository": partial(typed, kind=str),
        "registry": partial(typed, kind=str),
        "registries": _registries,
        "platforms": _platforms,
        "builders": nodes.read_builders,
        "django": _django,
        "lint": checking.read_lint,
        "tests": checking.read_tests,
        "integration": checking.read_integration,
        "image": read_image,
        "processes": read_processes,
        "services": lambda row, where: row,
        "volumes": read_volumes,
        "proxy": read_proxy,
        "compose": partial(below, what="a directory"),
        "dashboard": lambda row, where: Dashboard(**section(row, Dashboard, where)),
        "branches": _branches,
        "environments": read_environments,
        "waivers": _waivers,
        "gates": _limits,
        "baseline_file": lambda row, where: _file(
            row, f"{where[: where.rindex('.')]}.gates.baseline"
        ),
        "evidence_days": _days,
        "ignored": _ignored,
        "variables": _variables,
        "notify": read_notify,
        "monitoring": read_monitoring,
        "absent": strings,
    }
    values = {
        key: readers[key](value, where=f"{where}.{key.replace('_', '-')}")
        for key, value in values.items()
    }
    _product(values, product_env, str(table.get("name", "app")), where)
    values["environments"] = {
        name: _overridden(row, env) for name, row in values.get("environments", {}).items()
    }
    _dashboard_runs_somewhere(values)
    alerts = values.get("monitoring", Monitoring())
    require_targets(alerts, values.get("notify", {}), f"{where}.monitoring")
    policy.require_known(values.get("waivers", ()), hazards)
    policy.require_in_force(values.get("waivers", ()), today or dt.date.today())
    config = Config(root=root, env=env, **values)
    _refuse_impossible(config)
    return config


def _overridden(row: Environment, env: Mapping[str, str]) -> Environment:
    """Return an environment with what variables say in place of its settings."""
    bind = env.get(binding.VARIABLE, "")
    return replace(
        row,
        bind=binding.address(bind) if bind.strip() else row.bind,
        engine=engine_address.chosen(env, row.name, row.engine),
    )


def _split_gates(values: dict[str, Any]) -> None:
    """Move the baseline's file out of the table of limits."""
    limits = values.get("gates")
    if isinstance(limits, Mapping) and "baseline" in limits:
        values["gates"] = {key: row for key, row in limits.items() if key != "baseline"}
        values["baseline_file"] = limits["baseline"]


def _product(values: dict[str, Any], product_env: Any, name: str, where: str) -> None:
    """Read what the containers of the product have: services first, whose values they get."""
    services = read_services(values.get("services", {}), f"{where}.services", name)
    values["services"] = services
    values["product_env"] = read_env(product_env, f"{where}.env", services)
    if "integration" in values:
        read_env(values["integration"].env, f"{where}.integration.env", services)
    _values_of_services(values.get("tests"), f"{where}.tests", services)
    # The settings are judged with what a deployment gives them; secrets are made up.
    django = values.get("django", Django())
    variables = made_up(values["product_env"], services)
    values["django"] = replace(django, production={**variables, **django.production})
    processes = values.get("processes", Processes())
    for name in sorted({row.name for row in processes.all} & set(services)):
        raise ConfigurationError(
            f"{where} in pyproject.toml has a process and a service called {name}.",
            why="Each is a host of this name in the network of the environment.",
            next_step="Rename one of them.",
        )


def _values_of_services(
    tests: SuiteSettings | None, where: str, services: Mapping[str, Service]
) -> None:
    """Raise ConfigurationError for a value of the tests that no service, or none started, has."""
    if tests is None:
        return
    if tests.services:
        plain = {name: text.replace(RANDOM, "") for name, text in tests.env.items()}
        read_env(plain, f"{where}.env", services)
        return
    for name, text in tests.env.items():
        named = {row.partition(".")[0] for row in PLACEHOLDER.findall(text) if "." in row}
        if found := sorted(named & services.keys()):
            raise ConfigurationError(
                f"{where}.env.{name} in pyproject.toml has a value of the service {found[0]}.",
                why="No service is started for the tests.",
                next_step=f"Set services = true in [{where}].",
            )


def _require_version(table: Any, where: str) -> None:
    """Raise ConfigurationError if the project asks for another Towpath than the one that runs."""
    wanted = table.get("version") if isinstance(table, Mapping) else None
    if wanted is None:
        return
    # Imported here: most projects' commands need it for nothing else.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = typed(wanted, str, f"{where}.version").strip()
    try:
        allowed = SpecifierSet(f"=={text}" if text[:1].isdigit() else text)
    except InvalidSpecifier:
        raise wrong(f"{where}.version", "a version such as ==0.1.0 or >=0.1,<0.2", text) from None
    if not allowed.contains(towpath.__version__, prereleases=True):
        raise ConfigurationError(
            f"The project asks for Towpath {text}, and {towpath.__version__} is running.",
            why=f"{where}.version in pyproject.toml says so.",
            next_step="Run the command with the project's ./dev, which installs that version, or"
            " change the key.",
        )


def _replace(values: dict[str, Any], env: Mapping[str, str]) -> None:
    """Replace values of the file by those of the environment."""
    for key in ("name", "registry", "repository"):
        if chosen := variable(env, f"TOWPATH_{key.upper()}"):
            values[key] = chosen
    if "TOWPATH_REGISTRIES" in env:
        rows = env["TOWPATH_REGISTRIES"].split(",")
        values["registries"] = [row.strip() for row in rows if row.strip()]
    if "TOWPATH_BUILDERS" in env:
        values["builders"] = nodes.table(env["TOWPATH_BUILDERS"])


def _name(value: Any, where: str, env: Mapping[str, str]) -> str:
    chosen = "TOWPATH_NAME" if env.get("TOWPATH_NAME") else f"{where} in pyproject.toml"
    return names.project(typed(value, str, where), chosen)


def _django(table: Any, where: str) -> Django:
    known = {row.name for row in fields(Django)}
    values = dict(checked(table, known, where))
    variables = values.pop("production", {})
    if not isinstance(variables, Mapping):
        raise wrong(f"{where}.production", "a table", variables)
    for name, value in variables.items():
        typed(value, str, f"{where}.production.{name}")
    secrets = strings(values.pop("secrets", []), f"{where}.secrets", "variables")
    for name, value in values.items():
        typed(value, str, f"{where}.{name}")
    return Django(**values, production=dict(variables), secrets=secrets)


def _dashboard_runs_somewhere(values: Mapping[str, Any]) -> None:
    name = values.get("dashboard", Dashboard()).environment
    known = values.get("environments", {})
    if name and name not in known:
        raise ConfigurationError(
            f"tool.towpath.dashboard.environment is {name!r}, which is not a configured"
            f" environment.{nearest(name, known)}",
        )


def _branches(table: Any, where: str) -> dict[str, str]:
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    for pattern, reach in table.items():
        if reach not in REACHES:
            raise wrong(f"{where}.{pattern!r}", f"one of {', '.join(REACHES)}", reach)
        kind, colon, _ = pattern.partition(":")
        if colon and kind not in (BRANCH, TAG):
            raise ConfigurationError(
                f"{where} in pyproject.toml has {pattern!r}, which is not a pattern."
                f"{nearest(kind, (BRANCH, TAG))}",
                why="Names of branches and tags have no colon: tag:PATTERN matches tags, "
                "PATTERN branches.",
            )
    return dict(table)


def _ignored(table: Any, where: str) -> dict[str, tuple[str, ...]]:
    rows = checked(table, set(CHECKS), where)
    found = {}
    for stage, patterns in rows.items():
        here = f"{where}.{stage}"
        if not isinstance(patterns, list):
            raise wrong(here, "a list of patterns", patterns)
        found[stage] = tuple(typed(pattern, str, here) for pattern in patterns)
        if settings := inputs.ignored(SETTINGS, found[stage]):
            raise ConfigurationError(
                f"{here} in pyproject.toml ignores {', '.join(settings)}.",
                why="These files configure every check: a change in them can change its result.",
                next_step="Use a narrower pattern.",
            )
    return found


def _variables(table: Any, where: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for stage, patterns in checked(table, {*CHECKS, "compose"}, where).items():
        here = f"{where}.{stage}"
        found[stage] = strings(patterns, here, "variable names")
        for pattern in found[stage]:
            if not _VARIABLE.fullmatch(pattern):
                raise wrong(here, "a list of names such as SHOP_URL or SHOP_*", pattern)
            if environment.refused(pattern):
                raise ConfigurationError(
                    f"{here} in pyproject.toml passes on {pattern}, which configures a tool.",
                    why="Settings that a verdict depends on belong into the project's files, where"
                    " they are reviewed and recorded as evidence.",
                    next_step="Configure the tool in pyproject.toml or in its own file.",
                )
    return found


def _registries(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise wrong(where, "a list of registries", value)
    return tuple(typed(row, str, where) for row in value)


def _refuse_impossible(config: Config) -> None:
    """Raise ConfigurationError for an impossible registry now, not in the middle of a push."""
    seen: set[str] = set()
    for place in (config.images, *config.mirrors):
        if place.registry in seen:
            raise ConfigurationError(
                f"The registry {place.registry} is configured twice.",
                why="tool.towpath.registries lists the registries in addition to "
                "tool.towpath.registry.",
                next_step="Remove one of them.",
            )
        seen.add(place.registry)


def _platforms(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise wrong(where, "a list of platforms", value)
    return tuple(dict.fromkeys(platform(typed(row, str, where)) for row in value))


def _waivers(rows: Any, where: str) -> tuple[Waiver, ...]:
    if not isinstance(rows, list):
        raise wrong(where, "an array of tables", rows)
    found = []
    for number, row in enumerate(rows):
        here = f"{where}[{number}]"
        values = checked(row, {"id", "reason", "expires"}, here)
        for key in ("id", "reason", "expires"):
            if not values.get(key):
                raise ConfigurationError(
                    f"{here} has no {key}.",
                    why="A waiver needs an id, a reason and an expiry date.",
                    next_step=f"Add {key} to it, or remove the waiver.",
                )
        if type(values["expires"]) is not dt.date:
            raise wrong(
                f"{here}.expires",
                "a date such as 2027-01-31, without quotes",
                values["expires"],
            )
        found.append(
            Waiver(
                typed(values["id"], str, f"{here}.id"),
                typed(values["reason"], str, f"{here}.reason"),
                values["expires"],
            )
        )
    return tuple(found)


def _file(value: Any, where: str) -> str:
    """Return a path below the project's root; an empty text is none."""
    path = PurePosixPath(typed(value, str, where))
    if value and (path.is_absolute() or ".." in path.parts):
        raise wrong(where, "a file of the project, as a relative path", value)
    return str(path) if value else ""


def _days(value: Any, where: str) -> int:
    if not 1 <= typed(value, int, where) <= MOST_DAYS:
        raise wrong(where, f"a number of days from 1 to {MOST_DAYS}", value)
    return int(value)


def _limits(table: Any, where: str) -> dict[str, float]:
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    for code, limit in table.items():
        number = isinstance(limit, int | float) and not isinstance(limit, bool)
        # Neither infinite nor NaN, which compares with nothing.
        if not number or not abs(limit) <= LARGEST_LIMIT:
            raise wrong(f"{where}.{code}", "a number", limit)
    policy.require_strict(table, where)
    return dict(table)
