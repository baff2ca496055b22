"""Messages: what is written reads back, what is changed is refused, and what is deleted tells nothing."""

from __future__ import annotations

import pytest
from content_world import CONVERSATION, HEADS, Writer, author_of, keys_of, link_of
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_protocol import cbor
from swarm_protocol import content as con
from swarm_protocol.content import rules
from swarm_protocol.content.bodies import Known
from swarm_protocol.content.message import commitment
from swarm_protocol.errors import RemoteProtocolError, RuleViolation, UsageError
from swarm_protocol.testing import SeededEntropy

names = st.binary(min_size=32, max_size=32)
uints = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
said: st.SearchStrategy[Known] = st.one_of(
    st.builds(con.Text, texts),
    st.builds(con.Reply, names, texts),
    st.builds(con.Edit, names, texts),
    st.builds(con.React, names, texts.map(lambda text: text[:16])),
    st.builds(con.Timer, st.integers(0, rules.MAX_TIMER_S)),
    st.lists(names, min_size=1, max_size=64, unique=True).map(lambda t: con.DeleteReq(tuple(sorted(t)))),
)
leaves = st.sampled_from([author_of(node).leaf_sig for node in ("ada", "ada/away", "ben")])
ranges = st.lists(st.tuples(leaves, st.integers(0, 40)), max_size=40).map(con.ranges_of)
told: st.SearchStrategy[Known] = st.one_of(
    st.builds(con.Hello, uints, st.binary(min_size=16, max_size=16)),
    st.builds(con.Receipt, st.sampled_from(con.ReceiptStatus), ranges),
)


@given(said, st.integers(0, rules.MAX_TIMER_S), st.integers(0, 2**32))
def test_what_is_said_reads_back(body: Known, expire_s: int, lamport: int) -> None:
    message = Writer("ada").say(body, expire_s=expire_s, lamport=lamport)
    again = con.Message.decode(message.data)
    assert con.body_of(message.data) == again.body
    assert again == message
    assert (again.body, again.expire_s, again.author) == (body, expire_s, author_of("ada"))
    assert again.place == message.place
    assert again.heads == HEADS
    admitted = con.admit(again, CONVERSATION, sender=author_of("ada"), highest=0)
    assert admitted.link is not None
    assert (admitted.link.seq, admitted.link.commitment) == (0, message.id)
    assert con.AuthorLink.decode(admitted.link.encode()) == admitted.link


@given(told)
def test_what_is_told_reads_back_and_is_not_chained(body: Known) -> None:
    message = con.compose_unchained(author_of("ada"), CONVERSATION, body, wall_s=7, entropy=SeededEntropy(1))
    assert con.Message.decode(message.data).body == body
    assert con.admit(message, CONVERSATION, sender=author_of("ada"), highest=0).link is None
    with pytest.raises(UsageError):
        _ = message.id


@given(st.lists(st.tuples(leaves, st.integers(0, 30)), max_size=60))
def test_ranges_cover_what_they_were_made_of_and_nothing_else(messages: list[tuple[bytes, int]]) -> None:
    receipt = con.Receipt(con.ReceiptStatus.READ, con.ranges_of(messages))
    for node in ("ada", "ada/away", "ben"):
        leaf = author_of(node).leaf_sig
        assert [seq for seq in range(32) if receipt.covers(leaf, seq)] == sorted(
            {seq for whose, seq in messages if whose == leaf}
        )


def test_heads_of_a_log_read_back() -> None:
    heads = con.Heads(HEADS.chain, con.LogHead(9, bytes(32)))
    message = con.compose(
        keys_of("ada"),
        con.AuthorChain.empty(CONVERSATION, author_of("ada")),
        CONVERSATION,
        con.Text("x"),
        parents=[b"\x02" * 32, b"\x01" * 32],
        lamport=1,
        heads=heads,
        wall_s=0,
        entropy=SeededEntropy(1),
    )
    assert message.heads == heads
    assert message.standing.parents == (b"\x01" * 32, b"\x02" * 32)


SAID = Writer("ada").say("hello ben")


@given(st.integers(0, 8 * len(SAID.data) - 1))
def test_a_message_with_any_bit_changed_is_refused(bit: int) -> None:
    data = bytearray(SAID.data)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError):
        con.admit(con.Message.decode(bytes(data)), CONVERSATION, sender=author_of("ada"), highest=0)


def test_a_message_with_any_byte_changed_is_refused() -> None:
    for place in range(len(SAID.data)):
        data = bytearray(SAID.data)
        data[place] ^= 1 << place % 8
        with pytest.raises(RemoteProtocolError):
            con.admit(con.Message.decode(bytes(data)), CONVERSATION, sender=author_of("ada"), highest=0)


@given(st.integers(0, len(SAID.data)), st.integers(0, 40), st.binary(max_size=40))
def test_a_cut_and_mended_message_raises_what_it_should(start: int, gap: int, mend: bytes) -> None:
    data = SAID.data[:start] + mend + SAID.data[start + gap :]
    try:
        message = con.Message.decode(data)
        con.admit(message, CONVERSATION, sender=author_of("ada"), highest=0)
    except RemoteProtocolError:
        assert data != SAID.data
    else:
        assert data == SAID.data


@given(st.binary(max_size=200), st.dictionaries(st.integers(-2, 16), st.binary(max_size=9), max_size=9))
def test_bytes_of_any_kind_raise_what_they_should(data: bytes, fields: dict[int, bytes]) -> None:
    for tried in (data, cbor.encode(fields)):
        for decode in (con.Message.decode, con.AuthorLink.decode, con.Fork.decode):
            with pytest.raises(RemoteProtocolError):
                decode(tried)


