"""What is rendered from the settings: Compose files, the proxy's settings, the Dockerfile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes import QuietTerminal, TableRunner
from towpath.config import Config, load, parse
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.deployment.migrations.rules import CODES
from towpath.rendering import compose, dockerfile, eject, files, layout, requirements
from towpath.rendering.requirements import Pins

ROOT = Path(__file__).parents[3]
# What names this repository's own product; `dashboard` is a setting of Towpath too.
OURS = re.compile(r"config\.settings|dashboard_app|celery -A|health/ready")


def config(**tables: Any) -> Config:
    """Return the settings of a project."""
    own = {"name": "shop", "django": {"settings": "shop.settings"}}
    return parse(own | tables, Path("/project"), {})


def document(found: Config) -> dict[str, Any]:
    """Return the base file as Compose reads it."""
    result = yaml.safe_load(compose.base(found))
    assert isinstance(result, dict)
    return result


def workspace(root: Path, **tables: Any) -> Workspace:
    """Return the workspace of a project in a directory."""
    found = parse({"name": "shop", **tables}, root, {})
    return Workspace(found, TableRunner({}), QuietTerminal())


def test_the_files_of_this_repository_are_what_its_settings_render() -> None:
    """If not: PYTHONPATH=. python -m towpath eject compose, after moving compose/ away."""
    found = load(ROOT, {"HOME": "/tmp"}, CODES)
    texts = eject.texts(Workspace(found, TableRunner({}), QuietTerminal()), eject.COMPOSE)

    assert len(texts) == 6
    for name, text in texts.items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, name


def test_a_product_without_services_has_none() -> None:
    """A proxy, the web process and the migrations are all there is."""
    found = document(config())

    assert set(found["services"]) == {"proxy", "web", "migrate"}
    assert "secrets" not in found
    assert found["services"]["web"]["user"] == layout.USER
    assert not OURS.search(compose.base(config()))


def test_every_container_is_hardened() -> None:
    """Whatever it is: no capability, no new privileges, a read-only file system, bounds."""
    tables = {
        "services": {
            **{kind: kind for kind in ("postgres", "mariadb", "redis", "memcached", "rabbitmq")},
            "other": "some/image:1",
        },
        "processes": {"web": "a", "beat": {"command": "b", "single": True}},
    }
    for name, row in document(config(**tables))["services"].items():
        assert row["read_only"] is True, name
        assert row["cap_drop"] == ["ALL"], name
        assert row["security_opt"] == ["no-new-privileges:true"], name
        assert row["mem_limit"] and row["pids_limit"], name


def test_no_file_has_a_secret() -> None:
    """Compose gets the value of such a variable from the environment of its process."""
    env = {"DATABASE_URL": "{database.url}", "KEY": "{secret.key}", "HOSTS": "{hosts}", "A": "$x"}
    found = document(config(services={"database": "postgres:17"}, env=env))
    variables = found["services"]["web"]["environment"]

    assert variables["DATABASE_URL"] == "${TOWPATH_VALUE_DATABASE_URL-}"
    assert variables["KEY"] == "${TOWPATH_VALUE_KEY-}"
    assert variables["HOSTS"] == "${TOWPATH_HOSTS:-localhost,127.0.0.1}"
    # As it is: Compose would take `$x` for a variable of its own.
    assert variables["A"] == "$$x"
    assert set(found["secrets"]) == {"database_password", "database_app_password"}
    assert "secrets" not in found["services"]["web"]


def test_a_database_that_is_a_file_is_in_a_volume() -> None:
    """The product's user may write there, and the rest of the image stays read-only."""
    tables = {
        "services": {"database": {"kind": "sqlite", "file": "data/shop.db"}},
        "volumes": {"media": "media", "cache": "/var/cache/shop"},
        "django": {"manage": "src/manage.py", "settings": "shop.settings"},
    }
    found = config(**tables)
    text = dockerfile.dockerfile(found, scripts="s", uv="uv.txt", pins=Pins("r.txt"))

    assert layout.volumes(found) == {
        "media": "/srv/app/src/media",
        "cache": "/var/cache/shop",
        "data": "/data",
    }
    assert "ln -s /data/shop.db /code/srv/app/src/data/shop.db" in text
    assert "COPY --link --from=data --chown=10001:10001 /data-root/ /" in text
    assert document(found)["services"]["web"]["volumes"] == [
        *("media:/srv/app/src/media", "cache:/var/cache/shop", "data:/data"),
    ]


