"""What accounts claim, in the fields of their profiles: `swarm` and the text.

The server keeps fields for everybody to read, and hands them on to others. What a claim is about is the id of
the account that all servers know, a URL; `id` is this server's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...api import Gone, Refused
from ...claims import texts_in
from ...text import from_html, to_plain
from .model import Account, convert
from .session import Session

FIELD = "swarm"
"""The name of the field; a second one has a number behind."""
_PATH = "/api/v1/accounts/update_credentials"


async def publish(session: Session, claims: Sequence[str]) -> None:
    """Let these stand in the owner's profile, beside the rest. Raises Refused where it has no room."""
    fields = await _fields(session)
    standing = [text for _, value in fields for text in texts_in(value)]
    if sorted(standing) == sorted(claims):
        return
    wanted = [(name, value) for name, value in fields if not texts_in(value) and name != FIELD]
    wanted += [(FIELD if not n else f"{FIELD} {n + 1}", text) for n, text in enumerate(claims)]
    if not wanted:  # without a name snac2 leaves all as it was, and without a text Mastodon has no field
        wanted = [(FIELD, "")] if session.server.snac else [("", "")]
    form: dict[str, str] = {}
    for number, (name, value) in enumerate(wanted):
        form |= {
            f"fields_attributes[{number}][name]": name,
            f"fields_attributes[{number}][value]": value,
        }
    try:
        await session.client.act("PATCH", _PATH, form=form, repeatable=True)
    except Gone:
        raise
    except Refused:
        raise Refused("the server takes no more fields in the profile; one has to be free") from None
    if sorted(text for _, value in await _fields(session) for text in texts_in(value)) != sorted(claims):
        raise Refused("the server did not keep what the profile is to say")


async def _fields(session: Session) -> list[tuple[str, str]]:
    """The owner's fields, as they were written."""
    told: Any = await session.client.get("/api/v1/accounts/verify_credentials")
    try:
        me = convert(told, Account)
    except msgspec.ValidationError:
        raise Refused("the server does not say what the profile has") from None
    fields = me.source.fields or [
        msgspec.structs.replace(field, value=to_plain(from_html(field.value))) for field in me.fields or ()
    ]
    return [(field.name, field.value) for field in fields]