@settings(max_examples=30)
@given(
    st.integers(max(con.Type) + 1, 2**32 - 1),
    st.recursive(st.integers(0, 9) | st.text(max_size=5), st.lists, max_leaves=5),
)
def test_a_type_of_a_later_version_is_kept_byte_for_byte(kind: int, body: cbor.Value) -> None:
    fields = {**cbor.Record.decode(SAID.data, "a message").fields, 9: kind, 10: body}
    message = con.Message.decode(cbor.encode(fields))
    assert message.needs_newer
    assert message.body == con.Unknown(kind)
    assert message.data == cbor.encode(fields)
    # The signature is that of another message; what matters here is that its chain could go on.
    with pytest.raises(RuleViolation) as caught:
        con.admit(message, CONVERSATION, sender=author_of("ada"), highest=0)
    assert caught.value.rule == "content-signature"


def test_a_repairer_cannot_turn_a_message_into_another() -> None:
    """No key but the signature's own can change; each of 1 to 11, 13 and 14 is covered."""
    message = Writer("ada").say(con.Reply(bytes(32), "yes"), expire_s=60)
    fields = dict(cbor.Record.decode(message.data, "a message").fields)
    others: dict[int, cbor.Value] = {
        1: b"\x01" * 16,
        3: author_of("ben").fields(),
        6: [bytes(32)],
        7: 2,
        8: 0,
        9: 3,
        10: {1: "no"},
        11: 61,
        13: [b"\x01" * 32],
        14: con.Heads(HEADS.chain, con.LogHead(1, bytes(32))).fields(),
        40: "an unknown key",
    }
    for key, other in others.items():
        changed = con.Message.decode(cbor.encode({**fields, key: other}))
        with pytest.raises(RuleViolation) as caught:
            con.admit(changed, CONVERSATION, sender=None, highest=0)
        assert caught.value.rule == "content-signature"
    assert con.admit(message, CONVERSATION, sender=None, highest=0).message == message


def test_deleting_leaves_the_chain_and_nothing_to_guess_against() -> None:
    writer = Writer("ada")
    messages = [writer.say(text) for text in ("one", "two", "three")]
    kept = [link_of(message).encode() for message in messages]  # all that is left of them
    assert not any(word.encode() in link for word in ("one", "two", "three") for link in kept)
    chain = con.AuthorChain.empty(CONVERSATION, writer.author)
    for link in kept:
        chain = chain.receive(con.AuthorLink.decode(link)).chain
    assert chain == writer.chain
    follows = writer.say("four")
    assert chain.receive(link_of(follows)).outcome is con.Outcome.EXTENDED
    # Whoever knows everything of it but the 128 bits of salt has no way to check a guess.
    content = cbor.Record.decode(messages[1].data, "a message").without(12)
    assert messages[1].salt is not None
    assert commitment(messages[1].salt, content) == messages[1].id
    assert messages[1].salt not in b"".join(kept)
    assert commitment(bytes(16), content) != messages[1].id


def test_the_same_words_have_another_name_each_time() -> None:
    first, second = (Writer("ada", seed=seed).say("hello").id for seed in range(2))
    assert first != second


def test_a_tag_that_two_conversations_share_does_not_let_a_message_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if somebody had searched for two ids whose hashes start alike."""
    other = con.Conversation(bytes(32))
    monkeypatch.setattr(con.Conversation, "tag", property(lambda _: bytes(8)))
    message = Writer("ada").say("hello")
    assert con.admit(message, CONVERSATION, sender=None, highest=0).link is not None
    with pytest.raises(RuleViolation) as caught:
        con.admit(message, other, sender=None, highest=0)
    assert caught.value.rule == "content-signature"


def test_a_lamport_may_jump_so_far_and_no_farther() -> None:
    message = Writer("ada").say("x", lamport=2**32 + 5)
    assert con.admit(message, CONVERSATION, sender=None, highest=5).link
    with pytest.raises(RuleViolation):
        con.admit(message, CONVERSATION, sender=None, highest=4)
    assert con.admit(message, CONVERSATION, sender=None, highest=10**12).link


def test_what_others_would_refuse_is_not_written() -> None:
    writer = Writer("ada")
    for body in (
        con.Text("a" * (rules.MAX_TEXT + 1)),
        con.React(bytes(32), "a" * 65),
        con.Reply(bytes(31), "x"),
        con.DeleteReq(()),
        con.Timer(rules.MAX_TIMER_S + 1),
        con.Hello(1, bytes(16)),
    ):
        with pytest.raises(UsageError):
            writer.say(body)
    assert writer.chain.head is None
    with pytest.raises(UsageError):
        con.compose_unchained(
            author_of("ada"), CONVERSATION, con.Text("x"), wall_s=0, entropy=SeededEntropy(1)
        )


def test_nothing_secret_is_printed() -> None:
    message = Writer("ada").say(con.Reply(bytes(32), "a secret"))
    react = Writer("ada").say(con.React(bytes(32), "🤫"))
    assert message.salt is not None
    for value in (message, react, con.admit(message, CONVERSATION, sender=None, highest=0), CONVERSATION):
        text = repr(value)
        assert "secret" not in text
        assert "🤫" not in text
        assert repr(message.salt) not in text
        assert repr(CONVERSATION.id) not in text


def test_what_a_message_costs() -> None:
    """As the specification says in §1."""
    writer = Writer("ada")
    writer.see(Writer("ben").say("hi"))
    writer.say("a")
    assert len(writer.say("a" * 100).data) == 400
