"""Chains of authors: links in any order make the same chain, and a fork is seen and can be shown."""

from __future__ import annotations

import itertools

import pytest
from content_world import CONVERSATION, Writer, author_of, keys_of, link_of
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import content as con
from swarm_protocol.content import rules
from swarm_protocol.content.chain import sign_place
from swarm_protocol.errors import RemoteProtocolError, UnexpectedMessage, UsageError

LINKS = [link_of(message) for writer in [Writer("ada")] for message in map(writer.say, "abcdefgh")]
EMPTY = con.AuthorChain.empty(CONVERSATION, author_of("ada"))
TWICE = [link_of(Writer("ada", seed="copy").say("other")), *LINKS[1:3]]


def feed(
    links: list[con.AuthorLink], chain: con.AuthorChain = EMPTY
) -> tuple[con.AuthorChain, list[con.AuthorLink], list[con.Outcome]]:
    """Feed links as a node would: what came into the chain is in its store."""
    store: list[con.AuthorLink] = []
    outcomes = []
    for link in links:
        stored = next((kept for kept in store if kept.seq == link.seq), None)
        received = chain.receive(link, stored=stored)
        chain = received.chain
        store += received.added
        outcomes.append(received.outcome)
    return chain, store, outcomes


@given(st.permutations(LINKS), st.lists(st.sampled_from(LINKS), max_size=5))
def test_links_in_any_order_with_copies_make_the_chain(
    order: list[con.AuthorLink], copies: list[con.AuthorLink]
) -> None:
    chain, store, _ = feed([*order, *copies])
    assert chain == feed(LINKS)[0]
    assert store == LINKS
    assert (chain.head, chain.next_seq, chain.missing, dict(chain.held)) == (LINKS[-1], 8, (), {})


@given(st.sets(st.sampled_from(range(8))).flatmap(lambda there: st.permutations(sorted(there))))
def test_what_is_missing_is_known(there: list[int]) -> None:
    chain, store, _ = feed([LINKS[seq] for seq in there])
    assert [link.seq for link in store] == list(range(chain.next_seq))
    missing = {seq for first, last in chain.missing for seq in range(first, last + 1)}
    assert missing == set(range(max(there, default=-1) + 1)) - set(there)
    assert feed([LINKS[seq] for seq in sorted(missing)], chain)[0].missing == ()


def test_each_outcome() -> None:
    _, _, outcomes = feed([LINKS[0], LINKS[2], LINKS[2], LINKS[1], LINKS[0], LINKS[2]])
    extended, held, repeated = con.Outcome.EXTENDED, con.Outcome.HELD, con.Outcome.REPEATED
    assert outcomes == [extended, held, repeated, extended, repeated, repeated]


@given(st.permutations([LINKS[0], LINKS[1], TWICE[0]]))
def test_two_first_messages_are_a_fork_whichever_came_first(order: list[con.AuthorLink]) -> None:
    chain, _, outcomes = feed(order)
    assert con.Outcome.FORKED in outcomes
    assert chain.fork is not None
    assert con.Fork.decode(chain.fork.encode()) == chain.fork
    assert chain.fork.author == author_of("ada")


def test_all_members_who_saw_the_same_two_name_the_fork_alike() -> None:
    forks = [feed(list(order))[0].fork for order in itertools.permutations([LINKS[0], TWICE[0]])]
    assert forks[0] is not None
    assert forks[1] is not None
    assert forks[0] == forks[1]
    assert forks[0].id == forks[1].id


def test_a_link_that_follows_another_message_is_a_fork() -> None:
    chain, _, outcomes = feed([TWICE[0], LINKS[1]])
    assert outcomes[-1] is con.Outcome.FORKED
    assert chain.fork is not None
    assert [link.seq for link in chain.fork.pair] == [0, 1]


def test_a_fork_deep_in_the_store_is_seen() -> None:
    copy = Writer("ada", seed="copy")
    copy.chain = feed(LINKS[:3])[0]
    other = link_of(copy.say("other"))
    chain, _, outcomes = feed([*LINKS, other])
    assert outcomes[-1] is con.Outcome.FORKED
    assert chain.fork is not None
    assert {link.commitment for link in chain.fork.pair} == {LINKS[3].commitment, other.commitment}


