"""Which of a caller's variables reach whom: us, a tool, a session, a container. Pure.

First `usable` takes away what would change, without a word in our settings, what git and Docker's
commands do; what is left is what our own code reads. An empty variable is one that is not set.
Then each tool's environment is built up from lists of names, never what the caller happens to have.
A variable that is on no list can change no verdict. What is passed on beyond the lists was asked
for by the project in `[tool.towpath.environment]`; it is part of what a check depends on, and its
evidence shows it. Standard library only: noxfile.py uses it too.
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
# Which Docker engine answers, how it is reached, and who asks: nothing that would change a build.
_DOCKER = (
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("DOCKER_TLS", "DOCKER_AUTH_CONFIG"),
)
ENGINE = (*_DOCKER, "DOCKER_API_VERSION", "SSH_AUTH_SOCK")
# Default platforms, other builders, protocols and files, removed orphans, signatures (Docker docs:
# "Environment variables" of the CLI, of Compose, of buildx and of BuildKit).
_LEFT_OUT = ("DOCKER_", "COMPOSE_", "BUILDX_", "BUILDKIT_", "EXPERIMENTAL_BUILDKIT_")
_ALSO = ("SOURCE_DATE_EPOCH",)
# Of these, empty says that there are none, whatever the file says.
_NONE = ("TOWPATH_REGISTRIES", "TOWPATH_BUILDERS")
_OWN = ("TOWPATH_", "DOCKER_", "XDG_")
# Compose reads no `.env` of the project by itself, and a builder that somebody once chose with
# `docker buildx use` is not ours: nothing but what we pass counts.
FIXED = {"COMPOSE_DISABLE_ENV_FILE": "1", "BUILDX_BUILDER": "default"}
# What a hook of git sets for its own repository; for another one it is wrong. Source:
# `git rev-parse --local-env-vars`, without settings that somebody passes on (GIT_CONFIG_*).
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
_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|KEY|CREDENTIAL|AUTH|DSN|PRIVATE|COOKIE|SIGNATURE|WEBHOOK|NOTIFY"
)


def usable(env: Mapping[str, str]) -> dict[str, str]:
    """Return a caller's environment as we ourselves read it, and as everything else begins."""
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
    """Return the environment of a command: neutral variables, those named in `more`, and ours."""
    return chosen(env, (*BASICS, *LOCALE, *NETWORK, *ENGINE, *more)) | GIT | FIXED


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


def _blank(name: str, text: str) -> bool:
    return name.startswith(_OWN) and name not in _NONE and not text.strip()


def _changes_docker(name: str) -> bool:
    return name in _ALSO or (name.startswith(_LEFT_OUT) and name not in _DOCKER)


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
