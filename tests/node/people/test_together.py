"""One conversation with a person over several networks: order, pages, what is unread, where replies go."""

from __future__ import annotations

import pytest
from book_world import Anna
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swarm_bridges import api
from swarmnode.bridging.core import accounts, inbox, together
from swarmnode.domain.views import MessageView
from swarmnode.domain.words import Words
from swarmnode.errors import ChooseWay, NotFound, NotReady, UsageError
from swarmnode.services import book, contacts
from swarmnode.services.step import Step
from swarmnode.storage.shelves import CONVERSATIONS


@pytest.fixture
def anna() -> Anna:
    """Ben is one person: by node, on xmpp and by mail."""
    anna = Anna("xmpp", "mail")
    anna.talk("xmpp", "ben@x", "Benny")
    anna.talk("mail", "ben@m", "Ben M.")
    for network, who in (("xmpp", "ben@x"), ("mail", "ben@m")):
        anna.merge(anna.ben_by_node, anna.person(network, who))
    return anna


def say(anna: Anna, text: str, **more: object) -> MessageView:
    def send(step: Step) -> MessageView:
        chat = together.choose_chat(step, anna.ben_by_node, **more)  # type: ignore[arg-type]
        return inbox.send(step, anna.node.node, chat, Words(text, str(more.get("reply_to", ""))))

    sent = anna.do(send)
    assert isinstance(sent, MessageView)
    return sent


def test_talk_of_all_networks_stands_in_one_order_with_the_network_of_each(anna: Anna) -> None:
    anna.hear("xmpp", "ben@x", "first, by xmpp")
    anna.world.run(5)
    anna.ben.say("second, by node")
    anna.world.run(5)
    anna.hear("mail", "ben@m", "third, by mail")
    anna.world.run(5)
    anna.node.say("fourth, mine")
    anna.world.run(5)
    assert anna.sees(anna.ben_by_node) == [
        ("xmpp", "first, by xmpp"),
        ("", "second, by node"),
        ("mail", "third, by mail"),
        ("", "fourth, mine"),
    ]
    view = anna.view(anna.ben_by_node)
    assert (view.unread, [link.network for link in view.links]) == (3, ["", "xmpp", "mail"])
    assert [link.reason for link in view.links] == ["known", "said", "said"]
    assert view.ways[0].network == "", "where the last word was"


def test_what_was_seen_is_read_and_the_rest_is_not(anna: Anna) -> None:
    ben = anna.ben_by_node
    for number in range(3):
        anna.hear("xmpp", "ben@x", f"x{number}")
        anna.world.run(2)
        anna.ben.say(f"n{number}")
        anna.world.run(2)
    first = anna.page(ben, after=anna.page(ben, limit=6).prev, limit=3)
    assert [item.text for item in first.items] == ["x0", "n0", "x1"]
    count = anna.do(lambda step: together.mark_read(step, anna.node.node, ben, first.next))
    assert (count, anna.view(ben).unread) == (3, 3)
    assert [item.unread for item in anna.page(ben).items] == [False] * 3 + [True] * 3
    anna.do(lambda step: together.mark_read(step, anna.node.node, ben))
    assert anna.view(ben).unread == 0


def test_what_begins_later_is_behind_a_cursor_and_never_before_it(anna: Anna) -> None:
    ben = anna.ben_by_node
    anna.hear("xmpp", "ben@x", "hello")
    page = anna.page(ben)
    anna.accounts["demo"] = anna.account("demo")
    anna.talk("demo", "u-ben")
    anna.merge(ben, anna.person("demo", "u-ben"))
    anna.hear("demo", "u-ben", "and here")
    assert anna.page(ben, before=page.prev).items == ()
    assert [item.text for item in anna.page(ben, after=page.next).items] == ["and here"]
    for wrong in ("nonsense", "1:zz", "b1:00", "b1:00.x.1"):
        with pytest.raises(UsageError):
            anna.page(ben, before=wrong)


TIMES = st.lists(st.tuples(st.sampled_from(["xmpp", "mail"]), st.integers(0, 30)), min_size=1, max_size=24)


