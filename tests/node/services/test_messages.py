"""What a person does with messages, beyond saying them."""

import pytest
from node_world import Person, World

from swarmnode.domain.views import MessageView
from swarmnode.domain.words import File, Words
from swarmnode.errors import Conflict, NotFound, NotReady, UsageError
from swarmnode.services import messages, views
from swarmnode.services.step import Step
from swarmnode.storage.shelves import CONVERSATIONS, OUTBOX


def two() -> tuple[World, Person, Person]:
    world = World("one", "two")
    ada, ben = world.person("ada", "one", "two"), world.person("ben", "one", "two")
    world.meet(ada, ben)
    return world, ada, ben


def last(person: Person) -> MessageView:
    return person.do(lambda step: views.page(step, person.node, messages.find(step, "1")).items[-1])


def test_a_reply_names_what_it_answers() -> None:
    world, ada, ben = two()
    question = ada.say("when?")
    world.run(1)
    ben.do(lambda step: messages.send(step, ben.node, "1", Words("at eight", question)))
    world.run(1)
    assert last(ada).reply_to == question


def test_a_file_travels_with_its_message() -> None:
    world, ada, ben = two()
    data = bytes(range(256)) * 400  # more than one envelope holds
    files = (File("map.png", "image/png", data, "How to get there"),)
    ada.do(lambda step: messages.send(step, ada.node, "1", Words("the map", attachments=files)))
    world.run(3)
    (file,) = last(ben).attachments
    assert (file.name, file.media_type, file.size_bytes) == ("map.png", "image/png", len(data))
    assert file.description == "How to get there"
    assert last(ada).state == "delivered"


def test_a_message_that_has_not_left_can_be_taken_back() -> None:
    world, ada, ben = two()
    for name in ("one", "two"):
        world.relay(name).die()
    world.run(1)
    said = ada.say("never mind")
    view = ada.do(lambda step: messages.cancel(step, ada.node, said))
    assert view.kind == "deleted"
    assert ben.sees() == []
    assert ada.do(lambda step: OUTBOX.count(step.tx)) == 0


def test_a_message_that_has_left_cannot() -> None:
    world, ada, _ = two()
    said = ada.say("too late")
    world.run(1)
    with pytest.raises(Conflict):
        ada.do(lambda step: messages.cancel(step, ada.node, said))


def test_reading_marks_tells_and_starts_the_time_of_what_disappears() -> None:
    world, ada, ben = two()
    ada.do(lambda step: messages.set_timer(step, ada.node, "1", 300))
    world.run(1)
    ada.say("burn this")
    world.run(2)
    assert ben.do(lambda step: views.chat(step, ben.node, messages.find(step, "1"))).unread == 2
    assert ben.do(lambda step: messages.mark_read(step, ben.node, "1")) == 2
    world.run(90)
    assert last(ada).state == "read"
    assert last(ben).text == "burn this"
    world.run(300)
    assert last(ben).kind == "deleted"
    assert last(ada).kind == "deleted"


def test_each_message_is_over_in_its_time_whenever_that_of_another_began() -> None:
    world, ada, ben = two()
    ada.do(lambda step: messages.set_timer(step, ada.node, "1", 70))

    def here() -> set[str]:
        page = ben.do(lambda step: views.page(step, ben.node, messages.find(step, "1")))
        return {m.text for m in page.items if m.kind == "text"} & {"one", "two", "soon"}

    for text in ("one", "two"):
        ada.say(text)
        world.run(2)
        ben.do(lambda step: messages.mark_read(step, ben.node, "1"))
        world.run(20)
    ada.do(lambda step: messages.set_timer(step, ada.node, "1", 3))
    ada.say("soon")
    world.run(2)
    ben.do(lambda step: messages.mark_read(step, ben.node, "1"))
    world.run(1)
    assert here() == {"one", "two", "soon"}
    world.run(4)
    assert here() == {"one", "two"}
    world.run(16)  # 67 seconds since the first was read
    assert here() == {"one", "two"}
    world.run(6)
    assert here() == {"two"}
    world.run(15)
    assert here() == {"two"}
    world.run(8)
    assert here() == set()


