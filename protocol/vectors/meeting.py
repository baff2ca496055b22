"""Vectors of meeting and rejoining (spec 40, 41).

X-Wing draws randomness inside the library, so what is sealed to a key here is sealed by who holds that key:
`Repeatable` takes any bytes for an encapsulation and asks the private key for their secret.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nacl.bindings import crypto_scalarmult_base

from swarm_protocol import cbor, labels, mls
from swarm_protocol import identity as idn
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as mt
from swarm_protocol.cbor import Value
from swarm_protocol.entropy import Entropy
from swarm_protocol.meeting import group, rejoin, rules, sealing
from swarm_protocol.meeting.text import format_link
from swarm_protocol.mls.hpke import Hpke, XWing
from swarm_protocol.rules import Rule
from swarm_protocol.testing import SeededEntropy

from .forge import AWAY, BEN, FOURTH, HOME, KIT, LABEL, PERSONA, Made, vector, with_node
from .mailbox import HPKE as RELAY_HPKE
from .mailbox import RELAY

NOW = 1_800_000_000
LIFETIME = (NOW - 86_400, NOW + 7 * 86_400)
HOST = mt.RelayAddress("relay.example.org:443", b"p" * 32)
ONION = mt.RelayAddress("b" * 56 + ".onion:8471", b"o" * 32)
SECRET = mt.LinkSecret(b"i" * 16, b"k" * 32)
HPKE_SECRET = SeededEntropy("meeting hpke")(32)
KEYS = mt.HPKE.kem.from_private(HPKE_SECRET)
ADA = with_node(PERSONA, HOME)
JOINER = idn.add_node(idn.create_persona(BEN), BEN.root(0), AWAY, label_hash=LABEL, priority=1)
SUITE = mls.CRYPTO.suite(rules.SUITE)


def queue(number: int, at: mt.RelayAddress = HOST) -> mbx.QueueRecord:
    """The record of some queue."""
    sid = mbx.SenderId(bytes([number]) * 24)
    return mbx.QueueRecord(at.address, at.pin, RELAY.public, RELAY_HPKE.public, sid, bytes([number]) * 32)


BUNDLE = mt.Bundle(KEYS.public, (queue(1),))
LENT = mt.Lent(HOST, tuple(bytes([n]) * 32 for n in range(4)))


def invitation(
    kind: mt.LinkKind = mt.LinkKind.INVITE,
    bundle: mt.Bundle = BUNDLE,
    fetch: Sequence[mt.RelayAddress] = (HOST,),
) -> mt.Invitation:
    """An invite of ada's."""
    ends = NOW + 7 * 86_400 if kind is mt.LinkKind.INVITE else None
    entropy = SeededEntropy("bundle")
    return mt.Invitation.make(kind, SECRET, bundle, fetch=fetch, expires_at=ends, entropy=entropy)


INVITE = invitation()
ADDRESS = invitation(mt.LinkKind.ADDRESS, mt.Bundle(KEYS.public, (queue(1),), stamp_bits=2))


