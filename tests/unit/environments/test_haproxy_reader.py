"""What HAProxy's runtime API answers -> slots."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.environments import haproxy_reader as haproxy
from towpath.environments.haproxy_reader import Slot

STATES = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_fqdn srv_port
3 web 1 web1 172.19.0.3 2 68 box-web-1 8000
3 web 2 web2 172.19.0.4 2 76 box-web-2 8000
3 web 3 web3 - 0 37 localhost 8000

"""
STAT = """\
# pxname,svname,qcur,scur,status,econ,eresp,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,
web,web1,0,2,UP 1/3,1,0,0,90,0,5,4,0,
web,web2,1,0,DRAIN,0,0,0,7,0,0,0,0,
web,web3,0,0,MAINT (resolution),,,,,,,,,

"""


def test_slots_are_read_with_what_the_deployer_asked_and_what_the_proxy_does() -> None:
    """Ready, drain and maintenance come from the state; counts from the statistics."""
    assert haproxy.slots(STATES + STAT, "web") == [
        Slot("web1", "box-web-1", "ready", True, sessions=2, answers=100, failures=5),
        Slot("web2", "box-web-2", "drain", False, sessions=1, answers=7, failures=0),
        Slot("web3", "", "maint", False, sessions=0, answers=0, failures=0),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "Unknown command", STATES, STAT, STATES.replace(" web ", " other ") + STAT],
    ids=["empty", "an error", "no statistics", "no states", "another backend"],
)
def test_an_answer_that_is_not_whole_is_not_an_empty_proxy(text: str) -> None:
    """It raises: no slot and no answer are two different things."""
    with pytest.raises(NothingToJudgeError):
        haproxy.slots(text, "web")


def test_a_slot_that_cannot_be_read_is_named() -> None:
    """A number that is none does not read as zero."""
    with pytest.raises(NothingToJudgeError, match="web1"):
        haproxy.slots(STATES + STAT.replace("web1,0,2", "web1,0,x"), "web")


def test_sums_of_a_backend_are_no_slot() -> None:
    """And neither is a server of the same name in another backend."""
    sums = "web,FRONTEND,0,9,OPEN,,,0,0,0,0,0,0,\nweb,BACKEND,0,9,UP,0,0,0,0,0,0,0,0,\n"
    other = "api,web1,0,77,DOWN,0,0,0,0,0,0,0,0,\n\n"
    found = haproxy.slots(STATES + STAT.rstrip("\n") + "\n" + sums + other, "web")

    assert [(row.name, row.up, row.sessions) for row in found] == [
        ("web1", True, 2),
        ("web2", False, 1),
        ("web3", False, 0),
    ]


@pytest.mark.parametrize("name", ["FRONTEND", "BACKEND"])
def test_the_proxys_own_sums_count_for_no_server(name: str) -> None:
    """A server of such a name has no counters of its own."""
    with pytest.raises(NothingToJudgeError, match=name):
        haproxy.slots(STATES.replace("web1", name) + STAT.replace("web1", name), "web")


def test_each_table_ends_at_its_empty_line() -> None:
    """What follows is another answer, also one that begins in the same way."""
    again = "# be_id be_name srv_name srv_fqdn srv_admin_state\n3 web extra box 64\n\n"
    found = haproxy.slots(STATES + STAT + again + "1\n\n", "web")

    assert [row.name for row in found] == ["web1", "web2", "web3"]


def test_a_slot_without_an_address_has_no_host() -> None:
    """The proxy writes a hyphen; empty counts are none."""
    states = STATES.replace("box-web-1", "-")
    found = haproxy.slots(states + STAT.replace("web1,0,2", "web1,,"), "web")

    assert (found[0].host, found[0].sessions) == ("", 0)


FRONTENDS = (
    "# pxname,svname,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,\n"
    "public,FRONTEND,1,20,3,4,5,,\n\n"
)


def test_a_frontend_counts_what_clients_got() -> None:
    """Server errors are those of the proxy itself too."""
    assert haproxy.responses(FRONTENDS, "public") == haproxy.ResponseCount(33, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        FRONTENDS.replace("public", "other"),
        FRONTENDS.replace(",5,", ",x,"),
        "# pxname,svname\na,b\n",
    ],
)
def test_a_frontend_that_cannot_be_read_has_no_count(text: str) -> None:
    """Never zero errors."""
    with pytest.raises(NothingToJudgeError):
        haproxy.responses(text, "public")
