"""A person and a real snac2, through the command line; the others use an ordinary client elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from e2e_networks import Elsewhere, add, answers_file, chat, connected, idle, state
from e2e_world import Home, Village, eventually
from mastodon_network import Client, MastodonNetwork
from mastodon_peer import allow
from mastodon_server import Snac, started

from swarmnode.domain.bridge_views import AccountView
from swarmnode.domain.views import ChatView, Items

T = TypeVar("T")


@dataclass
class Place:
    """Ada, her account, her conversation with Ben, and Ben."""

    home: Home
    network: MastodonNetwork
    elsewhere: Elsewhere
    ben: Client
    account: str
    chat: str = ""

    def soon(self, look: Callable[[], T]) -> T:
        """Wait for something, looking often: by itself the bridge asks every twenty seconds."""

        def looked() -> T:
            self.home.client.call("POST", f"/accounts/{self.account}/resume", {}, AccountView)
            return look()

        return eventually(looked, within_s=90)

    def texts(self) -> list[str]:
        return [m.text for m in self.home.messages(self.chat) if m.kind == "text"]

    def do(self, work: Any) -> Any:
        return self.elsewhere.run(work)


def named(home: Home, title: str) -> str:
    """The id of a conversation, or nothing."""
    chats = home.client.get("/chats", Items[ChatView]).items
    return next((c.id for c in chats if (c.title, c.network) == (title, "mastodon")), "")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Snac, Snac]]:
    here, there = (started("new", tmp_path_factory.mktemp(name)) for name in ("here", "there"))
    yield here, there
    here.stop()
    there.stop()


@pytest.fixture(scope="module")
def place(servers: tuple[Snac, Snac], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("mastodon")
    with Village(folder) as village, Elsewhere() as elsewhere:
        network = elsewhere.run(MastodonNetwork.open(*servers))
        elsewhere.at_end(network.close)
        home, ben = village.person("ada"), elsewhere.run(network.peer())
        given = {name: network.answers[name] for name in ("server", "token")}
        account = add(home, "mastodon", given, "--at-home")
        made = Place(home, network, elsewhere, ben, account)
        elsewhere.run(ben.say("hello from Ben"))
        made.chat = made.soon(lambda: named(home, network.friend.name))
        yield made


def test_two_people_talk_and_one_posts(place: Place, tmp_path: Path) -> None:
    home, ben = place.home, place.ben
    (theirs,) = place.soon(lambda: [m for m in home.messages(place.chat) if m.text == "hello from Ben"])
    sent = home.json("send", place.chat, "hello from Ana", "--reply", theirs.id, "--wait")
    assert sent["state"] in {"sent", "delivered"}
    place.do(ben.sees_reply("hello from Ben", "hello from Ana"))
    home.json("edit", sent["id"], "hello from Ada")
    place.do(ben.sees_edit("hello from Ana", "hello from Ada"))
    place.do(place.elsewhere.run(place.network.other_client()).say("from the phone"))
    place.soon(lambda: [m.mine for m in home.messages(place.chat) if m.text == "from the phone"] == [True])
    home.json("delete", sent["id"], "--everywhere")
    place.do(ben.sees_gone("hello from Ada"))

    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG" + bytes(100_000))
    home.json("send", place.chat, "look", "--file", str(picture), "--wait")
    assert place.do(ben.sees_file("cat.png")) == picture.read_bytes()

    timeline = chat(home, "Home", "mastodon")
    home.json("send", timeline, "to everybody", "--wait")
    friend = ben.client
    post = place.do(friend.until(lambda s: "to everybody" in s["content"]))
    assert post["visibility"] == "public"
    place.do(friend.say("an answer to nobody"))
    heard = place.soon(lambda: [m for m in home.messages(timeline) if m.text == "an answer to nobody"])
    home.json("mark", heard[0].id, "favourite")
    mine = place.elsewhere.run(place.network.other_client()).client

    def marked() -> list[bool]:
        return [s["favourited"] for s in place.do(mine.home()) if "an answer to nobody" in s["content"]]

    eventually(lambda: marked() == [True])


def test_a_list_is_entered_read_answered_and_left(place: Place) -> None:
    home, friend = place.home, place.ben.client
    mine = place.do(place.network.other_client()).client
    made = place.do(mine.ask("POST", "/api/v1/lists", json={"title": "Gardeners"}))
    members = {"account_ids[]": place.do(mine.id_of(friend))}
    place.do(mine.ask("POST", f"/api/v1/lists/{made['id']}/accounts", data=members))
    assert home.error("bridge", "open", place.account, "list:Cooks", "--room")[0]
    opened = home.json("bridge", "open", place.account, "list:Gardeners", "--room")
    assert (opened["kind"], opened["title"]) == ("list", "Gardeners")
    place.do(friend.say("the beans are out"))
    heard = place.soon(lambda: [m for m in home.messages(opened["id"]) if m.text == "the beans are out"])
    home.json("send", opened["id"], "so are mine", "--reply", heard[0].id, "--wait")
    answer = place.do(friend.until(lambda s: "so are mine" in s["content"]))
    assert (answer["visibility"], bool(answer["in_reply_to_id"])) == ("public", True)
    home.json("bridge", "leave", opened["id"])
    place.do(friend.say("the peas too"))
    timeline = chat(home, "Home", "mastodon")
    place.soon(lambda: "the peas too" in home.heard(timeline))
    assert "the peas too" not in home.heard(opened["id"])


def test_a_login_is_gone_through_at_a_terminal_and_the_servers_own_page(place: Place, tmp_path: Path) -> None:
    """As with a browser beside it: the page is opened, and the code that it gives is typed."""
    home, owner, typed = place.home, place.network.owner, list[str]()

    def answer(shown: str) -> str:
        if not shown.rpartition("\n")[2].startswith("Code"):
            return ""
        page = re.findall(r"\S+/oauth/authorize\S+", shown)[-1]
        typed.append(place.do(allow(page, owner.name, owner.password)) if typed else "not this")
        return typed[-1]

    shown = home.at_terminal("bridge", "login", "mastodon", answer=answer)
    assert "! This code did not work" in shown
    assert len(typed) == 2
    connected(home, place.account)

    # As the other tests know it.
    known = {"server": place.network.answers["server"], "token": owner.token}
    home.json("bridge", "login", "mastodon", "--answers", answers_file(tmp_path / "known", known))
    connected(home, place.account)


def test_it_is_idle_when_nothing_happens(place: Place) -> None:
    idle(place.home, place.account)


def test_a_server_that_is_killed_and_a_node_that_is_killed_lose_and_double_nothing(place: Place) -> None:
    home, said = place.home, [f"while all is well {n}" for n in range(2)]
    for text in said:
        home.say(place.chat, text)
    place.network.stop(kill=True)
    for n in range(3):
        said.append(f"while the server is gone {n}")
        home.say(place.chat, said[-1])
    home.kill()
    home.start()
    place.network.start()
    connected(home, place.account)
    for n in range(3):
        said.append(f"while the node is killed {n}")
        home.say(place.chat, said[-1])
    home.kill()
    home.start()
    there = {"sent", "delivered", "read"}

    def states() -> set[str]:
        return {m.state.value for m in home.messages(place.chat) if m.text in said}

    place.soon(lambda: states() <= there)
    kept = place.do(place.elsewhere.run(place.network.other_client()).archive())
    assert sorted(text for text in kept if text.startswith("while")) == sorted(said)
    assert sorted(text for text in place.texts() if text.startswith("while")) == sorted(said)
    connected(home, place.account)


def test_a_token_that_was_taken_back_is_asked_for_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    home, network = place.home, place.network
    wrong = answers_file(tmp_path / "wrong", {"server": network.answers["server"], "token": "nonsense"})
    assert home.error("bridge", "add", "mastodon", "--answers", wrong, "--at-home")[1]["code"] == "denied"
    network.set_password("")
    place.soon(lambda: state(home, place.account).notice == "auth")
    home.say(place.chat, "waits for the token")
    again = place.do(network.owner.again())
    right = answers_file(tmp_path / "right", {"server": network.answers["server"], "token": again.token})
    home.json("bridge", "login", "mastodon", "--answers", right)
    place.do(place.ben.sees("waits for the token"))
    said = home.log.read_text()
    assert [
        word for word in (network.owner.token, again.token, "nonsense", "waits for") if word in said
    ] == []
    network.owner = again  # for whatever is tried after this
    connected(home, place.account)
