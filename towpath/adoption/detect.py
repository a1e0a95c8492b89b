"""What a project is, from its files alone: every part of the detection, in order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from towpath.adoption import (
    find_checks,
    find_files,
    find_libraries,
    find_manage,
    find_processes,
    find_services,
    find_settings,
    find_switches,
    find_tools,
    find_variables,
    find_versions,
    production,
)
from towpath.adoption.code import Code, strings
from towpath.adoption.facts import (
    ANSWERED,
    NO_REPOSITORY,
    OPTIONAL,
    REQUIRED,
    SECRET,
    SECRET_KEY,
    Detection,
    Fact,
    Question,
    Tree,
    distinct,
)
from towpath.core.environment import looks_secret
from towpath.core.errors import ConfigurationError


def detect(
    tree: Tree,
    folder_name: str,
    answers: Mapping[str, str] | None = None,
    git: tuple[str, str] = ("", ""),
) -> Detection:
    """Return what was found in a tree; `answers` decide topics with several candidates.

    `git` is the project's path inside its repository, and the repository's default branch. Raises
    ConfigurationError for an answer that names a Dockerfile which is not there.
    """
    chosen = answers or {}
    code = Code(tree)
    questions: list[Question] = []
    manage = _manage(code, chosen, questions)
    path = manage[0].value if manage else ""
    roots = find_manage.import_roots(code, path)
    settings = _settings(code, roots, chosen, questions)
    facts = [find_tools.project_name(tree, folder_name), *_git(git), *manage[:1], *settings[:1]]
    facts += [
        replace(row, topic="manage-settings")
        for row in find_manage.named_settings(code)
        if row.file == path
    ]
    libraries = find_libraries.libraries(code, _folders(path))
    facts += _dockerfiles(tree, chosen)
    facts += _around(code, roots, path, libraries)
    facts += _checks(code, roots, path, libraries, facts)
    facts += _by_settings(code, roots, settings[0].value if settings else "", libraries)
    problems = (*getattr(tree, "problems", ()), *code.problems)
    return Detection(tuple(distinct(facts)), tuple(questions), tuple(distinct(problems)))


def _manage(code: Code, answers: Mapping[str, str], questions: list[Question]) -> list[Fact]:
    """Return the manage.py files; adds the question where two are equally near to the root."""
    rows = _chosen("manage", find_manage.manage_files(code), answers)
    nearest = [row for row in rows if find_manage.order(row)[:2] == find_manage.order(rows[0])[:2]]
    if len(nearest) > 1:
        questions.append(Question("manage", tuple(nearest)))
    return rows


def _chosen(topic: str, rows: Iterable[Fact], answers: Mapping[str, str]) -> list[Fact]:
    """Return the candidates, of which an answer leaves one."""
    found = list(rows)
    wanted = answers.get(topic)
    if not wanted:
        return found
    near = [row for row in found if row.value == wanted]
    return [replace(row, why=ANSWERED) for row in near] or [Fact(topic, wanted, why=ANSWERED)]


def _settings(
    code: Code, roots: tuple[str, ...], answers: Mapping[str, str], questions: list[Question]
) -> list[Fact]:
    """Return production's settings module first; adds the question where two fit equally."""
    named = list(find_manage.named_settings(code))
    modules = list(find_settings.settings_modules(code, roots))
    ranked = production.rank(named, modules, code, roots)
    best = list(production.choose(ranked))
    if "settings" in answers:
        return _chosen("settings", [row for _, row in ranked], answers)
    if len(best) > 1:
        questions.append(Question("settings", tuple(best)))
    return best


def _git(git: tuple[str, str]) -> Iterator[Fact]:
    prefix, branch = git
    if prefix:
        why = "the project is a directory of a larger repository"
        yield Fact(
            "git-prefix", prefix, ".", 0, "no repository" if prefix == NO_REPOSITORY else why
        )
    if branch:
        yield Fact("branch", branch, ".git", 0, "the repository's default branch")


def _dockerfiles(tree: Tree, answers: Mapping[str, str]) -> list[Fact]:
    """Return the Dockerfiles; with an answer the one to build with, which has to be there."""
    found = find_processes.dockerfiles(tree)
    named = answers.get("dockerfile", "")
    if named and named not in found:
        raise ConfigurationError(
            f"{named} is not a Dockerfile of the project.",
            why=f"Found: {', '.join(found) or 'none'}.",
        )
    rows = [Fact("dockerfile", path, path, 1, "builds an image") for path in found]
    return _chosen("dockerfile", rows, answers)


