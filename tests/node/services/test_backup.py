"""What is in a backup, what is not, and what is said of one that is not whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import pytest
from node_world import World
from restore_world import Keeper, cut, destroyed, two

from swarm_protocol.cbor import Value
from swarm_protocol.identity import RecoveryKit
from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import AccessDenied, NotReady, UsageError
from swarmnode.services import backup, messages, packs
from swarmnode.services.step import Step
from swarmnode.storage.shelves import (
    AUTHORS,
    CONTACTS,
    MESSAGES,
    PERSONAS,
    QUEUES_IN,
    QUEUES_OUT,
    RATCHETS,
    RELAYS,
    TICKETS,
    MessageRow,
)

KEY = bytes(range(32))


def packed(records: Sequence[list[Value]], seed: str = "packs") -> bytes:
    return b"".join(packs.write(KEY, records, entropy=SeededEntropy(seed)))


def read(data: bytes, key: bytes = KEY, size: int = 70_001) -> list[list[Value]]:
    return list(packs.read(key, cut(data, size)))


def many(count: int = 40) -> list[list[Value]]:
    return [[1, number, bytes([number]) * 60_000] for number in range(count)]


@pytest.mark.parametrize("size", [1, 31, 70_001, 5_000_000])
def test_records_come_back_from_pieces_of_any_size(size: int) -> None:
    records = many(3) if size < 1000 else many()
    assert read(packed(records), size=size) == records


def test_all_packs_have_one_size() -> None:
    small, large = len(packed([[1, 2]])), len(packed(many()))
    assert (large - 33) % (small - 33) == 0
    assert packed([[1, 2]]).count(b"swarmnode") == 1


@pytest.mark.parametrize("record", [17 + 3, 33 + 5, 33 + 32 + 10, 33 + 500_000, -1])
def test_each_damage_is_found(record: int) -> None:
    data = bytearray(packed(many()))
    data[record] ^= 0x40
    with pytest.raises((UsageError, AccessDenied)):
        read(bytes(data))


def test_damage_names_its_pack() -> None:
    data = bytearray(packed(many()))
    data[33 + 2 * (32 + packs.SEALED_SIZE) + 1000] ^= 1
    with pytest.raises(UsageError, match=r"pack 3, at byte 2,097,3\d\d"):
        read(bytes(data))


@pytest.mark.parametrize("missing", [1, 1000, 32 + packs.SEALED_SIZE])
def test_a_file_that_was_cut_is_known(missing: int) -> None:
    with pytest.raises(UsageError, match="cut off"):
        read(packed(many())[:-missing])


def test_packs_of_another_backup_or_in_another_order_do_not_pass() -> None:
    size, one, other = 32 + packs.SEALED_SIZE, packed(many()), packed(many(), "other")
    swapped = one[:33] + one[33 + size : 33 + 2 * size] + one[33 : 33 + size] + one[33 + 2 * size :]
    mixed = one[: 33 + size] + other[33 + size :]
    for data in (swapped, mixed, one + b"\x00"):
        with pytest.raises((UsageError, AccessDenied)):
            read(data)


def test_another_key_is_said_to_be_one() -> None:
    with pytest.raises(AccessDenied):
        read(packed(many()), bytes(32))


def test_what_is_no_backup_or_a_newer_one_is_refused() -> None:
    with pytest.raises(UsageError, match="no backup"):
        read(b"GIF89a" * 100)
    newer = bytearray(packed([[1, 2]]))
    newer[16] = 2
    with pytest.raises(UsageError, match="version 2"):
        read(bytes(newer))


def restored(world: World, ada: Keeper, saved: bytes) -> Keeper:
    destroyed(ada)
    again = Keeper(world, "ada again", kit=ada.kit, empty=True)
    again.come_back(ada.kit, saved)
    return again


def test_generations_rise_also_after_a_restore() -> None:
    world, ada, _ = two()
    key = ada.kit.backup_key()
    assert [backup.verify(key, [ada.backup()]).generation for _ in range(2)] == [1, 2]
    again = restored(world, ada, ada.backup())
    assert backup.verify(key, [again.backup()]).generation == 4


def test_a_backup_holds_no_secret_of_the_node_that_must_not_be_copied() -> None:
    _, ada, _ = two()
    ada.say("hello")
    ada.world.run(2)
    inside = repr(list(packs.read(ada.kit.backup_key(), [ada.backup()])))

    def secrets() -> list[bytes | None]:
        def look(step: Step) -> list[bytes | None]:
            (persona,) = PERSONAS.all(step.tx)
            queues = QUEUES_IN.all(step.tx)
            ratchets = RATCHETS.all(step.tx)
            return [
                persona.root,
                persona.node_secret[:32],
                persona.node_secret[32:],
                *(queue.secret for queue in queues),
                *(queue.queue_key for queue in queues),
                *(row.messages_part[40:80] for row in ratchets),
            ]

        return ada.do(look)

    assert len(secrets()) > 5
    assert [secret for secret in secrets() if repr(secret)[2:-1] in inside] == []
    (out, *_) = ada.do(lambda step: QUEUES_OUT.all(step.tx))
    assert repr(out.secret)[2:-1] in inside


def test_what_matters_is_as_it_was() -> None:
    world, ada, ben = two()
    kept = ada.say("kept")
    gone = ada.say("deleted")
    world.run(2)
    ben.say("hello")
    world.run(2)
    ada.do(lambda step: messages.delete(step, ada.node, [gone], everywhere=False))
    ada.do(lambda step: messages.react(step, ada.node, kept, "+1"))
    world.run(2)

    def look(person: Keeper) -> list[object]:
        def rows(step: Step) -> list[object]:
            return [
                [(c.persona_id, c.name, c.standing, c.chain) for c in CONTACTS.all(step.tx)],
                [(m.name, m.seq, m.signature, m.mine, m.state, m.height) for m in MESSAGES.all(step.tx)],
                [(r.address, r.pin, r.key, r.own) for r in RELAYS.all(step.tx)],
                [(q.sid, q.secret, q.record) for q in QUEUES_OUT.all(step.tx) if q.peer_id is not None],
                {(a.leaf_sig, a.next_seq, a.head) for a in AUTHORS.all(step.tx) if a.next_seq},
                step.tx.search.find("kept", 5, None) != [],
                step.tx.search.find("deleted", 5, None) != [],
            ]

        return [*person.do(rows), person.sees()]

    before, tickets = look(ada), ada.do(lambda step: TICKETS.count(step.tx, used=False))
    again = restored(world, ada, ada.backup())
    assert look(again) == before
    assert again.do(lambda step: TICKETS.count(step.tx)) == tickets


def test_what_disappears_within_a_day_is_not_in_it() -> None:
    world, ada, ben = two()
    ada.do(lambda step: messages.set_timer(step, ada.node, "1", 3600))
    fleeting = ada.say("for an hour")
    ada.do(lambda step: messages.set_timer(step, ada.node, "1", 7 * 86400))
    ada.say("for a week")
    world.run(2)
    saved = ada.backup()
    inside = repr(list(packs.read(ada.kit.backup_key(), [saved])))
    assert ("for an hour" in inside, "for a week" in inside) == (False, True)
    world.wall_s += 86400
    ben.stop()
    again = restored(world, ada, saved)
    rows = again.do(lambda step: MESSAGES.all(step.tx))
    (row,) = [row for row in rows if row.name.hex() == fleeting]
    assert (row.body_id, row.shredded_at is not None) == (None, True)
    world.run(700)  # a clock that says that a day is over is believed after ten minutes
    rows = again.do(lambda step: MESSAGES.all(step.tx))
    left = [row.left_s for row in rows if row.left_s is not None]
    assert left
    assert all(6 * 86400 - 900 < value < 6 * 86400 for value in left)


def test_a_snapshot_is_enough_to_write_one() -> None:
    _, ada, _ = two()
    number = ada.do(backup.next_generation)
    with ada.database.read() as tx:
        step = Step(tx, ada.world.now, ada.entropy)
        data = b"".join(backup.write(step, ada.node, number))
    assert backup.verify(ada.kit.backup_key(), [data]).generation == number == 1


def test_each_column_of_a_message_is_in_it_or_made_anew() -> None:
    (part,) = [record for record in _message_records() if isinstance(record[1], bytes)]
    assert len(part) == 1 + len(fields(MessageRow))


def _message_records() -> list[list[Value]]:
    world, ada, _ = two()
    ada.say("hello")
    world.run(1)
    records = packs.read(ada.kit.backup_key(), [ada.backup()])
    return [record for record in records if record[0] == 1]


LATER: list[Value] = [64, "later", "id", "chat", "body_id", "send_at", "created_at", "reason", "became"]
CANNOT_BE: dict[str, list[list[Value]]] = {
    "a text for a number": [[4, "one", b"p", "name"]],
    "half a row": [[4, 1]],
    "of nobody": [[6, 1, 77, b"leaf", 1, True, None, None, None, 0, None, None]],
    "too large a number": [[5, 1 << 63, 1, "", b"", 0, True]],
    "twice": [[11, 1, "fork", b"x", 0], [11, 1, "fork", b"y", 0]],
    "half a message": [[1, None, 1, 1]],
    "no message": [[1, b"none", *[0] * 22]],
    "a row of pieces that did not come": [LATER, [65, 1, "1", [3], 0, 0, "", ""]],
    "a row of what is no row": [LATER, [65, {}]],
    "no wish": [LATER, [65, 1, "1", b"none", 0, 0, "", ""]],
    "nothing that waits": [LATER, [65, 1, "1", None, 0, 0, "", ""]],
    "an account of nothing": [[64, "bridge_account", "id"], [65, 1]],
}


@pytest.fixture(scope="module")
def nobodys() -> tuple[Keeper, list[list[Value]]]:
    """A persona with nothing, and her backup's records."""
    ada = Keeper(World("one"), "ada", kit=RecoveryKit(b"ada".ljust(32, b"-")))
    return ada, list(packs.read(ada.kit.backup_key(), [ada.backup()]))


