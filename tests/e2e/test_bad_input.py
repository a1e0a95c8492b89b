"""Bad input: a clear message, the exit code of the table, and nothing moved."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Ended, commit, invoke, run

UNKNOWN = "sha256:" + "0" * 64
REQUEST = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge"}


def misspell(target: Path) -> None:
    """Write an unknown key into the project's settings."""
    text = (target / "pyproject.toml").read_text()
    commit(
        target,
        {"pyproject.toml": text.replace("[tool.towpath]\n", "[tool.towpath]\nplatfroms = []\n")},
    )


def empty_report(target: Path) -> None:
    """Leave a report that holds nothing."""
    (target / "reports").mkdir(exist_ok=True)
    (target / "reports/pipeline-report.json").write_text("")


@pytest.mark.parametrize(
    ("argv", "env", "code", "words"),
    [
        (["build", "--platforms=amd65"], {}, 2, ["amd65", "linux/amd64"]),
        (["build", "--platforms=amd64"], {"TOWPATH_REGISTRY": "localhost:1"}, 5, ["localhost:1"]),
        (["build", "--target=prod"], {}, 2, ["prod", "production"]),
        (["gates.check"], {}, 3, ["no evidence"]),
        (["report.show"], {}, 3, ["has left a report", "invoke pipeline"]),
        (["deploy", "--environment=stagin"], {}, 2, ["staging"]),
        (["promote-test", f"--digest={UNKNOWN}"], {}, 7, [UNKNOWN]),
        (["promote-test", "--digest=sha256:12"], {}, 2, ["sha256:12"]),
        (["promote-release", f"--digest={UNKNOWN}"], {"CI": ""}, 7, ["CI"]),
        (["pipeline", "--to=production"], {}, 2, ["release"]),
        (["pipeline", "--to=release"], {"CI": ""}, 7, ["CI"]),
        (["pipeline", "--to=release"], {"CI": "true", "TOWPATH_BRANCH": "main"}, 7, ["main"]),
        (["pipeline", "--to=test"], {**REQUEST, "TOWPATH_BRANCH": "main"}, 7, ["pull/7"]),
        (["pipeline", "--nonsense"], {}, 2, ["--nonsense", "invoke --list"]),
        (["pipelin"], {}, 2, ["'pipelin'", "'pipeline'"]),
        (["gates.check"], {"TOWPATH_NAME": "Team/Shop"}, 2, ["TOWPATH_NAME", "'team-shop'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_a_clear_error(
    argv: list[str],
    env: dict[str, str],
    code: int,
    words: list[str],
    checkout: Callable[[], Path],
) -> None:
    """The message has the words that help, no traceback, and the exit code of the table."""
    ended = invoke(checkout(), *argv, **env)

    check_message(ended, code, words)


def test_an_unknown_key_names_the_nearest(checkout: Callable[[], Path]) -> None:
    """A typing error in pyproject.toml stops everything with exit code 2."""
    target = checkout()
    misspell(target)

    check_message(invoke(target, "gates.check"), 2, ["tool.towpath.platfroms", "'platforms'"])


WAIVER = """
[[tool.towpath.waivers]]
id = "{}"
reason = "known"
{}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WAIVER.format("COVERAGE", ""), ["waivers[1] has no expires"]),
        (WAIVER.format("COVERAGE", "expires = 2026-01-31"), ["COVERAGE expired on 2026-01-31"]),
        (WAIVER.format("COVERAGE", 'expires = "2099-01-31"'), ["waivers[1].expires", "date"]),
        (WAIVER.format("COVERAG", "expires = 2099-01-31"), ["'COVERAG'", "'COVERAGE'"]),
        (WAIVER.format("CVE-1", "expires = 2099-01-31"), ["'CVE-1'", "an advisory"]),
        ('\n[tool.towpath.gates]\nCOVERAGE = "90"\n', ["gates.COVERAGE", "a number"]),
        ("\n[tool.towpath.gates]\nCOVERAGE = nan\n", ["gates.COVERAGE", "a number"]),
        (
            "\n[tool.towpath.gates]\nCOVERAGE = 70\n",
            ["gates.COVERAGE", "is 70", "COVERAGE >= 80 %"],
        ),
        ("\n[tool.towpath.gates]\nCOVERAG = 90\n", ["gates.COVERAG", "'COVERAGE'"]),
    ],
)
def test_a_wrong_policy_is_a_clear_error(
    text: str, words: list[str], checkout: Callable[[], Path]
) -> None:
    """A waiver or a limit that is not as it must be stops everything with exit code 2."""
    target = checkout()
    with (target / "pyproject.toml").open("a") as file:
        file.write(text)

    check_message(invoke(target, "gates.check"), 2, words)


def test_the_security_session_takes_no_arguments(checkout: Callable[[], Path]) -> None:
    """Exit code 2, which Nox turns into its own 1."""
    ended = run(checkout(), sys.executable, "-m", "towpath", "check", "security", "--", "foo")

    check_message(ended, 2, ["'foo'", "takes no arguments"])


def test_an_empty_report_is_no_report(checkout: Callable[[], Path]) -> None:
    """An empty file is exit code 3, not an empty table."""
    target = checkout()
    empty_report(target)

    check_message(invoke(target, "report.show"), 3, ["reports/pipeline-report.json", "pipeline"])


def test_without_root_and_engine_the_one_thing_to_do_is_named(tmp_path: Path) -> None:
    """Where no engine answers and we are not root, exit code 2 says what to install."""
    ended = run(
        ROOT,
        *("unshare", "--user", sys.executable, "-m", "invoke", "engine.up"),
        env={"TOWPATH_ENGINE_DIR": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"},
    )

    check_message(ended, 2, ["root"])


def check_message(ended: Ended, code: int, words: list[str]) -> None:
    """Assert the exit code, the words, and that no traceback was shown."""
    assert ended.code == code, ended.said
    assert "ERROR" in ended.said
    assert "Traceback" not in ended.said
    assert [word for word in words if word not in ended.said] == [], ended.said
