"""Every error of the pipeline, each with its exit code, in one file.

Only the entry points (`towpath/tasks` and `towpath/__main__.py`) turn an error into an exit.
"""

from __future__ import annotations


class TowpathError(Exception):
    """An error for the user: what happened, why, and what to do next."""

    code = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        if why:
            # Shown with a traceback, in a test or where another exception follows.
            self.add_note(why)

    def lines(self) -> list[str]:
        """Return the message as one to three lines: what, why, next."""
        labelled = [("", self.what), ("why: ", self.why), ("next: ", self.next_step)]
        return [label + text for label, text in labelled if text]


class UnexpectedError(TowpathError):
    """A bug in Towpath: an error that the user cannot fix."""


class ConfigurationError(TowpathError):
    """A setting, an argument or the environment is invalid."""

    code = 2


class EngineAbsentError(ConfigurationError):
    """No Docker engine answers and none can be started here."""


class NothingToJudgeError(TowpathError):
    """A report is missing, empty or unreadable, so there is no verdict."""

    code = 3


class GateFailedError(TowpathError):
    """A gate failed."""

    code = 4


class CommandFailedError(TowpathError):
    """A command or a service failed."""

    code = 5


class EngineUnreachableError(CommandFailedError):
    """The Docker engine did not answer; a retry may help."""


class ProxyUnreachableError(CommandFailedError):
    """The proxy of an environment did not answer; a retry may help."""


class DeploymentPausedError(CommandFailedError):
    """The engine or the proxy went away during a deployment, which the next one ends."""


class RegistryError(CommandFailedError):
    """An operation of the registry failed."""


class RegistryRefusedError(RegistryError):
    """The registry rejected the request; a retry does not help.

    `status` is the HTTP status, 0 where there is none.
    """

    status = 0


class RegistryNetworkError(RegistryError):
    """The registry could not be reached, or the connection broke; a retry may help."""

    # Seconds that the registry asked us to wait; 0 if it did not.
    seconds = 0.0


class RegistryFailingError(RegistryNetworkError):
    """The registry answered with an internal error; a retry may help."""


class RegistryUnauthorizedError(RegistryError):
    """The registry requires other credentials; a retry does not help."""


class RegistryNotFoundError(RegistryError):
    """The registry answered that it does not have the requested object."""


class RegistryRateLimitedError(RegistryError):
    """The registry limits the rate; a retry after `seconds` may help."""

    seconds = 0.0


class AttachmentLostError(RegistryError):
    """The registry does not list what was attached to an image, or not yet; a retry may help."""


class DigestMismatchError(RegistryError):
    """The received bytes do not have the requested digest."""


class DeploymentUndoneError(TowpathError):
    """The deployment failed and was undone; the previous release is running."""

    code = 6


class PromotionRefusedError(TowpathError):
    """The release cannot be promoted to the requested stage."""

    code = 7


class LockedError(TowpathError):
    """Another process holds the lock."""

    code = 8


class InterruptedRunError(TowpathError):
    """Ctrl-C or a stop signal ended the run."""

    code = 130
