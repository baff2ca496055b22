"""A person and the demo network, through the command line alone: it has every feature of the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from e2e_networks import (
    Demo,
    Elsewhere,
    add,
    answers_file,
    chat,
    chats,
    children,
    connected,
    idle,
    listening,
    state,
)
from e2e_world import SOAK, Home, Village, contents, eventually

from swarm_bridges.testing.network import OWNER, SECRETS
from swarmnode.domain.views import InvitationView, MessageState

ROOM = "Ada and Olga"


@dataclass
class Place:
    """A person, an account on the demo network, and a conversation there."""

    home: Home
    network: Demo
    account: str
    chat: str
    words: str
    """A file of the recovery words."""

    def shows(self, *texts: str) -> list[Any]:
        """The messages of the conversation, when these are the last ones."""

        def look() -> list[Any]:
            found = self.home.messages(self.chat)
            return found if [m.text for m in found if m.kind == "text"][-len(texts) :] == list(texts) else []

        return eventually(look)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("demo")
    with Village(folder) as village, Elsewhere() as elsewhere:
        network, home, words = elsewhere.demo(), village.home("olga"), str(folder / "words")
        home.json("init", "--name", "olga", "--words-file", words)
        home.start()
        assert home.process is not None
        home.json("inbox")
        assert not children(home.process.pid), "a node without accounts has no bridges"
        assert not (home.path / "bridges").exists(), "nor their host"
        account = add(home, "demo", network.answers, "--at-home")
        yield Place(home, network, account, chat(home, ROOM, "demo"), words)


def test_a_wrong_password_adds_nothing_and_stands_nowhere(place: Place, tmp_path: Path) -> None:
    wrong = answers_file(tmp_path / "answers", {**place.network.answers, "password": "battery staple"})
    code, error = place.home.error("bridge", "add", "demo", "--answers", wrong, "--at-home")
    assert (code, error["code"]) == (1, "denied")
    code, error = place.home.error(
        "bridge", "add", "demo", "--answers", answers_file(tmp_path / "right", place.network.answers)
    )
    assert error["detail"] == "this server is in a private network"
    assert "`--at-home`" in error["hint"]
    assert [account["id"] for account in place.home.json("bridge", "status")["items"]] == [place.account]
    assert "battery staple" not in place.home.log.read_text()


def test_what_is_said_there_is_in_the_inbox_and_is_answered_edited_and_taken_back(place: Place) -> None:
    home, network = place.home, place.network
    home.json("read", ROOM)
    theirs = network.do(lambda n: n.say("are you there?"))
    (heard,) = place.shows("are you there?")[-1:]
    (row,) = [c for c in home.json("inbox")["items"] if c["id"] == place.chat]
    assert (row["network"], row["unread"], row["title"]) == ("demo", 1, ROOM)
    assert "demo" in home("inbox").stdout
    assert "are you there?" in home("read", ROOM).stdout
    assert not [c for c in home.json("inbox", "--unread")["items"] if c["id"] == place.chat]

    said = home.json("send", ROOM, "yes, heer", "--reply", heard.id, "--wait")
    assert said["state"] == "sent"
    assert network.do(lambda n: n.said()[-1].more["reply_to"]) == theirs
    home.json("edit", said["id"], "yes, here")
    eventually(lambda: network.texts()[-1] == "yes, here")
    home.json("react", heard.id, "\N{THUMBS UP SIGN}")
    eventually(lambda: network.do(lambda n: n.messages[theirs].reactions) == {OWNER: ("\N{THUMBS UP SIGN}",)})
    network.do(lambda n: n.edit(theirs, "are you here?"))
    network.do(lambda n: n.say("from the phone", who=OWNER))
    last = place.shows("are you here?", "yes, here", "from the phone")[-1]
    assert (last.mine, last.state) == (True, MessageState.SENT)
    hits = home.json("search", "phone")["items"]
    assert [(hit["message"]["id"], hit["message"]["network"]) for hit in hits] == [(last.id, "demo")]

    home.json("delete", said["id"], "--everywhere")
    eventually(lambda: "yes, here" not in network.texts())
    network.do(lambda n: n.take_back(theirs))

    def found() -> set[str]:
        return {hit["message"]["id"] for hit in home.json("search", "here")["items"]}

    eventually(lambda: not {said["id"], heard.id} & found())
    place.shows("from the phone")


def test_posts_are_in_the_timeline_and_are_marked(place: Place, tmp_path: Path) -> None:
    home, network = place.home, place.network
    post = network.do(lambda n: n.say("a post for all", room="home"))
    eventually(lambda: [p["text"] for p in home.json("timeline")["items"]] == ["a post for all"])
    (shown,) = home.json("timeline")["items"]
    assert home.json("mark", shown["id"], "favourite")["doing"] == ["mark"]
    eventually(lambda: network.do(lambda n: n.messages[post].more.get("marks")) == ["favourite"])
    eventually(lambda: "favourite" in home("timeline").stdout)
    assert "a post for all" not in home("inbox").stdout
    home.json("export", str(tmp_path / "all.jsonl"))
    said = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [line["text"] for line in said if line.get("chat") == shown["chat"]] == ["a post for all"]


def test_polls_are_read_and_voted_in(place: Place) -> None:
    home, network = place.home, place.network
    poll = {"options": [{"id": "a", "text": "tea"}, {"id": "b", "text": "coffee"}]}
    asked = network.do(lambda n: n.say("what to drink?", poll=poll))
    heard = place.shows("what to drink?")[-1]
    assert [choice.text for choice in heard.poll.choices] == ["tea", "coffee"]
    assert "2) coffee" in home("read", ROOM).stdout
    assert home.error("vote", heard.id, "3")[1]["code"] == "usage"
    assert home.json("vote", heard.id, "2")["doing"] == ["vote"]
    eventually(lambda: [c.id for c in place.shows("what to drink?")[-1].poll.choices if c.mine] == ["b"])
    eventually(lambda: network.do(lambda n: n.messages[asked].more["poll"]["mine"]) == ["b"])
    assert "2) coffee" in home("read", ROOM).stdout
    network.do(lambda n: n.say("tea, please"))
    assert home.error("vote", place.shows("tea, please")[-1].id, "1")[0] == 2


def test_typing_is_told_both_ways(place: Place) -> None:
    home, network = place.home, place.network
    before = network.do(lambda n: len(n.log))
    home.client.do("PUT", f"/chats/{place.chat}/typing", {"on": True})
    eventually(lambda: network.do(lambda n: len(n.log)) > before)
    with listening(home) as told:
        network.do(lambda n: n.type())
        data = eventually(lambda: [data for kind, data in told if kind == "chat.typing"])
    network.do(lambda n: n.say("that was me"))
    theirs = place.shows("that was me")[-1]
    assert data == [{"chat": place.chat, "author": theirs.author, "on": True}]


def test_a_room_is_left_and_what_was_said_there_stays(place: Place) -> None:
    home, network = place.home, place.network
    room = chat(home, "Garden", "demo")
    network.do(lambda n: n.say("in the garden", room="r2"))
    eventually(lambda: [m.text for m in home.messages(room)][-1:] == ["in the garden"])
    home.json("bridge", "leave", "Garden")
    assert OWNER not in network.do(lambda n: n.rooms["r2"].members)
    assert home.error("send", room, "still here?")[1]["code"] == "conflict"
    assert [m.text for m in home.messages(room)][-1:] == ["in the garden"]
    assert home.json("bridge", "open", "demo", "r2", "--room")["id"] == room
    assert home.json("send", room, "back again", "--wait")["state"] == "sent"
    assert home.error("bridge", "leave", "nowhere")[0] == 5


def test_an_invitation_is_accepted_or_declined(place: Place) -> None:
    home, network = place.home, place.network
    for accept in (True, False):
        room = network.run(lambda n: n.invite("among friends"))
        asked = eventually(lambda: [c for c in chats(home) if c.standing == "invited"])
        assert [(c.title, c.unread) for c in asked] == [("A room for two", 0)]
        assert asked[0].invitation == InvitationView("Ada", "Ada", vouched=True, words="among friends")
        invited = asked[0].id
        assert f"swarmnode bridge join {invited}" in home("inbox").stdout
        assert invited not in home("inbox", "--unread").stdout
        assert home.error("send", invited, "early")[1]["code"] == "conflict"
        home.kill()
        home.start()
        assert [c.standing for c in chats(home) if c.id == invited] == ["invited"]
        if accept:
            eventually(lambda chat=invited: home("bridge", "join", chat).returncode == 0)  # type: ignore[misc]
            assert home.json("bridge", "join", invited)["standing"] == ""
            assert home.json("send", invited, "here I am", "--wait")["state"] == "sent"
            home.json("bridge", "leave", invited)
            assert [c.standing for c in chats(home) if c.id == invited] == ["gone"]
            assert home.error("bridge", "join", invited)[1]["code"] == "conflict"
        else:
            eventually(lambda chat=invited: home("bridge", "leave", chat).returncode == 0)  # type: ignore[misc]
            eventually(lambda chat=invited: chat not in {c.id for c in chats(home)})  # type: ignore[misc]
            assert home.error("bridge", "join", invited)[0] == 5
        there = network.do(lambda n: n.rooms)[room]
        assert OWNER not in (*there.members, *there.invited)
    room = network.run(lambda n: n.invite("never mind"))
    invited = eventually(lambda: [c.id for c in chats(home) if c.standing == "invited"])[0]
    network.run(lambda n: n.withdraw(room))
    eventually(lambda: invited not in {c.id for c in chats(home)})


def test_files_go_both_ways_and_stay_when_the_network_has_lost_them(place: Place, tmp_path: Path) -> None:
    home, network = place.home, place.network
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG" + b"\x00\x01meow" * 100_000)
    sent = home.json("send", ROOM, "a cat", "--file", str(picture), "--wait")
    assert sent["state"] == "sent"
    assert picture.read_bytes() in network.do(lambda n: list(n.files.values()))
    theirs = network.do(lambda n: n.say_file("dog.png", b"woof" * 50_000))
    heard = place.shows("a file")[-1]
    for name in ("one", "two"):
        home.json("save", heard.id, "0", str(tmp_path / name))
        assert (tmp_path / name).read_bytes() == b"woof" * 50_000
        network.do(lambda n: n.files.clear())
    home.json("save", sent["id"], "0", str(tmp_path / "own"))
    assert (tmp_path / "own").read_bytes() == picture.read_bytes()
    network.do(lambda n: n.take_back(theirs))
    eventually(lambda: home.messages(place.chat)[-1].kind == "deleted")
    assert home.error("save", heard.id, "0", str(tmp_path / "three"))[0] == 5
    large = tmp_path / "large"
    large.write_bytes(bytes(9 << 20))
    assert home.error("send", ROOM, "x", "--file", str(large))[1]["code"] == "usage"


def test_a_conversation_is_opened_by_its_address(place: Place) -> None:
    opened = place.home.json("bridge", "open", "demo", "Mallory")
    assert opened["kind"] == "direct"
    place.home.json("send", opened["id"], "a word with you", "--wait")
    room = place.network.do(
        lambda n: next(m.room for m in n.messages.values() if m.text == "a word with you")
    )
    assert "u-mallory" in place.network.do(lambda n: n.rooms[room].members)


@pytest.mark.timeout(1200 if SOAK else 500)
def test_a_node_that_is_killed_in_mid_send_loses_and_doubles_nothing(place: Place) -> None:
    home, network = place.home, place.network
    answered: list[str] = []
    for kill in range(20 if SOAK else 1):
        # What is sent meanwhile is taken, and its answer lost: the node that starts again has to find out.
        network.do(lambda n: n.faults.add("delay_answer", on="act", value=3.0, times=2))
        for number in range(3):
            text = f"killed {kill} {number}"
            home.say(place.chat, text)
            answered.append(text)
        eventually(lambda: any(m.text == answered[-3] for m in network.do(lambda n: n.said())))
        home.kill()
        network.do(lambda n: n.faults.clear())
        home.start()
    eventually(lambda: [t for t in network.texts() if t.startswith("killed")] == answered, within_s=60)

    def shown() -> list[tuple[str, str]]:
        return [(m.text, m.state) for m in home.messages(place.chat) if m.text.startswith("killed")]

    eventually(lambda: shown() == [(text, "sent") for text in answered], within_s=60)
    connected(home, place.account)


def test_a_network_that_does_not_push_is_not_listened_to(place: Place) -> None:
    for account, status in ((place.account, 403), ("nobody", 404)):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{place.home.ready['url']}/hooks/{account}/x", b"words")  # noqa: S310 - http
        assert refused.value.code == status
        refused.value.close()


def test_an_account_rests_goes_on_and_asks_for_a_login_where_it_must(place: Place, tmp_path: Path) -> None:
    home, network = place.home, place.network
    assert home.json("bridge", "pause", "demo")["paused"]
    home.say(place.chat, "waits for the account")
    eventually(lambda: state(home, place.account).state == "stopped")
    network.do(lambda n: n.say("said meanwhile"))
    assert "waits for the account" not in network.texts()
    home.json("bridge", "resume", "demo")
    eventually(lambda: network.texts()[-1] == "waits for the account")
    place.shows("said meanwhile", "waits for the account")

    network.do(lambda n: n.expire())

    def shown() -> tuple[str, str, str]:
        view = state(home, place.account)
        return view.notice, view.way_out, view.state

    eventually(lambda: shown() == ("auth", "log-in", "needs_owner"))
    assert f"`swarmnode bridge login {place.account[:8]}`" in home("status").stdout
    assert "BAD networks" in home("doctor").stdout
    home.say(place.chat, "waits for a login")
    answers = answers_file(tmp_path / "answers", network.answers)
    home.json("bridge", "login", place.account[:8], "--answers", answers)
    eventually(lambda: network.texts()[-1] == "waits for a login")
    connected(home, place.account)
    assert state(home, place.account).notice == ""


def test_a_node_that_comes_back_from_a_backup_goes_on_there(place: Place, tmp_path: Path) -> None:
    place.network.do(lambda n: n.say("before the loss"))
    place.shows("before the loss")
    place.home.json("backup", str(tmp_path / "backup"))
    place.home.stop()
    try:
        with Village(tmp_path) as village:
            back = village.home("back").start()
            place.network.do(lambda n: n.say("after the loss"))
            back.json("restore", str(tmp_path / "backup"), "--words-file", place.words)
            connected(back, place.account)
            eventually(lambda: back.heard(place.chat)[-2:] == ["before the loss", "after the loss"])
            assert back.json("send", ROOM, "I am back", "--wait")["state"] == "sent"
            back.stop()
    finally:
        place.home.start()
    place.shows("before the loss", "after the loss", "I am back")


def test_nothing_that_is_secret_or_said_stands_in_the_log_or_in_the_open(place: Place) -> None:
    home, network = place.home, place.network
    network.do(lambda n: n.say("Feuersalamander unter dem Stein"))
    place.shows("Feuersalamander unter dem Stein")
    canaries = (*SECRETS, "Feuersalamander", ROOM, "are you there?", "hello")
    files = dict(contents(home.path))
    assert home.path / "node.db" in files
    for path, data in {**files, home.log: home.log.read_bytes()}.items():
        assert [canary for canary in canaries if canary.encode() in data] == [], path.name


def test_a_node_is_idle_when_nothing_happens(place: Place) -> None:
    idle(place.home, place.account)
    assert place.home.process is not None
    assert len(children(place.home.process.pid)) == 1, "a process for each bridge"