def test_nobody_edits_or_deletes_what_another_said() -> None:
    world, ada, ben = two()
    said = ada.say("mine")
    world.run(1)
    with pytest.raises(UsageError):
        ben.do(lambda step: messages.edit(step, ben.node, said, "yours"))
    with pytest.raises(UsageError):
        ben.do(lambda step: messages.delete(step, ben.node, [said], everywhere=True))
    ben.do(lambda step: messages.delete(step, ben.node, [said], everywhere=False))
    world.run(2)
    assert ada.sees() == ["mine"]
    assert ben.sees() == ["(deleted)"]


def test_drafts_are_kept_and_shredded() -> None:
    _, ada, _ = two()
    ada.do(lambda step: messages.set_draft(step, "1", "dear ben"))
    assert ada.do(lambda step: views.chat(step, ada.node, messages.find(step, "1"))).draft == "dear ben"
    ada.do(lambda step: messages.set_draft(step, "1", ""))
    assert ada.do(lambda step: views.chat(step, ada.node, messages.find(step, "1"))).draft == ""


def test_search_finds_words_parts_and_edits_and_forgets_what_was_deleted() -> None:
    world, ada, ben = two()
    first, second = ada.say("the Zeppelin lands"), ada.say("an umbrela")
    ada.do(lambda step: messages.edit(step, ada.node, second, "an umbrella"))
    world.run(2)

    def found(text: str) -> list[str]:
        return [hit.message.id for hit in ben.do(lambda s: views.search(s, ben.node, text))[0]]

    assert found("zeppelin") == [first]
    assert found("ppeli") == [first]
    assert found("umbrella") == [second]
    ada.do(lambda step: messages.delete(step, ada.node, [first], everywhere=True))
    world.run(2)
    assert found("zeppelin") == []


def test_pages_lead_through_all_messages_both_ways() -> None:
    world, ada, _ = two()
    for number in range(25):
        ada.say(f"{number}")
    world.run(2)

    def page(**where: str) -> tuple[list[str], str, str]:
        found = ada.do(lambda s: views.page(s, ada.node, messages.find(s, "1"), limit=10, **where))
        return [item.text for item in found.items], found.prev, found.next

    texts, prev, _ = page()
    assert texts == [f"{n}" for n in range(15, 25)]
    texts, prev, following = page(before=prev)
    assert texts == [f"{n}" for n in range(5, 15)]
    assert page(after=following)[0] == [f"{n}" for n in range(15, 25)]
    assert page(before=prev)[0] == [f"{n}" for n in range(5)]
    middle = (
        ada.do(lambda s: views.page(s, ada.node, messages.find(s, "1"), before=prev, limit=10)).items[2].id
    )
    assert "2" in page(around=middle)[0]


def test_nothing_is_said_to_nobody() -> None:
    _, ada, _ = two()

    def send(chat: str, text: str) -> MessageView:
        return ada.do(lambda step: messages.send(step, ada.node, chat, Words(text)))

    with pytest.raises(UsageError):
        send("1", "  ")
    for chat in ("7", "x", ""):
        with pytest.raises(NotFound):
            send(chat, "hello")


def test_a_node_in_quarantine_reads_and_says_nothing() -> None:
    world, ada, _ = two()
    ada.say("before")
    world.run(1)
    ada.node.quarantine = "a copy runs"
    assert ada.sees() == ["before"]
    with pytest.raises(NotReady):
        ada.say("after")


def test_the_order_needs_no_clock() -> None:
    world, ada, ben = two()
    ada.say("one")
    world.run(1)
    world.wall_s -= 86_400  # both clocks go back a day
    ben.say("two")
    world.run(1)
    world.wall_s += 40 * 86_400
    ada.say("three")
    world.run(1)
    assert ada.sees() == ben.sees() == ["one", "two", "three"]


def test_keys_are_renewed_after_some_hundred_messages() -> None:
    world, ada, ben = two()

    def epoch(step: Step, person: Person) -> int:
        (conversation,) = CONVERSATIONS.all(step.tx)
        del conversation
        return max(state.epoch for state in person.node.groups.values())

    for person in (ada, ben):
        for number in range(205):
            person.say(f"{person.name} {number}")
        world.run(5)
    world.run(2 * 3600 + 60)
    epochs = [person.do(lambda step, p=person: epoch(step, p)) for person in (ada, ben)]  # type: ignore[misc]
    assert epochs[0] == epochs[1] >= 3
    ada.say("under new keys")
    world.run(2)
    assert ben.sees()[-1] == "under new keys"
