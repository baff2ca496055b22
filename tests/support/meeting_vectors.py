"""What is done with the vectors of meeting."""

from __future__ import annotations

from collections.abc import Callable

from mailbox_vectors import octets, values

from swarm_protocol import cbor, mls
from swarm_protocol import identity as idn
from swarm_protocol import meeting as mt
from swarm_protocol.cbor import Value
from swarm_protocol.meeting.group import join_group
from swarm_protocol.meeting.text import parse_link


def text_of(value: Value) -> str:
    assert isinstance(value, str)
    return value


def number_of(value: Value) -> int:
    assert isinstance(value, int)
    return value


def run_link(data: bytes) -> str:
    text = data.decode()
    kind, r = parse_link(text, mt.LinkKind.INVITE, mt.LinkKind.ADDRESS, mt.LinkKind.RELAY)
    link = (mt.RelayLink if kind is mt.LinkKind.RELAY else mt.InviteLink).parse(text)
    if 9 not in r:
        assert link.format() == "".join(text.split())
    return "ok"


def run_bundle(data: bytes) -> str:
    link, sealed = values(cbor.decode(data))
    invitation = mt.Invitation.open(mt.InviteLink.parse(text_of(link)), octets(sealed))
    assert mt.Bundle.decode(invitation.bundle.encode()) == invitation.bundle
    return "ok"


def run_request(data: bytes) -> str:
    link, bundle, secret, own, now, sealed, shared = values(cbor.decode(data))
    invitation = mt.Invitation.open(mt.InviteLink.parse(text_of(link)), octets(bundle))
    keys = mt.HPKE.kem.from_private(octets(secret))
    persona = idn.PersonaId(octets(own))
    request = mt.open_request(invitation, keys, octets(sealed), own=persona, now=number_of(now))
    got = request.keys
    assert [got.request, got.psk_id, got.psk, got.answer] == shared
    return "ok"


def run_answer(data: bytes) -> str:
    transcript, request, key, own, sealed = map(octets, values(cbor.decode(data)))
    keys = mt.MeetingKeys(transcript, request, bytes(32), key)
    answer = mt.open_answer(keys, sealed, own=idn.Sigchain.decode(own))
    assert answer.welcome == b"a Welcome"
    return "ok"


def run_conversation(data: bytes) -> str:
    package, private, chain, own_chain, welcome, meeting, shared = values(cbor.decode(data))
    init, encryption, secret = map(octets, values(private))
    transcript, psk_id, psk, other = map(octets, values(meeting))
    suite = mls.CRYPTO.suite(0xF0A1)
    own = mls.OwnKeyPackage(
        suite,
        mls.KeyPackage.decode(octets(package)),
        suite.kem.from_private(init),
        suite.kem.from_private(encryption),
        idn.NodeKeys.from_secret(secret).leaf_sig,
    )
    chains = idn.Sigchain.decode(octets(own_chain)), idn.Sigchain.decode(octets(chain))
    started = join_group(own, chains, octets(welcome), other=other, psk_id=psk_id, psk=psk)
    material = mt.safety_material(started.state, transcript)
    assert [started.conversation.id, mt.pair_secret(started.state), material] == shared
    return "ok"


def run_rejoin(data: bytes) -> str:
    secret, own, now, sealed, shared = values(cbor.decode(data))
    keys, persona = idn.NodeKeys.from_secret(octets(secret)), idn.PersonaId(octets(own))
    got = mt.open_rejoin(keys, octets(sealed), own=persona, now=number_of(now)).request.keys
    assert [got.request, got.psk_id, got.psk, got.answer] == shared
    return "ok"


def run_successor(data: bytes) -> str:
    package, private, chain, own_chain, welcome, shared, conv_id = values(cbor.decode(data))
    init, encryption, secret = map(octets, values(private))
    transcript, request, psk, other = map(octets, values(shared))
    suite = mls.CRYPTO.suite(0xF0A1)
    own = mls.OwnKeyPackage(
        suite,
        mls.KeyPackage.decode(octets(package)),
        suite.kem.from_private(init),
        suite.kem.from_private(encryption),
        idn.NodeKeys.from_secret(secret).leaf_sig,
    )
    theirs = idn.Sigchain.decode(octets(chain))
    node = theirs.node(other)
    assert node is not None
    answer = mt.Answer(theirs, node, octets(welcome), ())
    keys = mt.MeetingKeys(transcript, request, psk, bytes(32))
    mine = idn.Sigchain.decode(octets(own_chain))
    mt.join_again(own, keys, answer, chain=mine, conv_id=octets(conv_id))
    return "ok"


def run_safety(data: bytes) -> str:
    material, words, digits = values(cbor.decode(data))
    numbered = [str(number) for number in range(2048)]
    assert [int(word) for word in mt.safety_words(octets(material), numbered)] == words
    assert list(mt.safety_digits(octets(material))) == digits
    return "ok"


def run_qr(data: bytes) -> str:
    text, other, own, transcript = values(cbor.decode(data))
    personas = idn.PersonaId(octets(own)), idn.PersonaId(octets(other))
    return mt.check_qr(text_of(text), *personas, octets(transcript)).value


def run_code_text(data: bytes) -> str:
    text, words, shown = values(cbor.decode(data))
    assert str(mt.Code.parse(text_of(text), [text_of(word) for word in values(words)])) == shown
    return "ok"


def run_code(data: bytes) -> str:
    number, address, pin, message, secret, reply, shared = values(cbor.decode(data))
    at = mt.RelayAddress(text_of(address), octets(pin))
    offer = mt.CodeOffer(number_of(number), at, octets(message), octets(secret))
    agreed = mt.hear_code(offer, octets(reply)).secret
    assert [agreed.inv_id, agreed.key] == shared
    return "ok"


def run_stamp(data: bytes) -> str:
    challenge, bits, number = values(cbor.decode(data))
    return "ok" if mt.is_stamp(octets(challenge), number_of(bits), number_of(number)) else "none"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "meeting/link": run_link,
    "meeting/bundle": run_bundle,
    "meeting/request": run_request,
    "meeting/answer": run_answer,
    "meeting/conversation": run_conversation,
    "meeting/rejoin": run_rejoin,
    "meeting/successor": run_successor,
    "meeting/safety": run_safety,
    "meeting/qr": run_qr,
    "meeting/code-text": run_code_text,
    "meeting/code": run_code,
    "meeting/stamp": run_stamp,
}
