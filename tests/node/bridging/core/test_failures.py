"""What a network had taken, and then could not deliver."""

import pytest
from bridge_core_world import ADA, ME, Core, ref, seen

from swarm_bridges import api
from swarmnode.storage.bridge_shelves import REMOTE_MESSAGES


def failed(recipient: api.Actor | None = None) -> api.DeliveryFailed:
    return api.DeliveryFailed(target=ref("1"), reason="there is\nno such address", recipient=recipient)


def reasons(core: Core) -> list[str]:
    return core.do(lambda step: [row.reason for row in REMOTE_MESSAGES.all(step.tx)])


def said() -> Core:
    core = Core()
    core.say("hello")
    core.settle(core.call(), api.Accepted((ref("1"),)))
    return core


def test_a_failure_is_shown_at_what_did_not_arrive() -> None:
    core = said()
    core.tell(failed(), failed())
    assert (core.sees(), core.states()) == (["hello"], ["refused"])
    assert reasons(core) == ["there is no such address"]


def test_what_some_did_not_get_was_sent_all_the_same() -> None:
    core = said()
    core.tell(failed(recipient=ADA))
    assert (core.states(), reasons(core)) == (["sent"], ["there is no such address"])


def test_a_failure_waits_for_what_the_owner_said_elsewhere() -> None:
    core = Core()
    core.tell(failed())
    core.tell(seen("1", "hello", ME))
    assert core.states() == ["refused"]


@pytest.mark.parametrize("recipient", [None, ADA])
def test_what_others_said_cannot_fail(recipient: api.Actor | None) -> None:
    core = Core()
    core.tell(seen("1", "hello"), failed(recipient))
    assert reasons(core) == [""]
