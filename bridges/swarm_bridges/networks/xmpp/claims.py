"""What an account says about which persona it belongs to: an item that it publishes (XEP-0163).

    <claims xmlns="urn:swarmnode:claims:1"><claim>swarm:1:...</claim></claims>

Everybody may read it, from other servers too. An account that claims nothing any more has no item there.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from ...api import Actor, ClaimsSeen, Gone, Interrupted, NotSupported, Refused, Temporary
from ...claims import MAX_CLAIMS, texts_in
from .errors import NoSuchThing
from .login import ADDRESS
from .stanzas import CLAIMS, PUBSUB, PUBSUB_EVENT, PUBSUB_OWNER, element, form, items, publish, retract_item
from .stream import Stream

ITEM = "current"
HIDDEN = frozenset({"forbidden", "not-allowed", "not-authorized"})
OPTIONS = {
    "pubsub#access_model": "open",
    "pubsub#persist_items": "true",
}
"""ejabberd refuses to be told how many items there are at most; one is what all have without being told."""


async def say(stream: Stream, claims: tuple[str, ...]) -> None:
    """Claim exactly these. What is withdrawn is emptied first: of items that go, some servers tell nobody.

    Raises:
        NotSupported: the server has no such place.
        BridgeError: as `Stream.ask`.
    """
    try:
        if claims or await _item(stream, "") is not None:
            await _publish(stream, _written(claims))
        if not claims:
            await stream.ask(retract_item(CLAIMS, ITEM), kind="set")
    except NoSuchThing:
        if claims:
            raise
    except Gone as e:
        raise NotSupported(f"this server publishes nothing ({e})") from None


async def _item(stream: Stream, whose: str) -> Element | None:
    answer = await stream.ask(items(CLAIMS), to=whose)
    return answer.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items/{{{PUBSUB}}}item")


async def _publish(stream: Stream, payload: Element) -> None:
    try:
        await stream.ask(publish(CLAIMS, ITEM, payload, OPTIONS), kind="set")
    except Refused:  # it is there with other options: somebody else's program has made it
        await stream.ask(_open(), kind="set")
        await stream.ask(publish(CLAIMS, ITEM, payload, {}), kind="set")


def _open() -> Element:
    made = element(PUBSUB_OWNER, "pubsub")
    place = SubElement(made, f"{{{PUBSUB_OWNER}}}configure", {"node": CLAIMS})
    place.append(form({"FORM_TYPE": "http://jabber.org/protocol/pubsub#node_config", **OPTIONS}))
    return made


def _written(claims: tuple[str, ...]) -> Element:
    made = element(CLAIMS, "claims")
    made.extend(element(CLAIMS, "claim", claim) for claim in claims)
    return made


async def read(stream: Stream, who: Actor) -> ClaimsSeen:
    """What somebody claims now.

    Servers do not tell an account that is not there from one that has never published anything: it claims
    nothing. What it shows to friends alone it does not claim either.

    Raises:
        Gone: there is no such server, or it says that there is no such account.
        Refused: our own server does not ask there.
        NotSupported: this is somebody of whom a room's name alone is known.
        Temporary: the server does not answer.
    """
    if not ADDRESS.fullmatch(who.remote_id) or "#" in who.remote_id.partition("@")[2]:
        raise NotSupported("nobody's address is known here but a room's")
    try:
        return _seen(who, await _item(stream, "" if who.is_owner else who.remote_id))
    except Interrupted:
        raise Temporary("no answer came") from None
    except NoSuchThing:
        return _seen(who, None)
    except Refused as e:
        if str(e) in HIDDEN:
            return _seen(who, None)
        raise


def noticed(who: Actor, told: Element) -> ClaimsSeen:
    """What a notice says (XEP-0060, 7.1.2.1): the item as it is now, or that it was taken away."""
    return _seen(who, told.find(f"{{{PUBSUB_EVENT}}}item"))


def _seen(who: Actor, item: Element | None) -> ClaimsSeen:
    claims = item.findall(f"{{{CLAIMS}}}claims/{{{CLAIMS}}}claim") if item is not None else []
    texts = " ".join(claim.text or "" for claim in claims[:MAX_CLAIMS])
    return ClaimsSeen(actor=who, claims=texts_in(texts), where="item")
