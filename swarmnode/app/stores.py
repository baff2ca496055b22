"""Tokens of screens and answers to writes: in the database while it is open, else in memory."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from ..api.ports import Answered, MemoryAnswers, MemoryTokens, Token
from ..delivery.runner import Runner
from ..errors import Locked
from ..services.node import Node
from ..services.step import Step
from ..storage import tables
from ..storage.shelf import Prepared
from ..storage.shelves import DEVICES, IDEMPOTENCY, Device

_FORGET = Prepared(sa.delete(tables.idempotency).where(tables.idempotency.c.at < sa.bindparam("before")))


class Stores:
    """Both ports of the API. `runner` is set while the store is open; `exists` says whether there is one.

    Tokens that were given out before the store was open move into it when it opens, so that the screen that
    made the home stays paired.
    """

    def __init__(self) -> None:
        self.runner: Runner | None = None
        self.exists: Callable[[], bool] = lambda: False
        self._tokens, self._answers = MemoryTokens(), MemoryAnswers()
        self.tokens = _Tokens(self)
        self.answers = _Answers(self)

    @property
    def early_tokens(self) -> MemoryTokens:
        """Tokens of before."""
        return self._tokens

    @property
    def early_answers(self) -> MemoryAnswers:
        """Answers of before."""
        return self._answers

    async def opened(self, runner: Runner) -> None:
        """The store is open."""
        early = await self._tokens.all()

        def move(step: Step, _: Node) -> None:
            for token in early:
                _put(step, token)

        await runner.do(move)
        self.runner = runner

    def closed(self) -> None:
        """The store is closed; tokens in it are asked for again when it opens."""
        self.runner = None

    def forget(self) -> None:
        """The store is destroyed: whoever was let in to it is not let in to the next one."""
        self._tokens, self._answers = MemoryTokens(), MemoryAnswers()


def _put(step: Step, token: Token) -> None:
    DEVICES.put(
        step.tx,
        id=token.id,
        label=token.label,
        token_hash=token.hash,
        scopes=token.scope,
        kind=token.kind,
        created_at=token.created_at,
        used_at=token.used_at,
    )


def _token(row: Device) -> Token:
    return Token(row.id, row.label, row.kind, row.scopes, row.token_hash, row.created_at, row.used_at)


class _Tokens:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def find(self, token_hash: bytes) -> Token | None:
        early = await self._stores.early_tokens.find(token_hash)
        runner = self._stores.runner
        if early is not None:
            return early
        if runner is None:
            if self._stores.exists():
                raise Locked("this node is locked", hint="Unlock it: `swarmnode unlock`.")
            return None
        row = await runner.look(lambda step, _: DEVICES.one(step.tx, token_hash=token_hash))
        return None if row is None else _token(row)

    async def all(self) -> tuple[Token, ...]:
        runner = self._stores.runner
        if runner is None:
            return await self._stores.early_tokens.all()
        rows = await runner.look(lambda step, _: DEVICES.all(step.tx))
        return tuple(sorted(map(_token, rows), key=lambda token: token.created_at))

    async def put(self, token: Token) -> None:
        runner = self._stores.runner
        if runner is None:
            await self._stores.early_tokens.put(token)
        else:
            await runner.do(lambda step, _: _put(step, token))

    async def used(self, token_id: str, at: int) -> None:
        runner = self._stores.runner
        if runner is None:
            await self._stores.early_tokens.used(token_id, at)
        else:
            await runner.do(lambda step, _: DEVICES.change(step.tx, token_id, used_at=at))

    async def rename(self, token_id: str, label: str) -> bool:
        early = await self._stores.early_tokens.rename(token_id, label)
        runner = self._stores.runner
        if runner is None:
            return early

        def change(step: Step, _: Node) -> bool:
            there = DEVICES.get(step.tx, token_id) is not None
            DEVICES.change(step.tx, token_id, label=label)
            return there

        return await runner.do(change) or early

    async def delete(self, token_id: str) -> bool:
        early = await self._stores.early_tokens.delete(token_id)
        runner = self._stores.runner
        if runner is None:
            return early
        return bool(await runner.do(lambda step, _: DEVICES.drop(step.tx, id=token_id))) or early


class _Answers:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def find(self, key: str) -> Answered | None:
        runner = self._stores.runner
        if runner is None:
            return await self._stores.early_answers.find(key)
        row = await runner.look(lambda step, _: IDEMPOTENCY.get(step.tx, key))
        return None if row is None else Answered(row.request_hash, row.status, row.response, row.at)

    async def put(self, key: str, answered: Answered, *, forget_before: int) -> None:
        runner = self._stores.runner
        if runner is None:
            await self._stores.early_answers.put(key, answered, forget_before=forget_before)
            return

        def keep(step: Step, _: Node) -> None:
            _FORGET.run(step.tx, {"before": forget_before})
            IDEMPOTENCY.put(
                step.tx,
                key=key,
                request_hash=answered.request_hash,
                status=answered.status,
                response=answered.body,
                at=answered.at,
            )

        await runner.do(keep)
