"""How accounts are: one notice each, short drops are none; and the past, consent and circles."""

import pytest
from bridge_core_world import ADA, BEN, ROOM, Core, ref, seen

from swarm_bridges import api
from swarmnode.bridging.core import accounts, consent, coverage, health, history, outbox, rooms
from swarmnode.domain.consent import Scope
from swarmnode.services.step import Step

OTHER = api.ConversationRef("other")


def notice(core: Core) -> str:
    return core.do(lambda step: accounts.get(step, core.account)).notice


def test_a_line_that_drops_for_a_moment_is_no_news() -> None:
    core, watch = Core(), health.Watch()
    core.do(lambda step: health.said(step, watch, core.account, api.Health(api.State.CONNECTED)))
    core.do(lambda step: health.ended(step, watch, core.account, api.Temporary()))
    core.later(health.DEBOUNCE_S - 1)
    core.do(lambda step: health.check(step, watch))
    assert notice(core) == ""
    core.do(lambda step: health.said(step, watch, core.account, api.Health(api.State.CONNECTED)))
    core.later(health.DEBOUNCE_S)
    core.do(lambda step: health.check(step, watch))
    assert (notice(core), health.next_tick(watch)) == ("", None)


def test_one_that_stays_down_is_told_once_and_goes_by_itself() -> None:
    core, watch = Core(), health.Watch()
    core.do(lambda step: health.ended(step, watch, core.account, None))
    core.later(10)
    core.do(lambda step: health.ended(step, watch, core.account, api.Interrupted()))
    tick = health.next_tick(watch)
    assert tick == health.DEBOUNCE_S
    core.later(health.DEBOUNCE_S)
    for _ in range(3):
        core.do(lambda step: health.check(step, watch))
    assert notice(core) == "offline"
    assert [told.data["way_out"] for told in core.told if told.type == "bridge.notice"] == ["wait"]
    core.do(lambda step: health.said(step, watch, core.account, api.Health(api.State.CATCHING_UP)))
    assert notice(core) == ""


def test_the_most_urgent_notice_is_the_one_that_is_told() -> None:
    core, watch = Core(), health.Watch()
    core.do(lambda step: health.ended(step, watch, core.account, api.AuthRevoked()))
    core.do(lambda step: health.put(step, watch, core.account, api.State.CRASHED))
    core.later(health.DEBOUNCE_S)
    core.do(lambda step: health.check(step, watch))
    assert notice(core) == "auth"
    account = core.do(lambda step: accounts.get(step, core.account))
    assert (account.held, account.wanted) == ("auth", False)


def test_who_logs_in_while_an_old_login_still_fails_is_not_asked_again() -> None:
    core, watch = Core(), health.Watch()
    before = core.do(lambda step: accounts.get(step, core.account)).generation
    again = api.LoginDone(network_account_id="me", display="Me", secrets={"token": b"t1"})
    core.do(lambda step: accounts.relogin(step, core.account, again))

    def ends(generation: int) -> str:
        error = api.AuthExpired("wrong")
        core.do(lambda step: health.ended(step, watch, core.account, error, generation=generation))
        return core.do(lambda step: accounts.get(step, core.account)).held

    assert (ends(before), notice(core)) == ("", "")
    assert (ends(before + 1), notice(core)) == ("auth", "auth")


def test_another_session_holds_an_account_until_the_owner_resumes_it() -> None:
    core, watch = Core(), health.Watch()
    core.do(lambda step: health.ended(step, watch, core.account, api.Conflict()))
    assert notice(core) == "conflict"
    core.do(lambda step: accounts.resume(step, core.account))
    assert (notice(core), core.do(lambda step: accounts.get(step, core.account)).wanted) == ("", True)


# The past


def old(number: int) -> api.MessageSeen:
    return seen(str(number), f"old {number}", origin=api.Origin.HISTORY, order=f"{number:04}")


def page(*numbers: int, after: bytes | None) -> api.Page:
    return api.Page(api.Batch(tuple(map(old, numbers))), None if after is None else api.Cursor(after))


def test_the_past_is_paged_back_to_its_beginning_whatever_breaks() -> None:
    core = Core()
    core.tell(old(9), cursor=b"live")
    call = core.do(lambda step: history.next_page(step, core.account))
    assert call is not None
    assert (call.conversation, call.at) == (ROOM, None)
    core.do(lambda step: history.paged(step, core.account, ROOM, page(7, 8, 9, after=b"7")))
    core.crash()
    core.do(lambda step: history.failed(step, core.account, ROOM, api.Temporary()))
    assert core.do(lambda step: history.next_page(step, core.account)) is None
    at = core.do(lambda step: history.next_at(step, core.account))
    assert at is not None
    core.later(at - core.wall_s)
    call = core.do(lambda step: history.next_page(step, core.account))
    assert call is not None
    assert call.at == b"7"
    core.do(lambda step: history.paged(step, core.account, ROOM, page(5, 6, after=None)))
    assert core.do(lambda step: history.next_page(step, core.account)) is None
    assert core.sees() == [f"old {number}" for number in (5, 6, 7, 8, 9)]
    assert core.do(lambda step: accounts.cursor(step, core.account)) == b"live"
    assert not any(view.unread for view in core.views())


