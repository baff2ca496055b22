"""One text on several networks: each has its own outcome, answers come back under the one post."""

from __future__ import annotations

import pytest
from bridge_core_world import ADA, ALL, BEN, Core, can

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts, calls, journal, later, outbox, post_screens, posts
from swarmnode.bridging.core.posts import Said
from swarmnode.domain.post_views import PlaceView, PostView
from swarmnode.errors import Conflict, NotFound, UsageError
from swarmnode.services.node import Node
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import FILES, POSTS

HOME = api.ConversationRef("home")
CAT = api.LocalFile(id="", name="cat.png", media_type="image/png", size_bytes=4, description="a cat")


class Poster(Core):
    """Two accounts that can post: `demo`, and `other` with what the test says of it."""

    def __init__(self, **other: object) -> None:
        super().__init__()
        self.other = self.do(
            lambda step: accounts.add(
                step,
                "pigeon",
                api.LoginDone(network_account_id="me2", display="Me too", secrets={}, hosts=()),
            )
        )
        for account, abilities in ((self.account, can()), (self.other, can(**other))):
            self.hears(account, api.ConversationSeen(conversation=HOME, kind="timeline", title="Home"))
            self.do(lambda step, a=account, b=abilities: accounts.learn(step, a, None, b))  # type: ignore[misc]

    def hears(self, account: str, *events: api.Event) -> None:
        self.do(lambda step: journal.ingest(step, account, api.Batch(events)))

    def post(self, text: str = "hello", *, data: tuple[bytes, ...] = (), **more: object) -> str:
        said = Said(text=text, **more)  # type: ignore[arg-type]
        number = self.do(lambda step: posts.make(step, said, [self.account, self.other], data))
        return f"post{number}"

    def view(self, post: str) -> PostView:
        return self.do(lambda step: post_screens.view(step, post))

    def places(self, post: str) -> tuple[PlaceView, PlaceView]:
        one, two = self.view(post).places
        return one, two

    def call_on(self, account: str) -> calls.Call:
        call = self.do(lambda step: calls.take(step, account))
        assert call is not None
        return call

    def goes(self, account: str, *names: str) -> api.Outgoing:
        """What leaves next there is accepted under these ids."""
        call = self.call_on(account)
        self.settle(call, api.Accepted(tuple(api.MessageRef(HOME, name) for name in names)))
        return call.arguments.get("out")  # type: ignore[return-value]

    def edit(self, post: str, text: str) -> None:
        self.do(lambda step: posts.edit(step, post, text))

    def delete(self, post: str) -> None:
        self.do(lambda step: posts.delete(step, post))

    def resend(self, post: str, account: str) -> None:
        self.do(lambda step: posts.resend(step, post, account))

    def changed(self) -> list[str]:
        told = [str(t.data["post"]) for t in self.told if t.type == "post.changed"]
        self.told.clear()
        return told


def said(
    name: str, text: str, actor: api.Actor = ADA, answers: str = "", at: str = "home"
) -> api.MessageSeen:
    room = api.ConversationRef(at)
    reply_to = api.MessageRef(HOME, answers) if answers else None
    return api.MessageSeen(
        ref=api.MessageRef(room, name), actor=actor, body=from_plain(text), reply_to=reply_to
    )


def test_it_goes_to_each_network_and_each_says_what_became_of_it() -> None:
    core = Poster()
    post = core.post(title="tea", visibility="", language="en")
    assert core.changed()[-1] == post
    assert core.view(post).state == "waiting"
    out = core.goes(core.account, "1")
    assert (out.parts[0].text, out.title, out.language, out.conversation) == ("hello", "tea", "en", HOME)
    assert core.changed() == [post]
    core.settle(core.call_on(core.other), api.Refused("not in the mood"))
    one, two = core.places(post)
    assert (one.state, one.there, two.state, two.reason) == ("sent", 1, "refused", "not in the mood")
    assert core.view(post).state == "partly"
    core.resend(post, core.other)
    assert core.places(post)[1].state == "queued"
    core.goes(core.other, "9")
    assert core.view(post).state == "sent"
    with pytest.raises(Conflict):
        core.resend(post, core.other)


