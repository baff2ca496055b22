"""Where the API keeps what must outlast a request: tokens of screens, and answers to writes.

The database backs both once it is open. Until then (an empty or locked home) they live in memory, in
`MemoryTokens` and `MemoryAnswers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Token:
    """A screen's or program's right to ask. Only the hash of what it shows is kept."""

    id: str
    label: str
    kind: str
    """`cookie` (a browser) or `bearer` (a program)."""
    scope: str
    hash: bytes = field(repr=False)
    created_at: int
    used_at: int


class TokenStore(Protocol):
    """Keeps tokens. One whose database is closed raises Locked."""

    async def find(self, token_hash: bytes) -> Token | None:
        """The token with this hash."""
        ...

    async def all(self) -> tuple[Token, ...]:
        """All tokens, the oldest first."""
        ...

    async def put(self, token: Token) -> None:
        """Keep a token."""
        ...

    async def used(self, token_id: str, at: int) -> None:
        """Note that it was used, at Unix seconds `at`."""
        ...

    async def rename(self, token_id: str, label: str) -> bool:
        """Call a token something else; whether there is one."""
        ...

    async def delete(self, token_id: str) -> bool:
        """Forget a token; whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a write, and a hash of what was asked."""

    request_hash: bytes
    status: int
    body: bytes = field(repr=False)
    at: int


class AnswerStore(Protocol):
    """Remembers answers by key."""

    async def find(self, key: str) -> Answered | None:
        """What was answered under this key, however long ago."""
        ...

    async def put(self, key: str, answered: Answered, *, forget_before: int) -> None:
        """Remember an answer; forget those from before that time (Unix seconds)."""
        ...


class MemoryTokens:
    """Tokens in memory, for a home whose store is not open."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    async def find(self, token_hash: bytes) -> Token | None:
        """The token with this hash."""
        return next((token for token in self._tokens.values() if token.hash == token_hash), None)

    async def all(self) -> tuple[Token, ...]:
        """All tokens, the oldest first."""
        return tuple(self._tokens.values())

    async def put(self, token: Token) -> None:
        """Keep a token."""
        self._tokens[token.id] = token

    async def used(self, token_id: str, at: int) -> None:
        """Note that it was used, at Unix seconds `at`."""
        if token_id in self._tokens:
            self._tokens[token_id] = replace(self._tokens[token_id], used_at=at)

    async def rename(self, token_id: str, label: str) -> bool:
        """Call a token something else; whether there is one."""
        if token_id not in self._tokens:
            return False
        self._tokens[token_id] = replace(self._tokens[token_id], label=label)
        return True

    async def delete(self, token_id: str) -> bool:
        """Forget a token; whether there was one."""
        return self._tokens.pop(token_id, None) is not None


class MemoryAnswers:
    """Answers in memory, for a home whose store is not open."""

    def __init__(self) -> None:
        self._answers: dict[str, Answered] = {}

    async def find(self, key: str) -> Answered | None:
        """What was answered under this key, however long ago."""
        return self._answers.get(key)

    async def put(self, key: str, answered: Answered, *, forget_before: int) -> None:
        """Remember an answer; forget those from before that time (Unix seconds)."""
        self._answers = {k: a for k, a in self._answers.items() if a.at >= forget_before} | {key: answered}
