"""Every rule of `protocol/spec/42-claims.md`, by name, and its bounds."""

from __future__ import annotations

from ..content.rules import MAX_CLAIM
from ..identity.rules import MAX_CLAIMS
from ..rules import Rule

NONCE_SIZE = 16

MAX_NETWORK = 32
"""Characters of a network's id."""

MAX_HANDLE = 1024
"""Bytes of a handle in UTF-8, and of an address."""

MAX_OPENED = MAX_CLAIM
"""Bytes of all claims of a persona, opened at once."""

CHALLENGE_S = 7 * 86_400
"""So long somebody has for an answer: its owner is asked, and mails come late."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "42", section, text)


CLAIM_NETWORK = _rule(
    "claim-network", "1", f"a network's id has 1 to {MAX_NETWORK} small letters, digits and hyphens"
)
CLAIM_HANDLE = _rule(
    "claim-handle",
    "1",
    f"a handle has 1 to {MAX_HANDLE} bytes, an address up to that, and all of them can be printed",
)
CLAIMS_OPENED = _rule("claims-opened", "2", f"1 to {MAX_CLAIMS} claims are opened at once, each once")
CLAIM_STANDS = _rule("claim-stands", "2", "a claim counts while its hash stands in the chain of its persona")
CLAIM_TEXT = _rule("claim-text", "3", "a public text is `swarm:1:` and the base64url of 32 bytes")
CHALLENGE_WORD = _rule("challenge-word", "5", "a word of a challenge is an ask, an agreement or a refusal")
CHALLENGE_ACCOUNTS = _rule("challenge-accounts", "5", "a challenge is about two accounts")
CHALLENGE_TIME = _rule(
    "challenge-time",
    "5",
    f"a challenge counts until its end, which is {2 * CHALLENGE_S // 86_400} days away at most",
)
CHALLENGE_STAGE = _rule("challenge-stage", "5", "each step of a challenge is taken once, in its turn")
CHALLENGE_ACCOUNT = _rule(
    "challenge-account", "5", "an answer counts between the two accounts of its challenge alone"
)
CHALLENGE_ANSWER = _rule(
    "challenge-answer", "5", "an answer has the id of its challenge, and the hash that its sender makes"
)
