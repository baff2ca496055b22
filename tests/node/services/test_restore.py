"""A home is destroyed, and its persona comes back: with a backup, with words alone, and not at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from node_world import World
from restore_world import Keeper, destroyed, keeper, two

from swarm_protocol.envelope import Kind
from swarm_protocol.errors import CannotOpen
from swarm_protocol.identity import (
    NodeKeys,
    RecoveryKit,
    Sigchain,
    Standing,
    add_node,
    create_persona,
)
from swarm_protocol.testing import SeededEntropy
from swarmnode.domain.views import MessageView
from swarmnode.errors import AccessDenied, Conflict, NodeError, UsageError
from swarmnode.services import backup, messages, readmit, restore, views
from swarmnode.storage.shelves import (
    CONTACTS,
    CONVERSATIONS,
    GROUPS,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    QUEUES_OUT,
    SETTINGS,
)


def empty(world: World, ada: Keeper) -> Keeper:
    return Keeper(world, "ada again", kit=ada.kit, empty=True)


def lost() -> tuple[World, Keeper, Keeper, bytes]:
    """They talked, ada made a backup, they talked on, and her home is gone. Gives her new, empty one."""
    world, ada, ben = two()
    ada.say("before")
    world.run(2)
    ben.say("also before")
    world.run(2)
    saved = ada.backup()
    ada.say("after, by ada")
    world.run(2)
    ben.say("after, by ben")
    world.run(2)
    destroyed(ada)
    return world, empty(world, ada), ben, saved


SAID = ["before", "also before", "after, by ada", "after, by ben"]


def test_what_was_said_since_the_backup_comes_back_and_the_talk_goes_on() -> None:
    world, ada, ben, saved = lost()
    ben.say("while nobody was there")
    ada.come_back(ada.kit, saved)
    world.run(120)
    assert ada.sees() == [*SAID, "while nobody was there"]
    assert (ada.state(), ben.alerts(), ben.standings()) == ("ready", ["rejoined"], ["confirmed"])
    ada.say("I am back")
    world.run(2)
    ben.say("welcome")
    world.run(2)
    assert ada.sees() == ben.sees() == [*SAID, "while nobody was there", "I am back", "welcome"]
    assert set(ada.states()) | set(ben.states()) <= {"delivered", "received"}


def test_what_the_restored_says_before_the_contact_answers_waits_for_keys() -> None:
    world, ada, ben, saved = lost()
    ben.stop()
    ada.come_back(ada.kit, saved)
    world.run(60)
    assert ada.state() == "rejoining"
    ada.say("can you hear me?")
    world.run(3600)
    assert ada.states()[-1] == "queued"
    ben.start()
    world.run(3600)
    assert ada.sees() == ben.sees()
    assert set(ben.sees()) == {*SAID, "can you hear me?"}
    assert set(ada.states()) == {"delivered", "received"}
    assert ada.state() == "ready"


def test_how_far_it_is_and_with_whom_and_that_a_new_backup_is_due() -> None:
    world, ada, ben, saved = lost()
    ben.stop()
    ada.come_back(ada.kit, saved)
    world.run(60)
    assert (ada.state(), ada.do(restore.missing), ada.do(restore.wants_backup)) == (
        "rejoining",
        ["ben"],
        False,
    )
    ben.start()
    world.run(3600)
    assert (ada.state(), ada.do(restore.missing), ada.do(restore.wants_backup)) == ("ready", [], True)
    ada.do(backup.made)
    assert ada.do(backup.made_at) == world.wall_s
    assert not ada.do(restore.wants_backup)
    assert not ben.do(restore.wants_backup), "who was never lost is not asked"


def test_what_she_said_herself_is_hers_again() -> None:
    world, ada, _, saved = lost()
    ada.come_back(ada.kit, saved)
    world.run(120)
    mine = [item.text for item in page(ada) if item.mine]
    assert mine == ["before", "after, by ada"]


def page(person: Keeper) -> Sequence[MessageView]:
    return person.do(lambda step: views.page(step, person.node, messages.find(step, "1"), limit=50)).items


def test_the_old_group_is_read_and_not_written() -> None:
    world, ada, ben, saved = lost()
    ada.come_back(ada.kit, saved)
    world.run(120)
    old, new = ben.do(lambda step: GROUPS.all(step.tx))
    assert (old.current, new.current) == (False, True)
    (conversation,) = ben.do(lambda step: CONVERSATIONS.all(step.tx))
    assert (old.conversation_id, new.conversation_id) == (conversation.id, conversation.id)
    (group,) = ada.do(lambda step: GROUPS.all(step.tx))
    assert group.group_id == new.group_id


@pytest.mark.parametrize("seconds", [0, 1, 3, 15, 40])
@pytest.mark.parametrize("who", ["ada", "ben", "both"])
def test_a_kill_at_any_point_is_made_up_for(seconds: int, who: str) -> None:
    world, ada, ben, saved = lost()
    ada.come_back(ada.kit, saved)
    world.run(seconds)
    for person in {"ada": [ada], "ben": [ben], "both": [ada, ben]}[who]:
        person.stop()
        person.start()
    world.run(3600)
    ada.say("I am back")
    ben.say("welcome")
    world.run(60)
    assert sorted(ada.sees()) == sorted(ben.sees()) == sorted([*SAID, "I am back", "welcome"])
    assert (ada.state(), ben.alerts()) == ("ready", ["rejoined"])


def test_each_state_is_passed() -> None:
    world, ada, ben, saved = lost()
    seen = [ada.state()]
    for relay in world.relays.values():
        relay.up = False
    ada.come_back(ada.kit, saved)
    seen.append(ada.state())
    ben.stop()
    for relay in world.relays.values():
        relay.up = True
    for _ in range(40):
        world.run(1)
        seen.append(ada.state())
    ben.start()
    for _ in range(1200):
        world.run(1)
        seen.append(ada.state())
    passed = list(dict.fromkeys(seen))
    assert passed == ["empty", "rotated", "rejoining", "backfilling", "ready"]


def test_a_contact_who_is_away_for_months_is_asked_again() -> None:
    world, ada, ben, saved = lost()
    ben.stop()
    ada.come_back(ada.kit, saved)
    for _ in range(26):
        world.run(60)
        world.wall_s += 86400
    world.run(120)
    assert ada.state() == "rejoining"
    ben.start()
    world.run(7200)
    assert ada.state() == "ready"
    assert ada.sees() == SAID


def test_somebody_who_wants_to_look_at_keys_first_is_asked() -> None:
    world, ada, ben, saved = lost()
    ben.do(lambda step: CONTACTS.change(step.tx, 1, strict=True, standing=Standing.VERIFIED.value))
    ada.come_back(ada.kit, saved)
    world.run(300)
    assert (ada.state(), ben.standings()) == ("rejoining", ["key-alert"])
    assert ada.sees() == SAID[:2]
    ben.do(lambda step: CONTACTS.change(step.tx, 1, standing=Standing.VERIFIED.value))
    world.run(300)
    assert (ada.state(), ada.sees(), ben.standings()) == ("ready", SAID, ["verified"])


def test_tickets_that_were_used_since_the_backup_are_no_obstacle() -> None:
    world, ada, ben = two()
    saved = ada.backup()
    cem = keeper(world, "cem", "one", "two")
    world.meet(ada, cem)
    destroyed(ada)
    again = empty(world, ada)
    again.come_back(ada.kit, saved)
    world.run(120)
    assert again.state() == "ready"
    ben.say("there you are")
    world.run(5)
    assert again.sees() == ["there you are"]


def test_links_that_a_thief_of_the_old_root_made_are_void() -> None:
    world, ada, ben, saved = lost()
    (contact,) = ben.do(lambda step: CONTACTS.all(step.tx))
    stolen = add_node(
        Sigchain.decode(contact.chain),
        ada.kit.root(0),
        NodeKeys.generate(SeededEntropy("thief")),
        label_hash=bytes(32),
        priority=255,
    )
    ben.do(lambda step: CONTACTS.change(step.tx, 1, chain=stolen.encode()))
    ben.node.chains.clear()
    ada.come_back(ada.kit, saved)
    world.run(120)
    assert (ada.state(), ben.alerts()) == ("ready", ["links-void", "rejoined"])
    assert [peer.active for peer in ben.do(lambda step: PEERS.all(step.tx))] == [False, True]


def asked(world: World, ada: Keeper, saved: bytes) -> bytes:
    """Ada comes back, and asks; what she sends to Ben."""
    ada.come_back(ada.kit, saved)
    world.run(5)
    (sent,) = ada.do(lambda step: OUTBOX.all(step.tx, kind=int(Kind.REJOIN)))
    assert sent.wire is not None
    return sent.wire


def test_the_same_rejoin_again_changes_nothing() -> None:
    world, ada, ben, saved = lost()
    ben.stop()
    sealed = asked(world, ada, saved)
    ben.start()
    world.run(120)
    groups = ben.do(lambda step: GROUPS.all(step.tx))
    for _ in range(3):
        ben.do(lambda step: readmit.came(step, ben.node, 2, sealed))
        world.run(5)
    assert [g.group_id for g in ben.do(lambda step: GROUPS.all(step.tx))] == [g.group_id for g in groups]
    ada.say("still here")
    world.run(5)
    assert ben.sees()[-1] == "still here"


def test_a_rejoin_to_somebody_else_does_not_hold() -> None:
    world, ada, ben, saved = lost()
    cem, dora = (keeper(world, name, "one", "two") for name in ("cem", "dora"))
    world.meet(cem, dora)
    ben.stop()
    sealed = asked(world, ada, saved)
    with pytest.raises(CannotOpen):
        cem.do(lambda step: readmit.came(step, cem.node, 1, sealed))


def test_queues_whose_keys_lay_on_the_lost_disk_are_replaced() -> None:
    world, ada, ben, saved = lost()
    old = {queue.id for queue in ben.do(lambda step: QUEUES_IN.all(step.tx, peer_id=1))}
    ada.come_back(ada.kit, saved)
    world.run(2 * 3600)
    ours = {queue.id: queue.state for queue in ben.do(lambda step: QUEUES_IN.all(step.tx, peer_id=2))}
    assert {state for number, state in ours.items() if number in old} == {"draining"}
    assert [state for number, state in ours.items() if number not in old] == ["active", "active"]
    states = sorted(queue.state for queue in ada.do(lambda step: QUEUES_OUT.all(step.tx, peer_id=1)))
    assert states == ["gone", "gone", "in use", "in use"]
    ada.say("over new queues")
    world.run(5)
    assert ben.sees()[-1] == "over new queues"
    assert ada.states()[-1] == "delivered"


def test_a_week_later_the_old_group_is_gone() -> None:
    world, ada, ben, saved = lost()
    ada.come_back(ada.kit, saved)
    world.run(120)
    world.wall_s += 8 * 86400
    world.run(2 * 3600)
    assert [group.current for group in ben.do(lambda step: GROUPS.all(step.tx))] == [True]
    ben.say("hello")
    world.run(5)
    assert ada.sees()[-1] == "hello"


def test_a_blocked_contact_gets_no_answer() -> None:
    world, ada, ben, saved = lost()
    ben.do(lambda step: CONTACTS.change(step.tx, 1, blocked=True))
    ada.come_back(ada.kit, saved)
    world.run(1200)
    assert (ada.state(), ben.alerts(), ada.sees()) == ("rejoining", [], SAID[:2])


def test_the_lost_node_is_believed_no_more() -> None:
    world, ada, ben, saved = lost()
    ada.come_back(ada.kit, saved)
    world.run(120)
    old, new = ben.do(lambda step: PEERS.all(step.tx))
    assert (old.active, new.active) == (False, True)
    (peer,) = ada.do(lambda step: PEERS.all(step.tx))
    assert peer.pair_secret == new.pair_secret != old.pair_secret
    assert peer.safety == new.safety


def test_words_alone_bring_the_persona_back_and_nothing_else() -> None:
    _, ada, _, _ = lost()
    persona = ada.kit
    ada.come_back(persona, None)
    me = ada.node.me
    assert me.chain.persona_id == create_persona(persona).persona_id
    assert (me.chain.generation, ada.state()) == (1, "ready")
    assert ada.do(lambda step: CONTACTS.all(step.tx)) == []
    assert me.root is not None
    assert me.root.public == persona.root(1).public


def refused(ada: Keeper, kit: RecoveryKit, saved: bytes | None) -> NodeError:
    with pytest.raises(NodeError) as error:
        ada.come_back(kit, saved)
    assert (ada.do(restore.state), ada.do(lambda step: CONTACTS.count(step.tx))) == ("empty", 0)
    assert ada.do(lambda step: SETTINGS.get(step.tx, "backup key")) is None
    return error.value


def test_wrong_words_open_no_backup_and_leave_the_home_empty() -> None:
    _, ada, _, saved = lost()
    assert isinstance(refused(ada, RecoveryKit(bytes(32)), saved), AccessDenied)


def test_a_damaged_backup_names_the_place_and_leaves_the_home_empty() -> None:
    world, ada, _, saved = lost()
    at = len(saved) // 2
    damaged = saved[:at] + bytes([saved[at] ^ 1]) + saved[at + 1 :]
    error = refused(ada, ada.kit, damaged)
    assert isinstance(error, UsageError)
    assert "pack 1, at byte 33" in str(error)
    ada.come_back(ada.kit, saved)
    world.run(120)
    assert ada.sees() == SAID


def test_a_home_in_use_is_not_overwritten() -> None:
    _, ada, ben, saved = lost()
    with pytest.raises(Conflict):
        ben.come_back(ada.kit, saved)
