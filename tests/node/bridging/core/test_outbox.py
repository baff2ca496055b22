"""What the owner wants, until the network has it: each way in which a call ends, echoes in each order."""

from typing import Any

import pytest
from bridge_core_world import ADA, ALL, BEN, ME, ROOM, Core, can, ref, seen

from swarm_bridges import api
from swarm_bridges.text import to_plain
from swarmnode.bridging.core import accounts, calls, decisions, holds, intents, outbox
from swarmnode.bridging.core.outbox import Saying
from swarmnode.errors import Conflict, UsageError
from swarmnode.storage.bridge_shelves import INTENTS

KEYED: dict[str, Any] = {"repeat": api.Repeat.KEYED, "repeat_window_s": 3600.0, "echo": "key"}


def accepted(*ids: str, **more: Any) -> api.Accepted:
    return api.Accepted(tuple(map(ref, ids)), **more)


def wait_for(core: Core) -> calls.Call:
    """Let time pass until there is something to call."""
    for _ in range(20):
        if (call := core.take()) is not None:
            return call
        at = core.do(lambda step: calls.next_at(step, core.account))
        assert at is not None, "nothing waits"
        core.later(max(at - core.wall_s, 1))
    raise AssertionError("it never comes")


def test_what_is_said_is_shown_at_once_and_sent_when_it_is_called() -> None:
    core = Core()
    core.say("hello")
    assert (core.sees(), core.states()) == (["hello"], ["queued"])
    call = core.call()
    assert call.verb == "send"
    out = call.arguments["out"]
    assert (out.key, out.attempt, [part.text for part in out.parts]) == (out.intent, 1, ["hello"])
    core.settle(call, accepted("1"))
    assert core.states() == ["sent"]
    assert core.take() is None


def test_one_is_in_flight_and_none_overtakes() -> None:
    core = Core()
    core.say("one")
    core.say("two")
    call = core.call()
    assert core.take() is None
    core.settle(call, api.Temporary())
    assert core.take() is None, "the first one waits, and so does the second"
    again = wait_for(core)
    assert again.intent == call.intent
    assert again.arguments["out"].attempt == 2
    core.settle(again, accepted("1"))
    assert wait_for(core).arguments["out"].parts[0].text == "two"


def test_an_echo_with_the_key_is_the_message_whenever_it_comes() -> None:
    for order in ("before", "after", "instead"):
        core = Core(echo="key")
        core.say("hello")
        call = core.call()
        echo = seen("1", "hello", ME, echo_of=call.intent, order="7")
        if order == "before":
            core.tell(echo)
        core.settle(call, api.Interrupted() if order == "instead" else accepted("1"))
        core.tell(echo)
        assert (core.sees(), core.states()) == (["hello"], ["sent"]), order
        assert core.take() is None


def test_an_echo_with_the_id_is_the_message_also_before_the_call_returned() -> None:
    for early in (True, False):
        core = Core()
        core.say("hello")
        call = core.call()
        if early:
            core.tell(
                seen("1", "hello", ME), api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("x"))
            )
        core.settle(call, accepted("1"))
        core.tell(seen("1", "hello", ME))
        core.tell(seen("1", "hello", ME), api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("x")))
        assert (core.sees(), core.states()) == (["hello"], ["sent"])
        assert len(core.views()[0].reactions) == 1


def test_copies_are_matched_once_each() -> None:
    core = Core(echo="copy")
    core.say("Yes!")
    core.say("Yes!")
    core.settle(core.call(), api.Accepted(()))
    core.settle(core.call(), api.Accepted(()))
    core.tell(seen("1", "yes!", ME), seen("2", " yes\u2049", ME), seen("3", "yes", ME))
    assert core.sees() == ["yes!", " yes\u2049".strip(), "yes"]
    core.tell(seen("1", "yes!", ME), seen("4", "yes!", ADA))
    assert len(core.sees()) == 4


@pytest.mark.parametrize(
    "answer",
    [
        accepted("x" * 2_000),
        accepted(""),
        accepted("1", revision="x" * 2_000),
        accepted("1", aliases=("x" * 2_000,)),
    ],
)
def test_names_that_no_network_gives_are_none(answer: api.Accepted) -> None:
    core = Core()
    core.say("hello")
    core.settle(core.call(), answer)
    assert core.states() == ["sent"]
    (intent,) = core.do(lambda step: INTENTS.all(step.tx))
    assert core.do(lambda step: intents.parts(step, intent))[0].remote_id is None


