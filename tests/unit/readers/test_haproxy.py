"""What HAProxy's runtime API answers -> slots."""

from __future__ import annotations

import pytest

from towpath.errors import NothingToJudgeError
from towpath.readers import haproxy
from towpath.readers.haproxy import Slot

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
