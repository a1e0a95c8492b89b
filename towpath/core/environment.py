"""Which variables of the caller reach Towpath, a tool, a session or a container. Pure.

First `usable` removes variables that would silently change what git and Docker's commands do; our
own code reads the rest. An empty variable counts as not set. Then each tool's environment is built
from lists of names, never from whatever the caller happens to have: a variable that is on no list
cannot change a verdict. The project adds others in `[tool.towpath.variables]`; they are part of the
inputs of a check, and its evidence shows them. Standard library only: noxfile.py uses it too.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

# What every program needs to be found, to find its files, and to write for a while.
BASICS = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "PYENV_ROOT"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"),
)
# Language and time zone: tests and sorting may depend on them.
LOCALE = ("LANG", "LANGUAGE", "LC_*", "TZ")
# How the network is reached, and whose certificates are trusted there.
NETWORK = (
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
# Which Docker engine is used, how it is reached, and the login: nothing that changes a build.
_DOCKER = (
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("DOCKER_TLS", "DOCKER_AUTH_CONFIG"),
)
ENGINE = (*_DOCKER, "DOCKER_API_VERSION", "SSH_AUTH_SOCK")
# Default platforms, other builders, protocols and files, removed orphans, signatures (Docker docs:
# "Environment variables" of the CLI, of Compose, of buildx and of BuildKit).
_REMOVED = ("DOCKER_", "COMPOSE_", "BUILDX_", "BUILDKIT_", "EXPERIMENTAL_BUILDKIT_")
_ALSO = ("SOURCE_DATE_EPOCH",)
# An empty value of these means that there are none, whatever the file says.
_NONE = ("TOWPATH_REGISTRIES", "TOWPATH_BUILDERS")
_OWN = ("TOWPATH_", "DOCKER_", "XDG_")
# Compose must not read an `.env` of the project, nor buildx use a builder that was once chosen with
# `docker buildx use`: only what we pass counts.
FIXED = {"COMPOSE_DISABLE_ENV_FILE": "1", "BUILDX_BUILDER": "default"}
# What a hook of git sets for its own repository; for another one it is wrong. Source:
# `git rev-parse --local-env-vars`, without settings that a caller passes on (GIT_CONFIG_*).
OF_A_REPOSITORY = {
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE"),
    *("GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS"),
    *("GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_CONFIG"),
    *("GIT_NAMESPACE", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS"),
    *("GIT_ICASE_PATHSPECS", "GIT_QUARANTINE_PATH"),
}
# Where packages come from; every one is checked by its hash.
INSTALLING = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_TRUSTED_HOST"),
    *("PIP_CONFIG_FILE", "PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "UV_CONFIG_FILE"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX_*_USERNAME"),
    *("UV_INDEX_*_PASSWORD", "UV_FIND_LINKS", "UV_CACHE_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
    *("UV_HTTP_TIMEOUT", "UV_KEYRING_PROVIDER", "UV_INSECURE_HOST", "UV_LINK_MODE"),
)
# What our own commands read: how they write, and in which CI they run.
OURS = (
    *("TOWPATH_*", "NO_COLOR", "COLUMNS", "TERM", "CI", "CI_*", "GITHUB_*", "GITLAB_CI"),
    *("BITBUCKET_*", "TF_BUILD", "BUILD_*", "JENKINS_URL", "CIRCLECI", "CIRCLE_*"),
    *("WOODPECKER", "DRONE", "DRONE_*", "BUILDKITE", "BUILDKITE_*", "TEAMCITY_VERSION"),
)
# Where the tests find externally provided services.
SERVICES = ("DATABASE_*", "CACHE_*", "QUEUE_*")
# Variables that configure a tool outside the project's files. No project may pass them on.
CHECKERS = (
    *("PYTEST_*", "PYTHON*", "COVERAGE_*", "COV_CORE_*", "MYPY*", "FLAKE8_*", "BLACK_*", "ISORT_*"),
    *("RADON*", "BANDIT*", "RUFF_*", "HADOLINT_*", "SHELLCHECK_*", "ZIZMOR_*", "ACTIONLINT_*"),
    *("SAFETY_*", "PIP_AUDIT_*", "TRIVY_*", "SYFT_*", "DJANGO_SETTINGS_MODULE", "LD_PRELOAD"),
)
TOOLS = (
    *(name for name in CHECKERS if name != "DJANGO_SETTINGS_MODULE"),
    *("PIP_*", "UV_*", "NOX*", "VIRTUALENV_*", "GIT_*"),
    *("DOCKER_DEFAULT_PLATFORM", "BUILDX_*", "BUILDKIT_*", "BAKE_*", "COMPOSE_*"),
    *("LD_*", "DYLD_*", "GCONV_PATH", "BASH_ENV", "ENV", "IFS", "PATH", "HOME"),
)
# Git's own settings on this machine that could show other bytes than those of the files.
_GIT = {
    "core.attributesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.ignoreStat": "false",
    "log.showSignature": "false",
}
GIT = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": str(len(_GIT)),
    **{f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(_GIT)},
    **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(_GIT.values())},
}
_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|KEY|CREDENTIAL|AUTH|DSN|PRIVATE|COOKIE|SIGNATURE|WEBHOOK|NOTIFY"
)


def usable(env: Mapping[str, str]) -> dict[str, str]:
    """Return a caller's environment without variables that would change git or Docker."""
    found = {name: text for name, text in env.items() if not _blank(name, text)}
    found = {name: text for name, text in found.items() if not _changes_docker(name)}
    return without_repository(found) | FIXED


