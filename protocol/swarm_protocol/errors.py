"""What can go wrong, sorted by what the caller does next.

    ProtocolError                    abstract root
      LocalProtocolError             our side used the protocol wrongly: fix the code that called
        UsageError                   a call that makes no sense in this state
        LimitError                   the call would break one of our own bounds
        ArchiveError                 a stored state is damaged, or newer than this program
      RemoteProtocolError            their side sent something wrong: refuse it, count it, keep the state
        DecodeError                  the bytes are not what they claim to be
        UnexpectedMessage            well-formed, but not for this state (another group, another epoch)
        RuleViolation                breaks a named rule of the protocol
        UnsupportedVersion           a version or suite that we do not speak
        ReplayedMessage              its key has been used already
        CannotOpen                   did not open; no reason is given, so that nobody learns one

A function that raises has changed nothing: states are immutable values.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArchiveError",
    "CannotOpen",
    "DecodeError",
    "LimitError",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "ReplayedMessage",
    "RuleViolation",
    "UnexpectedMessage",
    "UnsupportedVersion",
    "UsageError",
]


class ProtocolError(Exception):
    """Root of all errors of this package; never raised itself."""


class LocalProtocolError(ProtocolError):
    """We called the protocol wrongly."""


class UsageError(LocalProtocolError):
    """This call makes no sense in this state."""


class LimitError(LocalProtocolError):
    """This call would break one of our own bounds."""


class ArchiveError(LocalProtocolError):
    """A stored state cannot be read: it is damaged, or a newer program wrote it."""


class RemoteProtocolError(ProtocolError):
    """The other side sent something that we refuse.

    `code` is one short word for machines, `rule` the id of the broken rule (`mls/rules.py`) or empty.
    """

    code: ClassVar[str] = "remote"

    def __init__(self, text: str, *, rule: str = "") -> None:
        super().__init__(text)
        self.rule = rule


class DecodeError(RemoteProtocolError):
    """The bytes do not decode: too short, too long, an unknown tag, not the shortest form."""

    code = "decode"


class UnexpectedMessage(RemoteProtocolError):
    """A well-formed message that does not belong here: wrong group, wrong epoch, wrong kind."""

    code = "unexpected"


class RuleViolation(RemoteProtocolError):
    """The message breaks the rule whose id is in `rule`."""

    code = "rule"


class UnsupportedVersion(RemoteProtocolError):
    """A protocol version or cipher suite that we do not speak."""

    code = "unsupported"


class ReplayedMessage(RemoteProtocolError):
    """The key of this message was used before, or is too old to be kept."""

    code = "replayed"


class CannotOpen(RemoteProtocolError):
    """It did not open. One error for every cause, without a reason, so that it is no oracle."""

    code = "cannot-open"

    def __init__(self) -> None:
        super().__init__("the message could not be opened")
