"""Random chains: what holds for every one of them, and for every byte of one."""

from __future__ import annotations

import itertools
from functools import lru_cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from identity_world import chain_bytes, flip, forge, kit, node, persona, play

from swarm_protocol import identity as idn
from swarm_protocol.errors import DecodeError, RemoteProtocolError, UsageError
from swarm_protocol.identity import rules

Acts = tuple[str, ...]
NAMES = ("home", "away", "third", "fourth", "fifth", "sixth")
PLAIN = [f"{sign}{name}" for sign in "+-" for name in NAMES] + [
    f"{verb} {n}" for verb in ("claim", "drop") for n in range(3)
]


@lru_cache(maxsize=2000)
def after(acts: tuple[str, ...]) -> idn.Sigchain:
    """The chain after those of the acts that are possible."""
    if not acts:
        return persona()
    chain = after(acts[:-1])
    try:
        return play(chain, acts[-1])
    except UsageError:
        return chain


def some_acts(max_size: int = 12, *, rotations: bool = True) -> st.SearchStrategy[tuple[str, ...]]:
    acts = st.sampled_from(PLAIN + ["rotate"] * 3 * rotations)
    return st.lists(acts, max_size=max_size).map(tuple)


@given(some_acts())
def test_a_chain_reads_back_the_same(acts: Acts) -> None:
    chain = after(acts)
    again = idn.Sigchain.decode(chain.encode())
    assert again == chain
    assert again.state == chain.state
    assert again.encode() == chain.encode()


@given(some_acts())
def test_a_chain_grows_link_by_link_as_at_once(acts: Acts) -> None:
    chain = after(acts)
    grown = idn.Sigchain.verify(chain.links[:1])
    for link in chain.links[1:]:
        grown = idn.receive(grown, [link]).chain
        assert grown.state == chain.upto(link.seq).state
    assert grown == chain


@given(some_acts())
def test_lookups_agree_with_one_another(acts: Acts) -> None:
    chain = after(acts)
    end = len(chain.links) - 1
    assert chain.leaves_at(end) == {n.leaf_sig for n in chain.nodes}
    assert len(chain.nodes) <= rules.MAX_ACTIVE_NODES
    for seq in range(len(chain.links)):
        assert chain.upto(seq).leaves_at(seq) == chain.leaves_at(seq)
        assert chain.place(chain.upto(seq).head) is idn.Place.KNOWN
        assert (chain.upto(seq).place(chain.head) is idn.Place.NEWER) == (seq < end)
        added = chain.node_added_at(seq)
        assert (added is not None) == (chain.links[seq].body.type == idn.LinkType.NODE_ADD)
        if added is not None:
            assert chain.node(added.leaf_sig) == added
            assert chain.trusts(added.leaf_sig) == (added in chain.nodes)
    priorities = [n.priority for n in chain.nodes]
    assert priorities == sorted(priorities, reverse=True)


@given(some_acts(), st.lists(st.integers(0, 12), min_size=3, max_size=3))
def test_honest_copies_merge_to_the_longest_in_any_order(acts: Acts, ends: list[int]) -> None:
    chain = after(acts)
    a, b, c = (chain.upto(min(end, len(chain.links) - 1)) for end in ends)
    longest = max((a, b, c), key=lambda copy: len(copy.links))
    assert idn.merge(a, a).chain == a
    assert idn.merge(a, b).chain == idn.merge(b, a).chain
    for first, second, third in itertools.permutations((a, b, c)):
        assert idn.merge(idn.merge(first, second).chain, third).chain == longest
        assert idn.merge(first, idn.merge(second, third).chain).chain == longest


@settings(max_examples=60)
@given(some_acts(6, rotations=False), some_acts(6, rotations=False), st.integers(1, 4))
def test_a_rotation_brings_all_copies_together_again(acts: Acts, others: Acts, keep: int) -> None:
    """Any two chains that the root of the genesis signed, theft or not, and one rotation by the owner."""
    chain, other = after(acts), after(others)
    healed = idn.rotate(chain, kit(), keep=min(keep, len(chain.links)))
    for copies in itertools.permutations((chain, other, healed)):
        merged = idn.merge(idn.merge(copies[0], copies[1]).chain, copies[2]).chain
        assert merged == healed
        assert merged.forks == ()