def test_after_a_fork_the_chain_stands_still() -> None:
    forked, _, _ = feed([LINKS[0], TWICE[0]])
    chain, store, outcomes = feed([LINKS[1], LINKS[2]], forked)
    assert chain == forked
    assert store == []
    assert set(outcomes) == {con.Outcome.FORKED}
    assert forked.receive(LINKS[0]).outcome is con.Outcome.REPEATED


def test_a_fork_can_be_shown_when_both_messages_are_gone() -> None:
    """Only links are left, by bytes, with neither bodies nor salts, and no other knowledge."""
    a, b = LINKS[0].encode(), TWICE[0].encode()
    fork = con.Fork.make(con.AuthorLink.decode(a), con.AuthorLink.decode(b))
    assert fork == con.Fork.make(con.AuthorLink.decode(b), con.AuthorLink.decode(a))
    assert len(fork.encode()) < 700


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations(range(8), 2)))
def test_an_honest_chain_gives_no_evidence(a: int, b: int) -> None:
    for first, second in ((LINKS[a], LINKS[b]), (LINKS[b], LINKS[a]), (LINKS[a], LINKS[a])):
        assert not first.contradicts(second)
        with pytest.raises(RemoteProtocolError):
            con.Fork.make(first, second)


def test_two_nodes_and_two_conversations_are_no_fork() -> None:
    other = con.Conversation(bytes(32))
    away = link_of(Writer("ada/away").say("x"))
    elsewhere = link_of(Writer("ada", other).say("x"), other)
    for link in (away, elsewhere):
        assert not LINKS[0].contradicts(link)
        with pytest.raises(UnexpectedMessage):
            EMPTY.receive(link)


FORK = con.Fork.make(LINKS[0], TWICE[0]).encode()


@given(st.integers(0, 8 * len(FORK) - 1))
def test_evidence_with_any_bit_changed_is_refused(bit: int) -> None:
    data = bytearray(FORK)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError):
        con.Fork.decode(bytes(data))


def test_who_joins_later_follows_from_there() -> None:
    late = con.AuthorChain.empty(CONVERSATION, author_of("ada"), start=5)
    chain, store, outcomes = feed([LINKS[4], LINKS[6], LINKS[5]], late)
    assert outcomes == [con.Outcome.OLDER, con.Outcome.HELD, con.Outcome.EXTENDED]
    assert store == LINKS[5:7]
    assert chain.missing == ()


def test_what_is_held_behind_a_gap_is_bounded() -> None:
    writer = Writer("ada")
    links = [link_of(writer.say("x")) for _ in range(rules.MAX_HELD + 2)]
    chain, _, _ = feed(links[1:-1])
    with pytest.raises(UnexpectedMessage):
        chain.receive(links[-1])
    assert len(chain.held) == rules.MAX_HELD
    chain, store, _ = feed([links[0], links[-1]], chain)
    assert store == links
    assert not chain.held


def test_a_huge_gap_costs_nothing() -> None:
    ada, far = author_of("ada"), 2**60
    signature = sign_place(keys_of("ada"), CONVERSATION, ada, far, bytes(32), bytes(32))
    link = con.AuthorLink(CONVERSATION.hash, ada, far, bytes(32), bytes(32), signature)
    received = EMPTY.receive(con.AuthorLink.decode(link.encode()))
    assert received.outcome is con.Outcome.HELD
    assert received.chain.missing == ((0, far - 1),)


def test_the_link_of_an_old_place_is_compared_with_what_is_stored() -> None:
    chain, _, _ = feed(LINKS)
    for stored in (None, LINKS[2], link_of(Writer("ben").say("x"))):
        with pytest.raises(UsageError):
            chain.receive(LINKS[1], stored=stored)
    assert chain.receive(LINKS[1], stored=LINKS[1]).outcome is con.Outcome.REPEATED


def test_a_node_does_not_write_on_a_chain_that_another_copy_has_moved() -> None:
    writer = Writer("ada")
    for chain in (feed([LINKS[0], LINKS[2]])[0], feed([LINKS[0], TWICE[0]])[0]):
        writer.chain = chain
        with pytest.raises(UsageError):
            writer.say("x")
    writer.chain = con.AuthorChain.empty(CONVERSATION, author_of("ben"))
    with pytest.raises(UsageError):
        writer.say("x")
