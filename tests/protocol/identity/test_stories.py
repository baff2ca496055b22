"""Key rotation and theft, one row per story: what a contact has, what arrives, and what the contact sees.

`ada` is the owner, `ben` the contact. A copy is told by the acts that made it (`identity_world.play`);
whoever holds the present root can act, so a thief's chain is written like anybody's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from identity_world import LABEL, forge, kit, node, persona, play

from swarm_protocol import identity as idn
from swarm_protocol import labels
from swarm_protocol.errors import RuleViolation, UsageError
from swarm_protocol.identity import Outcome, Place, Standing


@dataclass(frozen=True)
class Story:
    """`ben` has one copy, others arrive in turn. Then these nodes are trusted, and so far is ada believed."""

    has: tuple[str, ...]
    arrives: tuple[tuple[str, ...], ...]
    outcomes: tuple[Outcome, ...]
    trusted: tuple[str, ...]
    told: tuple[str, ...]
    standing: Standing = Standing.VERIFIED


STORIES = {
    "a second node": Story(
        ("+home",), (("+home", "+away"),), (Outcome.EXTENDED,), ("away", "home"), ("NodeAdded",)
    ),
    "an old copy comes late": Story(
        ("+home", "+away"), (("+home",), ()), (Outcome.SAME, Outcome.SAME), ("away", "home"), ()
    ),
    "a node is revoked": Story(
        ("+home", "+away"),
        (("+home", "+away", "-home"),),
        (Outcome.EXTENDED,),
        ("away",),
        ("NodeRevoked",),
    ),
    "a node comes and goes while ben is away": Story(
        ("+home",), (("+home", "+away", "-away"),), (Outcome.EXTENDED,), ("home",), ()
    ),
    "a root is rotated in peace": Story(
        ("+home",), (("+home", "rotate"),), (Outcome.EXTENDED,), ("home",), ("RootRotated",)
    ),
    "the thief adds a node, the owner rotates before it": Story(
        ("+home", "+thief"),
        (("+home", "rotate"),),
        (Outcome.REPLACED,),
        ("home",),
        ("LinksVoid", "RootRotated", "NodeRevoked"),
    ),
    "the rotation is there first, the thief's links come late": Story(
        ("+home", "rotate"),
        (("+home", "+thief", "claim 1"),),
        (Outcome.KEPT,),
        ("home",),
        ("LinksVoid",),
    ),
    "the thief revokes the owner's node, the owner rotates before it": Story(
        ("+home", "+thief", "-home"),
        (("+home", "rotate", "claim 1"),),
        (Outcome.REPLACED,),
        ("home",),
        ("LinksVoid", "RootRotated", "NodeAdded", "NodeRevoked"),
    ),
    "the thief closes the persona, the owner rotates before it": Story(
        ("+home", "retire"),
        (("+home", "rotate"),),
        (Outcome.REPLACED,),
        ("home",),
        ("LinksVoid", "RootRotated"),
    ),
    "thief and owner both sign: nobody is trusted until ben has looked": Story(
        ("+home", "claim 1"),
        (("+home", "+thief"),),
        (Outcome.FORKED,),
        (),
        ("Forked",),
        Standing.KEY_ALERT,
    ),
    "the same fork again is told once": Story(
        ("+home", "claim 1"),
        (("+home", "+thief"), ("+home", "+thief", "claim 2")),
        (Outcome.FORKED, Outcome.FORKED),
        (),
        ("Forked",),
        Standing.KEY_ALERT,
    ),
    "a rotation on the owner's side settles the fork": Story(
        ("+home", "claim 1"),
        (("+home", "+thief"), ("+home", "claim 1", "rotate")),
        (Outcome.FORKED, Outcome.EXTENDED),
        ("home",),
        ("Forked", "RootRotated"),
        Standing.KEY_ALERT,
    ),
    "ben follows the thief until the owner rotates later on another side": Story(
        ("+home", "+thief"),
        (("+home", "claim 1", "claim 2", "rotate"),),
        (Outcome.REPLACED,),
        ("home",),
        ("LinksVoid", "RootRotated", "NodeRevoked"),
    ),
    "restored from the words alone: a rotation on the genesis, a new node": Story(
        ("+home", "+away", "claim 1"),
        (("rotate", "+new"),),
        (Outcome.REPLACED,),
        ("new",),
        ("LinksVoid", "RootRotated", "NodeAdded", "NodeRevoked", "NodeRevoked"),
    ),
    "the words make the same rotation in another place: one root reveals itself twice": Story(
        ("+home", "rotate", "claim 1"),
        (("rotate", "+new"),),
        (Outcome.FORKED,),
        (),
        ("Forked",),
        Standing.KEY_ALERT,
    ),
    "and are used again on top of the longer chain, which settles it": Story(
        ("+home", "rotate", "claim 1"),
        (("rotate", "+new"), ("+home", "rotate", "claim 1", "rotate", "-home", "+new")),
        (Outcome.FORKED, Outcome.EXTENDED),
        ("new",),
        ("Forked", "RootRotated", "NodeAdded", "NodeRevoked"),
        Standing.KEY_ALERT,
    ),
    "ben, who met the restored persona, gets the longer chain with its second rotation": Story(
        ("rotate", "+new"),
        (("+home", "rotate", "claim 1", "rotate", "-home", "+other"),),
        (Outcome.REPLACED,),
        ("other",),
        ("LinksVoid", "RootRotated", "NodeAdded", "NodeRevoked"),
    ),
    "thief and owner both sign, and the words are used on both sides": Story(
        ("+home", "rotate"),
        (("+away", "rotate"),),
        (Outcome.FORKED,),
        (),
        ("Forked",),
        Standing.KEY_ALERT,
    ),
    "the words are used twice on both sides": Story(
        ("+home", "rotate", "claim 1", "rotate"),
        (("+away", "rotate", "rotate"),),
        (Outcome.FORKED,),
        (),
        ("Forked",),
        Standing.KEY_ALERT,
    ),
    "two rotations while ben is away": Story(
        ("+home", "+thief"),
        (("+home", "rotate", "rotate", "-home", "+new"),),
        (Outcome.REPLACED,),
        ("new",),
        ("LinksVoid", "RootRotated", "RootRotated", "NodeAdded", "NodeRevoked", "NodeRevoked"),
    ),
    "the persona is closed": Story(("+home",), (("+home", "retire"),), (Outcome.EXTENDED,), (), ("Retired",)),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_story(story: Story) -> None:
    chain = persona(*story.has)
    standing, told, outcomes = Standing.VERIFIED, [], []
    for acts in story.arrives:
        merged = idn.merge(chain, idn.Sigchain.decode(persona(*acts).encode()))
        found = idn.alerts(chain, merged)
        chain, standing = merged.chain, idn.standing_after(standing, found)
        told += [type(alert).__name__ for alert in found]
        outcomes.append(merged.outcome)
    assert tuple(outcomes) == story.outcomes
    names = ("home", "away", "new", "other", "thief")
    assert {name for name in names if chain.trusts(node(name).leaf_sig.public)} == set(story.trusted)
    assert tuple(told) == story.told
    assert standing is story.standing


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_story_ends_alike_when_only_the_new_links_arrive(story: Story) -> None:
    whole = part = persona(*story.has)
    for acts in story.arrives:
        theirs = persona(*acts)
        common = next(
            (i for i, (a, b) in enumerate(zip(part.links, theirs.links, strict=False)) if a != b),
            min(len(part.links), len(theirs.links)),
        )
        whole = idn.merge(whole, theirs).chain
        part = idn.receive(part, idn.decode_links(theirs.since(common))).chain
    assert part == whole


def test_the_words_alone_give_the_same_persona_back() -> None:
    again = idn.RecoveryKit(bytes(kit().secret))
    assert idn.create_persona(again) == idn.create_persona(kit())
    assert idn.create_persona(again).encode() == idn.create_persona(kit()).encode()
    assert idn.create_persona(again).persona_id != idn.create_persona(kit("ben")).persona_id


def test_one_kit_can_have_two_personas_and_neither_accuses_the_other() -> None:
    a = idn.create_persona(kit())
    b = idn.create_persona(kit(), policy=bytes(32))
    assert a.persona_id != b.persona_id
    first, second = play(a, "claim 1"), play(b, "claim 1")
    assert first.links[1].signer == second.links[1].signer
    with pytest.raises(RuleViolation):
        idn.Evidence.make(first.links[:1], first.links[1], second.links[1])
    with pytest.raises(RuleViolation):
        idn.Evidence.make(first.links[:1], first.links[0], second.links[0])


def test_a_thief_of_the_root_cannot_rotate() -> None:
    chain = persona("+home")
    with pytest.raises(UsageError):
        idn.rotate(chain, kit("thief"))
    with pytest.raises(UsageError):
        idn.revoke_node(chain, kit("thief").root(0), node("home").leaf_sig.public)


def rotated(chain: idn.Sigchain, *names: str) -> idn.Sigchain:
    """A chain whose owner commits to the first root of any kit, and reveals them one after another."""
    for name, next_name in itertools.pairwise(names):
        root, next_root = (kit(n).root(1 if n == "ada" else 0) for n in (name, next_name))
        body = {1: root.public, 2: labels.NEXT_ROOT.hash(next_root.public)}
        chain = chain.extend([forge(chain, kind=4, body=body, root=root)])
    return chain


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("ada", "x", "y"), ("ada", "y", "x")),
        (("ada", "x", "y", "w"), ("ada", "w", "x", "y")),
        (("ada", "x"), ("ada", "y")),
        (("ada", "x", "z"), ("ada", "y", "w")),
    ],
)
def test_an_owner_who_is_committed_crosswise_does_not_get_around_the_accusation(
    mine: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    a, b = rotated(persona(), *mine), rotated(persona(), *theirs)
    from_a, from_b = idn.merge(a, b), idn.merge(b, a)
    assert from_a.outcome is from_b.outcome is Outcome.FORKED
    assert from_a.chain.forks == from_b.chain.forks
    assert len(from_a.chain.forks) == 1
    assert rotated(from_a.chain, mine[-1], "end").forks == from_a.chain.forks


def test_after_a_rotation_the_old_root_signs_nothing() -> None:
    with pytest.raises(UsageError):
        idn.add_claim(persona("+home", "rotate"), kit().root(0), bytes(32))


def test_a_fifth_node_waits_until_one_is_revoked() -> None:
    chain = persona("+a", "+b", "+c", "+d")
    with pytest.raises(UsageError, match="at most 4 nodes"):
        play(chain, "+e")
    assert [n.leaf_sig for n in play(chain, "-b", "+e").nodes] == [
        node(name).leaf_sig.public for name in ("e", "d", "c", "a")
    ]


def test_a_revoked_node_does_not_come_back_with_its_key() -> None:
    with pytest.raises(UsageError, match="stands in a chain once"):
        persona("+home", "-home", "+home")


def test_what_was_confirmed_comes_up_no_more() -> None:
    mine, theirs = persona("+home", "claim 1"), persona("+home", "+thief")
    forked = idn.merge(mine, theirs).chain
    confirmed = forked.confirm()
    assert not forked.trusts(node("home").leaf_sig.public)
    assert confirmed.trusts(node("home").leaf_sig.public)
    again = idn.merge(confirmed, play(theirs, "claim 2"))
    assert idn.alerts(confirmed, again) == ()
    assert again.chain.trusts(node("home").leaf_sig.public)
    other = idn.merge(confirmed, persona("+thief"))
    assert [type(alert) for alert in idn.alerts(confirmed, other)] == [idn.Forked]


def test_a_thief_who_forks_without_end_fills_nothing() -> None:
    chain, told = persona("+home", "claim 1"), 0
    for number in range(10, 16):
        merged = idn.merge(chain, persona("+home", f"claim {number}"))
        told += len(idn.alerts(chain, merged))
        chain = merged.chain
    assert len(chain.forks) == told == 4
    assert idn.merge(chain, play(chain, "rotate")).chain.forks == ()


def test_a_head_says_whether_a_copy_is_behind_or_another() -> None:
    mine, theirs = persona("+home", "claim 1"), persona("+home", "claim 2", "claim 3")
    head = idn.Head.decode(theirs.head.encode())
    assert head == theirs.head
    assert mine.place(head) is Place.NEWER
    assert mine.place(theirs.upto(2).head) is Place.OTHER
    assert mine.place(theirs.upto(1).head) is Place.KNOWN


def test_there_is_no_chain_before_its_first_link_nor_after_its_last() -> None:
    for seq in (-1, 2):
        with pytest.raises(UsageError):
            persona("+home").upto(seq)
    with pytest.raises(UsageError):
        idn.rotate(persona("+home"), kit(), keep=0)


def test_strict_mode_asks_again_for_new_nodes_and_roots() -> None:
    chain = persona("+home")
    for acts, asks in ((("+away",), True), (("rotate",), True), (("claim 1",), False), (("-home",), False)):
        found = idn.alerts(chain, idn.merge(chain, play(chain, *acts)))
        expected = Standing.KEY_ALERT if asks else Standing.VERIFIED
        assert idn.standing_after(Standing.VERIFIED, found, strict=True) is expected
        assert idn.standing_after(Standing.CONFIRMED, found, strict=True) is Standing.CONFIRMED


def test_a_fork_of_a_contact_who_was_never_verified_raises_the_alert_too() -> None:
    assert idn.standing_after(Standing.CONFIRMED, [idn.Forked(bytes(32))]) is Standing.KEY_ALERT


def test_a_second_node_signs_its_own_addition_elsewhere() -> None:
    chain, away = persona("+home"), node("away")
    public = away.leaf_sig.public, away.hpke.public
    draft = idn.draft_node(chain, *public, label_hash=LABEL, priority=7)
    signature = idn.sign_as_added(draft, away)
    grown = idn.add_drafted(chain, kit().root(0), draft, signature)
    assert grown.nodes[0].leaf_sig == away.leaf_sig.public
    with pytest.raises(UsageError, match="another node"):
        idn.sign_as_added(draft, node("thief"))
    with pytest.raises(UsageError, match="would be refused"):
        idn.add_drafted(chain, kit().root(0), draft, bytes(64))
    with pytest.raises(UsageError, match="would be refused"):
        idn.add_drafted(play(chain, "claim 1"), kit().root(0), draft, signature)
