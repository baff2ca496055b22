"""Rules of the node's own protocol, by name: each stands in `protocol/spec/`, code and vectors quote its id.

The rules of MLS have a book of their own (`mls/rules.py`), whose sections are those of RFC 9420.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import DecodeError, RuleViolation, UnexpectedMessage, UnsupportedVersion

RULES: dict[str, Rule] = {}
"""All rules by id."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An id that stays, the document and section that it stands in, and what must hold."""

    id: str
    document: str
    section: str
    text: str

    def __post_init__(self) -> None:
        assert self.id not in RULES, f"two rules are called {self.id}"
        RULES[self.id] = self

    def broken(self, reason: str = "") -> RuleViolation:
        """The error for what decodes, but breaks this rule."""
        return RuleViolation(self._says(reason), rule=self.id)

    def undecodable(self, reason: str = "") -> DecodeError:
        """The error for bytes that are not what they claim to be."""
        return DecodeError(self._says(reason), rule=self.id)

    def unsupported(self, reason: str = "") -> UnsupportedVersion:
        """The error for what a newer program may understand."""
        return UnsupportedVersion(self._says(reason), rule=self.id)

    def unexpected(self, reason: str = "") -> UnexpectedMessage:
        """The error for what is well-formed, but does not belong here."""
        return UnexpectedMessage(self._says(reason), rule=self.id)

    def require(self, holds: bool, reason: str = "") -> None:
        """Check the rule.

        Raises:
            RuleViolation: it does not hold.
        """
        if not holds:
            raise self.broken(reason)

    def _says(self, reason: str) -> str:
        text = f"{self.text} (spec {self.document} §{self.section})"
        return f"{text}: {reason}" if reason else text
