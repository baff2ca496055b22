"""What a person is told of a node on one screen."""

from __future__ import annotations

from node_world import Person, World
from restore_world import Keeper, destroyed, two

from swarmnode.app import status
from swarmnode.domain.views import NodeState, StatusView
from swarmnode.errors import DiskFull
from swarmnode.services import backup, contacts, meeting
from swarmnode.texts import Texts


def seen(person: Person, store: status.Store | None = None, language: str = "en") -> StatusView:
    t, store = Texts(language), store or status.Store()
    return person.do(lambda step: status.of(step, person.node, store, t))


def told(view: StatusView) -> list[tuple[str, str]]:
    return [(problem.code, problem.hint) for problem in view.problems]


def test_a_new_node_is_told_to_get_a_relay_and_then_a_second_one() -> None:
    world = World("one", "two")
    ada = world.person("ada")
    assert [code for code, _ in told(seen(ada))] == ["no-relay"]
    ada.use(world.relay("one"))
    world.run(5)
    assert [code for code, _ in told(seen(ada))] == ["one-relay"]
    ada.use(world.relay("two"))
    world.run(5)
    view = seen(ada)
    assert (view.state, view.name, view.problems) == (NodeState.READY, "ada", ())


def test_a_store_that_cannot_be_used_comes_first() -> None:
    ada = World("one").person("ada", "one")
    view = seen(ada, status.Store(rolled_back=True, problem=DiskFull("full", hint="make room")))
    assert view.state is NodeState.QUARANTINE
    assert [code for code, _ in told(view)] == ["quarantine", "disk-full", "one-relay"]


def test_strangers_who_ask_are_seen_until_they_are_answered() -> None:
    world = World("one", "two")
    ada, ben = world.person("ada", "one", "two"), world.person("ben", "one")
    address = ada.do(lambda step: meeting.invite(step, ada.node, "address")).id
    world.run(12)
    link = ada.do(lambda step: meeting.view(step, address)).link
    ben.do(lambda step: meeting.accept(step, ben.node, link, note="ben"))
    world.run(60)
    assert told(seen(ada)) == [("request", "1 stranger asks: `swarmnode contacts`")]
    assert told(seen(ada, language="de")) == [("request", "1 Fremder fragt an: `swarmnode contacts`")]
    request = ada.do(contacts.all_of)[0].id
    ada.do(lambda step: contacts.answer_request(step, ada.node, request, yes=True))
    world.run(60)
    assert told(seen(ada)) == []


def test_who_comes_back_and_whom_they_come_back_to_see_it() -> None:
    world, ada, ben = two()
    saved = ada.backup()
    destroyed(ada)
    ben.stop()
    again = Keeper(world, "ada again", kit=ada.kit, empty=True)
    assert seen(again).state is NodeState.EMPTY
    again.come_back(ada.kit, saved)
    world.run(60)
    assert (seen(again).restoring, seen(again).missing) == ("rejoining", ("ben",))
    ben.start()
    world.run(3600)
    view = seen(again)
    assert (view.restoring, view.missing) == ("", ())
    assert [code for code, _ in told(view)] == ["backup"]
    again.do(backup.made)
    assert told(seen(again)) == []
    ((code, hint),) = told(seen(ben))
    assert (code, hint) == (
        "rejoined",
        "ada has come back on a new node: compare words again, `swarmnode verify ada`",
    )
    ben.do(lambda step: contacts.verify(step, ben.node, "1", None))
    assert told(seen(ben)) == []


def test_whose_relays_do_not_answer_is_named_with_the_ways_out() -> None:
    world = World("one", "two")
    ada, ben = world.person("ada", "one"), world.person("ben", "two")
    world.meet(inviter=ada, joiner=ben)
    world.relay("two").die()
    ada.say("are you there?")
    world.run(600)
    for language, words in (("en", "no relay of ben answers"), ("de", "kein Relais von ben antwortet")):
        (hint,) = (hint for code, hint in told(seen(ada, language=language)) if code == "contact-lost")
        assert hint.startswith(words)
        assert "two.example:443" in hint
        assert "swarmnode carry out FILE --for ben" in hint
    world.relay("one").die()
    world.run(600)
    codes = [code for code, _ in told(seen(ada))]
    assert "no-answer" in codes
    assert "contact-lost" not in codes, "it may be our own network"