def test_the_dockerfile_has_the_products_own_names() -> None:
    """Its Python, its settings, its directory, its variables: none of this repository's."""
    tables = {
        "image": {"python": "3.12", "run-packages": ["libpq5"], "extra": ["gunicorn"]},
        "django": {"settings": "shop.prod", "manage": "manage.py"},
        "processes": {"web": {"command": "uvicorn shop.asgi:app", "port": 9000}},
        "env": {"SECRET_KEY": "{secret.key}", "NOTE": "it's $5"},
    }
    text = dockerfile.dockerfile(config(**tables), scripts="s", uv="uv.txt", pins=Pins("r.txt"))

    for line in (
        "ARG PYTHON=3.12",
        "COPY r.txt /build/production.txt",
        "DJANGO_SETTINGS_MODULE=shop.prod",
        "EXPOSE 9000",
        'CMD ["uvicorn", "shop.asgi:app"]',
        "NOTE='it'\"'\"'s $5' \\",
        "python3 manage.py collectstatic",
        "--no-install-recommends libpq5",
    ):
        assert line in text
    assert not OURS.search(text)
    assert "collectstatic" not in dockerfile.dockerfile(
        config(image={"static": False}), scripts="s", uv="u", pins=Pins("r")
    )


def test_commands_run_after_static_files_are_collected() -> None:
    """With the same variables; pages of a project may be errors without what they write."""
    tables = {"image": {"static-commands": ["compress --force"]}, "env": {"NOTE": "hello"}}
    text = dockerfile.dockerfile(config(**tables), scripts="s", uv="u", pins=Pins("r"))

    _, _, after = text.partition(
        "collectstatic --no-input --verbosity 0 \\\n    && env PYTHONPATH="
    )
    assert "python3 manage.py compress --force\n" in after
    assert text.count("NOTE=hello \\") == 2
    with pytest.raises(ConfigurationError, match="management commands such as compress"):
        config(image={"static-commands": ["compress; rm -rf /"]})


def test_what_git_ignores_is_in_no_image() -> None:
    """No commit has it; a name with a star in it is no pattern."""
    text = dockerfile.ignored("*.md\n", ["db.sqlite3", "a*b/", ".towpath/"], needed=(".t", "r"))

    assert text.splitlines()[:3] == ["*.md", "/db.sqlite3", "/a\\*b"]
    assert text.splitlines()[-2:] == ["!.t", "!r"]


def test_rendered_files_are_written_once(tmp_path: Path) -> None:
    """One that is as it should be is not touched; the project's own is left alone."""
    found = workspace(tmp_path, environments={"staging": {"port": 1}})
    names = files.compose_files(found.config, found.config.environment("staging"))
    before = (tmp_path / names[0]).stat().st_mtime_ns

    files.compose_files(found.config, found.config.environment("staging"))

    assert (tmp_path / names[0]).stat().st_mtime_ns == before
    assert files.proxy_file(found.config).stat().st_mode & 0o777 == 0o644


