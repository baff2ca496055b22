"""OMEMO on the wire (XEP-0384 0.3, which clients speak): lists of devices, bundles of keys, messages.

The library's own module for this checks by XML Schema, which would be some 20 MiB for three elements. What
does not fit raises ValueError.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

import x3dh
import xeddsa
from oldmemo.oldmemo import (
    NAMESPACE,
    BundleImpl,
    ContentImpl,
    EncryptedKeyMaterialImpl,
    KeyExchangeImpl,
    StateImpl,
)
from omemo import EncryptedKeyMaterial, KeyExchange, Message

from .stanzas import CLIENT, HINTS, element

NS = f"{{{NAMESPACE}}}"
ENCRYPTION = "urn:xmpp:eme:0"  # XEP-0380
MOST_DEVICES = 50
"""Of one person; others are not written to."""
MOST_KEYS = 1_000
"""In one message, or one bundle."""
INSTEAD = "This message is encrypted with OMEMO, which your client does not support."


def bundle_node(device: int) -> str:
    """Where a device has its keys."""
    return f"{NAMESPACE}.bundles:{device}"


def devices(ids: Iterable[int]) -> Element:
    """A list of devices."""
    made = Element(f"{NS}list")
    for id_ in ids:
        SubElement(made, f"{NS}device", {"id": str(id_)})
    return made


def devices_in(told: Element) -> list[int]:
    """The devices of a list; what is none is left out."""
    found = [_number(device.get("id")) for device in told.iter(f"{NS}device")]
    return list(dict.fromkeys(id_ for id_ in found if id_))[:MOST_DEVICES]


def bundle(keys: BundleImpl) -> Element:
    """The keys of a device. The sign of the identity key travels in the signature's last bit."""
    made, inside = Element(f"{NS}bundle"), keys.bundle
    signature = bytearray(inside.signed_pre_key_sig)
    signature[63] |= inside.identity_key[31] & 0x80
    named = {"signedPreKeyId": str(keys.signed_pre_key_id)}
    public = xeddsa.ed25519_pub_to_curve25519_pub(inside.identity_key)
    SubElement(made, f"{NS}signedPreKeyPublic", named).text = _key(inside.signed_pre_key)
    SubElement(made, f"{NS}signedPreKeySignature").text = _base64(bytes(signature))
    SubElement(made, f"{NS}identityKey").text = _key(public)
    around = SubElement(made, f"{NS}prekeys")
    for pre_key in inside.pre_keys:
        one = SubElement(around, f"{NS}preKeyPublic", {"preKeyId": str(keys.pre_key_ids[pre_key])})
        one.text = _key(pre_key)
    return made


def bundle_in(told: Element, jid: str, device: int) -> BundleImpl:
    """The keys of a device of somebody. Raises ValueError where one is missing."""
    signature = bytearray(_bytes(told.find(f"{NS}signedPreKeySignature"), 64))
    sign, signature[63] = bool(signature[63] & 0x80), signature[63] & 0x7F
    signed = told.find(f"{NS}signedPreKeyPublic")
    public = _public(told.find(f"{NS}identityKey"))
    pre_keys = {_public(one): _number(one.get("preKeyId")) for one in _some(told, "preKeyPublic")}
    if signed is None or not pre_keys:
        raise ValueError("a part of the bundle is missing")
    identity = xeddsa.curve25519_pub_to_ed25519_pub(public, sign)
    keys = x3dh.Bundle(identity, _public(signed), bytes(signature), frozenset(pre_keys))
    return BundleImpl(jid, device, keys, _number(signed.get("signedPreKeyId")), pre_keys)


def encrypted(made: Message) -> Element:
    """A message as it travels."""
    assert isinstance(made.content, ContentImpl)
    around = Element(f"{NS}encrypted")
    header = SubElement(around, f"{NS}header", {"sid": str(made.device_id)})
    for material, exchange in made.keys:
        assert isinstance(material, EncryptedKeyMaterialImpl)
        key, data = SubElement(header, f"{NS}key", {"rid": str(material.device_id)}), material.serialize()
        if exchange is not None:
            assert isinstance(exchange, KeyExchangeImpl)
            key.set("prekey", "true")
            data, _ = exchange.serialize(data)
        key.text = _base64(data)
    SubElement(header, f"{NS}iv").text = _base64(made.content.initialization_vector)
    if not made.content.empty:
        SubElement(around, f"{NS}payload").text = _base64(made.content.ciphertext)
    return around


def carrying(made: Message) -> list[Element]:
    """What is in a stanza with an encrypted text: for clients that cannot read it a text that says so."""
    name = Element(f"{{{ENCRYPTION}}}encryption", {"namespace": NAMESPACE, "name": "OMEMO"})
    return [encrypted(made), name, element(CLIENT, "body", INSTEAD), element(HINTS, "store")]


def bringing_keys(made: Message) -> list[Element]:
    """The same for what says nothing: it is for programs alone."""
    return [encrypted(made), element(HINTS, "store")]


def sender_device(told: Element) -> int:
    """Which device has sent a message, or 0."""
    header = told.find(f"{NS}header")
    return 0 if header is None else _number(header.get("sid"))


def is_for(told: Element, device: int) -> bool:
    """Whether there is a key for a device."""
    return any(_number(key.get("rid")) == device for key in told.iter(f"{NS}key"))


def message_in(told: Element, sender: str, me: str, *, sign: bool) -> Message:
    """A message from somebody. `sign` is that of the sending device's identity key, which is not in it.

    Keys are for devices of whoever reads: those of others cannot be told apart from them here.
    """
    keys: set[tuple[EncryptedKeyMaterial, KeyExchange | None]] = set()
    for key in _some(told, "key"):
        exchange, data = None, _bytes(key)
        if key.get("prekey") in {"true", "1"}:
            exchange, data = KeyExchangeImpl.parse(data, sign)
        keys.add((EncryptedKeyMaterialImpl.parse(data, me, _number(key.get("rid"))), exchange))
    payload, vector = told.find(f"{NS}payload"), told.find(f"{NS}header/{NS}iv")
    empty = payload is None or vector is None
    content = ContentImpl.make_empty() if empty else ContentImpl(_bytes(payload), _bytes(vector))
    return Message(NAMESPACE, sender, sender_device(told), content, frozenset(keys))


def _some(told: Element, name: str) -> Iterator[Element]:
    for n, one in enumerate(told.iter(f"{NS}{name}")):
        if n >= MOST_KEYS:
            raise ValueError("there are too many keys")
        yield one


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _key(public: bytes) -> str:
    return _base64(StateImpl.serialize_public_key(public))


def _public(told: Element | None) -> bytes:
    return StateImpl.parse_public_key(_bytes(told, 33))


def _bytes(told: Element | None, size: int | None = None) -> bytes:
    data = base64.b64decode("".join((told.text or "").split()) if told is not None else "", validate=True)
    if not data or (size is not None and len(data) != size):
        raise ValueError("a part is missing, or of another size")
    return data


def _number(text: str | None) -> int:
    """An id, or 0."""
    return int(text) if text and text.isascii() and text.isdecimal() and int(text[:11]) < 1 << 32 else 0