def test_a_network_that_is_down_holds_up_no_other() -> None:
    core = Poster()
    post = core.post()
    core.settle(core.call_on(core.account), api.Temporary())
    core.goes(core.other, "9")
    one, two = core.places(post)
    assert (one.state, one.reason, two.state) == ("waiting", "network", "sent")


def test_what_one_network_does_not_take_is_refused_there_alone_and_can_be_sent_later() -> None:
    core = Poster(levels={**ALL, "post": Level.REJECTED})
    post = core.post()
    one, two = core.places(post)
    assert (one.state, two.state, two.reason, two.messages) == ("queued", "refused", "no-posts", ())
    with pytest.raises(UsageError):
        core.resend(post, core.other)
    core.do(lambda step: accounts.learn(step, core.other, None, can()))
    core.edit(post, "hello again")
    core.resend(post, core.other)
    assert core.goes(core.other, "9").parts[0].text == "hello again"
    assert core.places(post)[1].state == "sent"


def test_nothing_is_kept_of_a_post_that_goes_nowhere() -> None:
    core = Poster(visibilities=("public",))
    for more in ({"visibility": "followers"}, {"text": ""}):
        with pytest.raises(UsageError):
            core.post(**more)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        core.do(lambda step: posts.make(step, Said(text="x"), ["nobody"]))
    assert core.do(lambda step: POSTS.count(step.tx)) == 0


def test_a_long_text_is_a_thread_and_the_rest_of_it_goes_where_it_was_broken_off() -> None:
    core = Poster(max_text=20)
    post = core.post("one two three four. five six seven eight. nine ten.")
    core.goes(core.account, "1")
    call = core.call_on(core.other)
    texts = [part.text for part in call.arguments["out"].parts]
    assert texts == [
        "one two three (1/4)",
        "four. five six (2/4)",
        "seven eight. (3/4)",
        "nine ten. (4/4)",
    ]
    core.settle(call, api.Unknown("", (api.MessageRef(HOME, "1"), api.MessageRef(HOME, "2"))))
    (_, place) = core.places(post)
    assert (place.state, place.reason, place.there, len(place.messages)) == ("maybe", "asked", 2, 4)
    assert core.view(post).state == "maybe"
    core.resend(post, core.other)
    again = core.goes(core.other, "1", "2", "3", "4")
    assert [done.remote_id for done in again.done_parts] == ["1", "2"]
    assert core.places(post)[1].there == 4


def test_answers_of_all_networks_come_under_the_one_post_whatever_came_first() -> None:
    core = Poster()
    post = core.post()
    call = core.call_on(core.account)
    core.hears(core.account, said("3", "to the answer", BEN, "2"), said("2", "first", ADA, "1"))
    core.told.clear()
    core.settle(call, api.Accepted((api.MessageRef(HOME, "1"),)))
    core.goes(core.other, "1")
    core.changed()
    core.hears(core.other, said("7", "in private", BEN, "1", at="direct ben"))
    assert core.changed() == [post]
    core.hears(core.account, said("4", "of another", ADA, "77"), said("5", "no answer"))
    core.hears(
        core.account, api.ConversationSeen(conversation=api.ConversationRef("n"), kind="notifications")
    )
    core.hears(core.account, said("n1", "Ada likes it", ADA, "1", at="n"))
    view = core.view(post)
    assert sorted(m.text for m in view.answers) == ["first", "in private", "to the answer"]
    assert view.answer_count == 3
    core.changed()
    core.hears(core.account, said("6", "deeper", ADA, "3"))
    assert core.changed() == [post]
    core.hears(core.account, api.MessageGone(target=api.MessageRef(HOME, "2"), actor=ADA))
    assert sorted(m.text for m in core.view(post).answers) == ["deeper", "in private", "to the answer"]


def test_an_answer_that_answers_itself_ends_nothing() -> None:
    core = Poster()
    post = core.post()
    core.goes(core.account, "1")
    core.hears(core.account, said("2", "x", ADA, "3"), said("3", "y", ADA, "2"), said("4", "z", ADA, "4"))
    assert core.view(post).answers == ()


