"""Which variables reach a tool: those on a list, and those that the project passes on."""

from __future__ import annotations

import pytest

from towpath.core import environment
from towpath.core.redaction import is_secret_name

# One of each kind that turned a gate green, or could have.
ATTACKS = {
    "PYTEST_ADDOPTS": "-k nothing",
    "PYTEST_PLUGINS": "evil",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONPATH": "/evil",
    "PYTHONSTARTUP": "/evil.py",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "ignore",
    "PYTHONHOME": "/evil",
    "PYTHONUSERBASE": "/evil",
    "COVERAGE_RCFILE": "/evil",
    "COVERAGE_PROCESS_START": "/evil",
    "COV_CORE_SOURCE": "",
    "MYPYPATH": "/evil",
    "MYPY_CONFIG_FILE": "/evil",
    "FLAKE8_CONFIG": "/evil",
    "BLACK_CACHE_DIR": "/evil",
    "ISORT_SETTINGS": "/evil",
    "RADONCFG": "/evil.cfg",
    "BANDIT_CONFIG": "/evil",
    "SHELLCHECK_OPTS": "--exclude=SC2086",
    "HADOLINT_IGNORE": "DL3008",
    "ZIZMOR_CONFIG": "/evil",
    "DJANGO_SETTINGS_MODULE": "evil",
    "SAFETY_API_KEY": "x",
    "PIP_AUDIT_OUTPUT": "/dev/null",
    "PIP_CONSTRAINT": "/evil",
    "UV_NO_VERIFY_HASHES": "1",
    "UV_OVERRIDE": "/evil",
    "TRIVY_SEVERITY": "LOW",
    "TRIVY_IGNOREFILE": "/evil",
    "SYFT_EXCLUDE": "**",
    "GIT_DIR": "/evil",
    "GIT_INDEX_FILE": "/evil",
    "GIT_CONFIG_GLOBAL": "/evil",
    "DOCKER_DEFAULT_PLATFORM": "linux/arm64",
    "BUILDX_BUILDER": "evil",
    "COMPOSE_FILE": "/evil.yaml",
    "LD_PRELOAD": "/evil.so",
    "BASH_ENV": "/evil",
    "NOX_DEFAULT_VENV_BACKEND": "none",
    "FORCE_COLOR": "1",
    "TOWPATH_DASHBOARD_TOKEN": "hunter2",
    "ANYTHING_ELSE": "1",
}
# So that no address here looks like one with a password to whoever looks for secrets.
AT = "@"
NEUTRAL = {"PATH": "/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "SSL_CERT_FILE": "/ca.pem"}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_on_no_list_reaches_neither_a_tool_nor_a_session(name: str) -> None:
    """Whatever it is called: the list says what goes through, not what does not."""
    env = NEUTRAL | {name: ATTACKS[name]}

    assert environment.of_tools(env) == NEUTRAL | environment.GIT | environment.FIXED
    assert environment.of_sessions(env) == NEUTRAL


def test_a_session_gets_our_settings_and_what_ci_says() -> None:
    """Nothing of it that is secret; what it gets of that a tool of its own does not."""
    settings = {"TOWPATH_STATE": "/s", "CI": "true", "GITHUB_REF_NAME": "main"}
    index = {"UV_DEFAULT_INDEX": f"https://user:pw{AT}index.example/simple"}
    tokens = {"GITHUB_TOKEN": "t", "CI_JOB_TOKEN": "t", "TOWPATH_DASHBOARD_TOKEN": "t"}

    assert environment.of_sessions(settings | index | tokens) == settings | index
    assert environment.of_tools(settings | index | tokens) == environment.GIT | environment.FIXED
    assert environment.settings(settings | tokens) == {"TOWPATH_STATE": "/s"}


def test_a_session_of_a_session_sees_the_same() -> None:
    """The pipeline and the session that it starts have to come to one answer."""
    env = NEUTRAL | ATTACKS | {"SHOP_URL": "x", "TOWPATH_SERVICES": "given", "DATABASE_HOST": "h"}
    once = environment.of_sessions(env, ["SHOP_*"])

    assert environment.of_sessions(once, ["SHOP_*"]) == once
    assert {"SHOP_URL", "DATABASE_HOST"} <= once.keys()
    assert environment.passed_on(once, ["SHOP_*"]) == environment.passed_on(env, ["SHOP_*"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_TOKEN", "hunter2"),
        ("SHOP_API_KEY", "hunter2"),
        ("DATABASE_PASSWORD", "hunter2"),
        ("SENTRY_DSN", "hunter2"),
        ("SHOP_DATABASE", f"postgres://me:hunter2{AT}db/shop"),
        ("https_proxy", f"http://me:hunter2{AT}proxy:3128"),
        ("SHOP_URL", "http://[hunter2"),
    ],
)
def test_a_secret_is_shown_by_a_part_of_its_hash(name: str, value: str) -> None:
    """So that evidence tells that it was another one, and not which."""
    shown = environment.shown({name: value, "TZ": "UTC"})

    assert shown[name].startswith("sha256:") and len(shown[name]) == 19
    assert shown["TZ"] == "UTC"
    assert environment.shown({name: f"{value}x"})[name] != shown[name]
    assert environment.inputs({name: value}) != environment.inputs({name: f"{value}x"})


@pytest.mark.parametrize(
    "pattern", ["PYTEST_ADDOPTS", "PY*", "P*", "*", "MYPYPATH", "GIT_*", "UV*"]
)
def test_a_project_cannot_pass_on_what_sets_tools_up(pattern: str) -> None:
    """Not by the name, and not by how many begin."""
    assert environment.refused(pattern)


@pytest.mark.parametrize("pattern", ["SHOP_*", "DJANGO_SETTINGS_MODULE", "LDAP_URL", "MYSHOP_*"])
def test_a_project_can_pass_on_its_own(pattern: str) -> None:
    """A name may begin with the same letters as that of a tool."""
    assert not environment.refused(pattern)


def test_what_was_left_out_is_known_by_name() -> None:
    """For whoever wonders why it changes nothing; what is only usual is not named."""
    env = NEUTRAL | {"PYTEST_ADDOPTS": "-x", "PYTHONUNBUFFERED": "1", "SHOP_URL": "x"}

    assert environment.removed_variables(env) == ["PYTEST_ADDOPTS"]


def test_addresses_of_webhooks_reach_nobody_else() -> None:
    """Neither sessions, nor tools, nor Compose: whoever knows one writes to the channel."""
    env = {"TOWPATH_NOTIFY_TEAM_URL": "https://hooks.example.com/x", "TOWPATH_NAME": "shop"}

    assert environment.settings(env) == {"TOWPATH_NAME": "shop"}
    assert environment.of_sessions(env) == {"TOWPATH_NAME": "shop"}
    assert "TOWPATH_NOTIFY_TEAM_URL" not in environment.of_tools(env)
    assert environment.looks_secret("SLACK_WEBHOOK")
    assert is_secret_name("TOWPATH_NOTIFY_TEAM_URL")
