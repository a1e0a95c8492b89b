"""What the reference says of each `TOWPATH_*` variable.

A unit test compares the names with those that the code asks for.
"""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """A variable that people and CI jobs set: what it may be, and what counts without it."""

    name: str
    meaning: str
    default: str
    example: str


SET_BY_PEOPLE = (
    Variable(
        "TOWPATH_NAME", "The name of the project on this machine.", "the key `name`", "shop-ci"
    ),
    Variable(
        "TOWPATH_REGISTRY",
        "The first registry: a host, and a port if it is not the usual one.",
        "the key `registry`",
        "ghcr.io",
    ),
    Variable(
        "TOWPATH_REPOSITORY",
        "The repository of the product's image.",
        "the key `repository`",
        "team/shop",
    ),
    Variable(
        "TOWPATH_REGISTRIES",
        "Further registries, separated by commas. Empty means none.",
        "the key `registries`",
        "registry.example.org,localhost:5001",
    ),
    Variable(
        "TOWPATH_BUILDERS",
        "Machines that build a platform, separated by commas. Empty means none.",
        "the table `builders`",
        "linux/arm64=ssh://user@host",
    ),
    Variable(
        "TOWPATH_BRANCH",
        "The branch of a CI run, `tag:NAME`, or a full reference. See"
        " [how far a run goes](../ci.md#how-far-a-run-goes).",
        "the variables of the CI system, else git",
        "refs/tags/v1.2.3",
    ),
    Variable(
        "TOWPATH_STATE",
        "The directory of locks, journals, backups and generated secrets.",
        "`towpath` below `XDG_STATE_HOME`, else below `~/.local/state`",
        "/srv/towpath",
    ),
    Variable(
        "TOWPATH_PYTHONS",
        "The Pythons that this machine tests, separated by commas.",
        "all that the project supports",
        "3.12,3.13",
    ),
    Variable(
        "TOWPATH_PYTHON",
        "The Python with which `./dev` makes its environment.",
        "the first of `python3`, `python3.13`, `python3.12` and `python3.11`",
        "/usr/bin/python3.12",
    ),
    Variable(
        "TOWPATH_TOOL_PYTHON",
        "The Python of the environment in which a check runs the project's code. The Nox sessions"
        " set it.",
        "the Python that runs Towpath",
        ".nox/lint/bin/python",
    ),
    Variable(
        "TOWPATH_ENVIRONMENTS",
        "The directory of the environments of Nox.",
        "`.nox`",
        "/var/cache/nox",
    ),
    Variable(
        "TOWPATH_SERVICES",
        "The tests use services that run already and start none. `given` is the only value.",
        "the services are started for the tests",
        "given",
    ),
    Variable(
        "TOWPATH_ADVISORIES",
        "A directory of advisories, used instead of the sources on the network.",
        "the sources on the network",
        "tests/fixtures/advisories",
    ),
    Variable(
        "TOWPATH_DEBIAN_SECURITY",
        "The address of a mirror of Debian's security archive.",
        "`https://deb.debian.org/debian-security`",
        "https://mirror.example.org/debian-security",
    ),
    Variable(
        "TOWPATH_TRIVY_IMAGE",
        "The image that Trivy runs from, by its digest.",
        "`trivy` on `PATH`, if it is there",
        "aquasec/trivy@sha256:…",
    ),
    Variable(
        "TOWPATH_CACHE",
        "Whether builds use a cache in the registry: `registry` or `none`.",
        "`registry` in CI with a registry on another machine, else `none`",
        "none",
    ),
    Variable(
        "TOWPATH_DASHBOARD_TOKEN",
        "The token with which a run is reported to the dashboard.",
        "the secret of the environment in `dashboard.environment`",
        "a secret of the CI system",
    ),
    Variable(
        "TOWPATH_NOTIFY_NAME_URL",
        "The address of the webhook of the notification target NAME.",
        "the target cannot be used",
        "https://hooks.example.com/...",
    ),
    Variable(
        "TOWPATH_NOTIFY_NAME_TOKEN",
        "The token of Slack's bot of the notification target NAME.",
        "the target cannot be used",
        "a secret of the CI system",
    ),
    Variable(
        "TOWPATH_NOTIFY_NAME_SECRET",
        "The key for signatures of the notification target NAME.",
        "the target cannot be used",
        "a secret of the CI system",
    ),
    Variable(
        "TOWPATH_NOTIFY_NAME_PASSWORD",
        "The mail password of the notification target NAME.",
        "no login",
        "a secret of the CI system",
    ),
    Variable(
        "TOWPATH_MONITORING_WEBHOOK",
        "The address that Alertmanager delivers alerts to. See"
        " [monitoring](../monitoring.md#where-alerts-go).",
        "alerts are shown on Alertmanager's page only",
        "https://hooks.example.com/...",
    ),
    Variable(
        "TOWPATH_BIND",
        "The IP address at which the proxies of environments listen.",
        "`127.0.0.1`",
        "192.0.2.10",
    ),
    Variable(
        "TOWPATH_ENGINE_PRODUCTION",
        "The engine of the environment `production`, in place of its setting; each environment"
        " has such a variable, with its own name in capitals and `_` for `-`.",
        "the setting `engine`",
        "ssh://deploy@server.example.org",
    ),
    Variable(
        "TOWPATH_HOSTS",
        "The host names that a deployed product answers to, separated by commas.",
        "`localhost,127.0.0.1`",
        "shop.example.org",
    ),
    Variable(
        "TOWPATH_SCHEME",
        "`https` if TLS ends in front of the proxy.",
        "`http`",
        "https",
    ),
    Variable(
        "TOWPATH_ENGINE_DIR",
        "The directory of the embedded engine, as an absolute path.",
        "`/var/lib/towpath` and `/run/towpath`",
        "/srv/engine",
    ),
    Variable(
        "TOWPATH_ENGINE_PORT",
        "The port of the embedded registry, from 1 to 65535.",
        "`5000`",
        "5050",
    ),
)

