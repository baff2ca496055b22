"""Claims: a field of our own in the account's profile (1.16, 11.2), which other servers are asked for too."""

from __future__ import annotations

from ...api import Actor, ClaimsSeen, NotSupported, Refused
from ...claims import texts_in
from .client import Client, path
from .model import table, texts

FIELD = "swarmnode.claims.1"
"""A list of texts."""
SINCE = "v1.16"
BEFORE = "uk.tcpip.msc4133.stable"
"""What a server says that has profiles like this and does not have all else of SINCE."""


async def has_place(client: Client) -> bool:
    """Whether the owner's server lets profiles have such a field."""
    try:
        return await _has_place(client)
    except Refused:
        return False


async def _has_place(client: Client) -> bool:
    versions = await client.get("/_matrix/client/versions")
    if SINCE not in texts(versions.get("versions")) and not table(versions.get("unstable_features")).get(
        BEFORE
    ):
        return False
    told = table((await client.get("/capabilities")).get("capabilities"))
    rules = table(told.get("m.profile_fields", {"enabled": True}))
    allowed = rules.get("allowed")
    if rules.get("enabled") is not True or (allowed is not None and FIELD not in texts(allowed)):
        return False
    return FIELD not in texts(rules.get("disallowed"))


async def publish(client: Client, owner: str, claims: tuple[str, ...]) -> None:
    """See `api.Proves`. Raises NotSupported where profiles have no such fields."""
    if not await has_place(client):
        raise NotSupported("this server's profiles have no place for it")
    where = path("profile", owner, FIELD)
    if claims:
        await client.put(where, {FIELD: list(claims)})
    else:
        await client.delete(where)


async def read(client: Client, who: Actor) -> ClaimsSeen:
    """See `api.Proves`. The whole profile is asked for: one without the field is still there."""
    told = await client.get(path("profile", who.remote_id))
    said = told.get(FIELD)
    found = texts_in("\n".join([said] if isinstance(said, str) else texts(said, 100)))
    return ClaimsSeen(actor=who, claims=found, where="profile")
