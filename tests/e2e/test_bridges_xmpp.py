"""A person and a real XMPP server, through the command line; the others use an ordinary client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e_networks import Elsewhere, add, answers_file, chat, chats, connected, idle, log_in_at_terminal, state
from e2e_world import Home, Village, eventually
from e2e_xmpp import Client, answers
from slixmpp.jid import JID
from xmpp_omemo import SecretPeer
from xmpp_server import Prosody, Server, started

from swarm_bridges.networks.xmpp import stanzas


@dataclass
class Place:
    """Ada, her account, her conversation with Ben, and Ben at his desk."""

    village: Village
    home: Home
    server: Server
    elsewhere: Elsewhere
    ben: Client
    account: str
    chat: str

    def texts(self) -> list[tuple[str, str]]:
        """Texts and states of what is shown of the conversation."""
        return [(m.text, m.state.value) for m in self.home.messages(self.chat) if m.kind == "text"]

    def sent(self, texts: list[str]) -> None:
        """Wait until the server has these."""
        there = {"sent", "delivered", "read"}
        eventually(lambda: {state for text, state in self.texts() if text in texts} <= there, within_s=60)

    def client(self, name: str, resource: str) -> Client:
        return Client(self.elsewhere, self.server, name, resource)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("xmpp")
    server = started(Prosody, folder)
    try:
        for name in ("ada", "ben"):
            server.add(name, f"{name}'s password")
        with Village(folder) as village, Elsewhere() as elsewhere:
            home = village.person("ada")
            account = add(home, "xmpp", answers(server, "ada"), "--at-home")
            ben = Client(elsewhere, server, "ben", "desk")
            ben.do(lambda b: b.say("ada@localhost", "hello from Ben"))
            yield Place(village, home, server, elsewhere, ben, account, chat(home, "ben", "xmpp"))
    finally:
        server.stop()


def test_two_people_talk_one_of_them_with_two_clients(place: Place, tmp_path: Path) -> None:
    home, ben = place.home, place.ben
    (theirs,) = eventually(lambda: [m for m in home.messages(place.chat) if m.text == "hello from Ben"])
    sent = home.json("send", "ben", "hello from Ana", "--reply", theirs.id, "--wait")
    assert sent["state"] in {"sent", "delivered"}
    ben.heard("hello from Ana")
    home.json("edit", sent["id"], "hello from Ada")
    ben.until(lambda m: m["body"] == "hello from Ada" and m["replace"]["id"])
    home.json("react", theirs.id, "\N{EARTH GLOBE EUROPE-AFRICA}")
    ben.until(lambda m: "\N{EARTH GLOBE EUROPE-AFRICA}" in m["reactions"]["values"])
    phone = place.client("ada", "phone")
    phone.do(lambda p: p.say("ben@localhost", "from the phone"))
    eventually(lambda: [m.mine for m in home.messages(place.chat) if m.text == "from the phone"] == [True])
    phone.leave()
    home.json("delete", sent["id"], "--everywhere")
    ben.until(lambda m: m["retract"]["id"])
    shown = home("read", "ben").stdout
    assert "[xmpp] ben: hello from Ben" in shown
    assert "[xmpp] me: from the phone" in shown
    assert "hello from Ada" not in shown

    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG" + bytes(100_000))
    home.json("send", "ben", "", "--file", str(picture), "--wait")
    ben.until(lambda m: m["oob"]["url"].endswith("cat.png"))
    place.elsewhere.run(
        ben._peer.send_file("ada@localhost", picture.rename(tmp_path / "dog.png"), "image/png")
    )

    def came() -> str:
        files = [m for m in home.messages(place.chat) if not m.mine and m.attachments]
        return files[-1].id if files else ""

    home.json("save", eventually(came), "0", str(tmp_path / "saved"))
    assert (tmp_path / "saved").read_bytes() == (tmp_path / "dog.png").read_bytes()


def test_a_room_is_entered_by_its_address(place: Place) -> None:
    room = "garden@conference.localhost"
    place.ben.enter(room, "ben")
    opened = place.home.json("bridge", "open", place.account, room, "--room")
    assert opened["kind"] in {"group", "channel"}
    place.home.json("send", opened["id"], "who waters today?", "--wait")
    place.ben.heard("who waters today?")
    place.ben.do(lambda b: b.say(room, "I do", "groupchat"))
    eventually(lambda: "I do" in place.home.heard(opened["id"]))


def test_an_invitation_by_somebody_or_by_their_room_is_answered_here(place: Place) -> None:
    home, ben = place.home, place.ben
    for name, ask in (("orchard", _directly), ("meadow", _by_the_room)):
        room = f"{name}@conference.localhost"
        ben.enter(room, "ben")
        ben.do(lambda b, ask=ask, room=room: ask(b, room))  # type: ignore[misc]
        asked = eventually(lambda room=room: [c for c in chats(home) if c.title == room])[0]  # type: ignore[misc]
        assert asked.standing == "invited"
        assert asked.invitation is not None
        assert (asked.invitation.words, asked.invitation.vouched) == ("apples", ask is _directly)
        if ask is _by_the_room:
            home.json("bridge", "leave", asked.id)
            ben.until(lambda m: m.xml.find(".//{http://jabber.org/protocol/muc#user}decline") is not None)
            eventually(lambda gone=asked.id: gone not in {c.id for c in chats(home)})  # type: ignore[misc]
            continue
        assert asked.invitation.by_handle == "ben@localhost"
        assert home.json("bridge", "join", asked.id)["standing"] == ""
        home.json("send", asked.id, "here I am", "--wait")
        ben.heard("here I am")


def _directly(ben: Any, room: str) -> None:
    message = ben.Message(xml=stanzas.message("ada@localhost", "normal", "direct-1", ()))
    message.xml.append(stanzas.element(stanzas.CONFERENCE, "x", jid=room, reason="apples"))
    ben.send(message)


def _by_the_room(ben: Any, room: str) -> None:
    ben.plugin["xep_0045"].invite(JID(room), JID("ada@localhost"), reason="apples")


@pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")
def test_what_is_encrypted_for_a_node_is_read_once_even_if_it_is_killed(place: Place) -> None:
    """The ratchet is where the messages are: in the store, or nowhere."""
    home, elsewhere, server = place.village.person("cleo"), place.elsewhere, place.server
    for name in ("cleo", "dan"):
        server.add(name, f"{name}'s password")
    add(home, "xmpp", {**answers(server, "cleo"), "omemo": "yes"}, "--at-home")

    async def online() -> SecretPeer:
        made = SecretPeer("dan@localhost/desk", "dan's password", server.folder / "cert.pem")
        await made.online(server.port)
        await made.ready()
        return made

    dan = elsewhere.run(online())
    try:
        said = [f"locked {n}" for n in range(4)]
        elsewhere.run(dan.say_locked("cleo@localhost", said[0]))
        room = chat(home, "dan", "xmpp")
        elsewhere.run(dan.say_locked("cleo@localhost", said[1]))
        home.kill()
        elsewhere.run(dan.say_locked("cleo@localhost", said[2]))
        home.start()
        elsewhere.run(dan.say_locked("cleo@localhost", said[3]))
        eventually(lambda: home.heard(room) == said)
        assert {m.protection for m in home.messages(room)} == {"omemo"}
        sent = home.json("send", room, "locked too", "--wait")
        assert sent["state"] in {"sent", "delivered"}
        elsewhere.run(dan.hears("locked too"))
        assert "locked too" not in elsewhere.do(dan.bodies)
        assert "locked" not in home.log.read_text()
    finally:
        elsewhere.run(dan.leave())
        home.kill()


def test_a_login_is_gone_through_at_a_terminal(place: Place) -> None:
    log_in_at_terminal(place.home, "xmpp", place.account, "ada's password")


def test_it_is_idle_when_nothing_happens(place: Place) -> None:
    idle(place.home, place.account)


def test_a_server_that_is_killed_and_a_node_that_is_killed_lose_and_double_nothing(place: Place) -> None:
    home, server = place.home, place.server
    said = [f"while all is well {n}" for n in range(2)]
    for text in said:
        home.say(place.chat, text)
    server.stop(kill=True)
    for n in range(3):
        said.append(f"while the server is gone {n}")
        home.say(place.chat, said[-1])
    home.kill()
    home.start()
    server.start()
    connected(home, place.account)
    for n in range(3):
        said.append(f"while the node is killed {n}")
        home.say(place.chat, said[-1])
    home.kill()
    home.start()
    place.sent(said)
    place.ben = place.client("ben", "back")
    kept = [text for text in place.ben.archive("ada@localhost") if text.startswith("while")]
    assert kept == said, "the server has each once, in order"
    assert [text for text, _ in place.texts() if text.startswith("while")] == said
    connected(home, place.account)


def test_a_password_that_changed_is_asked_for_once_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    home, server = place.home, place.server
    wrong = answers_file(tmp_path / "wrong", answers(server, "ben", "nonsense"))
    assert home.error("bridge", "add", "xmpp", "--answers", wrong, "--at-home")[1]["code"] == "denied"
    server.set_password("ada", "another one")
    server.stop()
    server.start()
    eventually(lambda: state(home, place.account).notice == "auth", within_s=60)
    home.say(place.chat, "waits for the password")
    right = answers_file(tmp_path / "right", answers(server, "ada", "another one"))
    home.json("bridge", "login", "xmpp", "--answers", right)
    place.ben = place.client("ben", "again")
    place.ben.heard("waits for the password")
    place.sent(["waits for the password"])
    said = home.log.read_text()
    assert [
        c for c in ("password of", "ada's password", "another one", "nonsense", "waits for") if c in said
    ] == []

    # As the other tests know it.
    server.set_password("ada", "ada's password")
    again = answers_file(tmp_path / "again", answers(server, "ada"))
    home.json("bridge", "login", "xmpp", "--answers", again)
    connected(home, place.account)