@given(some_acts(5), some_acts(5))
@example(("+home", "rotate"), ("+away", "rotate"))
def test_two_chains_have_a_winner_or_evidence_and_both_sides_see_the_same(acts: Acts, others: Acts) -> None:
    a, b = after(acts), after(others)
    from_a, from_b = idn.merge(a, b), idn.merge(b, a)
    assert from_a.chain.forks == from_b.chain.forks
    assert (from_a.outcome is idn.Outcome.FORKED) == bool(from_a.chain.forks)
    if from_a.chain.forks:
        (evidence,) = from_a.chain.forks
        assert idn.Evidence.decode(evidence.encode()) == evidence
        assert evidence.persona_id == a.persona_id
        assert (from_a.chain.links, from_b.chain.links) == (a.links, b.links)
    else:
        assert from_a.chain == from_b.chain
        assert set(from_a.void) == set(from_b.void)
    assert idn.merge(from_a.chain, b).chain == from_a.chain


FULL = persona("+home", "claim 1", "drop 1", "rotate", "-home", "retire")
FULL_DATA = FULL.encode()
EVIDENCE = idn.merge(persona("rotate", "+home"), persona("rotate", "claim 1")).chain.forks[0]
FORK = EVIDENCE.encode()
ADDED_AT = FORK.index(next(link.added_signature for link in EVIDENCE.pair if link.added_signature))


@given(st.integers(0, 8 * len(FULL_DATA) - 1))
def test_a_chain_with_any_bit_changed_is_refused(bit: int) -> None:
    with pytest.raises(RemoteProtocolError):
        idn.Sigchain.decode(flip(FULL_DATA, bit))


def test_a_chain_with_any_byte_outside_of_keys_changed_is_refused() -> None:
    """Every byte but the 1,216 of the hybrid key, which the property above draws from."""
    hpke = FULL_DATA.index(node("home").hpke.public)
    for place in [*range(hpke), *range(hpke + 1216, len(FULL_DATA))]:
        with pytest.raises(RemoteProtocolError):
            idn.Sigchain.decode(flip(FULL_DATA, 8 * place + place % 8))


@given(st.integers(0, 8 * len(FORK) - 1))
@example(8 * ADDED_AT)  # not covered by the root's signature
def test_evidence_with_any_bit_changed_is_refused(bit: int) -> None:
    with pytest.raises(RemoteProtocolError):
        idn.Evidence.decode(flip(FORK, bit))


@given(st.permutations(range(len(FULL.links))), st.integers(0, len(FULL.links)))
def test_links_left_out_or_in_another_order_are_refused(order: list[int], length: int) -> None:
    chosen = order[:length]
    data = chain_bytes(*(FULL.links[i].data for i in chosen))
    if chosen and chosen == list(range(length)):
        assert idn.Sigchain.decode(data) == FULL.upto(length - 1)
        return
    with pytest.raises(RemoteProtocolError):
        idn.Sigchain.decode(data)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_raise_what_they_should(data: bytes) -> None:
    for decode in (idn.Sigchain.decode, idn.Evidence.decode, idn.Head.decode, idn.Link.decode):
        with pytest.raises(DecodeError):
            decode(data)


@given(st.integers(0, len(FULL_DATA)), st.integers(0, 60), st.binary(max_size=60))
def test_a_cut_and_mended_chain_raises_what_it_should(start: int, gap: int, mend: bytes) -> None:
    data = FULL_DATA[:start] + mend + FULL_DATA[start + gap :]
    if data == FULL_DATA:
        return
    with pytest.raises(RemoteProtocolError):
        idn.Sigchain.decode(data)


def test_what_a_newer_program_adds_to_a_link_is_kept_and_signed() -> None:
    chain = persona("+home")
    grown = chain.extend([forge(chain, {40: {1: "later"}})])
    assert idn.Sigchain.decode(grown.encode()) == grown
    assert b"later" in grown.encode()
    with pytest.raises(RemoteProtocolError):
        idn.Sigchain.decode(grown.encode().replace(b"later", b"other"))


def test_a_full_chain_takes_no_claim_but_a_rotation() -> None:
    chain = persona()
    for i in range((rules.MAX_LINKS - rules.RESERVED_LINKS - 1) // 2):
        chain = play(chain, f"claim {i}", f"drop {i}")
    chain = play(chain, "claim 1")
    assert len(chain.links) == rules.MAX_LINKS - rules.RESERVED_LINKS
    with pytest.raises(UsageError, match="places"):
        play(chain, "drop 1")
    for _ in range(rules.RESERVED_LINKS):
        chain = play(chain, "rotate")
    assert idn.Sigchain.decode(chain.encode()) == chain
    with pytest.raises(UsageError, match="at most 128 links"):
        play(chain, "rotate")
    assert len(play(chain, "rotate 100").links) == 101
