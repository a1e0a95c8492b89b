"""The environment of the project's code: what is exported, what is added, what stays as it is."""

from __future__ import annotations

from towpath.checks import project_env_commands as commands
from towpath.checks.project_env_commands import Dependencies
from towpath.checks.tests import coverage_settings

WANTED = Dependencies(groups=("dev", "test"), extras=("db",))


def test_groups_and_extras_are_for_pyproject_alone() -> None:
    """Exported ones have them already."""
    assert commands.install(["out.txt"], WANTED) == ["-r", "out.txt"]
    assert commands.install(["pyproject.toml"], WANTED)[2:] == [
        *("--extra=db", "--group=dev", "--group=test"),
    ]
    assert (commands.package(WANTED), commands.package(Dependencies())) == (".[db]", ".")


def test_what_the_project_pins_stays() -> None:
    """Our versions, with hashes, are for the rest."""
    pins = "pytest==9.0 \\\n    --hash=sha256:aa\nPluggy==1.6 --hash=sha256:bb\n"

    text = commands.constraints({"pytest": "8.1", "django": "5.2"}, pins)

    assert text.splitlines() == ["django==5.2", "pytest==8.1", "Pluggy==1.6 --hash=sha256:bb"]
    assert commands.missing(("pytest", "pytest_cov"), {"pytest": "8.1"}) == ["pytest_cov"]


def test_settings_decide_which_tools_run_the_tests() -> None:
    """What is not valid is left to the check, which refuses it."""
    assert commands.test_tools({"tests": {"runner": "django", "parallel": False}}) == ("coverage",)
    assert "pytest-xdist" in commands.test_tools({})
    assert commands.dependencies({"tests": {"requirements": ["a.txt"]}, "lint": 3}, "lint") == (
        Dependencies(("a.txt",))
    )
    assert commands.texts({"lint": {"linters": []}}, "lint", "linters", ("x",)) == ()
    assert commands.texts({}, "lint", "linters", ("x",)) == ("x",)


def test_coverage_keeps_the_settings_of_the_project_but_not_its_limit() -> None:
    """Branches are always measured; without settings all files but the tests are."""
    own = "[tool.coverage.run]\nsource = ['shop']\nbranch = false\n[tool.coverage.report]\n"
    own += "fail_under = 90\nexclude_also = ['if TYPE_CHECKING:', 'pass']\n"

    found = coverage_settings.settings({"pyproject.toml": own}, ("tests/",), processes=False)

    assert "source = \n    shop\n" in found and "branch = true" in found
    assert "fail_under" not in found and "if TYPE_CHECKING:\n    pass\n" in found
    plain = coverage_settings.settings({}, ("tests/", "*/tests.py"), processes=True)
    assert "source = .\n" in plain and "tests/*\n    */tests.py\n    noxfile.py" in plain
    assert "concurrency = \n    thread\n    multiprocessing\n" in plain
    first = coverage_settings.settings(
        {".coveragerc": "[run]\nomit = a.py\n", "pyproject.toml": own}, (), processes=False
    )
    assert "omit = a.py" in first and "shop" not in first


def test_a_dependency_that_cannot_be_built_is_named() -> None:
    """With the compiler's own words, and the Debian packages that the settings name."""
    # As uv 0.9 says it of python-ldap without the headers of OpenLDAP.
    said = (
        "   Building python-ldap==3.4.4\nerror: Failed to build `python-ldap==3.4.4`\n"
        "  cause: The build backend returned an error\n\n"
        "         Modules/common.h:15:10: fatal error: lber.h: No such file or directory\n"
        "            15 | #include <lber.h>\n         compilation terminated.\n"
    )
    problem = commands.build_problem(said, ())
    assert problem.startswith(
        "Cannot build python-ldap 3.4.4, for which there is no wheel here"
        " (Modules/common.h:15:10: fatal error: lber.h: No such file or directory)."
    )
    assert "name them in [tool.towpath.image] build-packages" in problem
    assert commands.build_problem(said, ("libldap-dev", "libsasl2-dev")).endswith(
        "on this machine: apt-get install libldap-dev libsasl2-dev."
    )
    assert "Cannot build x 1.0" in commands.build_problem(
        "Failed to download and build `x==1.0`", ()
    )
    assert commands.build_problem("error: No solution found when resolving dependencies", ()) == ""
    wanted = commands.dependencies({"image": {"build-packages": ["libpq-dev"]}}, "tests")
    assert wanted.system == ("libpq-dev",)
