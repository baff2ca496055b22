"""What somebody seals who holds the right keys and means no good: refused, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meeting_world import Meeting, chain

from swarm_protocol import labels
from swarm_protocol import meeting as mt
from swarm_protocol.cbor import Record
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.meeting import sealing
from swarm_protocol.meeting.bundle import bundle_hash
from swarm_protocol.meeting.request import frame_request
from swarm_protocol.testing import SeededEntropy

MEETING = Meeting()


@lru_cache
def asked() -> mt.Asked:
    return MEETING.ask()


@lru_cache
def request() -> bytes:
    """The content of ben's request, opened."""
    invitation = MEETING.invitation
    r = Record.decode(asked().sealed, "a request")
    context = mt.HPKE.setup_receiver(r.octets(2), MEETING.hpke, info())
    return context.open(invitation.link.secret.inv_id, r.octets(3))


@lru_cache
def answer() -> bytes:
    """The content of ada's answer, opened."""
    return sealing.unseal(asked().keys.answer, MEETING.accept(MEETING.hear(asked().sealed)).sealed)


@lru_cache
def welcome() -> mt.Answer:
    sealed = sealing.seal(asked().keys.answer, answer(), SeededEntropy("again"))
    return mt.open_answer(asked().keys, sealed, own=chain("ben"))


def info() -> bytes:
    return labels.REQUEST.prefix + MEETING.invitation.transcript


def hear(content: bytes) -> mt.Request:
    """Ada opens a request with this content."""
    enc, context = mt.HPKE.setup_sender(MEETING.hpke.public, info(), SeededEntropy("enc"))
    return MEETING.hear(frame_request(MEETING.invitation, enc, context, content))


def read(content: bytes) -> mt.Answer:
    """Ben opens an answer with this content."""
    sealed = sealing.seal(asked().keys.answer, content, SeededEntropy("nonce"))
    return mt.open_answer(asked().keys, sealed, own=chain("ben"))


def lay(content: bytes) -> mt.Invitation:
    """Ben opens a bundle with this content, whose link names it."""
    link = MEETING.invitation.link
    key = labels.INVITE_BUNDLE.derive(labels.INVITE_BUNDLE.extract(link.secret.key))
    padded = (content + b"\x80").ljust(4096 - sealing.OVERHEAD, b"\0")
    sealed = sealing.seal(key, padded, SeededEntropy("nonce"))
    return mt.Invitation.open(replace(link, bundle_hash=bundle_hash(sealed)), sealed)


def join(data: bytes) -> mt.Started:
    """Ben joins by this Welcome."""
    return mt.join(asked().own, asked().keys, replace(welcome(), welcome=data), chain=chain("ben"))


def changed(data: st.DataObject, content: bytes) -> bytes:
    """The content with a byte changed, left out or added."""
    at = data.draw(st.integers(0, len(content) - 1))
    middle = data.draw(st.sampled_from([b"", bytes([content[at] ^ data.draw(st.integers(1, 255))]), b"\0\0"]))
    return content[:at] + middle + content[at + 1 :]


def test_the_contents_are_right_before_they_are_changed() -> None:
    assert hear(request()).persona_id == chain("ben").persona_id
    assert read(answer()).chain == chain("ada")
    assert lay(MEETING.invitation.bundle.encode()).bundle == MEETING.invitation.bundle
    assert join(welcome().welcome).state.epoch == 1


@given(st.data())
def test_a_changed_content_of_a_request(data: st.DataObject) -> None:
    with pytest.raises(RemoteProtocolError):
        hear(changed(data, request()))


@given(st.data())
def test_a_changed_content_of_an_answer(data: st.DataObject) -> None:
    with pytest.raises(RemoteProtocolError):
        read(changed(data, answer()))


@given(st.data())
def test_a_changed_welcome(data: st.DataObject) -> None:
    with pytest.raises(RemoteProtocolError):
        join(changed(data, welcome().welcome))


@given(st.data())
def test_a_changed_bundle_is_read_or_refused(data: st.DataObject) -> None:
    """Its content has no signature: who has the link key made it. A key or a name may have become another."""
    content = changed(data, MEETING.invitation.bundle.encode())
    try:
        opened = lay(content)
    except RemoteProtocolError:
        return
    assert opened.bundle.encode() == content


@given(st.binary(max_size=500))
def test_any_content(content: bytes) -> None:
    for take in (hear, read, join, lay):
        with pytest.raises(RemoteProtocolError):
            take(content)
