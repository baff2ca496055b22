"""The fuzzer's targets of our own protocol that lie deep: what is inside seals and under signatures.

Each signs and seals what it is given as somebody would who has the keys and means harm, so that changes come
past the cryptography. Machines may refuse by their own errors and raise nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from fuzzing import Target, mutate_bytes, mutate_cbor
from own_fuzz import DECODING, value_of, vectors
from own_vectors import leaf

from swarm_protocol import cbor, labels, sync
from swarm_protocol import content as con
from swarm_protocol import envelope as env
from swarm_protocol import identity as idn
from swarm_protocol import meeting as mt
from swarm_protocol.cbor import Value
from swarm_protocol.content.chain import sign_place
from swarm_protocol.errors import LimitError, RemoteProtocolError
from swarm_protocol.identity.link import sign_link
from swarm_protocol.meeting import rules as meeting_rules
from swarm_protocol.meeting import sealing
from swarm_protocol.meeting.text import LinkKind, format_link
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.testing import SeededEntropy
from vectors import contents, envelopes, forge
from vectors import meeting as mt_forge


def taken(do: Callable[[], object]) -> bool:
    """Whether something is done; an error of the other side's making says no."""
    try:
        do()
    except RemoteProtocolError:
        return False
    return True


# Identity


def links(data: bytes) -> bool:
    """An array of `[type, body]`: a chain behind ada's genesis, each link in its place and well signed.

    It is verified, and merged with the chain that we have, whatever that makes of the two.
    """
    made, generation = [forge.PERSONA.links[0]], 0
    for item in value_of(data, list):
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[1], dict):
            return False
        kind, body = item
        generation += kind == forge.ROTATE
        root = forge.KIT.root(generation)
        fields = {1: len(made), 2: made[-1].hash, 3: kind, 4: body, 5: root.public}
        added = None
        if kind == forge.NODE_ADD:
            added = labels.ADDED_SIGNATURE.sign(
                _node_key(body), forge.PERSONA.persona_id + cbor.encode(fields)
            )
        signed = sign_link(fields, forge.PERSONA.persona_id, root, added)
        try:
            made.append(idn.decode_links(cbor.encode([signed]))[0])
        except RemoteProtocolError:
            return False
    try:
        chain = idn.Sigchain.verify(made)
    except RemoteProtocolError:
        return False
    assert idn.Sigchain.decode(chain.encode()) == chain
    for one, other in ((our_chain(), chain), (chain, our_chain())):
        merged = idn.merge(one, other)
        idn.alerts(one, merged)
        for fork in merged.chain.forks:
            assert idn.Evidence.decode(fork.encode()) == fork
    return True


def _node_key(body: Mapping[int, Any]) -> SignatureKeyPair:
    known = (keys.leaf_sig for keys in (forge.HOME, forge.AWAY, forge.THIRD))
    return next((key for key in known if key.public == body.get(1)), forge.HOME.leaf_sig)


@cache
def our_chain() -> idn.Sigchain:
    """Ada's chain as we have it."""
    chain = forge.with_claims(forge.with_node(forge.PERSONA, forge.HOME), 2)
    return forge.with_node(idn.rotate(chain, forge.KIT), forge.AWAY)


def _links() -> list[bytes]:
    retired = idn.retire(our_chain(), forge.KIT.root(1))
    revoked = idn.revoke_node(our_chain(), forge.KIT.root(1), forge.HOME.leaf_sig.public)
    dropped = idn.drop_claim(forge.with_claims(forge.PERSONA, 1), forge.KIT.root(0), forge.claim(0))
    chains = (our_chain(), retired, revoked, dropped, forge.with_node(forge.PERSONA, forge.HOME))
    return [
        cbor.encode([[int(link.body.type), dict(link.body.fields())] for link in chain.links[1:]])
        for chain in chains
    ]


def identity_of_a_leaf(data: bytes) -> bool:
    """What a leaf of MLS says of whom it is."""
    chain = our_chain()
    known = {chain.persona_id: chain}
    return taken(lambda: idn.check_leaf(known.get, leaf(forge.HOME.leaf_sig.public, data)))


# Envelopes and content


