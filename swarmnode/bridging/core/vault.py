"""What belongs to one account alone: its secrets, and what its bridge remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import ACCOUNTS, KEY_VALUES, SECRETS
from ...storage.shelf import Prepared
from . import accounts

QUOTA = 16 << 20
"""Bytes that a bridge may remember for one account, names included."""
MAX_SECRET = 1 << 20
"""Bytes."""

_kv = tables.bridge_kv.c
_USED = Prepared(
    sa.select(
        sa.func.coalesce(
            sa.func.sum(sa.func.length(_kv.value) + sa.func.length(sa.cast(_kv.name, sa.LargeBinary))), 0
        )
    ).where(_kv.account_id == bindparam("account"))
)
_NAMES = Prepared(
    sa.select(_kv.name)
    .where(
        _kv.account_id == bindparam("account"),
        sa.func.substr(_kv.name, 1, bindparam("size")) == bindparam("prefix"),
    )
    .order_by(_kv.name)
)


def secret(step: Step, account: str, name: str) -> api.Secret | None:
    """A secret and the generation of all secrets of its account."""
    row = accounts.find(step, account)
    found = SECRETS.one(step.tx, account_id=row.id, name=name)
    return None if found is None else api.Secret(found.value, row.generation)


def put(step: Step, account: str, values: Mapping[str, bytes], expect: int) -> int:
    """Replace secrets, all or none; the new generation.

    Raises:
        swarm_bridges.api.Conflict: their generation is not `expect`: another was faster.
        swarm_bridges.api.Refused: one is too long.
    """
    row = accounts.find(step, account)
    if row.generation != expect:
        raise api.Conflict("the secrets are of another generation")
    if any(len(value) > MAX_SECRET for value in values.values()):
        raise api.Refused("a secret of more than 1 MiB")
    for name, value in values.items():
        SECRETS.drop(step.tx, account_id=row.id, name=name)
        SECRETS.add(step.tx, account_id=row.id, name=name, value=value)
    ACCOUNTS.change(step.tx, row.id, generation=expect + 1)
    return expect + 1


def kv_get(step: Step, account: str, name: str) -> bytes | None:
    """What was put, or None."""
    found = KEY_VALUES.one(step.tx, account_id=accounts.find(step, account).id, name=name)
    return None if found is None else found.value


def kv_put(step: Step, account: str, values: Mapping[str, bytes | None]) -> None:
    """Remember values, all or none; None forgets one.

    Raises:
        swarm_bridges.api.Refused: it would be more than the quota.
    """
    row = accounts.find(step, account)
    with step.tx.attempt():
        for name, value in values.items():
            KEY_VALUES.drop(step.tx, account_id=row.id, name=name)
            if value is not None:
                KEY_VALUES.add(step.tx, account_id=row.id, name=name, value=value)
        if int(_USED.scalar(step.tx, {"account": row.id})) > QUOTA:
            raise api.Refused("a bridge may remember 16 MiB for each account")


def kv_names(step: Step, account: str, prefix: str = "") -> tuple[str, ...]:
    """Names that start so, sorted."""
    row = accounts.find(step, account)
    found = _NAMES.rows(step.tx, {"account": row.id, "size": len(prefix), "prefix": prefix})
    return tuple(name for (name,) in found)


# Upgrades


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a bridge remembers for one account, and the version that wrote it; 0: none has."""

    version: int
    values: dict[str, bytes] = field(repr=False)


def kept(step: Step, account: str) -> Kept:
    """What is there, for a newer version of the bridge to take over."""
    row = accounts.find(step, account)
    values = {found.name: found.value for found in KEY_VALUES.all(step.tx, account_id=row.id)}
    return Kept(row.data_version if values else 0, values)


def keep(step: Step, account: str, version: int, values: Mapping[str, bytes] | None = None) -> None:
    """Note the version of what a bridge remembers from now on; `values` replace what is there.

    Raises:
        swarm_bridges.api.Refused: they would be more than the quota.
    """
    row = accounts.find(step, account)
    if values is not None:
        KEY_VALUES.drop(step.tx, account_id=row.id)
        kv_put(step, account, values)
    ACCOUNTS.change(step.tx, row.id, data_version=version)
