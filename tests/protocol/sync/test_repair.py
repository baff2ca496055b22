"""Nodes that lack different things come to have the same, whatever the wire loses; and they never storm."""

from __future__ import annotations

import itertools
import random

import pytest
from content_world import Writer, author_of, link_of
from hypothesis import given
from hypothesis import strategies as st
from sync_world import Node, ask, forked_pool

from swarm_protocol import content as con
from swarm_protocol import sync
from swarm_protocol.errors import LimitError, RemoteProtocolError, UsageError
from swarm_protocol.sync import rules

ADA, BEN = author_of("ada"), author_of("ben")
ADAS, COPIES = forked_pool(12, 7)
BENS = [message for writer in [Writer("ben")] for message in map(writer.say, "abcdefgh")]
heard = st.lists(st.sampled_from(range(12)), unique=True)
subsets = st.tuples(heard, st.lists(st.sampled_from(range(8)), unique=True))


def node(ada: list[int], ben: list[int], copies: list[int] | None = None) -> Node:
    one = Node.following("ada", "ben")
    one.hear(ADAS[n] for n in ada)
    one.hear(BENS[n] for n in ben)
    one.hear(COPIES[n] for n in copies or [])
    return one


def whole(data: bytes) -> bytes | None:
    return data


def converge(nodes: list[Node], seed: int) -> None:
    """Rounds in which each asks each, first over a wire that loses, then over one that does not."""
    dice = random.Random(seed)

    def losing(data: bytes) -> bytes | None:
        return None if dice.random() < 0.3 else data

    for wire in (losing, losing, losing, whole, whole, whole):
        for asking, answering in itertools.permutations(nodes, 2):
            ask(asking, answering, wire)


def agree(a: Node, b: Node) -> bool:
    return all(
        a.chains[x].fork == b.chains[x].fork
        if a.chains[x].fork
        else sync.Known.of(a.chains[x]) == sync.Known.of(b.chains[x])
        for x in (ADA, BEN)
    )


@given(st.lists(subsets, min_size=2, max_size=3), st.integers(0, 2**32))
def test_all_come_to_have_what_one_of_them_had(parts: list[tuple[list[int], list[int]]], seed: int) -> None:
    nodes = [node(*part) for part in parts]
    converge(nodes, seed)
    union = set().union(*(ada for ada, _ in parts))
    for one in nodes:
        assert {seq for author, seq in one.store if author == ADA} == union
        assert all(one.store[ADA, seq] == ADAS[seq].data for seq in union)
        assert agree(one, nodes[0])
    # Now nobody lacks anything, so nothing is asked for and nothing is sent.
    assert ask(nodes[0], nodes[1], whole) == 0


@given(subsets, subsets, heard, st.integers(0, 2**32))
def test_a_deleted_message_is_a_link_and_never_comes_back(
    mine: tuple[list[int], list[int]], theirs: tuple[list[int], list[int]], gone: list[int], seed: int
) -> None:
    a, b = node(*mine), node(*theirs)
    for seq in gone:
        a.delete(ADA, seq)
    deleted = {seq for seq in gone if (ADA, seq) in a.store}
    converge([a, b], seed)
    assert agree(a, b)
    for seq in deleted:
        assert a.store[ADA, seq] == link_of(ADAS[seq])
        had_it = seq in theirs[0]
        assert b.store[ADA, seq] == (ADAS[seq].data if had_it else link_of(ADAS[seq]))


@given(heard, st.lists(st.sampled_from(range(5)), unique=True), st.integers(0, 2**32))
def test_a_fork_is_known_to_all_once_one_knows_or_could(ada: list[int], copies: list[int], seed: int) -> None:
    a, b = node(list(range(9)), []), node(list(range(7)), [], [0, *copies])
    c = node(ada, [])
    converge([a, b, c], seed)
    forks = [one.chains[ADA].fork for one in (a, b, c)]
    assert None not in forks
    for fork in forks:
        assert fork is not None
        assert con.Fork.decode(fork.encode()).author == ADA


def test_two_heads_of_one_length_are_a_fork() -> None:
    a, b = node(list(range(8)), []), node(list(range(7)), [], [0])
    assert a.chains[ADA].next_seq == b.chains[ADA].next_seq
    assert ask(a, b, whole) > 0
    assert a.chains[ADA].fork == b.chains[ADA].fork is not None


def test_who_came_later_asks_for_nothing_before() -> None:
    late, early = Node.following("ada", "ben"), node(list(range(12)), [])
    late.chains[ADA] = con.AuthorChain(late.chains[ADA].conversation, ADA, start=9)
    ask(late, early, whole)
    assert {seq for author, seq in late.store if author == ADA} == {9, 10, 11}
    young = node([], [])
    ask(young, late, whole)  # and nobody asks the late one for what it never had
    assert sync.lacking(young.have(), late.have()) is None


def test_an_author_whom_we_do_not_follow_is_not_asked_for() -> None:
    assert sync.lacking(Node.following("ben").have(), node([0, 1], [0]).have()) == sync.Request(
        (sync.Wanted(BEN, ((0, 0),)),)
    )


def test_a_have_deletes_nothing_and_an_empty_one_asks_for_nothing() -> None:
    full, empty = node(list(range(12)), [0]), node([], [])
    before = dict(full.store)
    assert sync.lacking(full.have(), empty.have()) is None
    ask(empty, full, lambda _: None)
    assert full.store == before