def test_an_own_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the key that says that there is one."""
    found = workspace(tmp_path, compose="compose", environments={"staging": {}})

    with pytest.raises(ConfigurationError, match="compose/base.yaml does not exist"):
        files.compose_files(found.config, found.config.environment("staging"))
    with pytest.raises(ConfigurationError, match="tool.towpath.image.dockerfile"):
        files.build_files(workspace(tmp_path, image={"dockerfile": "Dockerfile"}))


def test_ejecting_overwrites_nothing(tmp_path: Path) -> None:
    """A second time is fine, a changed file is not."""
    found = workspace(tmp_path, environments={"staging": {"port": 1}})
    names = eject.eject(found, eject.COMPOSE)
    assert eject.eject(found, eject.COMPOSE) == names
    (tmp_path / names[0]).write_text("mine\n")

    with pytest.raises(ConfigurationError, match="compose/base.yaml exists with other contents"):
        eject.eject(found, eject.COMPOSE)
    assert (tmp_path / names[0]).read_text() == "mine\n"


def test_requirements_with_hashes_are_taken_as_they_are(tmp_path: Path) -> None:
    """Others have to be compiled, once; what they were compiled from is remembered."""
    (tmp_path / "requirements.txt").write_text("django\n-r more.txt\n")
    (tmp_path / "more.txt").write_text("gunicorn\n")
    found = workspace(tmp_path)
    with pytest.raises(ConfigurationError, match="does not pin every dependency") as caught:
        requirements.provide(found, "x")
    assert "python -m towpath lock" in caught.value.next_step

    runner = TableRunner({"-m uv pip compile": "django==5.2 --hash=sha256:0\n"})
    made = Workspace(found.config, runner, QuietTerminal())
    assert requirements.compile_pins(made) == "requirements-lock.txt"
    assert requirements.provide(found, "x").hashed == "requirements-lock.txt"

    (tmp_path / "more.txt").write_text("uvicorn\n")
    with pytest.raises(ConfigurationError, match="is out of date"):
        requirements.provide(found, "x")

    (tmp_path / "requirements.txt").write_text("django==5.2 --hash=sha256:00\n")
    assert requirements.provide(found, "x").hashed == "requirements.txt"


def test_dependencies_that_only_pyproject_has_are_compiled(tmp_path: Path) -> None:
    """With the extras of the image; its other tables change nothing, its dependencies do."""
    text = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    made = workspace(tmp_path, image={"extras": ["postgres"]})
    runner = TableRunner({"-m uv pip compile": "django==5.2 --hash=sha256:0\n"})
    made = Workspace(made.config, runner, made.terminal)

    assert requirements.find_source(made.config) == requirements.PinSource(
        "pyproject.toml", "unpinned"
    )
    assert requirements.compile_pins(made) == "requirements-lock.txt"
    (called,) = runner.calls
    assert called[-2:] == ("--extra=postgres", "pyproject.toml")

    (tmp_path / "pyproject.toml").write_text(text + "\n[tool.ruff]\n")
    assert requirements.provide(made, "rendered") == Pins("requirements-lock.txt")
    (tmp_path / "pyproject.toml").write_text(text.replace('["django"]', '["django", "celery"]'))
    with pytest.raises(ConfigurationError, match="out of date"):
        requirements.provide(made, "rendered")


def test_a_volume_begins_with_what_the_project_has_and_nothing_that_the_build_wrote() -> None:
    """Settings that are read while static files are collected may write logs or a secret there."""
    found = config(
        django={"settings": "shop.settings", "manage": "src/manage.py"},
        volumes={"data": "data", "cache": "/var/cache/shop"},
    )
    text = dockerfile.dockerfile(found, scripts="docker", uv="uv.txt", pins=Pins("pins.txt"))

    assert "find /code/srv/app/src/data -newer /tmp/before" in text
    assert "find /code/var/cache/shop" not in text
    assert "cp -a /code/srv/app/src/data/. /data-root/srv/app/src/data/" in text


def test_packages_in_src_are_imported() -> None:
    """Whether manage.py is there or beside it."""
    assert layout.python_path(config()) == "/srv/app:/srv/app/src:/srv/lib"
    inside = config(django={"settings": "shop.settings", "manage": "sandbox/manage.py"})
    assert layout.python_path(inside) == "/srv/app/sandbox:/srv/app:/srv/app/src:/srv/lib"


def test_a_project_without_requirements_is_told_where_to_name_them(tmp_path: Path) -> None:
    """And no file is guessed."""
    with pytest.raises(ConfigurationError, match="no requirements and no lock file"):
        requirements.provide(workspace(tmp_path), "x")