def test_who_says_too_much_of_what_can_be_done_can_nothing() -> None:
    core = Core()
    levels = {f"feature {number}": api.Level.FULL for number in range(10_000)}
    core.do(lambda step: accounts.learn(step, core.account, None, can(levels=levels)))
    known = core.do(lambda step: accounts.capabilities(step, accounts.find(step, core.account), None))
    assert known is not None
    assert known.levels == {}


def test_nobody_else_can_hand_a_key_back() -> None:
    core = Core(echo="key")
    core.say("hello")
    call = core.call()
    core.tell(seen("1", "stolen", ADA, echo_of=call.intent))
    core.settle(call, api.Interrupted())
    assert core.states() == ["maybe", "received"]


def test_what_the_owner_says_elsewhere_is_the_owners() -> None:
    core = Core()
    core.tell(seen("1", "from the telephone", ME))
    assert [(view.mine, view.unread, view.author) for view in core.views()] == [(True, False, "me")]


def test_doubt_with_a_key_that_is_known_again_is_a_second_attempt() -> None:
    core = Core(**KEYED)
    core.say("hello")
    call = core.call()
    core.settle(call, api.Unknown())
    again = wait_for(core)
    assert again.arguments["out"].key == call.arguments["out"].key
    core.settle(again, accepted("1"))
    assert core.states() == ["sent"]


def test_a_key_whose_window_is_over_is_not_repeated() -> None:
    core = Core(**KEYED)
    core.say("hello")
    call = core.call()
    core.later(3600)
    core.settle(call, api.Unknown())
    assert core.states() == ["maybe"]
    assert core.take() is None


def test_doubt_where_the_network_can_be_searched_is_looked_up() -> None:
    for found, states, verb in (
        (accepted("1"), ["sent"], None),
        (api.Absent(), ["waiting"], "send"),
        (api.CantTell(), ["maybe"], None),
        (api.NotSupported(), ["maybe"], None),
    ):
        core = Core(repeat=api.Repeat.LOOKUP)
        core.say("hello")
        core.settle(core.call(), api.Interrupted())
        assert core.states() == ["maybe"]
        look = wait_for(core)
        assert look.verb == "find_sent"
        core.settle(look, found)
        assert core.states() == states
        call = core.take()
        assert (None if call is None else call.verb) == verb


def test_a_crash_in_the_middle_of_a_call_is_doubt() -> None:
    core = Core()
    core.say("hello")
    core.call()
    core.crash()
    assert core.states() == ["maybe"]
    assert core.take() is None, "nothing repeats it by itself"


def test_the_owner_says_what_became_of_it() -> None:
    core = Core()
    said = core.say("hello")
    core.settle(core.call(), ValueError("a bug"))
    assert core.states() == ["maybe"]
    core.tell(seen("1", "hello", ME))  # this network hands back neither key nor anything to know it by
    assert core.sees() == ["hello", "hello"]
    core.do(lambda step: decisions.answer(step, said, sent=True))
    assert (core.sees(), core.states()) == (["hello"], ["sent"])
    with pytest.raises(Conflict):
        core.do(lambda step: decisions.answer(step, said, sent=False))


def test_the_owner_says_send_it_again() -> None:
    core = Core()
    said = core.say("hello")
    call = core.call()
    core.settle(call, api.Unknown())
    core.do(lambda step: decisions.answer(step, said, sent=False))
    again = core.call()
    assert again.intent == call.intent
    core.settle(again, accepted("1"))
    assert core.states() == ["sent"]


def test_a_question_does_not_hold_up_what_comes_behind_it() -> None:
    core = Core()
    core.say("one")
    core.say("two")
    core.settle(core.call(), api.Unknown())
    core.settle(core.call(), accepted("2"))
    assert core.states() == ["maybe", "sent"]


def test_what_is_refused_is_shown_with_its_reason_and_can_be_sent_again() -> None:
    core = Core()
    said = core.say("hello")
    core.settle(core.call(), api.Refused("not here"))
    (view,) = core.views()
    assert (view.state.value, view.reason) == ("refused", "not here")
    assert core.take() is None
    core.do(lambda step: decisions.again(step, said))
    core.settle(core.call(), accepted("1"))
    assert core.states() == ["sent"]
    with pytest.raises(Conflict):
        core.do(lambda step: decisions.again(step, said))


