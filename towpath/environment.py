"""Which variables a tool gets: built up from lists of names, never what the caller happens to have.

A variable that is on no list can change no verdict. What is passed on beyond the lists was asked
for by the project in `[tool.towpath.environment]`; it is part of what a check depends on, and its
evidence shows it. Standard library only, no input or output: noxfile.py uses it too.
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
# In which language and time zone they speak: tests and sorting may depend on it.
LOCALE = ("LANG", "LANGUAGE", "LC_*", "TZ")
# How the network is reached, and whose certificates are trusted there.
NETWORK = (
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
# Which Docker engine answers, and how its client gets in. What would change a build is not here.
ENGINE = (
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("DOCKER_TLS", "DOCKER_API_VERSION", "DOCKER_AUTH_CONFIG", "SSH_AUTH_SOCK"),
)
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
# Where the tests find services that somebody else runs.
SERVICES = ("DATABASE_*", "CACHE_*", "QUEUE_*")
# Variables by which a tool is set up beside the files of the project. No project may pass them on.
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
_SECRET = re.compile(r"TOKEN|SECRET|PASS|PWD|KEY|CREDENTIAL|AUTH|DSN|PRIVATE|COOKIE|SIGNATURE")


def of_tools(env: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return the environment of a command: neutral variables, those named in `more`, and git's."""
    return chosen(env, (*BASICS, *LOCALE, *NETWORK, *ENGINE, *more)) | GIT


def of_installers(env: Mapping[str, str]) -> dict[str, str]:
    """Return what a command that installs packages gets besides."""
    return chosen(env, INSTALLING)


def of_sessions(env: Mapping[str, str], passed: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment of Nox and of our own commands in its sessions."""
    services = SERVICES if env.get("TOWPATH_SERVICES") == "given" else ()
    names = (*BASICS, *LOCALE, *NETWORK, *ENGINE, *INSTALLING, *services, *passed)
    return chosen(env, names) | _without_secrets(env, OURS)


def settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return our own settings, without those that are secret: what Compose files may use."""
    return _without_secrets(env, ("TOWPATH_*",))


def private(home: str) -> dict[str, str]:
    """Return the variables that keep a tool from the settings of whoever calls it.

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
    """Return what the tools of a check see besides neutral variables, secrets in the clear."""
    return chosen(env, (*LOCALE, *patterns))


def network(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that decide whom a question over the network reaches, and is trusted."""
    return chosen(env, NETWORK)


def shown(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables as evidence shows them: of one that looks secret a part of its hash."""
    return {
        name: _hash(value) if looks_secret(name, value) else value
        for name, value in sorted(variables.items())
    }


def inputs(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return variables as a part of what a check depends on."""
    return tuple(f"{name}={value}" for name, value in sorted(variables.items()))


def looks_secret(name: str, value: str = "") -> bool:
    """Tell whether a variable looks like a secret: by its name, or by a password in an address."""
    return bool(_SECRET.search(name.upper())) or _has_user(value)


def left_out(env: Mapping[str, str]) -> list[str]:
    """Return the variables that are set, would change what a check says, and reach no tool."""
    return sorted(chosen(env, CHECKERS).keys() - {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"})


def refused(pattern: str) -> bool:
    """Tell whether a project's pattern could name a variable by which a tool is set up."""
    return any(_meet(pattern, tool) for tool in TOOLS)


def chosen(env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return the variables that one of the patterns names; a star stands for any letters."""
    wanted = tuple(patterns)
    return {
        name: value
        for name, value in env.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)
    }


def _meet(pattern: str, other: str) -> bool:
    """Tell whether a name exists that two patterns both name; a star stands at the end only."""
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
        # Whatever it is, it may hold one.
        return True


def _hash(value: str) -> str:
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}"