def sealed_frame(data: bytes) -> bool:
    """What is inside an envelope, under its key: a frame and its padding."""
    room = env.Bucket.MEDIUM.room + 1
    sealed = envelopes.seal(data[:room].ljust(room, b"\0"))
    return taken(lambda: env.open_envelope(envelopes.KEY, sealed))


def signed_message(data: bytes) -> bool:
    """A message of ada's: its signature is put right, then it is admitted, chained and allowed or not."""
    try:
        message = con.Message.decode(data)
        if (place := message.place) is not None:
            key = contents.KEYS.get(message.author, forge.HOME.leaf_sig)
            at = (contents.CONVERSATION, place.author, place.seq, place.prev, place.id)
            message = replace(message, signature=sign_place(key, *at))
        admitted = con.admit(message, contents.CONVERSATION, sender=message.author, highest=7)
        if admitted.link is not None:
            author, target = admitted.link.author, con.Message.decode(contents.SAID)
            received = con.AuthorChain.empty(contents.CONVERSATION, author).receive(admitted.link)
            sync.Have.decode(sync.Have.of([received.chain], asks=True).encode())
            con.check_change(message, target, may_react=[author.persona_id])
    except RemoteProtocolError:
        return False
    return True


def lacking(data: bytes) -> bool:
    """Two haves: what to ask for, and what is asked then if nothing comes, or all of it."""
    haves = value_of(data, list)
    try:
        mine, theirs = (sync.Have.decode(have) for have in haves if isinstance(have, bytes))
    except (RemoteProtocolError, ValueError):
        return False
    fetch, request = sync.Fetch.start(mine, theirs)
    if request is not None:
        assert sync.Request.decode(request.encode()) == request
        assert len(sync.Answer.to(request).todo) <= 256
    assert fetch.after(mine)[1] is None
    fetch.after(theirs)
    return True


# Meeting


def linked(data: bytes) -> bool:
    """An array of a kind and fields: a link whose checksum is right."""
    given = value_of(data, list)
    if len(given) != 2 or not isinstance(given[0], int) or not isinstance(given[1], dict):
        return False
    kind = (LinkKind.INVITE, LinkKind.ADDRESS, LinkKind.RELAY)[given[0] % 3]
    try:
        text = format_link(kind, given[1])
    except LimitError:
        return False
    return taken(lambda: (mt.RelayLink if kind is LinkKind.RELAY else mt.InviteLink).parse(text))


def bundle(data: bytes) -> bool:
    """A bundle, sealed as who made the link would."""
    key = labels.INVITE_BUNDLE.derive(labels.INVITE_BUNDLE.extract(mt_forge.SECRET.key))
    room = meeting_rules.BUNDLE_SIZE - sealing.OVERHEAD
    sealed = sealing.seal(key, (data[: room - 1] + b"\x80").ljust(room, b"\0"), SeededEntropy("bundle"))
    made = mt.InviteLink(
        LinkKind.INVITE, mt_forge.SECRET, (mt_forge.HOST,), mt.bundle_hash(sealed), mt_forge.NOW
    )
    return taken(lambda: mt.Invitation.open(made, sealed))


def request(data: bytes) -> bool:
    """What a request says, signed by the node that asks, and sealed."""
    forged = mt_forge.forge_request(changes=value_of(data, dict))
    own, hpke, now = mt_forge.ADA.persona_id, mt_forge.KEYS, mt_forge.NOW
    return taken(lambda: mt.open_request(mt_forge.INVITE, hpke, forged.sealed, own=own, now=now))


@cache
def meeting_keys() -> mt.MeetingKeys:
    """What both have after a request."""
    return mt_forge.forge_request().keys


def answer(data: bytes) -> bool:
    """What an answer says, signed by ada's node and sealed for who asked; then the Welcome in it."""
    keys, fields = meeting_keys(), {**value_of(data, dict)}
    fields[6] = labels.ANSWER_SIGNATURE.sign(forge.HOME.leaf_sig, keys.transcript + cbor.encode(fields))
    sealed = sealing.seal(keys.answer, cbor.encode(fields), SeededEntropy("answer"))

    def join() -> None:
        opened = mt.open_answer(keys, sealed, own=mt_forge.JOINER)
        mt.join(mt_forge.OWN, keys, opened, chain=mt_forge.JOINER)

    return taken(join)


