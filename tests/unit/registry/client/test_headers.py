"""What registries write into headers."""

from __future__ import annotations

import pytest

from tests.registry_server import Fault, Store
from towpath.core.errors import RegistryError, RegistryRefusedError
from towpath.registry.client.headers import challenges, next_page

BEARER = ("bearer", {"realm": "https://a/t", "service": "s", "scope": "repository:x:pull,push"})
WRITTEN = 'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WRITTEN, [BEARER]),
        (f'{WRITTEN}, Basic realm="Registry"', [BEARER, ("basic", {"realm": "Registry"})]),
        (f'Basic realm="Registry", {WRITTEN}', [("basic", {"realm": "Registry"}), BEARER]),
        (f"Negotiate, {WRITTEN}", [("negotiate", {}), BEARER]),
        (f"Negotiate YWJj==, {WRITTEN}", [("negotiate", {}), BEARER]),
        (f"Basic, {WRITTEN}", [("basic", {}), BEARER]),
        (
            "BEARER Realm=https://a/t,Service=s",
            [("bearer", {"realm": "https://a/t", "service": "s"})],
        ),
        ('bearer realm = "a" , service = "s"', [("bearer", {"realm": "a", "service": "s"})]),
        (r'Basic realm="a \"b\", c"', [("basic", {"realm": 'a "b", c'})]),
        ('Bearer realm="a", realm="b"', [("bearer", {"realm": "a"})]),
        ("Bearer", [("bearer", {})]),
        ("", []),
        (",,=,", []),
        ('"', []),
    ],
)
def test_challenges_are_read_as_the_rfc_has_them(
    text: str, expected: list[tuple[str, dict[str, str]]]
) -> None:
    """Several in one header or joined, quoted or not, in any letters."""
    assert challenges(text) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('</v2/l?last=a>; rel="next"', "https://r/v2/l?last=a"),
        ("</v2/l?last=a>;rel=next", "https://r/v2/l?last=a"),
        ('</v2/l?last=a,b>; rel="next"', "https://r/v2/l?last=a,b"),
        ('/v2/l?last=a; rel="next"', "https://r/v2/l?last=a"),
        ("/v2/l?last=a,b; rel=next", "https://r/v2/l?last=a,b"),
        ("<l?last=a>", "https://r/v2/l?last=a"),
        ('</x>; rel="self", </y>; title="a, b"; Rel="prev NEXT"', "https://r/y"),
        ('</x>; rel="last"', ""),
        ("", ""),
        (" , ", ""),
    ],
)
def test_the_next_page_is_found(text: str, place: str) -> None:
    """With a comma in it, without brackets, among other links. Source: RFC 8288."""
    assert next_page(text, "https://r/v2/l") == place


@pytest.mark.parametrize("text", ["<", "</x", "a b c", '</x>; rel="next', '<http://[>; rel="next"'])
def test_a_link_that_cannot_be_read_is_an_error(text: str) -> None:
    """A list is never cut in silence: a prune relies on it."""
    with pytest.raises(RegistryRefusedError):
        next_page(text, "https://r/v2/l")


@pytest.mark.door
@pytest.mark.parametrize("around", [1, 3], ids=["itself", "a circle"])
def test_a_list_without_an_end_is_an_error(store: Store, around: int) -> None:
    """A page that was read already is not read again."""
    base = f"/v2/{store.repository.name}/tags/list"
    rows = ["?n=1000", *(f"?last={number}" for number in range(1, around))]
    body = b'{"tags": ["one"]}'
    for number in range(around):
        following = rows[(number + 1) % around]
        link = {"Link": f'<{base}{following}>; rel="next"'}
        store.faults.append(Fault(f"tags/list{rows[number]}", 200, link, body))

    with pytest.raises(RegistryError, match="without an end") as caught:
        store.client().tags()

    assert "was read already" in caught.value.why
    assert len(store.asked) == around


@pytest.mark.door
@pytest.mark.parametrize(
    "body",
    [b'{"tags": {"a": 1}}', b'{"tags": ["a", 1]}', b'{"tags": ["../x"]}', b'{"tags": "abc"}'],
)
def test_a_tag_that_is_none_is_an_error(store: Store, body: bytes) -> None:
    """It would become a part of a URL."""
    store.faults = [Fault("tags/list", 200, body=body)]

    with pytest.raises(RegistryError, match="invalid tag name"):
        store.client().tags()
