"""A deployment that is killed anywhere: the environment serves, and the next call ends it."""

from __future__ import annotations

import signal

from tests.e2e import trial as trials
from tests.e2e.product import Product, start
from towpath.deployment.plan import unfinished

# Each leaves another world behind: nothing started, started, in the proxy, old drained, worker
# started, recorded, old stopped. Every entry of the journal is tried in tests/unit/flows.
DEATHS = [
    *((name, "begin") for name in ("start", "switch", "drain", "work", "record", "stop")),
    ("stop", "done"),
]


def test_a_deployment_that_was_killed_anywhere_is_ended_by_the_next(product: Product) -> None:
    """Killed at any entry of the journal, the environment serves throughout, and ends clean."""
    ends = []
    with trials.load(product.trial, quick=2, slow=1) as met:
        for step, phase in DEATHS:
            before, after = product.serves, product.other
            process = start(product, after, step, phase)
            said = process.communicate(timeout=90)[1]
            assert process.returncode == -signal.SIGKILL, f"{step} {phase}: {said}"

            site = product.trial.site
            cut = unfinished(site.journal.read(), site.history.releases())
            assert cut is not None
            kept = after if cut.finish else before
            product.deploy(kept)
            ends.append((step, phase, product.serves == kept))

    assert [row for row in ends if not row[2]] == []
    assert met.failed == {}
