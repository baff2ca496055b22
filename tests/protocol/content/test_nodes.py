"""What nodes tell nodes, files in messages, and addresses: whole, bounded, and only as they were signed."""

from __future__ import annotations

import pytest
from content_world import CONVERSATION, Writer, author_of, keys_of, link_of
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import cbor
from swarm_protocol import content as con
from swarm_protocol import envelope as env
from swarm_protocol.content import rules
from swarm_protocol.content.nodes import TOLD
from swarm_protocol.errors import RemoteProtocolError, UsageError
from swarm_protocol.mailbox import QueueControl, RelayRecord, SenderId, Step
from swarm_protocol.testing import SeededEntropy


def tell(body: con.Told | con.ChainDelta | con.Hello) -> con.Message:
    return con.compose_unchained(author_of("ada"), CONVERSATION, body, wall_s=7, entropy=SeededEntropy(1))


@given(st.sampled_from(sorted(TOLD)), st.binary(max_size=200))
def test_what_is_told_reads_back_byte_for_byte(kind: int, data: bytes) -> None:
    body = con.Told(con.Type(kind), data)
    message = con.Message.decode(tell(body).data)
    assert (message.body, message.place) == (body, None)
    with pytest.raises(RemoteProtocolError):  # nobody but MLS speaks for it
        con.admit(message, CONVERSATION, sender=None, highest=0)


@pytest.mark.parametrize(("kind", "most"), sorted(TOLD.items()))
def test_each_type_has_its_bound(kind: int, most: int) -> None:
    assert tell(con.Told(con.Type(kind), bytes(most))).body == con.Told(con.Type(kind), bytes(most))
    with pytest.raises(UsageError):
        tell(con.Told(con.Type(kind), bytes(most + 1)))


def test_a_step_of_a_rotation_travels() -> None:
    step = QueueControl(Step.QUSE, SenderId(bytes(24)))
    body = tell(con.Told(con.Type.QUEUE_CTL, step.encode())).body
    assert isinstance(body, con.Told)
    assert QueueControl.decode(body.data) == step


@given(st.integers(0, 127), st.binary(max_size=99), st.none() | st.integers(0, 128))
def test_deltas_of_chains_and_what_is_held_of_them_read_back(
    first: int, links: bytes, held: int | None
) -> None:
    for body in (con.ChainDelta(first, links), con.Hello(3, bytes(16), held)):
        assert con.Message.decode(tell(body).data).body == body


FILES = (
    con.Attachment("a.pdf", "application/pdf", bytes(200_000)),
    con.Attachment("b", "", bytes(62_134), "What is it"),
)


def test_files_travel_in_what_is_said_and_through_the_largest_envelopes() -> None:
    for body in (con.Text("a" * rules.MAX_TEXT, FILES), con.Reply(bytes(32), "b", FILES)):
        message = Writer("ada").say(body)
        assert con.Message.decode(message.data).body == body
        assert link_of(message).commitment == message.id
        copy = tell(con.Told(con.Type.COPY, cbor.encode({1: message.data})))
        frames = env.frames_for(env.Kind.MLS_PRIVATE, copy.data + bytes(4096), 0)
        assert len(frames) <= env.rules.MAX_PARTS


def test_what_is_said_of_a_file_counts_with_it() -> None:
    file = con.Attachment("a", "", bytes(rules.MAX_ATTACHED - 3), "\u2713")
    assert Writer("ada").say(con.Text("", (file,))).body == con.Text("", (file,))
    with pytest.raises(UsageError):
        Writer("ada").say(con.Text("", (con.Attachment("a", "", bytes(rules.MAX_ATTACHED), "?"),)))
    with pytest.raises(UsageError):
        Writer("ada").say(con.Text("", (con.Attachment("a", "", b"", "?" * (rules.MAX_DESCRIPTION + 1)),)))


@given(st.lists(st.integers(0, 100_000), max_size=5))
def test_files_are_bounded_together(sizes: list[int]) -> None:
    files = tuple(con.Attachment(f"{n}", "", bytes(size)) for n, size in enumerate(sizes))
    fits = len(sizes) <= rules.MAX_ATTACHMENTS and sum(sizes) <= rules.MAX_ATTACHED
    if fits:
        assert Writer("ada").say(con.Text("", files)).body == con.Text("", files)
    else:
        with pytest.raises(UsageError):
            Writer("ada").say(con.Text("", files))


def test_a_text_stays_as_small_as_it_was() -> None:
    with pytest.raises(UsageError):
        Writer("ada").say(con.Text("a" * (rules.MAX_TEXT + 1), FILES))
    assert con.Text("x").fields() == {1: "x"}


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd", "a\\b", "a\x00b", "a\nb", "a" * 256])
def test_a_name_never_leaves_its_folder(name: str) -> None:
    with pytest.raises(UsageError):
        Writer("ada").say(con.Text("", (con.Attachment(name, "", b""),)))


def test_files_are_not_printed() -> None:
    assert "secret" not in repr(con.Text("", (con.Attachment("secret", "", b"secret"),)))


RELAY = RelayRecord("relay.example:443", bytes(32), author_of("ada").leaf_sig, b"\x09" + bytes(31))
RECORD = con.AddressRecord.make(
    keys_of("ada"),
    seq=5,
    not_after=1_800_000_000,
    endpoints=[con.Endpoint(con.EndpointType.LAN, "192.0.2.1:8471", bytes(32))],
    emergency=[RELAY],
)


@given(st.integers(0, 8 * len(RECORD.data) - 1))
def test_an_address_record_with_any_bit_changed_is_refused(bit: int) -> None:
    data = bytearray(RECORD.data)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError):
        con.AddressRecord.decode(bytes(data))


@given(st.permutations(range(6)))
def test_the_highest_seq_wins_whatever_came_when(order: list[int]) -> None:
    records = [con.AddressRecord.make(keys_of("ada"), seq=seq, not_after=10 - seq) for seq in order]
    known = records[0]
    for record in records[1:]:
        known = con.newer(known, record)
    assert known.seq == 5


def test_equal_seqs_and_two_nodes() -> None:
    other = con.AddressRecord.make(keys_of("ada"), seq=5, not_after=0)
    assert con.newer(RECORD, other) is RECORD
    with pytest.raises(UsageError):
        con.newer(RECORD, con.AddressRecord.make(keys_of("ben"), seq=9, not_after=0))
    with pytest.raises(UsageError):
        con.AddressRecord.make(keys_of("ada"), seq=1, not_after=0, emergency=[RECORD.emergency[0]] * 3)


def test_addresses_are_not_printed() -> None:
    assert "192.0.2.1" not in repr(RECORD)
    assert "relay.example" not in repr(RECORD)
