"""Two nodes and two relays: meeting, and what people do with messages."""

from node_world import Person, World

from swarmnode.services import messages


def two() -> tuple[World, Person, Person]:
    world = World("one", "two")
    ada, ben = world.person("ada", "one", "two"), world.person("ben", "one", "two")
    world.meet(ada, ben)
    return world, ada, ben


def test_both_see_what_both_say_in_one_order() -> None:
    world, ada, ben = two()
    ada.say("hello")
    world.run(1)
    ben.say("hi ada")
    world.run(1)
    ada.say("how are you?")
    world.run(2)
    assert ada.sees() == ben.sees() == ["hello", "hi ada", "how are you?"]
    assert ada.states() == ["delivered", "received", "delivered"]


def test_an_edit_a_reaction_and_a_deletion_reach_the_other() -> None:
    world, ada, ben = two()
    first, second = ada.say("helo"), ada.say("a secret")
    world.run(2)
    ada.do(lambda step: messages.edit(step, ada.node, first, "hello"))
    ben.do(lambda step: messages.react(step, ben.node, first, "+1"))
    ada.do(lambda step: messages.delete(step, ada.node, [second], everywhere=True))
    world.run(2)
    for person in (ada, ben):
        assert person.sees() == ["hello", "(deleted)"]


def test_with_one_relay_gone_the_talk_goes_on() -> None:
    world, ada, ben = two()
    ada.say("before")
    world.run(2)
    world.relay("one").die()
    ada.say("after")
    ben.say("still here")
    world.run(60)
    assert sorted(ben.sees()) == sorted(ada.sees()) == ["after", "before", "still here"]


def test_what_is_said_while_the_other_is_away_arrives_in_order() -> None:
    world, ada, ben = two()
    ben.stop()
    for number in range(300):
        ada.say(f"message {number}")
    world.run(30)
    assert set(ada.states()) == {"sent"}
    ben.start()
    world.run(60)
    assert ben.sees() == [f"message {number}" for number in range(100, 300)]
    assert set(ada.states()) == {"delivered"}
