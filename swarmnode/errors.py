"""What can go wrong in the node, sorted by what the caller does next.

    NodeError                 .code for programs, .hint for people: what it means and what to do
      ConfigError             a setting is wrong; the hint names the place
      UsageError              this call makes no sense now (400)
      NotFound                no such conversation, contact, message (404)
      Conflict                it was done already, or the state has moved on (409)
        ChooseWay             a message would go a less private way than the last one; the owner chooses
      AccessDenied            wrong passphrase, token, code (403)
        NoConsent             somebody else's words, which they did not let go there
      Locked                  unlock first (423)
      NotReady                no persona yet, or the node is not running (409)
      StorageError            the store cannot be read or written
        SchemaTooNew          a newer program wrote it
        DiskFull              no room; nothing was changed
        AfterCommit           it was written, and what had to follow failed
        InUse                 another process has this home open
        RolledBack            an older copy of the store lies there
      DeliveryError
        Unreachable           it could not be reached; may work later (503)
        Refused               the other side said no

Texts state facts and never hold secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class NodeError(Exception):
    """Root; `hint` says what to do."""

    code: ClassVar[str] = "node"
    status: ClassVar[int] = 500
    exit: ClassVar[int] = 1

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class ConfigError(NodeError):
    """A setting is wrong."""

    code = "config"
    status = 400
    exit = 2


class UsageError(NodeError):
    """This call makes no sense."""

    code = "usage"
    status = 400
    exit = 2


class NotFound(NodeError):
    """There is no such thing."""

    code = "not-found"
    status = 404
    exit = 5


class Conflict(NodeError):
    """It was done already, or the state has moved on."""

    code = "conflict"
    status = 409


@dataclass(frozen=True, slots=True)
class WayChoice:
    """A way to a person: what to name as `via` for it, and who can read along there."""

    via: str
    network: str
    address: str
    privacy: str
    would: bool
    """The one that the message would go."""
    was: bool
    """The one of the last word, or the preferred one."""


class ChooseWay(Conflict):
    """A message would go a less private way than where the two last talked; `choices` are all ways."""

    code = "choose-way"

    def __init__(self, choices: Sequence[WayChoice]) -> None:
        super().__init__(
            "this would go a less private way than the last word",
            hint="Say which way: `--via`. `swarmnode people show` lists the ways.",
        )
        self.choices = tuple(choices)


class AccessDenied(NodeError):
    """Wrong passphrase, token, code or origin."""

    code = "denied"
    status = 403


class NoConsent(AccessDenied):
    """These are words of somebody who did not let them go there; the hint names the ways out."""

    code = "no-consent"


class Locked(NodeError):
    """The store is locked."""

    code = "locked"
    status = 423
    exit = 4


class NotReady(NodeError):
    """There is no persona yet, or this node is in a state that allows no such thing."""

    code = "not-ready"
    status = 409


class NotRunning(NodeError):
    """No node runs on this home."""

    code = "not-running"
    status = 503
    exit = 3


class StorageError(NodeError):
    """The store cannot be read or written."""

    code = "storage"
    status = 507


class SchemaTooNew(StorageError):
    """A newer program wrote this store."""

    code = "schema-too-new"


class DiskFull(StorageError):
    """There is no room on the disk; nothing was changed."""

    code = "disk-full"


class AfterCommit(StorageError):
    """It was written, and then the disk failed: it may or may not outlast a power cut. Do not do it again."""

    code = "after-commit"


class InUse(StorageError):
    """Another process has this home open."""

    code = "in-use"


class RolledBack(StorageError):
    """An older copy of the store lies where a newer one was."""

    code = "rolled-back"


class DeliveryError(NodeError):
    """Something could not be delivered."""

    code = "delivery"
    status = 502


class Unreachable(DeliveryError):
    """It could not be reached; it may work later."""

    code = "unreachable"
    status = 503


class Refused(DeliveryError):
    """The other side said no."""

    code = "refused"