@pytest.fixture(scope="module")
def people() -> Anna:
    return Anna("xmpp", "mail", seed="pages")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=TIMES, size=st.integers(1, 7), number=st.integers(0, 10**9))
def test_pages_from_either_end_give_the_same_talk_whole(
    people: Anna, said: list[tuple[str, int]], size: int, number: int
) -> None:
    who = {
        network: f"{network} {number} {len(said)} {size} {hash(tuple(said))}" for network in ("xmpp", "mail")
    }
    for network, name in who.items():
        people.talk(network, name)
    one, other = (people.person(network, name) for network, name in who.items())
    if one == other:
        return  # the same example again
    people.merge(one, other)
    start = people.world.wall_s - 100
    for index, (network, time) in enumerate(said):
        people.hear(network, who[network], f"{index}", at=start + time)
    forward, back = list[MessageView](), list[MessageView]()
    page = people.page(one, limit=size)
    back[:0] = page.items
    while (page := people.page(one, before=page.prev, limit=size)).items:
        back[:0] = page.items
    page = people.page(one, after=page.prev, limit=size)
    while page.items:
        forward += page.items
        page = people.page(one, after=page.next, limit=size)
    assert [item.text for item in forward] == [item.text for item in back]
    assert sorted(int(item.text) for item in back) == list(range(len(said)))
    for network in ("xmpp", "mail"):
        mine = [int(item.text) for item in back if item.network == network]
        assert mine == sorted(mine), "each conversation keeps its order, whatever its clocks say"
    later = dict.fromkeys(who, 10**12)
    key = list[int]()
    for item in reversed(back):
        later[item.network] = min(later[item.network], item.wall_s)
        key.append(later[item.network])
    assert key == sorted(key, reverse=True), "between two of them time decides"


def test_a_reply_goes_where_the_last_word_was_and_never_to_a_less_private_place_unasked(anna: Anna) -> None:
    assert say(anna, "never talked: the safest").network == ""
    anna.world.run(5)
    anna.hear("xmpp", "ben@x", "on xmpp now")
    anna.world.run(5)
    assert say(anna, "where the last word was").network == "xmpp"
    anna.world.run(5)
    anna.ben.say("by node")
    anna.world.run(5)
    xmpp = next(link.id for link in anna.view(anna.ben_by_node).links if link.network == "xmpp")
    anna.do(lambda step: book.prefer(step, anna.ben_by_node, xmpp))
    with pytest.raises(ChooseWay) as asked:
        say(anna, "preferred, but less private")
    assert [(c.network, c.would, c.was) for c in asked.value.choices] == [
        ("xmpp", True, False),
        ("node", False, True),
        ("mail", False, False),
    ]
    assert "less private" in str(asked.value)
    assert [item.text for item in anna.page(anna.ben_by_node, limit=1).items] == ["by node"], (
        "nothing is sent"
    )
    via = asked.value.choices[0].via
    assert say(anna, "the owner chose", via=via).network == "xmpp"
    anna.world.run(5)
    assert say(anna, "and stays there").network == "xmpp"
    assert say(anna, "to a network", via="mail").network == "mail"
    assert say(anna, "to the node", via="node").network == ""
    with pytest.raises(NotFound):
        say(anna, "x", via="matrix")


def test_an_answer_goes_where_the_message_is(anna: Anna) -> None:
    anna.hear("mail", "ben@m", "a question")
    question = anna.page(anna.ben_by_node).items[-1].id
    anna.world.run(5)
    anna.hear("xmpp", "ben@x", "and a word")
    anna.world.run(5)
    assert say(anna, "an answer", reply_to=question).network == "mail"
    anna.world.run(5)
    anna.ben.say("by node")
    anna.world.run(5)
    with pytest.raises(ChooseWay):
        say(anna, "an answer that others read", reply_to=question)
    anna.talk("xmpp", "mallory")
    anna.hear("xmpp", "mallory", "psst")
    theirs = anna.page(anna.person("xmpp", "mallory")).items[-1].id
    with pytest.raises(NotFound):
        say(anna, "x", reply_to=theirs)


