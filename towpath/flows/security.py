"""Security: bandit on our code, advisories on the dependencies of the product."""

from __future__ import annotations

from towpath.commands import linters
from towpath.errors import ConfigurationError, NothingToJudgeError
from towpath.flows import advisories, judging, lint, records
from towpath.flows.session import Session
from towpath.readers import requirements


def security(session: Session) -> None:
    """Ask bandit about our code and a source of advisories about our dependencies; then judge."""
    records.begin(session, "security")
    lint.run_linter(session, "security", linters.BANDIT, lint.listed(session))
    with session.terminal.step("advisories on the dependencies of the product"):
        _ask_advisories(session)
    judging.judge(session, "security")


def _ask_advisories(session: Session) -> None:
    """Keep what a source of advisories said, or why none could be asked."""
    file = session.config.root / "requirements" / "production.txt"
    if not file.is_file():
        raise ConfigurationError(
            "There is no requirements/production.txt: what the product needs is not known.",
            next_step="Write requirements/production.in, then run ./dev nox -s requirements",
        )
    try:
        pins = requirements.read(file.read_text(encoding="utf-8"), file.name)
        found = advisories.audit(session, pins)
    except NothingToJudgeError as error:
        records.keep(
            session.config, "security", "advisories", {"reason": f"{error.what} {error.why}"}
        )
    else:
        records.keep(session.config, "security", "advisories", found.as_json())