def test_a_gap_is_paged_until_nothing_is_new() -> None:
    core = Core()
    core.tell(old(1), old(2))
    core.do(lambda step: history.paged(step, core.account, ROOM, page(1, 2, after=None)))
    core.do(lambda step: history.look_again(step, core.account, ROOM))
    core.do(lambda step: history.paged(step, core.account, ROOM, page(8, 9, after=b"8")))
    core.do(lambda step: history.paged(step, core.account, ROOM, page(6, 7, after=b"6")))
    core.do(lambda step: history.paged(step, core.account, ROOM, page(1, 2, after=b"1")))
    assert core.do(lambda step: history.next_page(step, core.account)) is None
    assert len(core.sees()) == 6


def test_a_network_that_gives_the_same_page_for_ever_is_left() -> None:
    core = Core()
    core.tell(old(1))
    for _ in range(2):
        core.do(lambda step: history.paged(step, core.account, ROOM, page(1, after=b"same")))
    assert core.do(lambda step: history.next_page(step, core.account)) is None
    core.do(lambda step: history.look_again(step, core.account, ROOM))
    core.do(lambda step: history.paged(step, core.account, ROOM, page(0, after=bytes(2 << 20))))
    assert core.do(lambda step: history.next_at(step, core.account)) is None


def test_a_network_that_has_nothing_new_without_end_is_asked_at_leisure() -> None:
    core = Core()
    core.tell(old(1))
    for number in range(3):
        core.do(lambda step, n=number: history.paged(step, core.account, ROOM, page(1, after=b"%d" % n)))  # type: ignore[misc]
        assert core.do(lambda step: history.next_page(step, core.account)) is None
        core.later(history.AGAIN_S)
        assert core.do(lambda step: history.next_page(step, core.account)) is not None


def test_a_network_without_a_past_is_asked_once() -> None:
    core = Core()
    core.tell(old(1))
    core.do(lambda step: history.failed(step, core.account, ROOM, api.NotSupported()))
    assert core.do(lambda step: history.next_at(step, core.account)) is None


def test_stretches_that_touch_become_one_and_the_rest_is_holes() -> None:
    core = Core()

    def holes(step: Step) -> list[coverage.Hole]:
        return coverage.holes(step, rooms.of(step, accounts.find(step, core.account).id, ROOM))

    def covered(since: str | None, until: str | None, *, hole: bool = False) -> api.Coverage:
        return api.Coverage(conversation=ROOM, since=since, until=until, hole=hole)

    assert core.do(holes) == [coverage.Hole(None, None)]
    core.tell(covered("b", "d"), covered("f", "h"), covered("z", "a"))
    assert core.do(holes) == [coverage.Hole("h", None), coverage.Hole("d", "f"), coverage.Hole(None, "b")]
    core.tell(covered("c", "f"), covered(None, "b", hole=True))
    assert core.do(holes) == [coverage.Hole("h", None)]
    core.tell(covered("h", None))
    assert core.do(holes) == []


# What may leave


def source(*hops: str) -> consent.Provenance:
    return consent.Provenance(package="demo", author="ada", message="1", hops=hops)


def says(step: Step, who: str, *, yes: bool) -> None:
    consent.record(step, ("demo", who), Scope.FORWARD, allowed=yes, own_word=yes)


def relay(core: Core, provenance: consent.Provenance) -> None:
    core.say("ada's words", provenance=provenance)


def test_others_words_leave_only_if_they_said_yes_and_at_that_moment() -> None:
    core = Core()
    core.tell(seen("1", "words", ADA))
    relay(core, source())
    assert core.take() is None
    core.do(lambda step: says(step, "ada", yes=True))
    relay(core, source())
    relay(core, source())
    call = core.call()
    core.settle(call, api.Accepted((ref("2"),)))
    core.do(lambda step: says(step, "ada", yes=False))
    assert core.take() is None
    assert [(view.state.value, view.reason) for view in core.views()[1:]] == [
        ("refused", "consent"),
        ("sent", ""),
        ("refused", "consent"),
    ]


def test_a_no_goes_with_somebody_who_moves_and_outlasts_the_account() -> None:
    core = Core()

    def allows(name: str) -> bool:
        return core.do(lambda step: consent.allows(step, ("demo", name), Scope.FORWARD, ""))

    core.tell(seen("1", "x", ADA))
    core.do(lambda step: says(step, "ada", yes=False))
    core.do(lambda step: says(step, "ada2", yes=True))
    core.tell(api.IdentityMoved(old="ada", new="ada2", proof="mutual"))
    assert not allows("ada2")
    core.do(lambda step: says(step, "ada2", yes=True))
    assert allows("ada")
    core.do(lambda step: says(step, "ada", yes=False))
    core.do(lambda step: accounts.remove(step, core.account))
    assert (allows("ada"), allows("ada2")) == (False, False)


@pytest.mark.parametrize("hops", [("demo room",), ("a", "b", "c", "d", "e")])
def test_nothing_goes_in_circles(hops: tuple[str, ...]) -> None:
    core = Core()
    core.do(lambda step: says(step, "ada", yes=True))
    relay(core, source(*hops))
    assert core.take() is None
    assert core.views()[0].reason == "loop"


def test_the_owners_own_words_need_nobodys_yes() -> None:
    core = Core()
    core.tell(seen("1", "x", BEN))
    core.do(lambda step: outbox.send(step, "b1", outbox.Saying("mine")))
    assert core.call().verb == "send"
