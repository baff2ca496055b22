"""Vectors of repair (spec 50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swarm_protocol import cbor, sync
from swarm_protocol import content as con
from swarm_protocol.cbor import Value
from swarm_protocol.content import rules as content_rules
from swarm_protocol.rules import Rule
from swarm_protocol.sync import rules

from .contents import ADA, BEN_HOME, SAID, following, link, say
from .forge import Made, vector

LOW, HIGH = sorted((ADA, BEN_HOME))
Fields = Mapping[int, Value]


def known(author: con.Author = LOW, changes: Fields | None = None) -> dict[int, Value]:
    """What is known of an author: three messages, with any fields changed (None leaves one out)."""
    fields: dict[int, Value] = {1: author.fields(), 2: 3, 3: bytes(16), **(changes or {})}
    return {key: value for key, value in fields.items() if value is not None}


def wanted(author: con.Author, spans: Sequence[Sequence[int]], changes: Fields | None = None) -> Fields:
    """What is wanted of an author."""
    return {1: author.fields(), 2: [list(span) for span in spans], **(changes or {})}


def repair_haves(made: Made) -> None:
    """Haves (spec 50 §1): the bytes are one."""

    def add(
        name: str, entries: Sequence[Value], comment: str, rule: Rule | None = None, top: Fields | None = None
    ) -> None:
        data = cbor.encode({1: list(entries), **(top or {})})
        vector(made, f"sync/have/{name}", data, "decode" if rule else "ok", comment, rule)

    add("none", [], "nothing", top={2: True})
    full: Fields = {2: 9, 4: 5, 5: [[11, 12], [14, 14]], 6: True}
    add("all", [known(LOW, full), known(HIGH, {2: 0, 3: None})], "all keys, and an author without messages")
    add("have-authors", [known(HIGH), known(LOW)], "falling", rules.HAVE_AUTHORS)
    add("have-authors.twice", [known(LOW), known(LOW)], "twice", rules.HAVE_AUTHORS)
    add("have-head", [known(LOW, {3: None})], "three messages, no head", rules.HAVE_HEAD)
    add("have-head.empty", [known(LOW, {2: 0})], "a head of nothing", rules.HAVE_HEAD)
    add("have-head.start", [known(LOW, {4: 4})], "ends before its start", rules.HAVE_HEAD)
    add("have-ranges", [known(LOW, {5: [[5, 6], [7, 7]]})], "two that touch", rules.HAVE_RANGES)
    add("have-ranges.backwards", [known(LOW, {5: [[6, 5]]})], "last before first", rules.HAVE_RANGES)
    add("have-ranges.gap", [known(LOW, {5: [[3, 4]]})], "no gap before it", rules.HAVE_RANGES)
    nine: Value = [[5 + 2 * n, 5 + 2 * n] for n in range(9)]
    add("record-field", [known(LOW, {5: nine})], "nine ranges", cbor.FIELD)
    add("record-field.range", [known(LOW, {5: [[5]]})], "a range of one place", cbor.FIELD)
    add("record-field.forked", [known(LOW, {6: 1})], "one where true is due", cbor.FIELD)
    add("record-field.asks", [], "false, which is said by silence", cbor.FIELD, {2: False})


def repair_requests(made: Made) -> None:
    """Requests (spec 50 §2): the bytes are one; and arrays of two haves and the request that follows."""

    def add(name: str, entries: Sequence[Value], comment: str, rule: Rule | None = None) -> None:
        data = cbor.encode({1: list(entries)})
        vector(made, f"sync/request/{name}", data, "decode" if rule else "ok", comment, rule)

    add("two", [wanted(LOW, [[0, 3], [9, 9]]), wanted(HIGH, [[0, 0]], {3: True})], "of two authors")
    add("most", [wanted(LOW, [[2**63 - 256, 2**63 - 1]])], "256 at the end of all numbers")
    add("request-order", [wanted(HIGH, [[0, 0]]), wanted(LOW, [[0, 0]])], "falling", rules.REQUEST_ORDER)
    add("request-order.range", [wanted(LOW, [[0, 0], [1, 1]])], "two that touch", rules.REQUEST_ORDER)
    add("request-size", [wanted(LOW, [[0, 256]])], "257 messages", rules.REQUEST_SIZE)
    add("request-size.fork", [wanted(LOW, [[0, 255]], {3: True})], "256 and evidence", rules.REQUEST_SIZE)
    add("request-size.none", [], "nothing", rules.REQUEST_SIZE)
    add("request-size.author", [{1: LOW.fields()}], "nothing of an author", rules.REQUEST_SIZE)

    def follows(name: str, mine: Fields, theirs: Fields, asked: Value, comment: str) -> None:
        packed = cbor.encode([cbor.encode({1: [mine]}), cbor.encode({1: [theirs]}), asked])
        vector(made, f"sync/lacking/{name}", packed, "ok", comment)

    def request(*entries: Value) -> bytes:
        return cbor.encode({1: list(entries)})

    more = known(LOW, {2: 9, 5: [[12, 14]]})
    follows("nothing", more, known(), None, "we have more")
    follows(
        "gap",
        known(LOW, {5: [[5, 6], [13, 13]]}),
        more,
        request(wanted(LOW, [[3, 4], [7, 8], [12, 12], [14, 14]])),
        "around what is held",
    )
    follows(
        "late",
        known(LOW, {2: 4, 3: None, 4: 4}),
        more,
        request(wanted(LOW, [[4, 8], [12, 14]])),
        "from our start on",
    )
    follows("far", known(), known(LOW, {2: 2**63 - 1}), request(wanted(LOW, [[3, 258]])), "256 at most")
    follows("heads", known(), known(LOW, {3: b"\x01" * 16}), request(wanted(LOW, [[2, 2]])), "two ends")
    follows(
        "evidence", known(), known(LOW, {6: True}), request({1: LOW.fields(), 3: True}), "it is forked there"
    )
    follows("forked", known(LOW, {6: True}), more, None, "it is forked here")
    follows("stranger", known(LOW), known(HIGH), None, "an author whom we do not follow")


def repair_copies(made: Made) -> None:
    """Copies (spec 50 §3): the bytes are one."""

    def add(name: str, fields: Fields, comment: str, expect: str = "ok", rule: Rule | None = None) -> None:
        vector(made, f"sync/copy/{name}", cbor.encode(fields), expect, comment, rule)

    other = con.Fork.make(link(SAID), link(say(1, {1: "something else"})))
    add("message", {1: SAID}, "a message")
    add("link", {2: link(following(SAID, 1)).encode()}, "the link of a deleted one")
    add("evidence", {3: other.encode()}, "of a fork")
    add("copy-one", {}, "nothing", "decode", rules.COPY_ONE)
    add("copy-one.two", {1: SAID, 2: link(SAID).encode()}, "two things", "decode", rules.COPY_ONE)
    forged = cbor.encode({**cbor.Record.decode(link(SAID).encode(), "a link").fields, 6: bytes(64)})
    add("content-signature", {2: forged}, "not signed", "rule", content_rules.CONTENT_SIGNATURE)
    add("cbor-size", {1: bytes(content_rules.MAX_COPY)}, "too large", "decode", cbor.SIZE)
    assert sync.decode_copy(cbor.encode({1: SAID})) == sync.Repaired(SAID)