@dataclass(frozen=True)
class Repeatable(XWing):
    """X-Wing whose encapsulations are seeded: it has the private keys of those who are sealed to."""

    pairs: Mapping[bytes, bytes] = field(default_factory=dict)

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Any bytes are an encapsulation of ML-KEM; who has the key says of what."""
        enc = entropy(1088) + crypto_scalarmult_base(entropy(32))
        return self.decap(enc, self.pairs[public], public), enc


def links(made: Made) -> None:
    """Links (spec 40 §1): the bytes are the text."""

    def add(name: str, text: str, comment: str, expect: str = "ok", rule: Rule | None = None) -> None:
        vector(made, f"meeting/link/{name}", text.encode(), expect, comment, rule)

    text, fields = INVITE.link.format(), _fields(INVITE.link)
    add("invite", text, "one relay")
    add("invite-onion", invitation(fetch=(ONION, ONION)).link.format(), "two onion relays")
    add("address", ADDRESS.link.format(), "an address")
    add("relay", mt.RelayLink(HOST, b"t" * 32).format(), "a relay's tickets")
    add("wrapped", f"  {text[:70]}\r\n\t{text[70:150]} {text[150:]}\n", "as a mail may break it")
    add("later", format_link(mt.LinkKind.INVITE, {**fields, 9: b"new"}), "a field that a later version adds")

    def bad(rule: Rule, text: str, comment: str, case: str = "", expect: str = "decode") -> None:
        add(f"{rule.id}{case and '.' + case}", text, comment, expect, rule)

    bad(rules.TEXT_FORM, "https://example.org/", "another link")
    bad(rules.TEXT_FORM, "", "nothing", "empty")
    bad(rules.TEXT_FORM, text.replace("#", "?"), "not in a fragment", "fragment")
    bad(rules.TEXT_FORM, text + "=", "padded", "padding")
    bad(rules.TEXT_FORM, text + "A" * rules.MAX_TEXT, "too long", "long")
    bad(rules.TEXT_FORM, _other_end(), "bits behind the last byte", "end")
    bad(rules.TEXT_VERSION, text.replace("1i", "2i"), "version 2", "", "unsupported")
    bad(rules.TEXT_VERSION, text.replace("1i", "1x"), "an unknown kind", "kind", "unsupported")
    personas = idn.PersonaId(b"1" * 32), idn.PersonaId(b"2" * 32)
    safety = mt.safety_qr(*personas, INVITE.transcript)
    bad(rules.TEXT_KIND, safety, "a safety code", "", "unexpected")
    for count in (1, 3, 40, len(text) - 10):
        bad(rules.TEXT_COMPLETE, text[:-count], f"{count} characters short", f"{count}")
    bad(rules.TEXT_CHECK, text[:80] + ("A" if text[80] != "A" else "B") + text[81:], "a typo")
    bad(rules.TEXT_CHECK, text.replace("1i", "1a"), "an invite that claims to be an address", "kind")
    for case, fetch in (("none", list[Value]()), ("odd", [HOST.address])):
        bad(rules.INVITE_FETCH, format_link(mt.LinkKind.INVITE, {**fields, 3: fetch}), "relays", case)
    forever = {key: value for key, value in fields.items() if key != 5}
    bad(rules.INVITE_EXPIRY, format_link(mt.LinkKind.INVITE, forever), "an invite without an end")
    ends = format_link(mt.LinkKind.ADDRESS, fields)
    bad(rules.INVITE_EXPIRY, ends, "an address with one", "address")


def _fields(link: mt.InviteLink) -> dict[int, Value]:
    fetch: list[Value] = [value for at in link.fetch for value in (at.address, at.pin)]
    ends: dict[int, Value] = {} if link.expires_at is None else {5: link.expires_at}
    return {1: link.secret.inv_id, 2: link.secret.key, 3: fetch, 4: link.bundle_hash, **ends}


def _other_end() -> str:
    """A link whose last character has bits that mean nothing."""
    for port in range(443, 446):
        text = mt.RelayLink(mt.RelayAddress(f"{'a' * (port - 440)}:443", b"p" * 32), bytes(32)).format()
        head, _, data = text.partition("#")
        other = data[:-1] + chr(ord(data[-1]) + 1)
        padding = "=" * (-len(data) % 4)
        if base64.urlsafe_b64decode(other + padding) == base64.urlsafe_b64decode(data + padding):
            return f"{head}#{other}"
    raise AssertionError("one of three lengths leaves bits over")


def bundles(made: Made) -> None:
    """Bundles (spec 40 §2): the array of a link and what a relay gave for it."""

    def add(
        name: str, link: mt.InviteLink, sealed: bytes, expect: str, comment: str, rule: Rule | None = None
    ) -> None:
        vector(made, f"meeting/bundle/{name}", cbor.encode([link.format(), sealed]), expect, comment, rule)

    def forged(content: bytes, size: int = rules.BUNDLE_SIZE) -> tuple[mt.InviteLink, bytes]:
        """A bundle that is well sealed, whatever is in it."""
        key = labels.INVITE_BUNDLE.derive(labels.INVITE_BUNDLE.extract(SECRET.key))
        padded = content.ljust(size - sealing.OVERHEAD, b"\0")
        sealed = sealing.seal(key, padded, SeededEntropy("forged"))
        link = mt.InviteLink(mt.LinkKind.INVITE, SECRET, (HOST,), mt.bundle_hash(sealed), NOW)
        return link, sealed

    full = mt.Bundle(KEYS.public, (queue(1), queue(2, ONION)), LENT, "Ada", rules.MAX_STAMP_BITS)
    for name, invite in (("least", INVITE), ("most", invitation(bundle=full))):
        add(name, invite.link, invite.sealed, "ok", f"the {name} that a bundle has")
    fields = dict(cbor.Record.decode(full.encode(), "a bundle").fields)
    lent = dict(cbor.Record.of(fields[3], "lent").fields)

    def bad(rule: Rule, changes: Mapping[int, Value], comment: str, case: str = "", to: str = "rule") -> None:
        link, sealed = forged(cbor.encode({**fields, **changes}) + b"\x80")
        add(f"{rule.id}{case and '.' + case}", link, sealed, to, comment, rule)

    add("bundle-hash", INVITE.link, invitation(bundle=full).sealed, "rule", "another one", rules.BUNDLE_HASH)
    bad(rules.BUNDLE_KEY, {1: b"\xff" * 1216}, "no key")
    bad(rules.BUNDLE_KEY, {1: b""}, "an empty one", "empty")
    bad(rules.QUEUE_COUNT, {2: []}, "no queue", "", "decode")
    bad(rules.BUNDLE_TICKETS, {3: {**lent, 3: []}}, "a relay without tickets", "", "decode")
    bad(rules.BUNDLE_TICKETS, {3: {**lent, 3: [bytes(31)]}}, "a short ticket", "short", "decode")
    for name, content, size in (
        ("mark", BUNDLE.encode(), rules.BUNDLE_SIZE),
        ("size", BUNDLE.encode() + b"\x80", rules.BUNDLE_SIZE - 1),
    ):
        add(f"cannot-open.{name}", *forged(content, size), "cannot-open", f"wrong by its {name}")
    short = bytes(39)
    link = mt.InviteLink(mt.LinkKind.INVITE, SECRET, (HOST,), mt.bundle_hash(short), NOW)
    add("cannot-open.short", link, short, "cannot-open", "too short for a nonce and a tag")
    stolen = mt.LinkSecret(SECRET.inv_id, bytes(32))
    link = mt.InviteLink(mt.LinkKind.INVITE, stolen, (HOST,), INVITE.link.bundle_hash, NOW)
    add("cannot-open.key", link, INVITE.sealed, "cannot-open", "another link key")


def key_package(
    chain: idn.Sigchain = JOINER,
    keys: idn.NodeKeys = AWAY,
    lifetime: tuple[int, int] = LIFETIME,
    seed: str = "key package",
) -> mls.OwnKeyPackage:
    """A key package of the first node of a chain."""
    ref = idn.NodeRef(chain.persona_id, 1)
    return mt.node_key_package(ref, keys, lifetime=lifetime, entropy=SeededEntropy(seed))


OWN = key_package()


@dataclass(frozen=True)
class Forged:
    """A request that is right but for what is changed, well signed and sealed."""

    sealed: bytes
    keys: mt.MeetingKeys


def forge_request(
    invite: mt.Invitation = INVITE,
    changes: Mapping[int, Value] | None = None,
    *,
    transcript: bytes = b"",
    signer: mls.SignatureKeyPair = AWAY.leaf_sig,
    stamp: bool = True,
) -> Forged:
    """Forge a request; the stamp, where one is asked for, is searched anew."""
    draft = mt.draft_request(invite, OWN, JOINER, (queue(3),), note="It is me, Ben.")
    fields = {**cbor.Record.decode(draft.content, "a draft").fields, **(changes or {})}
    transcript = transcript or invite.transcript
    if stamp and invite.bundle.stamp_bits:
        challenge = labels.STAMP.hash(transcript + cbor.encode(fields))
        fields[5] = stamp_for(challenge, invite.bundle.stamp_bits)
    fields[6] = labels.REQUEST_SIGNATURE.sign(signer, transcript + cbor.encode(fields))
    inv_id = invite.link.secret.inv_id
    hpke = Hpke(Repeatable({KEYS.public: KEYS.private}), mt.HPKE.kdf, mt.HPKE.aead)
    info = labels.REQUEST.prefix + transcript
    enc, context = hpke.setup_sender(KEYS.public, info, SeededEntropy("enc"))
    sealed = cbor.encode({1: inv_id, 2: enc, 3: context.seal(inv_id, cbor.encode(fields))})
    return Forged(sealed, mt.MeetingKeys.export(context, transcript, sealed))


def stamp_for(challenge: bytes, bits: int) -> int:
    """The first number that is a stamp."""
    found = mt.search_stamp(challenge, bits, steps=1 << bits + 6)
    assert found is not None, "one in some 10^27 searches finds none"
    return found


def requests(made: Made) -> None:
    """Requests (spec 40 §3)."""

    def add(
        name: str,
        forged: Forged,
        comment: str,
        expect: str = "ok",
        rule: Rule | None = None,
        *,
        invite: mt.Invitation = INVITE,
        own: idn.PersonaId = ADA.persona_id,
        sealed: bytes = b"",
    ) -> None:
        keys = forged.keys
        shared: Value = [keys.request, keys.psk_id, keys.psk, keys.answer] if expect == "ok" else None
        value: list[Value] = [invite.link.format(), invite.sealed, HPKE_SECRET, own, NOW]
        data = cbor.encode([*value, sealed or forged.sealed, shared])
        vector(made, f"meeting/request/{name}", data, expect, comment, rule)

    good = forge_request()
    add("invite", good, "to a one-time invite")
    add("address", forge_request(ADDRESS), "to an address, with a stamp of two bits", invite=ADDRESS)
    add("note", forge_request(changes={4: "ä" * 200}), "200 characters")
    add("queues", forge_request(changes={3: [queue(3).fields(), queue(4).fields()]}), "two queues")
    add("later", forge_request(changes={99: 1}), "a field that a later version adds")

    def bad(rule: Rule, forged: Forged, comment: str, case: str = "", to: str = "rule") -> None:
        add(f"{rule.id}{case and '.' + case}", forged, comment, to, rule)

    other = mt.LinkSecret(b"j" * 16, SECRET.key)
    elsewhere = mt.Invitation.make(
        mt.LinkKind.INVITE, other, BUNDLE, fetch=(HOST,), expires_at=NOW, entropy=SeededEntropy("other")
    )
    bad(rules.REQUEST_INVITE, forge_request(elsewhere), "for another invite", "", "unexpected")
    bad(rules.REQUEST_NOTE, forge_request(changes={4: "x" * 201}), "201 characters to an invite")
    long = forge_request(ADDRESS, {4: "ä" * 513})
    add("request-note.address", long, "1,026 bytes", "rule", rules.REQUEST_NOTE, invite=ADDRESS)
    bad(rules.QUEUE_COUNT, forge_request(changes={3: []}), "no queue for the answer", "", "decode")
    bad(rules.REQUEST_SIGNATURE, forge_request(signer=HOME.leaf_sig), "signed by somebody else")
    own = JOINER.persona_id
    add("meeting-other", good, "oneself asks", "rule", rules.MEETING_OTHER, own=own)
    without = forge_request(ADDRESS, stamp=False)
    add("request-stamp", without, "no stamp", "rule", rules.REQUEST_STAMP, invite=ADDRESS)
    draft = forge_request(ADDRESS, {5: 0}, stamp=False)
    add("request-stamp.wrong", draft, "the first number, which is none", "rule", rules.REQUEST_STAMP,
        invite=ADDRESS)  # fmt: skip
    seen = forge_request(transcript=bytes(32))
    add("cannot-open.transcript", seen, "who asks saw another bundle", "cannot-open")
    r = dict(cbor.Record.decode(good.sealed, "a request").fields)
    ciphertext = r[3]
    assert isinstance(ciphertext, bytes)
    r[3] = ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
    add("cannot-open.tag", good, "the last bit of the tag is changed", "cannot-open", sealed=cbor.encode(r))


def answers(made: Made) -> None:
    """Answers (spec 40 §4)."""
    keys = forge_request().keys
    fields: dict[int, Value] = {
        1: keys.request,
        2: ADA.encode(),
        3: 1,
        4: b"a Welcome",
        5: [queue(5).fields()],
    }

    def add(
        name: str,
        changes: Mapping[int, Value],
        comment: str,
        expect: str = "ok",
        rule: Rule | None = None,
        *,
        transcript: bytes = keys.transcript,
        signer: mls.SignatureKeyPair = HOME.leaf_sig,
        key: bytes = keys.answer,
        own: idn.Sigchain = JOINER,
    ) -> None:
        content = {**fields, **changes}
        signature = labels.ANSWER_SIGNATURE.sign(signer, transcript + cbor.encode(content))
        sealed = sealing.seal(key, cbor.encode({**content, 6: signature}), SeededEntropy("answer"))
        value: list[Value] = [keys.transcript, keys.request, keys.answer, own.encode(), sealed]
        vector(made, f"meeting/answer/{name}", cbor.encode(value), expect, comment, rule)

    add("answer", {}, "an answer")
    add("later", {99: 1}, "a field that a later version adds")
    add("answer-request", {1: bytes(32)}, "to another request", "unexpected", rules.ANSWER_REQUEST)
    add("queue-count", {5: []}, "no queue", "decode", rules.QUEUE_COUNT)
    add("meeting-other", {}, "oneself answers", "rule", rules.MEETING_OTHER, own=ADA)
    add("answer-node", {3: 0}, "the genesis is no node", "rule", rules.ANSWER_NODE)
    revoked = idn.revoke_node(ADA, KIT.root(0), HOME.leaf_sig.public)
    add("answer-node.revoked", {2: revoked.encode()}, "a node that was revoked", "rule", rules.ANSWER_NODE)
    add("answer-signature", {}, "signed by another", "rule", rules.ANSWER_SIGNATURE, signer=AWAY.leaf_sig)
    add("answer-signature.transcript", {}, "for another bundle", "rule", rules.ANSWER_SIGNATURE,
        transcript=bytes(32))  # fmt: skip
    add("cannot-open.key", {}, "under another key", "cannot-open", key=bytes(32))


def conversations(made: Made) -> None:
    """Conversations (spec 40 §5): a Welcome, and who joins by it."""
    keys = forge_request().keys
    third = key_package(seed="a third", keys=idn.NodeKeys.generate(SeededEntropy("third")))
    pairs = {own.key_package.init_key: own.init.private for own in (OWN, third)}
    hpke = Hpke(Repeatable(pairs), SUITE.hpke.kdf, SUITE.hpke.aead)
    suite = mls.CipherSuite(SUITE.id, SUITE.name, hpke, SUITE.signature)
    conv_id = b"c" * 32

    def add(
        name: str,
        comment: str,
        rule: Rule | None = None,
        *,
        group_id: bytes = b"g" * 32,
        extensions: Sequence[mls.Extension] = group.group_extensions(conv_id),
        added: Sequence[mls.OwnKeyPackage] = (OWN,),
        with_psk: bool = True,
        other: bytes = HOME.leaf_sig.public,
        epochs: int = 1,
    ) -> None:
        mine = key_package(ADA, HOME, seed="ada")
        founder = mls.OwnKeyPackage(suite, mine.key_package, mine.init, mine.encryption, mine.signature)
        entropy = SeededEntropy(name)
        state = mls.create_group(founder, group_id, extensions=extensions, entropy=entropy)
        proposals: list[mls.Proposal] = [mls.Add(own.key_package) for own in added]
        if with_psk:
            wanted = mls.PreSharedKeyID.external(keys.psk_id, entropy(32))
            proposals.append(mls.PreSharedKey(wanted))
        policy = mls.Policy.allow_all(lambda _: keys.psk)
        welcome = b""
        for epoch in range(epochs):
            last = epoch == epochs - 1
            state, pending = mls.commit(
                state,
                proposals if last else [],
                path=not last,
                policy=policy,
                entropy=entropy,
                now=NOW,
            )
            state, welcome = mls.merge(state, pending.staged, now=NOW), pending.welcome or b""
        shared: Value = None
        if rule is None:
            material = mt.safety_material(state, keys.transcript)
            shared = [conv_id, mt.pair_secret(state), material]
        private: list[Value] = [OWN.init.private, OWN.encryption.private, AWAY.secret()]
        meeting: list[Value] = [keys.transcript, keys.psk_id, keys.psk, other]
        value = [OWN.key_package.encode(), private, ADA.encode(), JOINER.encode(), welcome, meeting, shared]
        expect = "rule" if rule else "ok"
        vector(made, f"meeting/conversation/{name}", cbor.encode(value), expect, comment, rule)

    add("two", "ada's home and ben's node")
    add("conversation-start", "an id of 16 bytes", rules.CONVERSATION_START, group_id=b"g" * 16)
    add("conversation-start.epoch", "in epoch 2", rules.CONVERSATION_START, epochs=2)
    required, named = group.group_extensions(conv_id)
    senders = mls.external_senders_extension([])
    for case, extensions in (
        ("none", ()),
        ("required", (named,)),
        ("more", (required, named, senders)),
        ("short", group.group_extensions(conv_id[1:])),
    ):
        name = f"conversation-extensions.{case}"
        add(name, f"extensions: {case}", rules.CONVERSATION_EXTENSIONS, extensions=extensions)
    add("conversation-members", "another node answered", rules.CONVERSATION_MEMBERS,
        other=AWAY.leaf_sig.public)  # fmt: skip
    add("conversation-psk", "without the PSK", rules.CONVERSATION_PSK, with_psk=False)


def safety(made: Made) -> None:
    """What people compare (spec 40 §6)."""
    for name, material in (
        ("zeros", bytes(32)),
        ("ones", b"\xff" * 32),
        ("seeded", SeededEntropy("safety")(32)),
    ):
        words = [int(word) for word in mt.safety_words(material, [str(n) for n in range(2048)])]
        value = cbor.encode([material, words, list(mt.safety_digits(material))])
        vector(made, f"meeting/safety/{name}", value, "ok", "eight words by number, six groups of digits")
    ada, ben, eve = (idn.PersonaId(bytes([n]) * 32) for n in (1, 2, 3))
    shown = mt.safety_qr(ada, ben, b"t" * 32)
    for name, text, other, transcript in (
        ("match", shown, ben, b"t" * 32),
        ("other-person", shown, eve, b"t" * 32),
        ("other-meeting", shown, ben, b"u" * 32),
        ("not-a-code", INVITE.link.format(), ben, b"t" * 32),
    ):
        value = cbor.encode([text, other, ada, transcript])
        vector(made, f"meeting/qr/{name}", value, name, "scanned from the screen of the other one")


def codes(made: Made) -> None:
    """Spoken codes (spec 40 §7)."""
    words: list[Value] = ["crater", "robot", "zebra"]
    for name, text in (("plain", "42-crater-robot"), ("spoken", " 42, Crater  ROBOT. ")):
        value = cbor.encode([text, words, "42-crater-robot"])
        vector(made, f"meeting/code-text/{name}", value, "ok", "a code")
    for case, text in (
        ("word", "42-crater-tree"),
        ("words", "42-crater"),
        ("zero", "0-crater-robot"),
        ("number", "crater-robot-42"),
        ("empty", ""),
    ):
        value = cbor.encode([text, words, ""])
        comment = f"wrong by its {case}"
        vector(made, f"meeting/code-text/code-form.{case}", value, "decode", comment, rules.CODE_FORM)

    code = mt.Code(42, "crater-robot")
    entropy = SeededEntropy("ada speaks")
    offer = mt.offer_code(code, HOST, queue(6), expires_at=NOW, entropy=entropy)

    def reply(code: mt.Code) -> mt.CodeTaken:
        return mt.take_code(code, HOST, offer.message, SeededEntropy("ben listens"))

    def add(name: str, reply: bytes, expect: str, comment: str, rule: Rule | None = None) -> None:
        secret = right.agreed.secret
        shared: Value = [secret.inv_id, secret.key] if rule is None else None
        value = cbor.encode([42, HOST.address, HOST.pin, offer.message, offer.secret, reply, shared])
        vector(made, f"meeting/code/{name}", value, expect, comment, rule)

    right = reply(code)
    fields = cbor.Record.decode(right.message, "a reply").fields
    add("right", right.message, "ok", "the same code")
    wrong = reply(mt.Code(42, "crater-zebra")).message
    add("code-right", wrong, "rule", "another word", rules.CODE_RIGHT)
    other_plate = reply(mt.Code(43, "crater-robot")).message
    add("code-right.nameplate", other_plate, "rule", "another number", rules.CODE_RIGHT)
    start = cbor.Record.decode(offer.message, "an offer").octets(1)
    for case, point in (
        ("side", start),
        ("reflected", b"B" + start[1:]),
        ("curve", b"B" + b"\x02" + bytes(31)),
        ("zero", b"B" + b"\x01" + bytes(31)),
        ("order", b"B" + b"\xec" + b"\xff" * 30 + b"\x7f"),
    ):
        data = cbor.encode({**fields, 1: point})
        add(f"code-message.{case}", data, "decode", f"wrong by its {case}", rules.CODE_MESSAGE)


def stamps(made: Made) -> None:
    """Work stamps (spec 40 §3)."""
    challenge = SeededEntropy("stamp")(32)
    number = stamp_for(challenge, 4)
    for name, bits, n in (("found", 4, number), ("free", 0, 7), ("none", 4, number + 1)):
        value = cbor.encode([challenge, bits, n])
        vector(made, f"meeting/stamp/{name}", value, "none" if name == "none" else "ok", f"{bits} bits")


def rejoins(made: Made) -> None:
    """Rejoins (spec 41 §1), and the successor that follows (§2)."""
    to, transcript = HOME, mt.rejoining(ADA.persona_id, HOME.leaf_sig.public)
    conv_id = b"c" * 32
    fields: dict[int, Value] = {
        1: JOINER.encode(),
        2: OWN.key_package.encode(),
        3: [queue(3).fields()],
        4: conv_id,
        5: 0,
    }

    def forge(changes: Mapping[int, Value], about: bytes, signer: mls.SignatureKeyPair) -> Forged:
        content = {**fields, **changes}
        content[6] = labels.REJOIN_SIGNATURE.sign(signer, about + cbor.encode(content))
        hpke = Hpke(Repeatable({to.hpke.public: to.hpke.private}), mt.HPKE.kdf, mt.HPKE.aead)
        info = labels.REJOIN.prefix + transcript
        enc, context = hpke.setup_sender(to.hpke.public, info, SeededEntropy("enc of rejoin"))
        sealed = cbor.encode({1: enc, 2: context.seal(b"", cbor.encode(content))})
        return Forged(sealed, mt.MeetingKeys.export(context, transcript, sealed))

    def add(
        name: str,
        comment: str,
        changes: Mapping[int, Value] | None = None,
        expect: str = "ok",
        rule: Rule | None = None,
        *,
        about: bytes = transcript,
        signer: mls.SignatureKeyPair = AWAY.leaf_sig,
        own: idn.PersonaId = ADA.persona_id,
    ) -> None:
        forged = forge(changes or {}, about, signer)
        keys = forged.keys
        shared: Value = [keys.request, keys.psk_id, keys.psk, keys.answer] if expect == "ok" else None
        value: list[Value] = [to.secret(), own, NOW, forged.sealed, shared]
        vector(made, f"meeting/rejoin/{name}", cbor.encode(value), expect, comment, rule)

    add("rejoin", "ben's node comes back")
    add("again", "the second of one leaf", {5: 1})
    add("later", "a field that a later version adds", {99: 1})
    signature = rejoin.REJOIN_SIGNATURE
    add("rejoin-signature", "signed by another", None, "rule", signature, signer=HOME.leaf_sig)
    other = mt.rejoining(ADA.persona_id, FOURTH.leaf_sig.public)
    add("rejoin-signature.node", "signed for another node", None, "rule", signature, about=other)
    add("queue-count", "no queue for the answer", {3: []}, "decode", rules.QUEUE_COUNT)
    add("cannot-open.persona", "asked of another persona", None, "cannot-open", own=JOINER.persona_id)

    keys = forge({}, transcript, AWAY.leaf_sig).keys
    hpke = Hpke(Repeatable({OWN.key_package.init_key: OWN.init.private}), SUITE.hpke.kdf, SUITE.hpke.aead)
    mine = key_package(ADA, HOME, seed="ada")
    founder = mls.OwnKeyPackage(
        mls.CipherSuite(SUITE.id, SUITE.name, hpke, SUITE.signature),
        mine.key_package,
        mine.init,
        mine.encryption,
        mine.signature,
    )
    for name, asked, rule in (
        ("successor", conv_id, None),
        ("rejoin-conversation", b"d" * 32, rejoin.REJOIN_CONVERSATION),
    ):
        started = group.start_group(
            founder,
            (ADA, JOINER),
            OWN.key_package,
            psk_id=keys.psk_id,
            psk=keys.psk,
            conv_id=conv_id,
            entropy=SeededEntropy(name),
            now=NOW,
        )
        private: list[Value] = [OWN.init.private, OWN.encryption.private, AWAY.secret()]
        shared: list[Value] = [keys.transcript, keys.request, keys.psk, HOME.leaf_sig.public]
        value: list[Value] = [
            OWN.key_package.encode(), private, ADA.encode(), JOINER.encode(), started.welcome, shared, asked
        ]  # fmt: skip
        expect = "rule" if rule else "ok"
        vector(made, f"meeting/successor/{name}", cbor.encode(value), expect, f"into {name}", rule)
