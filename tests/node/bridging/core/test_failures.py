"""What a network had taken, and then could not deliver."""

from itertools import permutations

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


@pytest.mark.parametrize("order", list(permutations(("answer", "echo", "failure"))), ids="-".join)
@pytest.mark.parametrize("answer", ["accepted", "unknown", "looked for"])
def test_a_failure_stands_whenever_its_echo_and_its_answer_come(order: tuple[str, ...], answer: str) -> None:
    core = Core(repeat=api.Repeat.LOOKUP, echo="key")
    core.say("hello")
    call = core.call()
    for what in order:
        match what:
            case "echo":
                core.tell(seen("1", "hello", ME, echo_of=call.intent))
            case "failure":
                core.tell(failed())
            case _ if answer == "accepted":
                core.settle(call, api.Accepted((ref("1"),)))
            case _:
                core.settle(call, api.Unknown())
                core.later(3600)
                if answer == "looked for" and (again := core.take()) is not None:
                    core.settle(again, api.Accepted((ref("1"),)))
    assert (core.sees(), core.states(), reasons(core)) == (
        ["hello"],
        ["refused"],
        ["there is no such address"],
    )


def test_a_failure_stands_when_two_turn_out_to_be_one() -> None:
    core = Core()
    core.say("hello")
    call = core.call()
    core.tell(seen("1", "hello", ME), failed())
    core.settle(call, api.Accepted((ref("1"),)))
    assert (core.sees(), core.states(), reasons(core)) == (
        ["hello"],
        ["refused"],
        ["there is no such address"],
    )
