"""Settings: right ones become values, wrong ones name their path and what is right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tests.unit.config.tables import ROOT, TODAY, parsed, refused
from towpath import config
from towpath.core.errors import ConfigurationError
from towpath.environments.compose_project import project_name

WAIVER = {"id": "LINT", "reason": "known", "expires": dt.date(2026, 11, 24)}


def test_an_empty_table_is_the_defaults() -> None:
    """Nothing has to be set."""
    found = parsed({})

    assert str(found.images) == "localhost:5000/app"
    assert found.platforms == ("linux/amd64", "linux/arm64")
    assert found.django == config.Django("config.settings")
    assert found.environments == {}
    assert found.reports == ROOT / "reports"


def test_every_key_is_read() -> None:
    """Each becomes a frozen value."""
    found = parsed(
        {
            "name": "shop",
            "repository": "team/shop",
            "registry": "r.example.com",
            "platforms": ["arm64", "linux/arm64"],
            "django": {
                "settings": "src.settings",
                "manage": "src/manage.py",
                "production": {"ENVIRONMENT": "production"},
                "secrets": ["KEY"],
            },
            "absent": ["workflows"],
            "branches": {"main": "release"},
            "environments": {"staging": {"port": 8081, "bake": 0}},
            "dashboard": {"environment": "staging"},
            "waivers": [WAIVER],
            "gates": {"COVERAGE": 90},
        }
    )

    assert str(found.images) == "r.example.com/team/shop"
    assert found.platforms == ("linux/arm64",)
    assert found.django == config.Django(
        "src.settings", "src/manage.py", {"ENVIRONMENT": "production"}, ("KEY",)
    )
    assert found.absent == ("workflows",)
    assert found.environment("staging") == config.Environment("staging", port=8081, bake=0)
    assert found.environment("staging").url == "http://127.0.0.1:8081"
    assert project_name(found, "staging") == "shop-staging"
    assert found.gates == {"COVERAGE": 90}
    assert found.waivers[0].note == "known (until 2026-11-24)"
    assert found.waivers[0].as_json() == {
        "id": "LINT",
        "reason": "known",
        "expires": "2026-11-24",
    }


def test_the_environment_replaces_name_registry_and_repository() -> None:
    """CI pushes to its own, under a name of its own; an empty variable counts as none."""
    env = {
        "TOWPATH_NAME": "mine",
        "TOWPATH_REGISTRY": "r.example.com",
        "TOWPATH_REPOSITORY": "x/y",
    }

    assert str(parsed({"registry": "other"}, env).images) == "r.example.com/x/y"
    assert project_name(parsed({"name": "other"}, env), "testing") == "mine-testing"
    assert str(parsed({}, {"TOWPATH_REGISTRY": ""}).images) == "localhost:5000/app"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (
            {"regitsry": "x"},
            "Unknown key tool.towpath.regitsry in pyproject.toml. Did you mean 'registry'?",
        ),
        (
            {"django": {"setings": "x"}},
            "Unknown key tool.towpath.django.setings in pyproject.toml. Did you mean 'settings'?",
        ),
        (
            {"environments": {"staging": {"prt": 1}}},
            "Unknown key tool.towpath.environments.staging.prt in pyproject.toml."
            " Did you mean 'port'?",
        ),
        ({"root": {}}, "Unknown key tool.towpath.root in pyproject.toml."),
        ({"name": 3}, "tool.towpath.name in pyproject.toml must be a string, not 3."),
        ({"django": 3}, "tool.towpath.django in pyproject.toml must be a table, not 3."),
        (
            {"django": {"production": 3}},
            "tool.towpath.django.production in pyproject.toml must be a table, not 3.",
        ),
        (
            {"django": {"production": {"DEBUG": False}}},
            "tool.towpath.django.production.DEBUG in pyproject.toml must be a string, not False.",
        ),
        (
            {"django": {"manage": 3}},
            "tool.towpath.django.manage in pyproject.toml must be a string, not 3.",
        ),
        (
            {"django": {"secrets": 3}},
            "tool.towpath.django.secrets in pyproject.toml must be a list of variables, not 3.",
        ),
        (
            {"absent": "shell"},
            "tool.towpath.absent in pyproject.toml must be a list of file types, not 'shell'.",
        ),
        (
            {"environments": 3},
            "tool.towpath.environments in pyproject.toml must be a table, not 3.",
        ),
        (
            {"environments": {"staging": {"port": "80"}}},
            "tool.towpath.environments.staging.port in pyproject.toml must be an integer,"
            " not '80'.",
        ),
        (
            {"environments": {"staging": {"port": True}}},
            "tool.towpath.environments.staging.port in pyproject.toml must be an integer,"
            " not True.",
        ),
        (
            {"environments": {"staging": {"drain": -1}}},
            "tool.towpath.environments.staging.drain in pyproject.toml must be 0 or more, not -1.",
        ),
        (
            {"branches": {"main": "prod"}},
            "tool.towpath.branches.'main' in pyproject.toml must be one of scan, test, release,"
            " not 'prod'.",
        ),
        (
            {"branches": {"tags:v*": "release"}},
            "tool.towpath.branches in pyproject.toml has 'tags:v*', which is not a pattern."
            " Did you mean 'tag'?",
        ),
        ({"branches": []}, "tool.towpath.branches in pyproject.toml must be a table, not []."),
        (
            {"platforms": []},
            "tool.towpath.platforms in pyproject.toml must be a list of platforms, not [].",
        ),
        (
            {"platforms": [1]},
            "tool.towpath.platforms in pyproject.toml must be a string, not 1.",
        ),
        ({"platforms": ["arm"]}, "Unknown platform 'arm'."),
        (
            {"registry": "https://r"},
            "'https://r' is not a valid registry.",
        ),
        (
            {"dashboard": {"environment": "stging"}, "environments": {"staging": {}}},
            "tool.towpath.dashboard.environment is 'stging', which is not a configured environment."
            " Did you mean 'staging'?",
        ),
        (
            {"environments": {"a": {"port": 80}, "b": {"port": 80}}},
            "tool.towpath.environments.b.port is 80, which a already uses.",
        ),
        ({"ignored": []}, "tool.towpath.ignored in pyproject.toml must be a table, not []."),
        ({"ignored": {"test": []}}, "Unknown key tool.towpath.ignored.test in pyproject.toml."),
        ({"ignored": {"lint": "docs/"}}, "tool.towpath.ignored.lint in pyproject.toml must be a"),
        ({"ignored": {"lint": [1]}}, "tool.towpath.ignored.lint in pyproject.toml must be a str"),
        ({"ignored": {"lint": ["*.toml"]}}, "tool.towpath.ignored.lint in pyproject.toml ignores"),
        ({"ignored": {"tests": ["nox*"]}}, "tool.towpath.ignored.tests in pyproject.toml ignores"),
        ({"waivers": {}}, "tool.towpath.waivers in pyproject.toml must be an array of tables,"),
        ({"waivers": [3]}, "tool.towpath.waivers[0] in pyproject.toml must be a table, not 3."),
        ({"waivers": [{"id": "LINT", "reason": "x"}]}, "tool.towpath.waivers[0] has no expires."),
        ({"waivers": [WAIVER, {**WAIVER, "id": ""}]}, "tool.towpath.waivers[1] has no id."),
        (
            {"waivers": [{**WAIVER, "expires": "2027-01-31"}]},
            "tool.towpath.waivers[0].expires in pyproject.toml must be a date such as 2027-01-31,",
        ),
        (
            {"waivers": [{**WAIVER, "expires": dt.date(2026, 11, 23)}]},
            "The waiver of LINT expired on 2026-11-23.",
        ),
        (
            {"waivers": [{**WAIVER, "id": "COVERAG"}]},
            "A waiver has the id 'COVERAG', which is not a gate, an advisory or a migration hazard."
            " Did you mean 'COVERAGE'?",
        ),
        (
            {"waivers": [{**WAIVER, "expires": dt.datetime(2027, 1, 31)}]},
            "tool.towpath.waivers[0].expires in pyproject.toml must be a date such as 2027-01-31,",
        ),
        ({"gates": 80}, "tool.towpath.gates in pyproject.toml must be a table, not 80."),
        (
            {"gates": {"COVERAGE": "90"}},
            "tool.towpath.gates.COVERAGE in pyproject.toml must be a number, not '90'.",
        ),
        (
            {"gates": {"COVERAGE": True}},
            "tool.towpath.gates.COVERAGE in pyproject.toml must be a number, not True.",
        ),
        (
            {"gates": {"COVERAGE": float("nan")}},
            "tool.towpath.gates.COVERAGE in pyproject.toml must be a number, not nan.",
        ),
        (
            {"gates": {"COVERAGE": float("inf")}},
            "tool.towpath.gates.COVERAGE in pyproject.toml must be a number, not inf.",
        ),
        (
            {"gates": {"COVERAG": 90}},
            "tool.towpath.gates.COVERAG in pyproject.toml is not a gate."
            " Did you mean 'COVERAGE'?",
        ),
        (
            {"gates": {"COVERAGE": 70}},
            "tool.towpath.gates.COVERAGE in pyproject.toml is 70, which is less strict than"
            " COVERAGE >= 80 %.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_path(table: dict[str, Any], what: str) -> None:
    """The path of the key, what it must be, and the nearest right key."""
    assert refused(table).what.startswith(what)


@pytest.mark.parametrize(
    ("branch", "reach"),
    [("main", "test"), ("release/1", "release"), ("v1.2.3", "scan"), ("topic", "scan")],
)
def test_the_first_pattern_that_fits_decides_how_far_a_run_goes(branch: str, reach: str) -> None:
    """In the order of pyproject; how a tag is written is no business of a branch."""
    branches = {"main": "test", "release/*": "release", "tag:v*": "release", "*": "scan"}

    assert parsed({"branches": branches}).reach(branch) == reach
    assert parsed({"branches": branches}).reach(tag="v1.2.3") == "release"


def test_a_branch_without_a_pattern_ends_after_the_scan() -> None:
    """The least is the default."""
    assert parsed({"branches": {"main": "test"}}).reach("topic") == "scan"


@pytest.mark.parametrize(
    ("value", "in_ci"),
    [
        *[("true", True), ("1", True), ("Yes", True), ("woodpecker", True)],
        *[("", False), ("false", False), ("0", False)],
    ],
)
def test_ci_is_a_true_word(value: str, in_ci: bool) -> None:
    """CI=false is not CI."""
    assert parsed({}, {"CI": value}).in_ci is in_ci
    assert parsed({}).in_ci is False


@pytest.mark.parametrize(
    ("env", "state"),
    [
        ({"TOWPATH_STATE": "/var/towpath", "HOME": "/home/me"}, "/var/towpath/app"),
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/state/towpath/app"),
        ({"HOME": "/home/me"}, "/home/me/.local/state/towpath/app"),
    ],
)
def test_state_belongs_to_the_machine(env: dict[str, str], state: str) -> None:
    """Two checkouts of a project deploy to the same environments."""
    found = config.parse({"environments": {"staging": {}}}, ROOT, env, TODAY)

    assert found.state == Path(state)
    assert found.state_of(found.environment("staging")) == Path(state) / "staging"


def test_the_environment_is_not_in_a_printed_config() -> None:
    """It holds secrets."""
    assert "hunter2" not in repr(parsed({}, {"TOKEN": "hunter2"}))


def test_further_registries_hold_the_same_repository() -> None:
    """They come from the file, or from a variable with commas."""
    table = {"repository": "x/y", "registries": ["a.example.com", "b.example.com:5000"]}

    assert [str(row) for row in parsed(table).mirrors] == [
        "a.example.com/x/y",
        "b.example.com:5000/x/y",
    ]
    assert parsed(table, {"TOWPATH_REGISTRIES": " c.example.com ,"}).registries == (
        "c.example.com",
    )
    assert parsed(table, {"TOWPATH_REGISTRIES": ""}).registries == ()


@pytest.mark.parametrize(
    ("registries", "words"),
    [
        ("a.example.com", "a list of registries"),
        ([1], "a string"),
        (["https://a.example.com"], "not a valid registry"),
        (["a.example.com/path"], "not a valid registry"),
        (["localhost:5000"], "configured twice"),
        (["a.example.com", "a.example.com"], "configured twice"),
    ],
)
def test_a_wrong_further_registry_is_refused(registries: object, words: str) -> None:
    """A scheme, a path or a registry twice stops before anything is sent."""
    with pytest.raises(ConfigurationError, match=words):
        parsed({"registries": registries})


def test_how_old_an_answer_may_be_is_a_setting() -> None:
    """Days, 30 unless the project says otherwise."""
    assert parsed({}).evidence_days == 30
    assert parsed({"evidence-days": 7}).evidence_days == 7


@pytest.mark.parametrize("days", [0, -1, 366, True, "30", 1.5])
def test_days_that_are_none_are_refused(days: object) -> None:
    """By their name as it is written."""
    assert "tool.towpath.evidence-days" in refused({"evidence-days": days}).what


def test_a_setting_has_one_name() -> None:
    """With a dash, as everywhere in pyproject.toml."""
    assert "Did you mean 'evidence-days'" in refused({"evidence_days": 7}).what