def test_a_file_goes_only_where_it_can(anna: Anna) -> None:
    anna.do(
        lambda step: accounts.learn(
            step, anna.accounts["mail"], None, api.Capabilities(version="2", levels={"text": api.Level.FULL})
        )
    )
    anna.hear("mail", "ben@m", "send me that picture")
    anna.world.run(5)
    picture = [("image/png", 100_000)]
    chat = anna.do(lambda step: together.choose_chat(step, anna.ben_by_node, files=picture))
    assert chat == "1", "mail takes no files here, and the node is safer"
    large = [("image/png", 5_000_000)]
    chat = anna.do(lambda step: together.choose_chat(step, anna.ben_by_node, files=large))
    assert chat.startswith("b"), "the node's own take 256 KiB"


def test_a_closed_way_says_why_and_is_not_taken(anna: Anna) -> None:
    ben = anna.ben_by_node
    anna.hear("xmpp", "ben@x", "hello")
    anna.do(lambda step: accounts.pause(step, anna.accounts["xmpp"]))
    anna.do(lambda step: contacts.block(step, anna.node.node, "1", on=True))
    why = {way.network: way.why for way in anna.view(ben).ways}
    assert why == {"xmpp": "paused", "": "blocked", "mail": ""}
    assert say(anna, "by mail then").network == "mail"
    anna.do(lambda step: accounts.pause(step, anna.accounts["mail"]))
    with pytest.raises(NotReady):
        say(anna, "nowhere")


def test_who_has_no_conversation_yet_is_not_written_to(anna: Anna) -> None:
    row = anna.do(lambda step: book.enter(step, "xmpp", "carla@x", "Carla"))
    with pytest.raises(NotReady) as caught:
        anna.do(lambda step: together.choose_chat(step, book.person_id(row.person_id)))
    assert "`swarmnode invite`" in caught.value.hint
    to_open = anna.do(lambda step: together.to_open(step, book.person_id(row.person_id)))
    assert to_open == (anna.accounts["xmpp"], "carla@x")
    assert anna.do(lambda step: together.to_open(step, anna.ben_by_node)) is None
    assert anna.do(lambda step: together.to_open(step, book.person_id(row.person_id), "mail")) is None
    anna.do(lambda step: accounts.pause(step, anna.accounts["xmpp"]))
    assert anna.do(lambda step: together.to_open(step, book.person_id(row.person_id))) is None


def test_of_two_conversations_with_one_node_both_are_read_and_one_is_written_to(anna: Anna) -> None:
    for conv_id in (bytes(32), b"\xff" * 32):  # as when both have invited each other
        anna.do(lambda step, c=conv_id: CONVERSATIONS.add(step.tx, conv_id=c, contact_id=1, created_at=0))
    anna.ben.say("in the one between")
    anna.world.run(5)
    assert ("", "in the one between") in anna.sees(anna.ben_by_node)
    (way,) = (way for way in anna.view(anna.ben_by_node).ways if not way.network)
    first = anna.do(lambda step: CONVERSATIONS.one(step.tx, conv_id=bytes(32)))
    assert (way.chat, way.unread) == (str(first.id), 1)
    assert way.last_at > 0, "the last word of both"


def test_a_name_is_the_owners_or_that_of_the_first_account(anna: Anna) -> None:
    ben = anna.ben_by_node
    anna.do(lambda step: book.rename(step, ben, "My Ben"))
    anna.do(lambda step: contacts.rename(step, "1", "Benedict"))
    assert (anna.view(ben).name, anna.view(ben).named) == ("My Ben", True)
    anna.do(lambda step: book.rename(step, ben, ""))
    assert (anna.view(ben).name, anna.view(ben).named) == ("Benedict", False)
    anna.do(lambda step: contacts.rename(step, "1", "Ben again"))
    assert anna.view(ben).name == "Ben again"
    with pytest.raises(UsageError):
        anna.do(lambda step: book.rename(step, ben, "x" * 65))