@pytest.mark.parametrize("what", CANNOT_BE)
def test_what_cannot_be_is_refused_by_its_place(nobodys: tuple[Keeper, list[list[Value]]], what: str) -> None:
    ada, records = nobodys
    data = b"".join(
        packs.write(ada.kit.backup_key(), [*records, *CANNOT_BE[what]], entropy=SeededEntropy("ill"))
    )
    again = Keeper(World("one"), "again", kit=ada.kit, empty=True)
    place = len(records) + len(CANNOT_BE[what])
    with pytest.raises(UsageError, match=rf"what cannot be, in its record {place}$"):
        again.come_back(ada.kit, data)
    assert (again.state(), again.do(lambda step: CONTACTS.count(step.tx))) == ("empty", 0)


def test_a_backup_of_before_there_was_more_in_it_still_opens() -> None:
    world, ada, _ = two()
    ada.say("hello")
    world.run(2)
    newer = {"bridge_intent", "draft", "later", "deletion", "deletion_item"}
    older = [
        record
        for record in packs.read(ada.kit.backup_key(), [ada.backup()])
        if record[0] not in {12, 13} and not (record[0] == 64 and record[1] in newer)
    ]
    again = restored(
        world, ada, b"".join(packs.write(ada.kit.backup_key(), older, entropy=SeededEntropy("older")))
    )
    world.run(120)
    assert (again.sees(), again.state()) == (["hello"], "ready")


def test_there_is_nothing_to_back_up_before_there_is_a_persona() -> None:
    world = World("one")
    with pytest.raises(NotReady):
        Keeper(world, "nobody", empty=True).backup()
