"""Every error of the pipeline, each with its exit code, in one file.

Only the entry points (`towpath/tasks` and `towpath/__main__.py`) turn an error into an exit.
"""

from __future__ import annotations


class TowpathError(Exception):
    """Something the user has to know: what happened, why, and what to do next."""

    code = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        if why:
            # Shown by whoever shows a traceback of ours: a test, or a bug on top of it.
            self.add_note(why)

    def lines(self) -> list[str]:
        """Return the message as one to three lines: what, why, next."""
        labelled = [("", self.what), ("why: ", self.why), ("next: ", self.next_step)]
        return [label + text for label, text in labelled if text]


class UnexpectedError(TowpathError):
    """Something that is a bug of ours: no error that a user can mend."""


class ConfigurationError(TowpathError):
    """A setting, a flag or the machine itself is not as it must be."""

    code = 2


class EngineAbsentError(ConfigurationError):
    """No Docker engine answers and none can be brought up here."""


class NothingToJudgeError(TowpathError):
    """A report is missing, empty or unreadable, so that there is no verdict."""

    code = 3


class GateFailedError(TowpathError):
    """A gate said no."""

    code = 4


class CommandFailedError(TowpathError):
    """A command or a service that we called failed."""

    code = 5


class RegistryError(CommandFailedError):
    """The registry did not do what was asked."""


class RegistryRefusedError(RegistryError):
    """The registry answered and will not do it; a retry cannot heal it."""

    status = 0


class RegistryNetworkError(RegistryError):
    """The registry could not be reached, or the connection broke; a retry may help."""

    # How long the registry asked us to wait, where it did.
    seconds = 0.0


class RegistryFailingError(RegistryNetworkError):
    """The registry was reached and failed by itself; a retry may help."""


class RegistryUnauthorizedError(RegistryError):
    """The registry wants other credentials; a retry does not help."""


class RegistryNotFoundError(RegistryError):
    """The registry answered, and does not have what was asked for."""


class RegistryRateLimitedError(RegistryError):
    """The registry asked us to wait; a retry after that may help, if it is soon enough."""

    seconds = 0.0


class AttachmentLostError(RegistryError):
    """The registry does not list what was attached to an image, or not yet; a retry may help."""


class DigestMismatchError(RegistryError):
    """The bytes that came do not have the digest that was asked for."""


class DeploymentUndoneError(TowpathError):
    """The deployment failed and was undone; the old release serves."""

    code = 6


class PromotionRefusedError(TowpathError):
    """The release may not move to the stage that was asked for."""

    code = 7


class LockedError(TowpathError):
    """Somebody else holds the lock."""

    code = 8


class InterruptedRunError(TowpathError):
    """Ctrl-C or a stop signal ended the run."""

    code = 130