def _answers() -> list[bytes]:
    """An answer with a Welcome that holds, one with another, and one whose chain is longer."""
    keys = meeting_keys()
    asked = mt.open_request(
        mt_forge.INVITE,
        mt_forge.KEYS,
        mt_forge.forge_request().sealed,
        own=mt_forge.ADA.persona_id,
        now=mt_forge.NOW,
    )
    own = mt_forge.key_package(mt_forge.ADA, forge.HOME, seed="ada")
    queues = (mt_forge.queue(5),)
    accepted = mt.accept(asked, own, mt_forge.ADA, queues, entropy=SeededEntropy("accept"), now=mt_forge.NOW)
    opened = sealing.unseal(keys.answer, accepted.sealed)
    fields = {key: value for key, value in value_of(opened, dict).items() if key != 6}
    return [
        cbor.encode({**fields, **change}) for change in ({}, {4: b"a Welcome"}, {2: our_chain().encode()})
    ]


def code_offer(data: bytes) -> bool:
    """What lies in the slot of a spoken code."""
    code = mt.Code(42, "crater-robot")
    return taken(lambda: mt.take_code(code, mt_forge.HOST, data, SeededEntropy("ben listens")))


@cache
def our_offer() -> mt.CodeOffer:
    """An offer of ada's."""
    code, entropy = mt.Code(42, "crater-robot"), SeededEntropy("ada speaks")
    return mt.offer_code(code, mt_forge.HOST, mt_forge.queue(6), expires_at=mt_forge.NOW, entropy=entropy)


def code_reply(data: bytes) -> bool:
    """What comes in answer to a spoken code."""
    return taken(lambda: mt.hear_code(our_offer(), data))


def _requests() -> list[bytes]:
    draft = mt.draft_request(
        mt_forge.INVITE, mt_forge.OWN, mt_forge.JOINER, (mt_forge.queue(3),), note="It is me."
    )
    return [draft.content]


def _linked() -> list[bytes]:
    fetch: list[Value] = [mt_forge.HOST.address, mt_forge.HOST.pin]
    fields: dict[int, Value] = {1: bytes(16), 2: bytes(32), 3: fetch, 4: bytes(16)}
    lent: dict[int, Value] = {1: mt_forge.HOST.address, 2: mt_forge.HOST.pin, 3: bytes(32)}
    bodies: tuple[dict[int, Value], ...] = ({**fields, 5: mt_forge.NOW}, {**fields, 3: fetch * 2}, lent)
    return [cbor.encode([kind, body]) for kind, body in enumerate(bodies)]


DEEP: dict[str, Target] = {
    "identity-links": Target(links, _links, mutate_cbor, slow=True),
    "identity-leaf": Target(
        identity_of_a_leaf, partial(vectors, "identity/credential", lambda v: [v[2]]), mutate_cbor
    ),
    "envelope-sealed": Target(
        sealed_frame, lambda: [frame + b"\x80" for frame in vectors("envelope/frame")], mutate_bytes
    ),
    "content-signed": Target(
        signed_message, partial(vectors, "content/message", lambda v: v[1:2]), mutate_cbor
    ),
    "sync-lacking": Target(
        lacking, partial(vectors, "sync/lacking", lambda v: [cbor.encode(v[:2])]), mutate_cbor
    ),
    "meeting-linked": Target(linked, _linked, mutate_cbor),
    "meeting-sealed-bundle": Target(bundle, DECODING["meeting-bundle"].seeds, mutate_cbor),
    "meeting-request": Target(request, _requests, mutate_cbor, slow=True),
    "meeting-answer": Target(answer, _answers, mutate_cbor, slow=True),
    "meeting-code-offer": Target(code_offer, lambda: [our_offer().message], mutate_cbor, slow=True),
    "meeting-code-reply": Target(
        code_reply, partial(vectors, "meeting/code", lambda v: [v[5]]), mutate_cbor, slow=True
    ),
}