def test_a_login_that_is_over_holds_all_until_there_is_another() -> None:
    core = Core()
    core.say("hello")
    core.settle(core.call(), api.AuthExpired())
    core.later(1_000)
    core.crash()
    assert core.take() is None
    account = core.do(lambda step: accounts.get(step, core.account))
    assert (account.held, account.notice, account.wanted) == ("auth", "auth", False)
    done = api.LoginDone(network_account_id="me", display="Me", secrets={"token": b"t1"})
    core.do(lambda step: accounts.relogin(step, core.account, done))
    assert core.call().verb == "send"
    assert core.do(lambda step: accounts.get(step, core.account)).notice == ""


def test_a_limit_is_kept_over_a_restart() -> None:
    core = Core()
    core.say("hello")
    core.settle(core.call(), api.Limited(wait_s=600))
    assert [view.reason for view in core.views()] == ["limit"]
    core.later(590)
    core.crash()
    assert core.take() is None
    core.later(20)
    assert core.call().verb == "send"


def test_a_limit_of_a_conversation_holds_no_other() -> None:
    core = Core()
    core.say("hello")
    core.settle(core.call(), api.Limited(wait_s=600, scope="conversation"))
    other = api.ConversationRef("other")
    core.tell(api.ConversationSeen(conversation=other, kind="group"))
    core.do(lambda step: outbox.send(step, "b2", Saying("elsewhere")))
    assert core.call().arguments["out"].conversation == other


def test_a_clock_that_is_set_back_does_not_lengthen_a_wait() -> None:
    core = Core()
    core.say("hello")
    core.settle(core.call(), api.Limited(wait_s=600))
    core.wall_s -= 3 * 24 * 3600
    assert core.call().verb == "send"


def test_failures_open_a_circuit_that_lets_one_probe_through() -> None:
    core = Core()
    rooms = [api.ConversationRef(f"r{number}") for number in range(4)]
    core.tell(*(api.ConversationSeen(conversation=room, kind="group") for room in rooms))
    for number in range(4):
        core.do(lambda step, number=number: outbox.send(step, f"b{number + 1}", Saying("x")))  # type: ignore[misc]
    for _ in range(holds.FAILURES):
        core.settle(wait_for(core), api.Temporary())
    assert core.take() is None
    core.crash()
    probe = wait_for(core)
    core.later(600)
    assert core.take() is None, "one probe alone"
    core.settle(probe, api.Temporary())
    assert core.take() is None, "and it failed"
    core.settle(wait_for(core), api.Accepted((api.MessageRef(rooms[0], "1"),)))
    assert core.take() is not None


@pytest.mark.parametrize("called", [True, False])
def test_a_probe_that_nobody_brings_to_an_end_makes_room_for_the_next(called: bool) -> None:
    core = Core(**KEYED)
    core.say("hello")
    for _ in range(holds.FAILURES):
        core.settle(wait_for(core), api.Temporary())
    wait_for(core)
    core.later(600)
    assert core.take() is None, "one probe alone"
    if called:
        core.do(lambda step: calls.left(step, core.account))
    else:
        core.do(lambda step: calls.give_back(step, core.account, ()))
    again = wait_for(core)
    assert again.arguments["out"].attempt == holds.FAILURES + (2 if called else 1)


def test_whoever_has_looked_does_not_wait_for_what_failed_but_for_what_the_network_said() -> None:
    core = Core()
    core.say("hello")
    for _ in range(holds.FAILURES):
        core.settle(wait_for(core), api.Temporary())
    assert core.take() is None
    core.do(lambda step: accounts.resume(step, core.account))
    core.settle(core.call(), api.Limited(wait_s=600))
    core.do(lambda step: accounts.resume(step, core.account))
    assert core.take() is None


def test_what_is_too_old_is_given_up_and_not_sent_days_later() -> None:
    core = Core()
    said = core.say("hello")
    core.later(intents.EXPIRES_S)
    assert core.take() is None
    assert core.states() == ["expired"]
    core.do(lambda step: decisions.again(step, said))
    assert core.call().verb == "send"