def _around(
    code: Code, roots: tuple[str, ...], manage: str, libraries: Mapping[str, Fact]
) -> Iterator[Fact]:
    """Yield what does not depend on the settings."""
    tree = code.tree
    folders = _folders(manage)
    applications = list(find_manage.servers(code, roots))
    yield from applications
    yield from find_libraries.lock_files(tree, folders)
    yield from find_versions.python_versions(tree, folders)
    yield from find_versions.django_version(libraries)
    started = list(find_processes.processes(tree))
    images = find_processes.dockerfiles(tree)
    has_asgi = any(row.topic == "asgi" for row in applications)
    servers = find_processes.server(tree, started, images, libraries, has_asgi=has_asgi)
    for row in list(servers)[:1]:
        yield row
        if not find_processes.is_installed(row.value, libraries):
            yield replace(row, topic="server-extra", why="no dependency of the project has it")
    yield from started
    yield from (
        Fact("compose", path, path, 1, "starts services")
        for path in find_services.compose_files(tree)
    )
    yield from find_tools.env_files(tree)
    yield find_tools.test_runner(tree, folders, libraries, manage)
    yield from find_tools.linters(tree, folders)
    yield from find_tools.node(tree)
    yield from find_tools.ci_files(tree)
    yield from find_tools.own_files(tree)


def _checks(
    code: Code,
    roots: tuple[str, ...],
    manage: str,
    libraries: Mapping[str, Fact],
    found: list[Fact],
) -> Iterator[Fact]:
    """Yield how the project lints and tests itself."""
    tree = code.tree
    runner = next((row.value for row in found if row.topic == "tests"), "")
    named = next((row.value for row in found if row.topic == "manage-settings"), "")
    known = [row for row in found if row.topic == "linter"]
    modules = list(find_settings.settings_modules(code, roots))
    yield from find_checks.linters_in_use(tree, known, libraries)
    yield from find_checks.dependencies(tree, _folders(manage))
    yield from find_checks.test_settings(tree, runner, modules, named)
    yield from list(find_checks.parallel(tree, runner, libraries))[:1]
    yield from find_checks.integration(tree)
    yield from find_checks.needs_server(tree)


def _folders(manage: str) -> tuple[str, ...]:
    """Return where a project has its files of settings: at its root, and beside manage.py."""
    here = PurePosixPath(manage).parent.as_posix() if manage else "."
    return tuple(dict.fromkeys((".", here)))


def _by_settings(
    code: Code, roots: tuple[str, ...], module: str, libraries: Mapping[str, Fact]
) -> Iterator[Fact]:
    """Yield what the settings of production say: services, workers, files, variables."""
    tree = code.tree
    settings = find_settings.read_settings(code, code.find(module, roots), roots)
    images = list(find_services.compose_images(tree, find_services.compose_files(tree)))
    databases = find_services.databases(settings, libraries, images)
    yield from databases
    yield from find_services.extras(databases, libraries)
    yield from find_services.caches(settings, libraries)
    workers = list(find_processes.workers(tree, settings, libraries))
    yield from workers
    yield from find_services.queues(settings, [row.value for row in workers], libraries, images)
    yield from list(find_processes.schedulers(tree, settings, find_processes.processes(tree)))[:1]
    yield from find_tools.static_files(settings)
    yield from find_files.sqlite_files(settings)
    yield from find_files.media_directories(settings, roots[0] if roots else ".")
    yield from find_files.system_packages(libraries)
    files = [*settings.files, *find_settings.helpers(code, settings.files, roots)]
    variables = list(_variables(code, settings, files))
    yield from variables
    database = databases[0].value if databases else ""
    known = {row.value for row in variables}
    yield from find_switches.database_switches(code, files, known, database)


def _variables(code: Code, settings: find_settings.Settings, files: list[str]) -> Iterator[Fact]:
    """Yield the variables that the settings read; functions for it may be beside them."""
    helpers = list(_beside(code, settings.path)) if settings.path else []
    keys = {text for text, _, _ in settings.strings("SECRET_KEY")}
    # Not what another setting reads that is one part of a list of hosts.
    values = [value for value, _ in settings.values.get("ALLOWED_HOSTS", ())]
    hosts = {text for value in values for text, _ in strings(value)}
    for row in find_variables.read_variables(code, files, [*helpers, *files]):
        yield Fact("variable", row.name, row.file, row.line, _need(row, keys))
        if row.name in hosts:
            yield Fact("hosts", row.name, row.file, row.line, "ALLOWED_HOSTS reads it")


def _beside(code: Code, path: str) -> Iterator[str]:
    folder = PurePosixPath(path).parent
    for other in code.tree.paths:
        if PurePosixPath(other).parent == folder and other.endswith(".py"):
            yield other


def _need(row: find_variables.Variable, keys: Collection[str]) -> str:
    """Return whether a variable is a secret, and whether it has to be set."""
    if row.name in keys:
        return SECRET_KEY
    if not row.required:
        return OPTIONAL
    return SECRET if looks_secret(row.name) else REQUIRED
