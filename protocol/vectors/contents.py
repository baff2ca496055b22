"""Vectors of content (spec 21), and what forges messages: well signed, whatever their fields say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swarm_protocol import cbor, labels
from swarm_protocol import content as con
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.content import rules
from swarm_protocol.content.chain import sign_place
from swarm_protocol.content.message import commitment
from swarm_protocol.mailbox.rules import RECORD_KEYS
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.rules import Rule

from .forge import AWAY, BEN, HOME, PERSONA, THIRD, Made, vector

CONVERSATION, OTHER = con.Conversation(bytes(range(32))), con.Conversation(bytes(32))
ADA = con.Author(PERSONA.persona_id, HOME.leaf_sig.public)
ADA_AWAY = con.Author(PERSONA.persona_id, AWAY.leaf_sig.public)
BEN_HOME = con.Author(idn.create_persona(BEN).persona_id, THIRD.leaf_sig.public)
KEYS = {ADA: HOME.leaf_sig, ADA_AWAY: AWAY.leaf_sig, BEN_HOME: THIRD.leaf_sig}
HEADS: Mapping[int, Value] = {1: {1: 1, 2: bytes(16)}}
TEXT, REPLY, EDIT, REACT, HELLO, RECEIPT, DELETE_REQ, DELETE_RCPT, TIMER = range(1, 10)
QUEUE_CTL, ADDR_REC, HAVE, REQUEST, COPY, CHAIN = range(10, 16)
Changes = Mapping[int, Value]


def say(
    kind: int,
    body: Value,
    changes: Changes | None = None,
    *,
    author: con.Author = ADA,
    salt: bytes = bytes(16),
    key: SignatureKeyPair | None = None,
    conversation: con.Conversation = CONVERSATION,
    signed: Changes | None = None,
) -> bytes:
    """A chained message, the first of its author, with any fields changed (None leaves one out).

    `signed` are changes to the field of signature and salt, which nothing covers.
    """
    fields: dict[int, Value] = {
        1: bytes(16),
        2: conversation.tag,
        3: author.fields(),
        4: 0,
        7: 1,
        8: 1_800_000_000,
        9: kind,
        10: body,
        14: HEADS,
        **(changes or {}),
    }
    fields = {k: v for k, v in fields.items() if v is not None}
    name = commitment(salt, cbor.encode(fields))
    seq, prev = fields.get(4), fields.get(5)
    signature = sign_place(
        key or KEYS[author],
        conversation,
        author,
        seq if isinstance(seq, int) else 0,
        prev if isinstance(prev, bytes) else None,
        name,
    )
    return cbor.encode({**fields, 12: {1: signature, 2: salt, **(signed or {})}})


def tell(kind: int, body: Value, changes: Changes | None = None, *, author: con.Author = ADA) -> bytes:
    """A message that is not chained, with any fields changed."""
    fields: dict[int, Value] = {
        1: bytes(16),
        2: CONVERSATION.tag,
        3: author.fields(),
        8: 1_800_000_000,
        9: kind,
        10: body,
        **(changes or {}),
    }
    return cbor.encode({k: v for k, v in fields.items() if v is not None})


def name_of(message: bytes) -> bytes:
    """The commitment of a chained message."""
    return con.Message.decode(message).id


def following(message: bytes, seq: int) -> bytes:
    """A text of Ada's behind another message of hers."""
    return say(TEXT, {1: f"message {seq}"}, {4: seq, 5: name_of(message), 7: seq + 1})


HELLO_BODY: Changes = {1: 3, 2: bytes(16)}
SAID = say(TEXT, {1: "hello"})
NAME = name_of(SAID)