def test_long_texts_are_parts_and_sending_goes_on_behind_those_that_are_there() -> None:
    core = Core(max_text=10, **KEYED)
    core.say("first one. second one. third.")
    call = core.call()
    count = len(call.arguments["out"].parts)
    assert count > 2
    core.settle(call, api.Unknown(refs_so_far=(ref("1"),)))
    assert core.states() == ["sent", *["waiting"] * (count - 1)]
    again = wait_for(core)
    assert again.arguments["out"].done_parts == (ref("1"),)
    core.settle(again, accepted(*map(str, range(1, count + 1))))
    core.tell(*(seen(str(number + 1), text, ME) for number, text in enumerate(core.sees())))
    assert core.states() == ["sent"] * count


def test_an_edit_of_what_has_not_left_goes_into_it() -> None:
    core = Core()
    said = core.say("helo")
    core.do(lambda step: outbox.edit(step, said, "hello"))
    assert core.sees() == ["hello"]
    call = core.call()
    assert call.arguments["out"].parts[0].text == "hello"
    core.settle(call, accepted("1"))
    assert core.take() is None


def test_an_edit_of_what_is_on_its_way_follows_it() -> None:
    core = Core()
    said = core.say("helo")
    call = core.call()
    core.do(lambda step: outbox.edit(step, said, "hell"))
    core.do(lambda step: outbox.edit(step, said, "hello"))
    assert core.views()[0].doing == ("edit",)
    assert core.sees() == ["helo"], "the network has no other text yet"
    core.settle(call, accepted("1"))
    edit = core.call()
    assert (edit.verb, edit.arguments["target"]) == ("edit", ref("1"))
    assert edit.arguments["out"].parts[0].text == "hello"
    core.settle(edit, accepted("1", revision="2"))
    core.tell(seen("1", "helo", ME, revision="1"), seen("1", "hello", ME, revision="2"))
    assert (core.sees(), core.take()) == (["hello"], None)


def test_a_deletion_of_what_has_not_left_is_its_end() -> None:
    core = Core()
    said = core.say("never mind")
    core.do(lambda step: outbox.delete(step, said))
    assert core.sees() == ["(deleted)"]
    assert core.take() is None
    assert core.do(lambda step: step.tx.search.find("never", 3)) == []


def test_a_deletion_of_what_is_on_its_way_follows_it() -> None:
    core = Core()
    said = core.say("oh no")
    call = core.call()
    core.do(lambda step: outbox.delete(step, said))
    core.settle(call, accepted("1"))
    delete = core.call()
    assert (delete.verb, delete.arguments["target"]) == ("delete", ref("1"))
    assert core.sees() == ["oh no"]
    core.settle(delete, api.Gone())
    assert core.sees() == ["(deleted)"]


def test_what_is_about_a_message_that_never_comes_to_be_is_given_up() -> None:
    core = Core()
    said = core.say("hello")
    call = core.call()
    core.do(lambda step: outbox.react(step, said, ["+"]))
    core.settle(call, api.Refused())
    assert core.take() is None
    assert core.do(lambda step: INTENTS.count(step.tx, state="cancelled")) == 1


def test_reactions_and_marks_are_shown_when_the_network_has_them() -> None:
    core = Core(reactions=frozenset("+-"), reactions_each=1)
    core.tell(seen("1", "hi"))
    core.do(lambda step: outbox.react(step, "m1", ["-"]))
    core.do(lambda step: outbox.react(step, "m1", ["+"]))
    core.do(lambda step: outbox.mark(step, "m1", "boost", on=True))
    assert core.views()[0].reactions == ()
    call = core.call()
    assert (call.verb, call.arguments["values"]) == ("react", frozenset("+"))
    core.settle(call, api.Unknown())
    call = wait_for(core)
    assert call.verb == "react", "what is the same when done twice is done again"
    core.settle(call, api.Accepted(()))
    core.settle(core.call(), api.Accepted(()))
    (view,) = core.views()
    assert (view.reactions, view.marks) == ((("me", "+"),), ("boost",))
    for symbols in (["x"], ["+", "-"]):
        with pytest.raises(UsageError):
            core.do(lambda step, symbols=symbols: outbox.react(step, "m1", symbols))  # type: ignore[misc]


