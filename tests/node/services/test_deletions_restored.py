"""Deletions outlast the node that asked for them: a restored one goes on asking, and has the receipts."""

from __future__ import annotations

import pytest
from node_world import World
from restore_world import Keeper, destroyed, two

from swarmnode.bridging.core import deletions
from swarmnode.cli import explain_receipts
from swarmnode.services import deletions as requests
from swarmnode.services.step import Step
from swarmnode.storage.later_shelves import DELETION_REQUESTS

HOUR, DAY = 3600, 86_400


def delete(person: Keeper, *ids: str) -> str:
    """Everywhere; the deletion's number."""

    def destroy(step: Step) -> str:
        made = deletions.begin(step, everywhere=True)
        deletions.destroy(step, person.node, made, ids, everywhere=True)
        return str(made)

    return person.do(destroy)


def states(person: Keeper, deletion: str) -> list[tuple[str, str]]:
    view = person.do(lambda step: deletions.view(step, deletion))
    return [(place.where, place.state) for place in view.places]


def lost(world: World, ada: Keeper) -> Keeper:
    """Ada's home is gone, and she is back on another one."""
    saved = ada.backup()
    destroyed(ada)
    again = Keeper(world, "ada again", kit=ada.kit, empty=True)
    again.come_back(ada.kit, saved)
    return again


def test_what_nobody_has_heard_of_is_asked_for_by_the_new_node() -> None:
    world, ada, ben = two()
    said = ada.say("take this back")
    world.run(2)
    for relay in world.relays.values():
        relay.die()
    made = delete(ada, said)
    world.run(2)
    again = lost(world, ada)
    assert states(again, made) == [("here", "shredded"), ("node", "asked")]
    for relay in world.relays.values():
        relay.up = True
    world.run(3 * HOUR)
    assert (ben.sees(), again.sees()) == (["(deleted)"], ["(deleted)"])
    assert states(again, made) == [("here", "shredded"), ("node", "confirmed")]


def test_an_answer_that_only_the_lost_node_would_have_heard_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, ada, ben = two()
    said = ada.say("take this back")
    world.run(2)
    with monkeypatch.context() as unheard:
        unheard.setattr(requests, "came", lambda *_: None)
        made = delete(ada, said)
        world.run(600)
    assert (ben.sees(), states(ada, made)[1]) == (["(deleted)"], ("node", "asked"))
    again = lost(world, ada)
    world.run(3 * HOUR)
    assert states(again, made) == [("here", "shredded"), ("node", "confirmed")]
    (receipt,) = again.do(lambda step: deletions.receipts(step, made)).receipts
    assert ({status for _, status in receipt.targets}, explain_receipts.fault(receipt)) == ({"already"}, "")
    assert [row.again_at for row in again.do(lambda step: DELETION_REQUESTS.all(step.tx))] == [None]


def test_who_has_not_let_us_back_in_yet_is_asked_later() -> None:
    world, ada, ben = two()
    said = ada.say("take this back")
    world.run(2)
    ben.stop()
    made = delete(ada, said)
    again = lost(world, ada)
    world.run(5 * DAY)
    assert again.state() == "rejoining"
    (request,) = again.do(lambda step: DELETION_REQUESTS.all(step.tx))
    assert (request.again_at is not None, request.tries) == (True, 0), "nobody could be asked"
    ben.start()
    world.run(DAY)
    assert states(again, made)[1] == ("node", "confirmed")


def test_receipts_are_as_they_were() -> None:
    world, ada, _ = two()
    said = ada.say("take this back")
    world.run(2)
    made = delete(ada, said)
    world.run(2)
    before = ada.do(lambda step: deletions.receipts(step, made))
    assert len(before.receipts) == 1
    again = lost(world, ada)
    assert again.do(lambda step: deletions.receipts(step, made)) == before
    assert again.do(deletions.some)[0][0].id == made
    other = delete(again, again.say("another"))
    assert int(other) > int(made)


def test_what_was_deleted_since_the_backup_goes_again() -> None:
    world, ada, ben = two()
    said = ada.say("take this back")
    world.run(2)
    saved = ada.backup()
    delete(ada, said)
    world.run(2)
    destroyed(ada)
    again = Keeper(world, "ada again", kit=ada.kit, empty=True)
    again.come_back(ada.kit, saved)
    assert again.sees() == ["take this back"], "until somebody hands the request over"
    world.run(120)
    assert again.sees() == ben.sees() == ["(deleted)"]