def messages(made: Made) -> None:
    """Messages (spec 21 §1 to §3): array of conversation, message, sender and the highest lamport.

    The sender is the author that MLS names, or null for a copy that somebody else repaired.
    """

    def add(
        name: str,
        data: bytes,
        comment: str,
        expect: str = "ok",
        rule: Rule | None = None,
        *,
        sender: con.Author | None = ADA,
        highest: int = 0,
    ) -> None:
        who = None if sender is None else sender.fields()
        packed = cbor.encode([CONVERSATION.id, data, who, highest])
        vector(made, f"content/message/{name}", packed, expect, comment, rule)

    add("text", SAID, "the first message of a chain")
    add("reply", say(REPLY, {1: "yes"}, {13: [NAME]}), "a reply")
    add("edit", say(EDIT, {1: "Hello"}, {13: [NAME]}), "an edit")
    add("react", say(REACT, {1: "👍"}, {13: [NAME]}), "a reaction")
    add("hello", tell(HELLO, HELLO_BODY), "a message from node to node")
    leaf, two = ADA.leaf_sig, BEN_HOME.leaf_sig
    low, high = sorted((leaf, two))
    span: Value = [{1: low, 2: 0, 3: 4}, {1: low, 2: 6, 3: 6}, {1: high, 2: 0, 3: 2**63 - 1}]
    add("receipt", tell(RECEIPT, {1: 2, 2: span}), "three ranges, one of them very long")
    add("delete-req", say(DELETE_REQ, {1: [bytes(32), NAME]}), "asks to delete two messages")
    add("delete-rcpt", deletion(), "what a node did about it")
    add("timer", say(TIMER, {1: 86_400}), "messages disappear after a day")
    later: Changes = {
        4: 7,
        5: NAME,
        6: [bytes(32), b"\x01" * 32],
        7: 2**40,
        11: 60,
        14: {1: {1: 1, 2: bytes(16)}, 2: {1: 5, 2: bytes(32)}},
    }
    files: Value = [{1: "a.txt", 2: "text/plain", 3: b"hello"}, {1: "ä", 2: "", 3: b""}]
    add("attachments", say(TEXT, {1: "see", 2: files}), "two files")
    add("attachments-reply", say(REPLY, {1: "", 2: files}, {13: [NAME]}), "two files in a reply")
    add("hello-links", tell(HELLO, {**HELLO_BODY, 3: 4}), "holds four links of the recipient's chain")
    for kind, name in enumerate(("queue-ctl", "addr-rec", "have", "request", "copy"), QUEUE_CTL):
        add(name, tell(kind, {1: b"of another room"}), "what it carries is not looked at here")
    add("chain", tell(CHAIN, {1: 1, 2: idn.encode_links(PERSONA.links)}), "links of a sigchain")
    add("all-keys", say(TEXT, {1: "ä"}, later), "with all keys", highest=2**39 + 2**38 + 2**37 + 2**40)
    add("repaired", SAID, "from somebody else, under its author's signature", sender=None)
    add("unknown-key", say(TEXT, {1: "hello"}, {40: "later"}), "a key of a later version")
    add("unknown-type", say(1000, ["anything"]), "a type of a later version", "unknown")
    add("unknown-type-unchained", tell(1000, 7), "a type of a later version", "unknown")
    add(
        "unknown-critical",
        say(TEXT, {1: "hello", -1: 0}),
        "a text that only a later version reads",
        "unknown",
    )
    add("jump", say(TEXT, {1: ""}, {7: 2**32 + 9}), "as far as a lamport may jump", highest=9)

    def bad(name: str, data: bytes, rule: Rule, comment: str, expect: str = "decode") -> None:
        add(name, data, comment, expect, rule)

    chained = rules.CONTENT_CHAINED
    bad("content-chained", say(TEXT, {1: ""}, {4: None}), chained, "a signature, but no author_seq")
    bad("content-chained.lamport", say(TEXT, {1: ""}, {7: None}), chained, "no lamport")
    bad("content-chained.heads", say(TEXT, {1: ""}, {14: None}), chained, "no heads")
    bad("content-chained.unsigned", tell(HELLO, HELLO_BODY, {4: 0}), chained, "author_seq, unsigned")
    bad("content-chained.parents", tell(HELLO, HELLO_BODY, {6: []}), chained, "parents, unsigned")
    bad("content-prev", say(TEXT, {1: ""}, {5: NAME}), rules.CONTENT_PREV, "the first names one before")
    bad("content-prev.missing", say(TEXT, {1: ""}, {4: 1}), rules.CONTENT_PREV, "the second names none")
    twice: Value = [NAME, NAME]
    bad("content-parents", say(TEXT, {1: ""}, {6: twice}), rules.CONTENT_PARENTS, "a parent twice")
    falling: Value = [b"\x01" * 32, bytes(32)]
    bad("content-parents.order", say(TEXT, {1: ""}, {6: falling}), rules.CONTENT_PARENTS, "falling")
    foreign = say(TEXT, {1: ""}, conversation=OTHER)
    bad("content-conversation", foreign, rules.CONTENT_CONVERSATION, "of another", "unexpected")
    add("content-author", SAID, "Ben sent Ada's", "rule", rules.CONTENT_AUTHOR, sender=BEN_HOME)
    add("content-author.node", SAID, "another node", "rule", rules.CONTENT_AUTHOR, sender=ADA_AWAY)
    hello = tell(HELLO, HELLO_BODY)
    add("content-author.copy", hello, "nothing signs it", "rule", rules.CONTENT_AUTHOR, sender=None)
    signature = rules.CONTENT_SIGNATURE
    bad("content-signature", say(TEXT, {1: ""}, key=KEYS[BEN_HOME]), signature, "Ben signed", "rule")
    bad("content-signature.salt", say(TEXT, {1: ""}, signed={2: b"\x01" * 16}), signature, "a salt", "rule")
    colliding = say(TEXT, {1: ""}, {2: CONVERSATION.tag}, conversation=OTHER)
    bad("content-signature.conversation", colliding, signature, "for another, under this tag", "rule")
    jump = say(TEXT, {1: ""}, {7: 2**32 + 10})
    add("content-lamport", jump, "too far above 9", "rule", rules.CONTENT_LAMPORT, highest=9)
    bad("type-chained", say(HELLO, HELLO_BODY), rules.TYPE_CHAINED, "a hello in a chain")
    bad("type-chained.text", tell(TEXT, {1: ""}), rules.TYPE_CHAINED, "a text that nobody signed")
    bad("type-refs", say(REPLY, {1: ""}), rules.TYPE_REFS, "a reply to nothing")
    bad("type-refs.two", say(EDIT, {1: ""}, {13: [NAME, NAME]}), rules.TYPE_REFS, "an edit of two")
    bad("type-refs.text", say(TEXT, {1: ""}, {13: [NAME]}), rules.TYPE_REFS, "a text about another")
    ranges = rules.RECEIPT_RANGES
    touching: Value = [{1: low, 2: 0, 3: 4}, {1: low, 2: 5, 3: 6}]
    bad("receipt-ranges", tell(RECEIPT, {1: 1, 2: touching}), ranges, "two that are one")
    backwards: Value = [{1: low, 2: 2, 3: 1}]
    bad("receipt-ranges.backwards", tell(RECEIPT, {1: 1, 2: backwards}), ranges, "first after last")
    leaves: Value = [{1: high, 2: 0, 3: 0}, {1: low, 2: 0, 3: 0}]
    bad("receipt-ranges.leaves", tell(RECEIPT, {1: 1, 2: leaves}), ranges, "leaves in falling order")
    bad("targets-once", say(DELETE_REQ, {1: [NAME, NAME]}), rules.TARGETS_ONCE, "a target twice")
    bad("targets-once.none", say(DELETE_REQ, {1: []}), rules.TARGETS_ONCE, "no target")

    def attached(*files: Value) -> bytes:
        return say(TEXT, {1: "", 2: list(files)})

    empty: Value = {1: "a", 2: "", 3: b""}
    half: Value = {1: "half", 2: "", 3: bytes(rules.MAX_ATTACHED // 2)}
    bad(
        "attachments-size",
        attached(half, half, {1: "more", 2: "", 3: b"1"}),
        rules.ATTACHMENTS_SIZE,
        "256 KiB, 1",
    )
    for place, name in enumerate(("../up", "", "..", "a\\b", "a\nb")):
        behind = f".{place}" if place else ""
        wrong = attached({1: name, 2: "", 3: b""})
        bad(f"attachment-name{behind}", wrong, rules.ATTACHMENT_NAME, "a name that is not one")
    header = attached({1: "a", 2: "a/b\r\nc: d", 3: b""})
    bad("attachment-name.type", header, rules.ATTACHMENT_NAME, "a media type of two lines")
    bad("record-field.files", attached(*(empty for _ in range(5))), cbor.FIELD, "five files")
    bad("record-field.control", tell(QUEUE_CTL, {1: bytes(1025)}), cbor.FIELD, "too long for what it carries")
    bad("record-field.first", tell(CHAIN, {1: 128, 2: b""}), cbor.FIELD, "no chain has so many links")
    bad("type-chained.have", say(HAVE, {1: b""}), rules.TYPE_CHAINED, "a have in a chain")
    bad("type-refs.copy", tell(COPY, {1: b""}, {13: [NAME]}), rules.TYPE_REFS, "a copy about another")
    bad(
        "type-refs.chain", tell(CHAIN, {1: 0, 2: b""}, {13: [NAME]}), rules.TYPE_REFS, "a chain about another"
    )
    bad("deletion-signature", deletion(by=BEN_HOME), rules.DELETION_SIGNATURE, "Ben signed", "rule")
    bad("record-field", say(TEXT, {}), cbor.FIELD, "a text without text")
    bad("record-field.long", say(TEXT, {1: "a" * (rules.MAX_TEXT + 1)}), cbor.FIELD, "too long")
    bad("record-field.time", say(TEXT, {1: "late"}, {8: 2**63}), cbor.FIELD, "said at 2^63 seconds")
    bad("record-field.place", say(TEXT, {1: "far"}, {4: 2**63, 5: NAME}), cbor.FIELD, "the 2^63rd place")
    bad("record-field.symbol", say(REACT, {1: "a" * 65}, {13: [NAME]}), cbor.FIELD, "too long")
    bad("record-field.status", tell(RECEIPT, {1: 3, 2: []}), cbor.FIELD, "an unknown status")
    bad("record-field.body", say(TEXT, None), cbor.FIELD, "no body")
    bad("record-field.parents", say(TEXT, {1: ""}, {6: [bytes([n]) * 32 for n in range(5)]}), cbor.FIELD, "5")
    bad("record-field.timer", say(TIMER, {1: rules.MAX_TIMER_S + 1}), cbor.FIELD, "more than 366 days")
    bad("record-critical", say(TEXT, {1: ""}, {-1: 0}), cbor.CRITICAL, "must be understood, outside")
    bad("cbor-size", say(1000, bytes(rules.MAX_MESSAGE)), cbor.SIZE, "more than 320 KiB")
    bad("cbor-size.told", tell(1000, bytes(rules.MAX_UNCHAINED)), cbor.SIZE, "more than 321 KiB")


def deletion(request: bytes = NAME, targets: Sequence[bytes] = (NAME,), *, by: con.Author = ADA) -> bytes:
    """A delete_rcpt of Ada's, signed by `by`."""
    body = con.sign_deletion(
        KEYS[by],
        ADA,
        CONVERSATION,
        request=request,
        statuses=dict.fromkeys(targets, con.DeletionStatus.DONE),
        chain_seq=1,
        policy=0,
    )
    return tell(DELETE_RCPT, dict(body.fields()))


def link(message: bytes, conversation: con.Conversation = CONVERSATION) -> con.AuthorLink:
    """The link of a message."""
    return con.AuthorLink.of(con.Message.decode(message), conversation)


def author_chains(made: Made) -> None:
    """Chains (spec 21 §4): array of a conversation's id, an author, where its chain starts, and links."""
    second = following(SAID, 1)
    third = following(second, 2)
    other = say(TEXT, {1: "something else"})
    chain = [link(data) for data in (SAID, second, third)]

    def add(
        name: str,
        links: Sequence[con.AuthorLink],
        comment: str,
        expect: str,
        rule: Rule | None = None,
        start: int = 0,
    ) -> None:
        packed = cbor.encode([CONVERSATION.id, ADA.fields(), start, [one.encode() for one in links]])
        vector(made, f"content/chain/{name}", packed, expect, comment, rule)

    add("extended", chain, "three in order", "extended")
    add("held", [chain[0], chain[2]], "one is missing", "held")
    add("filled", [chain[0], chain[2], chain[1]], "the missing one comes", "extended")
    add("repeated", [*chain, chain[2]], "one twice", "repeated")
    add("older", [chain[2], chain[1]], "from before we came", "older", start=2)
    add("forked", [chain[0], link(other)], "two first messages", "forked")
    add("forked-prev", [link(other), chain[1]], "the second follows another first", "forked")
    add("forked-held", [chain[1], link(other)], "the same, the second before the first", "forked")
    add("after-a-fork", [chain[0], link(other), chain[1]], "nothing follows a fork", "forked")
    strange = link(say(TEXT, {1: ""}, author=BEN_HOME))
    add("author-chain", [strange], "of another author", "unexpected", rules.AUTHOR_CHAIN)
    foreign = link(say(TEXT, {1: ""}, conversation=OTHER), OTHER)
    add("author-chain.conversation", [foreign], "another conversation", "unexpected", rules.AUTHOR_CHAIN)
    far = [link(following(SAID, 2 * n)) for n in range(1, rules.MAX_HELD + 2)]
    add("author-held", far, "257 links behind gaps", "unexpected", rules.AUTHOR_HELD)


def forks(made: Made) -> None:
    """Evidence (spec 21 §5): the bytes are it."""
    other, second = say(TEXT, {1: "something else"}), following(SAID, 1)

    def add(
        name: str, a: bytes, b: bytes, comment: str, expect: str = "ok", rule: Rule | None = None
    ) -> None:
        vector(made, f"content/fork/{name}", cbor.encode({1: a, 2: b}), expect, comment, rule)

    a, b = con.Fork.make(link(SAID), link(other)).pair
    add("place", a.encode(), b.encode(), "two messages in one place")
    add("prev", link(other).encode(), link(second).encode(), "one that follows another message")
    conflict = rules.FORK_CONFLICT
    add("fork-conflict", a.encode(), a.encode(), "one link twice", "rule", conflict)
    add("fork-conflict.order", b.encode(), a.encode(), "the other order", "rule", conflict)
    add("fork-conflict.chain", link(SAID).encode(), link(second).encode(), "a chain", "rule", conflict)
    bens = link(say(TEXT, {1: ""}, author=BEN_HOME)).encode()
    add("fork-conflict.author", a.encode(), bens, "two authors", "rule", conflict)
    foreign = link(say(TEXT, {1: ""}, conversation=OTHER), OTHER).encode()
    add("fork-conflict.conversation", a.encode(), foreign, "two conversations", "rule", conflict)
    forged = cbor.encode({**cbor.Record.decode(b.encode(), "a link").fields, 6: bytes(64)})
    add("content-signature", a.encode(), forged, "not signed", "rule", rules.CONTENT_SIGNATURE)
    headless = cbor.encode({**cbor.Record.decode(a.encode(), "a link").fields, 3: 1})
    add("content-prev", headless, b.encode(), "a second without a first", "decode", rules.CONTENT_PREV)


def orders(made: Made) -> None:
    """Order (spec 21 §6): array of messages as they came, and of their names as they are shown."""
    second = following(SAID, 1)
    bens = say(TEXT, {1: "hi"}, {6: [name_of(second)], 7: 3}, author=BEN_HOME)
    behind = say(TEXT, {1: "low"}, {6: [name_of(bens)], 7: 1}, author=ADA_AWAY)
    aside = say(TEXT, {1: "high"}, {4: 9, 5: bytes(32), 7: 5}, author=BEN_HOME)

    def add(name: str, came: Sequence[bytes], shown: Sequence[bytes], comment: str) -> None:
        packed = cbor.encode([list(came), [name_of(data) for data in shown]])
        vector(made, f"content/order/{name}", packed, "ok", comment)

    add("lamports", [bens, second, SAID], [SAID, second, bens], "by lamport")
    same = sorted((SAID, say(TEXT, {1: "too"}, author=BEN_HOME)), key=name_of)
    add("names", same[::-1], same, "equal lamports: by name")
    add("parents", [behind, bens, second, SAID], [SAID, second, bens, behind], "a lamport too low")
    add("pushed", [aside, behind, bens, SAID, second], [SAID, second, bens, behind, aside], "4 before 5")
    add("alone", [behind], [behind], "what it follows is not here")


def changes(made: Made) -> None:
    """Changes (spec 21 §7): array of a message, the one that it is about, and personas.

    The personas may react, or, for a delete_req, are moderators. A delete_rcpt is about a delete_req.
    """
    edit, react = say(EDIT, {1: "new"}, {13: [NAME]}), say(REACT, {1: "!"}, {13: [NAME]}, author=BEN_HOME)
    request = say(DELETE_REQ, {1: [NAME]})
    ben, nobody = [BEN_HOME.persona_id], list[bytes]()

    def add(
        name: str,
        change: bytes,
        target: bytes,
        personas: Sequence[bytes],
        comment: str,
        expect: str = "ok",
        rule: Rule | None = None,
    ) -> None:
        packed = cbor.encode([change, target, list(personas)])
        vector(made, f"content/change/{name}", packed, expect, comment, rule)

    add("edit", edit, SAID, nobody, "an edit by the author")
    away = say(EDIT, {1: "new"}, {13: [NAME]}, author=ADA_AWAY)
    add("edit-away", away, SAID, nobody, "an edit by another node of the author")
    add("react", react, SAID, ben, "a reaction by a member")
    add("delete", request, SAID, nobody, "the author asks to delete")
    bens = say(DELETE_REQ, {1: [NAME]}, author=BEN_HOME)
    add("delete-moderator", bens, SAID, ben, "a moderator asks to delete")
    add("answer", deletion(name_of(request)), request, nobody, "a receipt")
    persona, target = rules.CHANGE_PERSONA, rules.CHANGE_TARGET
    stranger = say(EDIT, {1: "new"}, {13: [NAME]}, author=BEN_HOME)
    add("change-persona", stranger, SAID, ben, "Ben edits what Ada said", "rule", persona)
    add("change-persona.react", react, SAID, nobody, "Ben is no member", "rule", persona)
    add("change-target", edit, request, nobody, "it names another message", "rule", target)
    of_timer = say(TIMER, {1: 0})
    on_timer = say(EDIT, {1: "new"}, {13: [name_of(of_timer)]})
    add("change-target.timer", on_timer, of_timer, nobody, "an edit of a timer", "rule", target)
    of_edit = say(EDIT, {1: "newer"}, {13: [name_of(edit)]})
    add("change-target.edit", of_edit, edit, nobody, "an edit of an edit", "rule", target)
    on_react = say(REACT, {1: "?"}, {13: [name_of(react)]}, author=BEN_HOME)
    add("change-target.react", on_react, react, ben, "a reaction to a reaction", "rule", target)
    add("deletion-persona", bens, SAID, nobody, "Ben asks", "rule", rules.DELETION_PERSONA)
    answer = rules.DELETION_ANSWER
    add("deletion-answer", deletion(NAME), request, nobody, "to another request", "unexpected", answer)
    partial = deletion(name_of(request), [NAME, bytes(32)])
    add("deletion-answer.targets", partial, request, nobody, "for others", "unexpected", answer)


def addresses(made: Made) -> None:
    """Address records (spec 21 §8)."""

    def add(name: str, changes: Changes, comment: str, expect: str = "ok", rule: Rule | None = None) -> None:
        fields = {1: ADA.leaf_sig, 2: 3, 3: 1_800_000_000, 4: [], 5: [], **changes}
        signed = {**fields, 6: labels.ADDRESSES_SIGNATURE.sign(HOME.leaf_sig, cbor.encode(fields))}
        vector(made, f"content/addresses/{name}", cbor.encode(signed), expect, comment, rule)

    door: Value = {1: 1, 2: "node.example:8471", 3: bytes(32)}
    relay: Mapping[int, Value] = {
        1: "relay.example:443",
        2: b"\x01" * 32,
        3: BEN_HOME.leaf_sig,
        4: b"\x09" + bytes(31),
    }
    later: Value = {1: 77, 2: "of a later version", 3: bytes(32)}
    add("none", {}, "nowhere")
    add(
        "all",
        {4: [door, later], 5: [dict(relay), dict(relay)]},
        "two doors, one of a type to come, and two relays",
    )
    add("unknown-key", {9: "later"}, "a key of a later version, signed")
    add("record-field", {4: [door] * 9}, "nine doors", "decode", cbor.FIELD)
    add("record-field.pin", {5: [{**relay, 2: bytes(31)}]}, "a short pin", "decode", cbor.FIELD)
    weak: Value = {**relay, 4: bytes(32)}
    add("record-keys", {5: [weak]}, "a relay that nothing can be sealed to", "rule", RECORD_KEYS)
    wrong = rules.ADDRESSES_SIGNATURE
    add("addresses-signature", {1: BEN_HOME.leaf_sig}, "Ada signed for Ben", "rule", wrong)