def test_an_edit_goes_to_all_and_each_says_what_it_did() -> None:
    core = Poster(levels={**ALL, "edit": Level.REJECTED})
    post = core.post(title="tea")
    core.goes(core.account, "1")
    core.goes(core.other, "9")
    core.edit(post, "hello, you")
    one, two = core.places(post)
    assert (one.change, one.change_state) == ("edit", "doing")
    assert (two.change_state, two.change_reason) == ("refused", "no-edits")
    out = core.goes(core.account, "1")
    assert (out.parts[0].text, out.title) == ("hello, you", "tea")
    assert core.places(post)[0].change_state == "done"
    assert (core.view(post).text, core.view(post).edited) == ("hello, you", True)
    core.edit(post, "hello, they")
    core.settle(core.call_on(core.account), api.Refused("too late for that"))
    one, _ = core.places(post)
    assert (one.state, one.change_state, one.change_reason) == ("sent", "refused", "too late for that")


def test_what_has_not_left_is_said_in_the_new_words_alone() -> None:
    core = Poster(max_text=20)
    post = core.post("a long text that needs more than one", files=(CAT,), data=(b"meow",))
    core.edit(post, "short")
    for account in (core.account, core.other):
        out = core.goes(account, "1")
        assert [part.text for part in out.parts] == ["short"]
        assert [file.description for file in out.parts[0].files] == ["a cat"]
        assert core.do(lambda step, a=account: calls.take(step, a)) is None  # type: ignore[misc]
    assert [place.state for place in core.places(post)] == ["sent", "sent"]
    assert not core.view(post).deleted


def test_an_edit_makes_a_thread_longer_or_shorter() -> None:
    core = Poster(max_text=20)
    post = core.post("one two three.")
    core.goes(core.account, "1")
    core.goes(core.other, "1")
    core.edit(post, "one two three. four five six. seven.")
    assert core.goes(core.other, "1").parts[0].text == "one two three. (1/3)"
    more = core.goes(core.other, "2", "3")
    assert more.reply_to is not None
    assert ([part.text for part in more.parts], more.reply_to.remote_id) == (
        ["four five six. (2/3)", "seven. (3/3)"],
        "1",
    )
    assert core.places(post)[1].there == 3
    core.edit(post, "one two!")
    verbs = []
    for name in ("1", "2", "3"):
        call = core.call_on(core.other)
        verbs.append((call.verb, call.arguments.get("target") or call.arguments["out"].parts[0].text))
        core.settle(call, api.Accepted((api.MessageRef(HOME, name),)))
    assert [verb for verb, _ in verbs] == ["edit", "delete", "delete"]
    place = core.places(post)[1]
    assert (place.state, place.there, place.change_state) == ("sent", 1, "done")


def test_a_deletion_goes_to_all_destroys_the_text_and_tells_where_it_stands() -> None:
    core = Poster(levels={**ALL, "delete": Level.REJECTED})
    post = core.post(files=(CAT,), data=(b"meow",))
    core.goes(core.account, "1")
    core.goes(core.other, "9")
    body = core.do(lambda step: posts.find(step, post).body_id)
    core.delete(post)
    assert core.do(lambda step: step.tx.bodies.get(body or 0)) is None
    view = core.view(post)
    assert (view.text, view.deleted, view.attachments) == ("", True, ())
    one, two = view.places
    assert (one.change, one.change_state) == ("delete", "doing")
    assert (two.state, two.change_state, two.change_reason) == ("sent", "refused", "no-deletes")
    core.goes(core.account, "1")
    assert [(p.state, p.change_state) for p in core.places(post)] == [
        ("deleted", "done"),
        ("sent", "refused"),
    ]
    with pytest.raises(Conflict):
        core.edit(post, "no, wait")


def test_what_is_deleted_message_by_message_is_gone_as_a_post_too() -> None:
    core = Poster()
    post = core.post()
    for place in core.places(post):
        core.do(lambda step, m=place.messages[0]: outbox.delete(step, m, everywhere=False))  # type: ignore[misc]
    assert (core.view(post).deleted, core.view(post).state) == (True, "deleted")


