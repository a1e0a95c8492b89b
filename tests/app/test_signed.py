"""What Memcached gives back: our own values, or nothing."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from config.signed import FLAGS, LIMIT, SignedJson, SignedMemcached
from releases import pagecache

OURS = SignedJson("the secret of the tests")


class Exploit:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("something was unpickled",))


@pytest.mark.parametrize(
    "value", ["text", "ü \u2028", 1, 2.5, True, [1, "a"], {"a": {"b": []}}, ""]
)
@pytest.mark.parametrize("key", ["page:1", b"page:1"])
def test_a_value_of_ours_comes_back(key: bytes | str, value: Any) -> None:
    """Whatever JSON knows."""
    body, flags = OURS.serialize(key, value)

    assert flags == FLAGS
    assert OURS.deserialize(key, body, flags) == value


@pytest.mark.parametrize("value", [object(), b"bytes", float("nan"), {1, 2}])
def test_what_json_does_not_know_is_not_kept(value: Any) -> None:
    """It is no miss later, but an error now."""
    with pytest.raises((TypeError, ValueError)):
        OURS.serialize("key", value)


def forged() -> dict[str, tuple[bytes, int]]:
    """Return values that somebody else put under the key `page:1`, by what is wrong with each."""
    own, flags = OURS.serialize("page:1", "a page")
    text = json.dumps("a page").encode()
    return {
        "a pickle as Django wrote it": (pickle.dumps(Exploit()), 1),
        "a pickle under our flags": (pickle.dumps(Exploit()), FLAGS),
        "a pickle behind a signature": (own[:32] + pickle.dumps(Exploit()), FLAGS),
        "no signature": (text, FLAGS),
        "an empty signature": (b"\0" * 32 + text, FLAGS),
        "another secret": SignedJson("another secret").serialize("page:1", "a page"),
        "another key": OURS.serialize("page:2", "a page"),
        "a key that ends elsewhere": OURS.serialize("page:", "1a page"),
        "one bit": (own[:-1] + bytes([own[-1] ^ 1]), FLAGS),
        "cut": (own[:-1], FLAGS),
        "only a signature": (own[:32], FLAGS),
        "nothing": (b"", FLAGS),
        "longer": (own + b" ", FLAGS),
        "other flags": (own, 0),
        "too large": (b"x" * (LIMIT + 1), flags),
    }


@pytest.mark.parametrize("what", forged())
def test_a_value_of_somebody_else_is_a_miss(what: str) -> None:
    """Nothing of it is read, and nothing is unpickled."""
    body, flags = forged()[what]

    assert OURS.deserialize("page:1", body, flags) is None


class Store:
    """Memcached as pymemcache shows it, in memory and through the serializer."""

    def __init__(self, servers: Any, **options: Any) -> None:
        self.serde: SignedJson = options["serde"]
        self.kept: dict[str, tuple[bytes, int]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return what the serializer makes of the bytes."""
        return self.serde.deserialize(key, *self.kept[key]) if key in self.kept else default

    def get_multi(self, keys: Any) -> dict[str, Any]:
        """Return what there is."""
        return {key: self.get(key) for key in keys if key in self.kept}

    def set(self, key: str, value: Any, timeout: int = 0) -> bool:
        """Keep a value."""
        self.kept[key] = self.serde.serialize(key, value)
        return True

    def add(self, key: str, value: Any, timeout: int = 0) -> bool:
        """Keep a value where there is none."""
        return key not in self.kept and self.set(key, value)

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def memcached(monkeypatch: pytest.MonkeyPatch) -> SignedMemcached:
    """Return our cache over a server in memory."""
    found = SignedMemcached("memory:11211", {"KEY_PREFIX": "dashboard", "OPTIONS": {"timeout": 1}})
    monkeypatch.setattr(found, "_class", Store)
    found.get("connect")
    return found


def test_a_poisoned_value_is_a_miss_of_the_cache(memcached: SignedMemcached) -> None:
    """The default comes back, and nobody finds the key."""
    memcached.set("mine", "a page")
    memcached.set("theirs", "a page")
    store: Store = vars(memcached)["_cache"]
    store.kept[memcached.make_key("theirs")] = forged()["a pickle as Django wrote it"]

    assert memcached.get("mine", "nothing") == "a page"
    assert memcached.get("theirs", "nothing") == "nothing"
    assert memcached.get_many(["mine", "theirs"]) == {"mine": "a page"}
    assert memcached.has_key("mine")
    assert not memcached.has_key("theirs")


@pytest.mark.django_db
def test_pages_are_made_anew_where_the_cache_is_poisoned(
    memcached: SignedMemcached, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """The generation and the page are replaced, and then kept as ever."""
    monkeypatch.setattr(pagecache, "cache", memcached)
    store: Store = vars(memcached)["_cache"]
    page = client.get("/").content
    for key in store.kept:
        store.kept[key] = (pickle.dumps(Exploit()), 1)

    assert client.get("/").content == page
    generation = memcached.get(pagecache.GENERATION)
    assert isinstance(generation, str)
    assert client.get("/").content == page
    assert memcached.get(pagecache.GENERATION) == generation


@pytest.mark.parametrize("generation", [None, 5, "", ["x"]])
def test_a_generation_that_is_none_is_replaced(generation: Any) -> None:
    """Pages are kept under a text that we made."""
    cache.set(pagecache.GENERATION, generation)
    pages = [pagecache.page("x", lambda: "rendered"), pagecache.page("x", lambda: "again")]

    assert pages == ["rendered", "rendered"]
    assert isinstance(cache.get(pagecache.GENERATION), str)


def test_the_key_comes_from_the_secret(settings: Settings) -> None:
    """Two sites with secrets of their own do not believe each other."""

    def serde() -> SignedJson:
        options: dict[str, SignedJson] = vars(SignedMemcached("memory:11211", {}))["_options"]
        return options["serde"]

    settings.SECRET_KEY = "one"
    one = serde().serialize("key", 1)
    settings.SECRET_KEY = "two"
    two = serde()

    assert two.deserialize("key", *one) is None
