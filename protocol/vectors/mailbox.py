"""Vectors of the mailbox protocol (spec 30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swarm_protocol import cbor
from swarm_protocol import mailbox as mbx
from swarm_protocol.cbor import Value
from swarm_protocol.mailbox import answers, forward, frames, limits, rules
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mailbox.frames import Body, Session
from swarm_protocol.mls.signatures import Ed25519
from swarm_protocol.rules import Rule
from swarm_protocol.testing import SeededEntropy

from .forge import SMALL_ORDER, Made, vector

RELAY, ADA, BEN, OTHER = (
    Ed25519().generate(SeededEntropy(f"mailbox {name}")) for name in ("relay", "ada", "ben", "other")
)
SECRET = SeededEntropy("mailbox hpke")(32)
HPKE = forward.relay_hpke_key(SECRET)
NONCE = SeededEntropy("mailbox nonce")(32)
SESSION = Session(RELAY.public, NONCE)
RID, SID = mbx.RecipientId(b"r" * 24), mbx.SenderId(b"s" * 24)
MSG = mbx.MessageId(b"m" * 16)
SLOT = mbx.SlotId(b"l" * 24)
BLOB = bytes(512)
SEND = mbx.Send(SID, MSG, 0, BLOB)
SUB = mbx.Sub(RID, 3, b"i" * 16)
RECORD = mbx.QueueRecord("relay.example:443", b"p" * 32, RELAY.public, HPKE.public, SID, b"q" * 32)
COMMANDS: Mapping[str, CommandBody] = {
    "new": mbx.New(mbx.Kind.PAIR, ADA.public, b"t" * 32),
    "new-named": mbx.New(mbx.Kind.PAIR, ADA.public, b"t" * 32, SID),
    "skey": mbx.SKey(SID, BEN.public),
    "send": SEND,
    "send-contact": mbx.Send(SID, MSG, 1, bytes(2048), BEN.public),
    "send-too-big": mbx.Send(SID, MSG, 3, bytes(32769)),
    "sub": SUB,
    "pull": mbx.Pull(RID, 7, 64),
    "ack": mbx.Ack(RID, 8, MSG),
    "ack-gap": mbx.Ack(RID, 9),
    "off": mbx.Off(RID),
    "del": mbx.Del(RID),
    "qinfo": mbx.QInfo(RID),
    "ext": mbx.Ext(RID),
    "put": mbx.Put(RID, SLOT, b"bundle"),
    "fetch": mbx.Fetch(SLOT, BEN.public),
    "pfwd": mbx.PFwd(RID, "relay.example:443", b"p" * 32, b"sealed"),
    "fwd": mbx.Fwd(b"sealed"),
}


def signed(body: CommandBody, number: int = 1) -> bytes:
    """A command as ada sends it."""
    if isinstance(body, mbx.Fwd):
        return frames.encode(number, body)
    return frames.sign(SESSION, number, body, ADA)


def changed(body: Body, changes: Mapping[int, Value], top: Mapping[int, Value] | None = None) -> bytes:
    """A frame with other fields in its body, or around it; its signature is none."""
    signature: dict[int, Value] = {4: bytes(64)} if body.type < 14 else {}
    return cbor.encode({1: int(body.type), 2: 1, 3: {**body.fields(), **changes}, **signature, **(top or {})})


def commands(made: Made) -> None:
    """Commands alone, and one after the other (spec 30 §1, §2)."""

    def bad(rule: Rule, data: bytes, comment: str, case: str = "", expect: str = "decode") -> None:
        vector(made, f"mailbox/command/{rule.id}{case and '.' + case}", data, expect, comment, rule)

    for name, body in COMMANDS.items():
        vector(made, f"mailbox/command/{name}", signed(body), "ok", f"a {body.type.name}")
    new, key = COMMANDS["new"], {2: SMALL_ORDER}
    bad(rules.FRAME_TYPE, changed(SUB, {}, {1: 31}), "a command that nobody knows", "", "unsupported")
    answer = frames.encode(1, mbx.Done())
    bad(rules.FRAME_TYPE, answer, "an answer where a command is due", "answer", "unsupported")
    bad(rules.FRAME_SIGNED, frames.encode(1, SUB), "a SUB without a signature")
    bad(rules.FRAME_SIGNED, changed(COMMANDS["fwd"], {}, {4: bytes(64)}), "a FWD with one", "fwd")
    bad(rules.COMMAND_KEY, changed(new, key), "a recipient's key of small order")
    bad(rules.COMMAND_KEY, changed(COMMANDS["skey"], key), "a sender's key of small order", "skey")
    bad(rules.COMMAND_KEY, changed(SEND, {5: SMALL_ORDER}), "a stranger's key of small order", "send")
    bad(rules.COMMAND_KEY, changed(COMMANDS["fetch"], key), "a joiner's key of small order", "fetch")
    bad(rules.NEW_KIND, changed(new, {1: 4}), "a fourth kind", "", "unsupported")
    bad(rules.NEW_KIND, changed(new, {1: 0}), "no kind", "none", "unsupported")
    bad(rules.NEW_SID, changed(new, {1: 2, 4: SID}), "a contact queue with a sid of one's own")
    bad(rules.NEW_SID, changed(new, {1: 3, 4: SID}), "an invite's queue with one", "invite")
    bad(rules.SEND_BUCKET, changed(SEND, {4: bytes(511)}), "a byte less than the bucket has")
    bad(rules.SEND_BUCKET, changed(SEND, {3: 1}), "the size of another bucket", "other")

    def order(name: str, numbers: Sequence[int], expect: str, comment: str, rule: Rule | None = None) -> None:
        data = cbor.encode([signed(SUB, number) for number in numbers])
        vector(made, f"mailbox/connection/{name}", data, expect, comment, rule)

    order("numbers", [1, 2, 7], "ok", "numbers that rise")
    order("frame-number", [1, 1], "rule", "the same number twice", rules.FRAME_NUMBER)
    order("frame-number.back", [2, 1], "rule", "a lower number", rules.FRAME_NUMBER)
    order("frame-number.zero", [0], "rule", "number 0", rules.FRAME_NUMBER)


def replies(made: Made) -> None:
    """What a relay says, alone and to a caller (spec 30 §1, §3)."""
    receipt = mbx.Receipt.make(RELAY, SID, SEND.hash(), MSG, 1, 1_800_000_000)
    hello = mbx.Hello(RELAY.public, HPKE.public, NONCE)
    later = frames.sign(Session(RELAY.public, bytes(32)), 9, mbx.Sub(RID, 3, b"j" * 16), ADA)
    proof = answers.SignedSub(bytes(32), later)
    good: Mapping[str, answers.AnswerBody | answers.NoticeBody] = {
        "error": mbx.Error(mbx.ErrorCode.GONE),
        "error-busy": mbx.Error(mbx.ErrorCode.BUSY, 60),
        "error-conflict": mbx.Error(mbx.ErrorCode.CONFLICT, None, proof),
        "done": mbx.Done(),
        "made": mbx.Made(RID, SID, 1_800_000_000),
        "receipt": receipt,
        "info": mbx.Info(1, 512, 4096, 1 << 25, 2, 1_800_000_000, True, True, False, BEN.public),
        "bundle": mbx.Bundle(b"bundle"),
        "answer": mbx.Answer(b"sealed"),
        "hello": hello,
        "delivery": mbx.Delivery(RID, 1, MSG, BLOB),
        "gap": mbx.Gap(RID, 3, 3),
        "fetched": mbx.Fetched(RID, BEN.public),
        "key-refused": mbx.KeyRefused(RID),
        "displaced": mbx.Displaced(RID, proof),
    }
    for name, body in good.items():
        vector(made, f"mailbox/answer/{name}", frames.encode(1, body), "ok", f"a {body.type.name}")

    def bad(rule: Rule, data: bytes, comment: str, case: str = "", expect: str = "decode") -> None:
        vector(made, f"mailbox/answer/{rule.id}{case and '.' + case}", data, expect, comment, rule)

    bad(rules.FRAME_TYPE, signed(SUB), "a command where an answer is due", "", "unsupported")
    bad(rules.FRAME_SIGNED, changed(mbx.Done(), {}, {4: bytes(64)}), "an answer with a signature around it")
    bad(rules.GAP_ORDER, changed(good["gap"], {2: 4}), "from 4 to 3")
    bad(rules.ERROR_FIELDS, changed(good["error"], {2: 1}), "gone, and when to come again")
    bad(rules.ERROR_FIELDS, changed(good["error"], {1: 3}), "busy, and not until when", "busy")
    bad(rules.ERROR_FIELDS, changed(good["error-conflict"], {1: 1}), "gone, with a frame", "frame")
    bad(rules.DELIVERY_BUCKET, changed(good["delivery"], {4: bytes(600)}), "600 bytes")

    def heard(
        name: str,
        asked: CommandBody,
        said: Body,
        comment: str,
        rule: Rule | None = None,
        expect: str = "ok",
        *,
        number: int = 1,
        relay: bytes = RELAY.public,
    ) -> None:
        """What a caller hears, after a SUB, number 1, that was answered."""
        first: list[Value] = [signed(SUB), frames.encode(1, good["info"])]
        second: list[Value] = [signed(asked, 2), frames.encode(number, said)]
        data = cbor.encode([relay, frames.encode(0, hello), ADA.public, [first, second]])
        vector(made, f"mailbox/heard/{name}", data, expect, comment, rule)

    def unexpected(
        rule: Rule, asked: CommandBody, said: Body, comment: str, case: str = "", n: int = 2
    ) -> None:
        heard(f"{rule.id}{case and '.' + case}", asked, said, comment, rule, "unexpected", number=n)

    def broken(rule: Rule, asked: CommandBody, said: Body, comment: str, case: str = "") -> None:
        heard(f"{rule.id}{case and '.' + case}", asked, said, comment, rule, "rule", number=2)

    def shown(body: CommandBody, *, nonce: bytes = bytes(32), key: bytes = b"") -> mbx.Error:
        signer = Ed25519().from_private(key) if key else ADA
        frame = frames.sign(Session(RELAY.public, bytes(32)), 9, body, signer)
        return mbx.Error(mbx.ErrorCode.CONFLICT, None, answers.SignedSub(nonce, frame))

    heard("receipt", SEND, receipt, "a receipt for what was sent", number=2)
    heard("refusal", SEND, good["error"], "a refusal", number=2)
    heard("delivery", SEND, good["delivery"], "a delivery in between", number=0)
    heard("conflict", SUB, good["error-conflict"], "the proof of a copy", number=2)
    heard("hello-relay", SUB, good["info"], "another relay greets", rules.HELLO_RELAY, "unexpected",
          relay=OTHER.public)  # fmt: skip
    unexpected(rules.HELLO_RELAY, SEND, hello, "a second greeting", "twice")
    unexpected(rules.ANSWER_NUMBER, SEND, receipt, "the number of no command", n=3)
    unexpected(rules.ANSWER_NUMBER, SEND, receipt, "a second answer to the first command", "twice", n=1)
    unexpected(rules.ANSWER_NUMBER, SEND, mbx.Done(), "a DONE for a SEND", "kind")
    for case, other in (
        ("blob", mbx.Receipt.make(RELAY, SID, bytes(32), MSG, 1, 0)),
        ("message", mbx.Receipt.make(RELAY, SID, SEND.hash(), mbx.MessageId(bytes(16)), 1, 0)),
        ("queue", mbx.Receipt.make(RELAY, mbx.SenderId(bytes(24)), SEND.hash(), MSG, 1, 0)),
    ):
        unexpected(rules.RECEIPT_MATCH, SEND, other, f"it is for another {case}", case)
    forged = mbx.Receipt.make(OTHER, SID, SEND.hash(), MSG, 1, 0)
    broken(rules.RECEIPT_SIGNATURE, SEND, forged, "another relay signed")
    elsewhere = mbx.Gap(mbx.RecipientId(bytes(24)), 1, 1)
    unexpected(rules.NOTICE_QUEUE, SEND, elsewhere, "a queue that is not read here")
    broken(rules.COPY_PROOF, SUB, shown(SUB), "our own instance")
    broken(rules.COPY_PROOF, SUB, shown(mbx.Sub(RID, 2, b"j" * 16)), "an earlier start", "earlier")
    broken(rules.COPY_PROOF, SUB, shown(mbx.Pull(RID, 0, 1)), "no SUB", "command")
    queue = mbx.Sub(mbx.RecipientId(bytes(24)), 3, b"j" * 16)
    broken(rules.COPY_PROOF, SUB, shown(queue), "another queue", "queue")
    copy = mbx.Sub(RID, 3, b"j" * 16)
    broken(rules.COPY_PROOF, SUB, shown(copy, key=OTHER.private), "signed by another", "key")
    broken(rules.COPY_PROOF, SUB, shown(copy, nonce=NONCE), "signed for another connection", "nonce")
    garbage = mbx.Error(mbx.ErrorCode.CONFLICT, None, answers.SignedSub(NONCE, b"\xff"))
    broken(rules.COPY_PROOF, SUB, garbage, "no frame", "frame")


def sealed(made: Made) -> None:
    """What is sealed to a relay, and its answer (spec 30 §5)."""
    relay = RELAY.public

    def vectors(
        name: str, inside: bytes, padded: bytes, expect: str, comment: str, rule: Rule | None = None
    ) -> None:
        sealer, data = forward.seal(relay, HPKE.public, inside, SeededEntropy(name))
        nonce = SeededEntropy(f"{name} answer")(32)
        value: list[Value] = [SECRET, relay, data, nonce + sealer.seal_padded(padded, nonce)]
        vector(made, f"mailbox/forward/{name}", cbor.encode(value), expect, comment, rule)

    send = frames.sign_forwarded(relay, SEND, BEN)
    reply = frames.encode(0, mbx.Error(mbx.ErrorCode.GONE))
    padded = (len(reply).to_bytes(2, "big") + reply).ljust(256, b"\0")
    vectors("send", send, padded, "ok", "a SEND and its answer")
    fixed = frames.encode(0, mbx.Done())
    done = (len(fixed).to_bytes(2, "big") + fixed).ljust(256, b"\0")
    skey = frames.sign_forwarded(relay, mbx.SKey(SEND.sid, BEN.public), BEN)
    vectors("skey", skey, done, "ok", "an SKEY and its answer")
    other = frames.sign_forwarded(relay, mbx.QInfo(RID), BEN)
    vectors("forward-send", other, padded, "unexpected", "a QINFO", rules.FORWARD_SEND)
    for case, wrong, comment in (
        ("forward-answer", padded[:-1], "a byte less"),
        ("forward-answer.padding", padded[:-1] + b"\1", "padded with something else"),
        ("forward-answer.length", b"\xff\xff" + padded[2:], "longer than it is"),
    ):
        vectors(case, send, wrong, "decode", comment, rules.FORWARD_ANSWER)


def around(made: Made) -> None:
    """Tickets, records, rotation and the cursor (spec 30 §4, §6, §7)."""
    seed, link_key, pin = b"\1" * 32, b"\2" * 32, b"\3" * 32
    all_ = mbx.tickets(seed)
    ends: list[Value] = [all_[0], all_[255]]
    hashes: list[Value] = [mbx.ticket_hash(all_[0]), mbx.ticket_hash(all_[255])]
    data = cbor.encode({1: seed, 2: ends, 3: hashes, 4: link_key, 5: pin, 6: mbx.slot_id(link_key, pin)})
    vector(made, "mailbox/ticket/seed", data, "ok", "tickets 0 and 255 of a seed; the slot of a link key")

    vector(made, "mailbox/record/queue", RECORD.encode(), "ok", "a queue record")
    for case, changes in (("relay", {3: SMALL_ORDER}), ("hpke", {4: bytes(32)})):
        data = cbor.encode({**RECORD.fields(), **changes})
        name = f"mailbox/record/record-keys.{case}"
        vector(made, name, data, "rule", f"the relay's key '{case}' of small order", rules.RECORD_KEYS)

    steps = [mbx.QueueControl.add(RECORD), *(mbx.QueueControl(step, SID) for step in list(mbx.Step)[1:])]
    for control in steps:
        name = control.step.name
        vector(made, f"mailbox/control/{name.lower()}", control.encode(), "ok", f"a {name}")
    unknown = cbor.encode({1: 7, 2: SID})
    vector(made, "mailbox/control/step-known", unknown, "unsupported", "a seventh step", rules.STEP_KNOWN)

    far = limits.CURSOR_AHEAD
    for name, ranges, rule in (
        ("far", [[1, 3], [3 + far, 3 + far]], None),
        ("cursor-ahead", [[1, 3], [4 + far, 4 + far]], rules.CURSOR_AHEAD),
    ):
        comment = f"1 to 3, then {ranges[1][0]}"
        expect = "unexpected" if rule else "ok"
        vector(made, f"mailbox/cursor/{name}", cbor.encode(ranges), expect, comment, rule)


def rendezvous(made: Made) -> None:
    """Queues that two nodes find without a word (spec 30 §8)."""
    secret, pair = b"\4" * 32, (ADA.public, BEN.public)
    for name, week, number, comment in (
        ("first", 2976, 0, "the first queue of a week"),
        ("second", 2976, 1, "the second queue of the same week"),
        ("week", 2977, 0, "the first queue of the week after"),
    ):
        place = mbx.Rendezvous(secret, *pair).place(RECORD.pin, week, number)
        fields: dict[int, Value] = {1: secret, 2: pair[0], 3: pair[1], 4: RECORD.pin, 5: week, 6: number}
        data = cbor.encode({**fields, 7: place.sid, 8: place.queue_key})
        vector(made, f"mailbox/rendezvous/{name}", data, "ok", comment)
    now = 1_800_000_000
    for name, since, comment in (
        ("sought", now - 20 * 86_400, "heard twenty days ago"),
        ("sought-ahead", now + 86_400, "heard tomorrow, by a clock that was put right since"),
        ("sought-never", None, "never heard"),
    ):
        found = [place.sid for place in mbx.Rendezvous(secret, *pair).sought(RECORD.pin, since, now)]
        values: list[Value] = [secret, *pair, RECORD.pin, since, now, [*found]]
        vector(made, f"mailbox/sought/{name}", cbor.encode(values), "ok", comment)