def test_what_a_network_cannot_do_is_refused_before_anything_is_written() -> None:
    core = Core()
    said = core.say("hello")
    core.settle(core.call(), accepted("1"))
    core.tell(seen("2", "hi"))
    core.learn(api.Capabilities(version="2", levels={"text": api.Level.FULL}))
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.edit(step, said, "x"))
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.delete(step, said))
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.react(step, "m2", ["+"]))
    with pytest.raises(UsageError):
        core.say("x", files=[api.LocalFile(id="1", name="a", media_type="image/png", size_bytes=1)])
    core.learn(can(media={"image/*": 10}, edit_within_s=60, delete_within_s=60))
    with pytest.raises(UsageError):
        core.say("x", files=[api.LocalFile(id="1", name="a", media_type="image/png", size_bytes=11)])
    core.later(61)
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.edit(step, said, "x"))
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.delete(step, said))
    with pytest.raises(UsageError):
        core.do(lambda step: outbox.edit(step, "m2", "not the owner's"))
    core.tell(api.ConversationGone(conversation=ROOM))
    with pytest.raises(Conflict):
        core.say("x")
    assert core.take() is None


def test_a_reply_names_what_it_answers_or_quotes_it() -> None:
    core = Core()
    core.tell(seen("1", "when?"))
    core.say("at eight", reply_to="m1")
    call = core.call()
    assert call.arguments["out"].reply_to == ref("1")
    core.settle(call, accepted("2"))
    assert core.views()[-1].reply_to == "m1"
    core.learn(can(levels={**ALL, "reply": api.Level.FALLBACK}))
    core.say("or nine", reply_to="m1")
    out = core.call().arguments["out"]
    assert out.reply_to is None
    assert to_plain(out.parts[0].body) == "> when?\n\nor nine"


def test_receipts_move_what_was_sent() -> None:
    core = Core()
    core.say("one")
    core.settle(core.call(), accepted("1"))
    core.say("two")
    core.settle(core.call(), accepted("2"))
    core.tell(api.ReceiptMoved(up_to=ref("2"), actor=ADA, read=False))
    core.tell(api.ReceiptMoved(up_to=ref("1"), actor=ADA, read=True))
    assert core.states() == ["read", "delivered"]
    core.tell(seen("2", "two", ME))
    assert core.states() == ["read", "delivered"]


def test_what_another_client_did_while_a_call_was_under_way_is_not_undone_by_its_answer() -> None:
    core = Core()
    core.tell(seen("1", "hi"), seen("2", "first", ME, revision="1"))
    core.do(lambda step: outbox.react(step, "m1", ["+"]))
    call = core.call()
    for values in ("+", "-"):
        core.tell(api.ReactionsNow(target=ref("1"), actor=ME, values=frozenset(values)))
    core.settle(call, api.Accepted(()))
    assert core.views()[0].reactions == (("me", "-"),)
    core.do(lambda step: outbox.edit(step, "m2", "second"))
    call = core.call()
    core.tell(seen("2", "second", ME, revision="2"), seen("2", "third", ME, revision="3"))
    core.settle(call, api.Accepted(()))
    assert core.sees()[1] == "third"


def test_parts_stand_in_their_order_whichever_the_network_showed_before_the_call_ended() -> None:
    core = Core(max_text=10)
    core.say("first one. second one. third.")
    texts, call = core.sees(), core.call()
    assert len(texts) > 2
    core.tell(seen("p0", texts[0], ME), seen("p1", texts[1], ME))
    refs = tuple(ref(f"p{number}") for number in range(len(texts)))
    core.settle(call, api.Accepted(refs))
    core.tell(seen("p2", texts[2], ME), seen("last", "an answer"))
    assert core.sees() == [*texts, "an answer"]


def test_what_was_told_of_a_name_before_the_call_returned_counts() -> None:
    core = Core()
    core.say("hello")
    call = core.call()
    core.tell(api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("+")))
    core.settle(call, accepted("1"))
    assert [symbol for _, symbol in core.views()[0].reactions] == ["+"]
    core.say("goodbye")
    call = core.call()
    core.tell(api.MessageGone(target=ref("2"), actor=ME))
    core.settle(call, accepted("2"))
    assert core.sees() == ["hello", "(deleted)"]


def test_after_a_month_of_silence_nothing_old_is_taken_for_a_part_of_what_is_said() -> None:
    core = Core()
    core.say("long ago")
    core.settle(core.call(), accepted("1"))
    core.later(intents.KEPT_S + 1)
    core.do(calls.tidy)
    assert core.do(lambda step: INTENTS.count(step.tx)) == 0
    core.say("today")
    assert core.call().arguments["out"].done_parts == ()