def without_repository(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git finds the repository by the directory alone."""
    return {name: value for name, value in env.items() if name not in OF_A_REPOSITORY}


def variable(env: Mapping[str, str], name: str, default: str = "") -> str:
    """Return a variable without blanks around it; one that is empty is as if it were not set."""
    return env.get(name, "").strip() or default


def of_tools(env: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return the environment of a tool: neutral variables, those in `more`, and fixed ones."""
    return chosen(env, (*BASICS, *LOCALE, *NETWORK, *ENGINE, *more)) | GIT | FIXED


def of_installers(env: Mapping[str, str]) -> dict[str, str]:
    """Return the additional variables of a command that installs packages."""
    return chosen(env, INSTALLING)


def of_sessions(env: Mapping[str, str], passed: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment of Nox and of our own commands in its sessions."""
    services = SERVICES if env.get("TOWPATH_SERVICES") == "given" else ()
    names = (*BASICS, *LOCALE, *NETWORK, *ENGINE, *INSTALLING, *services, *passed)
    return chosen(env, names) | _without_secrets(env, OURS)


def settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return the TOWPATH_* settings without secrets, for use in Compose files."""
    return _without_secrets(env, ("TOWPATH_*",))


def private(home: str) -> dict[str, str]:
    """Return variables that keep a tool from reading the settings of the calling user.

    `home` is an empty directory.
    """
    places = {
        "CONFIG": ".config",
        "CACHE": ".cache",
        "DATA": ".local/share",
        "STATE": ".local/state",
    }
    return {"HOME": home} | {f"XDG_{key}_HOME": f"{home}/{name}" for key, name in places.items()}


def passed_on(env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return the project-specific variables of the tools of a check, with secrets in clear text."""
    return chosen(env, (*LOCALE, *patterns))


def network(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of proxies and trusted certificates."""
    return chosen(env, NETWORK)


def shown(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables as evidence shows them: a part of the hash of a secret one."""
    return {
        name: _hash(value) if looks_secret(name, value) else value
        for name, value in sorted(variables.items())
    }


def inputs(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return variables as a part of the inputs of a check."""
    return tuple(f"{name}={value}" for name, value in sorted(variables.items()))


def looks_secret(name: str, value: str = "") -> bool:
    """Tell whether a variable looks like a secret: by its name, or by a password in an address."""
    return bool(_SECRET.search(name.upper())) or _has_user(value)


def removed_variables(env: Mapping[str, str]) -> list[str]:
    """Return the set variables that would change the result of a check and are not passed on."""
    return sorted(chosen(env, CHECKERS).keys() - {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"})


def refused(pattern: str) -> bool:
    """Tell whether a project's pattern could match a variable that configures a tool."""
    return any(_meet(pattern, tool) for tool in TOOLS)


def chosen(env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return the variables that match one of the patterns; a star matches any characters."""
    wanted = tuple(patterns)
    return {
        name: value
        for name, value in env.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)
    }


def _blank(name: str, text: str) -> bool:
    return name.startswith(_OWN) and name not in _NONE and not text.strip()


def _changes_docker(name: str) -> bool:
    return name in _ALSO or (name.startswith(_REMOVED) and name not in _DOCKER)


def _meet(pattern: str, other: str) -> bool:
    """Tell whether a name can match both patterns, which have a star at the end only."""
    if "*" not in pattern:
        return fnmatch.fnmatchcase(pattern, other)
    if "*" not in other:
        return fnmatch.fnmatchcase(other, pattern)
    one, two = pattern.rstrip("*"), other.rstrip("*")
    return one.startswith(two) or two.startswith(one)


def _without_secrets(env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    found = chosen(env, patterns)
    return {name: value for name, value in found.items() if not looks_secret(name)}


def _has_user(value: str) -> bool:
    """Tell whether a value is an address with a user, and maybe a password, in it."""
    try:
        return "@" in urlsplit(value).netloc
    except ValueError:
        # A malformed address may contain one.
        return True


def _hash(value: str) -> str:
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}"