def test_a_claim_of_any_size_is_asked_for_256_at_a_time() -> None:
    far = sync.Have((sync.Known(ADA, 2**60, bytes(16)), sync.Known(BEN, 2**60, bytes(16))))
    mine = Node.following("ada", "ben").have()
    fetch, request = sync.Fetch.start(mine, far)
    assert request is not None
    assert sum(wanted.size for wanted in request.wanted) == rules.MAX_IDS
    assert sync.Request.decode(request.encode()) == request
    assert fetch.after(mine) == (fetch, None)  # nothing came, so nothing more is asked


def test_evidence_that_shows_nothing_here_holds_up_nobody_else() -> None:
    """Who joined behind a fork cannot use its evidence, and still gets what others said."""
    low, high = sorted((ADA, BEN))

    def have(count: int, *, forked: bool) -> sync.Have:
        return sync.Have(
            (sync.Known(low, 9, bytes(16), 8, forked=forked), sync.Known(high, count, bytes(16)))
        )

    fetch, first = sync.Fetch.start(have(1, forked=False), have(300, forked=True))
    evidence = sync.Wanted(low, fork=True)
    assert first == sync.Request((evidence, sync.Wanted(high, ((1, 255),))))
    assert fetch.after(have(255, forked=False))[1] is None
    fetch, second = fetch.after(have(256, forked=False))
    assert second == sync.Request((evidence, sync.Wanted(high, ((256, 299),))))
    fetch, third = fetch.after(have(300, forked=False))
    assert third == sync.Request((evidence,))
    assert fetch.after(have(300, forked=False))[1] is None


def test_a_long_chain_comes_in_batches() -> None:
    writer = Writer("ada")
    full, empty = Node.following("ada"), Node.following("ada")
    full.hear([writer.say("x") for _ in range(rules.MAX_IDS + 40)])
    assert ask(empty, full, whole) == rules.MAX_IDS + 40
    assert empty.store == full.store


def test_the_window_holds_back_the_rest() -> None:
    full = Node.following("ada")
    full.hear([message for writer in [Writer("ada")] for message in (writer.say("x") for _ in range(100))])
    answer = sync.Answer.to(sync.Request((sync.Wanted(ADA, ((0, 99),)),)))
    answer, copies = answer.take(full)
    assert (len(copies), answer.take(full)[1]) == (rules.WINDOW, ())
    answer, more = answer.stored(3).take(full)
    assert (len(more), answer.in_flight) == (3, rules.WINDOW)
    with pytest.raises(UsageError):
        answer.stored(rules.WINDOW + 1)


def test_what_is_not_there_is_left_out_of_an_answer() -> None:
    some = node([0, 2], [])
    request = sync.Request((sync.Wanted(ADA, ((0, 3),), fork=True), sync.Wanted(BEN, ((5, 6),))))
    answer, copies = sync.Answer.to(request).take(some)
    assert copies == (sync.Repaired(ADAS[0].data), sync.Repaired(ADAS[2].data))
    assert not answer.todo


def test_a_repairer_changes_nothing() -> None:
    data = bytearray(ADAS[0].data)
    data[-1] ^= 1
    with pytest.raises(RemoteProtocolError):
        node([], []).take(sync.decode_copy(sync.Repaired(bytes(data)).encode()))


def test_what_is_sent_is_bounded_and_the_widest_fits() -> None:
    authors = [con.Author(ADA.persona_id, bytes([n // 256, n % 256]) * 16) for n in range(257)]
    with pytest.raises(LimitError):
        sync.Have.of(con.AuthorChain(bytes(32), author) for author in authors)
    far = tuple((2**62 + 2 * n, 2**62 + 2 * n) for n in range(200))
    widest = [sync.Known(author, 2**62 - 1, bytes(16), 2**61, far, forked=True) for author in authors[1:]]
    have = sync.Have.decode(sync.Have(tuple(widest), asks=True).encode())
    assert [known.held for known in have.known] == [far[: rules.MAX_HELD]] * rules.MAX_AUTHORS
    assert len(have.encode()) <= con.rules.MAX_HAVE
    wide = sync.Request(tuple(sync.Wanted(author, far[:1]) for author in authors[1:]))
    deep = sync.Request((sync.Wanted(ADA, tuple((2**62 + 2 * n,) * 2 for n in range(rules.MAX_IDS))),))
    for request in (wide, deep):
        assert sync.Request.decode(request.encode()) == request


HAVE = node([0, 1, 3, 4, 9], [0]).have(asks=True).encode()
REQUEST = sync.Request((sync.Wanted(ADA, ((0, 3), (7, 7)), fork=True), sync.Wanted(BEN, ((5, 6),)))).encode()
COPY = sync.Tombstone(link_of(ADAS[3])).encode()


@given(st.sampled_from([HAVE, REQUEST, COPY]), st.data())
def test_mended_bytes_raise_what_they_should_or_read_back(valid: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(valid)))
    cut = data.draw(st.integers(0, 9))
    tried = valid[:start] + data.draw(st.binary(max_size=9)) + valid[start + cut :]
    for decode in (sync.Have.decode, sync.Request.decode, sync.decode_copy):
        try:
            value = decode(tried)
        except RemoteProtocolError:
            continue
        assert decode(value.encode()) == value


def test_nothing_that_was_said_is_printed() -> None:
    assert "ada 0" not in repr(sync.Repaired(ADAS[0].data))