def test_an_account_that_is_removed_takes_its_place_with_it_and_the_last_one_the_post() -> None:
    core = Poster()
    post = core.post()
    body = core.do(lambda step: posts.find(step, post).body_id)
    core.do(lambda step: accounts.remove(step, core.other))
    assert [place.network for place in core.view(post).places] == ["demo"]
    core.do(lambda step: accounts.remove(step, core.account))
    with pytest.raises(NotFound):
        core.view(post)
    assert core.do(lambda step: step.tx.bodies.get(body or 0)) is None


def test_each_place_has_files_of_its_own() -> None:
    core = Poster(media={"image/*": 3})
    post = core.post(files=(CAT,), data=(b"meow",))
    assert [(p.state, p.reason) for p in core.places(post)] == [("queued", ""), ("refused", "file-size")]
    with pytest.raises(UsageError):
        core.resend(post, core.other)
    core.do(lambda step: accounts.learn(step, core.other, None, can()))
    core.resend(post, core.other)
    assert core.do(lambda step: FILES.count(step.tx)) == 2
    again = core.post(files=(CAT,), data=(b"meow",), leave_out=True)
    assert core.places(again)[1].state == "queued"


def test_posts_are_listed_the_latest_first() -> None:
    core = Poster()
    made = [core.post(str(number)) for number in range(3)]
    found, cursor = core.do(lambda step: post_screens.some(step, limit=2))
    assert [view.id for view in found] == made[:0:-1]
    rest, end = core.do(lambda step: post_screens.some(step, before=cursor, limit=2))
    assert ([view.id for view in rest], end) == (made[:1], "")
    for wrong in ("post99", "post", "p1", "postx"):
        with pytest.raises(NotFound):
            core.view(wrong)
    with pytest.raises(UsageError):
        core.do(lambda step: post_screens.some(step, before="x"))


def test_an_echo_and_the_owners_other_client_are_parts_of_it_too() -> None:
    core = Poster(echo="key")
    post = core.post()
    call = core.call_on(core.other)
    core.hears(
        core.other,
        api.MessageSeen(
            ref=api.MessageRef(HOME, "9"),
            actor=api.Actor("me2", is_owner=True),
            body=from_plain("hello"),
            echo_of=api.IntentId(call.intent),
            url="https://pigeon.example/9",
        ),
    )
    core.settle(call, api.Interrupted())
    place = core.places(post)[1]
    assert (place.state, place.url) == ("sent", "https://pigeon.example/9")


def test_a_post_for_later_is_on_no_network_until_it_leaves() -> None:
    world = Poster(max_text=500)
    said, both = Said(text="tomorrow", files=(CAT,)), [world.account, world.other]

    def put(step: Step) -> str:
        return later.put_post(step, said, both, (b"meow",), send_at=step.wall_s + 3600)

    waits = world.do(put)
    assert world.do(lambda step: POSTS.count(step.tx)) == 0
    assert world.do(lambda step: calls.take(step, world.account)) is None
    row, wish = world.do(lambda step: (later.find(step, waits), later.wish_of(step, later.find(step, waits))))
    assert wish is not None
    assert (wish.text, wish.accounts) == ("tomorrow", tuple(both))
    shown = world.do(lambda step: post_screens.held(step, waits))
    assert (shown.text, shown.state, shown.send_at) == ("tomorrow", "scheduled", row.send_at)
    assert [place.account for place in shown.places] == both
    assert [file.name for file in shown.attachments] == ["cat.png"]
    world.later(3600)
    world.do(lambda step: later.leave(step, Node(), row.id))
    became = world.do(lambda step: later.find(step, waits)).became
    assert world.view(became).text == "tomorrow"
    assert world.call_on(world.account).arguments["out"].parts[0].files[0].name == "cat.png"
    with pytest.raises(NotFound):
        world.do(lambda step: later.put_post(step, said, ["nobody"], (b"",), send_at=step.wall_s + 60))
    with pytest.raises(UsageError):
        world.do(lambda step: later.put_post(step, Said(), both, (), send_at=step.wall_s + 60))