# Set by our commands for the files in compose/; a value of the caller's is replaced.
SET_BY_COMMANDS = (
    ("TOWPATH_PORT", "The port of an environment's proxy."),
    ("TOWPATH_IMAGE", "The product's image, by digest."),
    ("TOWPATH_VERSION", "The version of the release."),
    ("TOWPATH_DEPLOYMENT", "The deployment that started a container."),
    ("TOWPATH_STATE_VOLUME", "The volume of the environment's state."),
    ("TOWPATH_CONFIG", "The hash of the proxy's settings."),
    ("TOWPATH_EDGE", "The network of an environment that its monitoring joins."),
    ("TOWPATH_REPORTS", "The directory of the figures of the last run."),
    ("TOWPATH_MONITORING_DAYS", "How many days figures are kept."),
    ("TOWPATH_MONITORING_CONFIG", "The hash of the settings of the monitoring."),
    ("TOWPATH_ENVIRONMENT", "The name of the environment."),
    ("TOWPATH_HEALTH_HOST", "The Host with which the proxy asks web containers."),
    ("TOWPATH_HEALTH_PATH", "The path at which the proxy asks web containers."),
    ("TOWPATH_HEALTH_STATUS", "The status that web containers have to answer, as a pattern."),
    ("TOWPATH_TLS", "`on` where the proxy answers by https."),
    ("TOWPATH_TLS_BIND", "The IP address that the ports of https and of its redirect are on."),
    ("TOWPATH_HTTPS_SUFFIX", "The port of https in an address, such as `:8443`; empty for 443."),
    ("TOWPATH_HSTS", "Seconds for which browsers may use https only, 0 for no such header."),
    ("TOWPATH_STICKY", "`on` where a cookie keeps a user at one container."),
    ("TOWPATH_UID", "The user that `invoke ci.run` runs checks as."),
    ("TOWPATH_GID", "The group that `invoke ci.run` runs checks as."),
    ("TOWPATH_CI_IMAGE", "The image of the checks."),
    ("TOWPATH_CI_WORK", "The directory of the copies that the checks work on."),
    (
        "TOWPATH_CI_DIRECTORY",
        "The project's directory in such a copy, if the repository is bigger.",
    ),
    ("TOWPATH_CI_PASSWORD", "The password of the services of the checks."),
    ("TOWPATH_CI_SOCKET", "The socket of the engine."),
    ("TOWPATH_CI_SOCKET_GROUP", "The group that may use that socket."),
    (
        "TOWPATH_USER_DOCKER_CONFIG",
        "The user's own Docker configuration directory, while `DOCKER_CONFIG` is the embedded"
        " engine's.",
    ),
)
