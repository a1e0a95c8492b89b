"""Processes, services, variables, volumes and pages of a product, as settings have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from towpath.config import Config, parse
from towpath.config import variables as product
from towpath.config.pages import Page
from towpath.core.errors import ConfigurationError

SERVICES = {
    "database": "postgres:17",
    "redis": "redis:8.0",
    "queue": {"image": "rabbitmq:4.0", "user": "shop"},
    "files": {"kind": "sqlite", "file": "data/shop.db"},
    "search": {"image": "opensearch:2", "port": 9200, "health": ["true"], "volume": "/data"},
    "legacy": {"kind": "mysql", "host": "db.example.org", "name": "old", "user": "reader"},
}


def config(**tables: Any) -> Config:
    """Return the settings of a project called my-shop."""
    return parse({"name": "my-shop", **tables}, Path("/project"), {})


def refused(**tables: Any) -> str:
    """Return what an error says of tables."""
    with pytest.raises(ConfigurationError) as caught:
        config(**tables)
    return f"{caught.value.what} {caught.value.why}"


def resolved(text: str) -> str:
    """Return a variable with every placeholder replaced; a secret is its own name."""
    found = config(services=SERVICES, env={"X": text})
    later = {"hosts": "a,b", "environment": "staging"}
    return product.resolve(text, found.services, str.upper, later)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{database.url}", "postgres://my_shop_app:DATABASE_APP_PASSWORD@database:5432/my_shop"),
        ("{redis.url}", "redis://redis:6379/0"),
        ("{queue.url}", "amqp://shop:QUEUE_PASSWORD@queue:5672//"),
        ("{files.url}", "sqlite:////data/shop.db"),
        ("{legacy.url}", "mysql://reader:LEGACY_PASSWORD@db.example.org:3306/old"),
        ("{search.address}", "search:9200"),
        ("{database.host}:{database.port}/{database.name}", "database:5432/my_shop"),
        ("{database.password.file}", "/run/secrets/database_app_password"),
        ("{secret.key} {secret.key.file}", "KEY /run/secrets/key"),
        ("{hosts} in {environment}", "a,b in staging"),
        ('{"json": {"is": "left"}}', '{"json": {"is": "left"}}'),
    ],
)
def test_placeholders_are_replaced(text: str, value: str) -> None:
    """By what the services are called, and by what only a deployment knows."""
    assert resolved(text) == value


def test_a_value_with_a_secret_is_known_as_one() -> None:
    """No file may have it; a path of a secret is none."""
    services = config(services=SERVICES).services

    for text in ("{database.url}", "{database.password}", "x{secret.key}y", "{legacy.url}"):
        assert product.is_secret(text, services)
    for text in ("{redis.url}", "{database.host}", "{secret.key.file}", "{files.url}", "plain"):
        assert not product.is_secret(text, services)


def test_the_superusers_password_is_not_the_products() -> None:
    """The product's containers get only what its variables name."""
    env = {"A": "{database.password.file}", "B": "{secret.key}", "C": "{secret.other.file}"}
    found = config(services={"database": "postgres:17"}, env=env)

    assert product.mounted(found.product_env, found.services) == ("database_app_password", "other")
    assert product.secrets_of(found.product_env, found.services) == (
        *("database_app_password", "database_password", "key", "other"),
    )


def test_the_settings_are_judged_with_the_same_variables() -> None:
    """With made-up secrets; a file that is not there is left out."""
    env = {"URL": "{database.url}", "KEY": "{secret.key}", "FILE": "{secret.key.file}", "X": "1"}
    found = config(services={"database": "postgres:17"}, env=env, django={"production": {"X": "2"}})

    assert set(found.django.production) == {"URL", "KEY", "X"}
    assert found.django.production["X"] == "2"
    assert len(found.django.production["KEY"]) >= 50


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"services": {"db": {"kind": "postgrse"}}}, "Did you mean 'postgres'?"),
        ({"services": {"proxy": "redis"}}, "cannot be used: 'proxy'"),
        ({"services": {"My_DB": "redis"}}, "cannot be used"),
        ({"services": {"db": {"port": 1}}}, "neither a kind nor an image"),
        ({"services": {"db": {"kind": "redis", "file": "x"}}}, "no meaning for redis"),
        ({"services": {"db": {"image": "a", "host": "b"}}}, "a host, so that it runs elsewhere"),
        ({"services": {"db": {"kind": "postgres", "name": "a; DROP"}}}, "a name of lower-case"),
        ({"env": {"A": "{databse.url}"}, "services": SERVICES}, "Did you mean 'database.url'?"),
        ({"env": {"1A": "x"}}, "the name of a variable"),
        ({"env": {"A": 1}}, "tool.towpath.env.A in pyproject.toml must be a string"),
        ({"processes": {"web": {"count": 2}}}, "Unknown key tool.towpath.processes.web.count"),
        ({"processes": {"worker": {}}}, "has no command"),
        ({"processes": {"worker": ""}}, "a command"),
        ({"processes": {"worker": "a 'b"}}, "a command (No closing quotation)"),
        ({"processes": {"beat": {"command": "a", "single": True, "count": 2}}}, "count"),
        ({"processes": {"migrate": "a"}}, "cannot be used: 'migrate'"),
        ({"processes": {"redis": "a"}, "services": {"redis": "redis"}}, "a process and a service"),
        ({"volumes": {"media": "../media"}}, "a directory such as media"),
        ({"environments": {"staging": {"smoke": ["up"]}}}, "smoke[0] in pyproject.toml must be"),
        ({"environments": {"staging": {"health": "/a\r\nX: y"}}}, "a path such as /up"),
        ({"environments": {"staging": {"host": "a\nb"}}}, "a host such as"),
        ({"environments": {"staging": {"smoke": [{"status": 700}]}}}, "a status from 100 to 599"),
        ({"image": {"dockerfile": "/etc/passwd"}}, "a file of the project"),
        ({"image": {"python": "3"}}, "a version such as 3.13"),
        ({"compose": "../compose"}, "a directory of the project"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(tables: dict[str, Any], words: str) -> None:
    """And with the nearest right word."""
    assert words in refused(**tables)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gunicorn shop.wsgi", ("gunicorn", "shop.wsgi")),
        ("gunicorn -b 0:$PORT shop", ("sh", "-c", "exec gunicorn -b 0:$PORT shop")),
        ("a && b", ("sh", "-c", "a && b")),
        ("X=1 a", ("sh", "-c", "X=1 a")),
        ("a 'b c'", ("a", "b c")),
    ],
)
def test_a_command_is_run_by_a_shell_only_if_it_needs_one(text: str, words: tuple[str]) -> None:
    """So that the process itself gets the signals."""
    found = config(processes={"worker": text})

    assert found.processes.others["worker"].command == words


def test_a_page_says_what_is_wrong() -> None:
    """Any answer below 500 will do where no status is named."""
    assert Page("/").problem(404, "") == ""
    assert Page("/").problem(500, "") == "/ answers 500"
    assert Page("/a", 200, "Log in").problem(200, "Log in here") == ""
    assert "does not contain" in Page("/a", 200, "Log in").problem(200, "no")
    assert Page("/a", 200).problem(301, "") == "/a answers 301, not 200"
    assert Page("/").problem(0, "") == "/ does not answer"
