"""A person and a real Synapse, through the command line; the other uses an ordinary client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e_networks import (
    Elsewhere,
    add,
    answers_file,
    chat,
    chats,
    connected,
    idle,
    log_in_at_terminal,
    state,
)
from e2e_world import SOAK, Home, Village, eventually
from matrix_keys import OwnKeys
from matrix_network import Client, MatrixNetwork
from matrix_peer import MESSAGE, MatrixPeer
from matrix_server import Synapse, started

from swarmnode.domain.views import InvitationView


@dataclass
class Place:
    """Ada, her account, a room of hers and Ben's, and Ben."""

    home: Home
    network: MatrixNetwork
    elsewhere: Elsewhere
    ben: Client
    account: str
    chat: str

    def texts(self) -> list[str]:
        return [m.text for m in self.home.messages(self.chat) if m.kind == "text"]

    def do(self, work: Any) -> Any:
        return self.elsewhere.run(work)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    made = started(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def place(server: Synapse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("matrix")
    with Village(folder) as village, Elsewhere() as elsewhere:
        network = elsewhere.run(MatrixNetwork.open(server, name="the garden"))
        elsewhere.at_end(network.close)
        home, ben = village.person("ada"), elsewhere.run(network.peer())
        elsewhere.run(ben.say("hello from Ben"))
        account = add(home, "matrix", network.answers, "--at-home")
        connected(home, account)
        yield Place(home, network, elsewhere, ben, account, chat(home, "the garden", "matrix"))


def test_two_people_talk(place: Place, tmp_path: Path) -> None:
    home, ben = place.home, place.ben
    eventually(lambda: "hello from Ben" in place.texts())
    theirs = next(m for m in home.messages(place.chat) if m.text == "hello from Ben")
    sent = home.json("send", place.chat, "hello from Ana", "--reply", theirs.id, "--wait")
    assert sent["state"] in {"sent", "delivered"}
    place.do(ben.sees_reply("hello from Ben", "hello from Ana"))
    home.json("edit", sent["id"], "hello from Ada")
    place.do(ben.sees_edit("hello from Ana", "hello from Ada"))
    home.json("react", theirs.id, "🎂")
    place.do(ben.sees_reaction("hello from Ben", "🎂"))
    place.do(place.elsewhere.run(place.network.other_client()).say("from the phone"))
    eventually(lambda: [m.mine for m in home.messages(place.chat) if m.text == "from the phone"] == [True])
    home.json("delete", sent["id"], "--everywhere")
    place.do(ben.sees_gone("hello from Ana"))

    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Dear Ben" * 10_000)
    home.json("send", place.chat, "", "--file", str(letter), "--wait")
    assert place.do(ben.sees_file("letter.txt")) == letter.read_bytes()


def test_an_invitation_is_answered_here(place: Place) -> None:
    """Accepted by one who has been restarted meanwhile, declined, and withdrawn."""
    home, network = place.home, place.network
    friend, owner = place.ben.client, network.answers["address"]

    def invited(title: str) -> tuple[str, str]:
        """Ben makes a room and asks Ada in; the server's id of it, and the node's when it is there."""
        room = place.do(friend.create(name=title))
        asked = {"user_id": owner, "reason": "we talk of roses"}
        place.do(friend.ask("POST", f"/rooms/{room}/invite", json=asked))
        shown = eventually(lambda: [c for c in chats(home) if c.title == title])[0]
        by = InvitationView(network.names["friend"], friend.user, vouched=True, words="we talk of roses")
        assert (shown.standing, shown.invitation, shown.unread) == ("invited", by, 0)
        return room, shown.id

    room, roses = invited("roses")
    assert eventually(lambda: [c.privacy for c in chats(home) if c.id == roses]) == ["operator_reads"]
    assert home.error("send", roses, "early")[1]["code"] == "conflict"
    home.kill()
    home.start()
    eventually(lambda: home("bridge", "join", "roses").returncode == 0, within_s=60)
    assert home.json("bridge", "join", roses)["standing"] == ""
    place.do(friend.say(room, "welcome"))
    eventually(lambda: "welcome" in [m.text for m in home.messages(roses)])
    assert home.json("send", roses, "thank you", "--wait")["state"] in {"sent", "delivered"}

    room, weeds = invited("weeds")
    home.json("bridge", "leave", weeds)
    state = place.do(friend.ask("GET", f"/rooms/{room}/state/m.room.member/{owner}"))
    assert state["membership"] == "leave"
    room, snails = invited("snails")
    place.do(friend.ask("POST", f"/rooms/{room}/kick", json={"user_id": owner}))
    eventually(lambda: snails not in {c.id for c in chats(home)})
    assert weeds not in {c.id for c in chats(home)}
    assert home.error("bridge", "join", weeds)[0] == 5


def test_spaces_threads_and_a_room_that_is_upgraded(place: Place) -> None:
    home, network, friend = place.home, place.network, place.ben.client
    phone, owner = place.elsewhere.run(_client(network)), network.answers["address"]
    room = place.do(friend.create(name="allotment", invite=[owner]))
    place.do(phone.join(room))
    space = place.do(phone.create(name="Green", creation_content={"type": "m.space"}))
    via = {"via": [network.server.name]}
    place.do(phone.ask("PUT", f"/rooms/{space}/state/m.space.child/{room}", json=via))
    eventually(lambda: [c.labels for c in chats(home) if c.title == "allotment"] == [("Green",)])
    allotment = chat(home, "allotment", "matrix")

    root = place.do(friend.say(room, "who has seeds?"))
    in_it = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    place.do(friend.say(room, "of beans", **{"m.relates_to": in_it}))
    theirs = eventually(lambda: [m for m in home.messages(allotment) if m.text == "of beans"])[0]
    (first,) = [m for m in home.messages(allotment) if m.text == "who has seeds?"]
    assert (theirs.thread, theirs.reply_to) == (first.id, "")
    home.json("send", allotment, "I have", "--reply", theirs.id, "--wait")
    event = place.do(friend.until(lambda e: e["type"] == MESSAGE and e["content"].get("body") == "I have"))
    about = event["content"]["m.relates_to"]
    assert (about["rel_type"], about["event_id"], about["is_falling_back"]) == ("m.thread", root, False)

    new = place.do(friend.ask("POST", f"/rooms/{room}/upgrade", json={"new_version": "11"}))
    place.do(friend.ask("POST", f"/rooms/{new['replacement_room']}/invite", json={"user_id": owner}))

    def both() -> dict[str, str]:
        return {c.id: c.standing for c in chats(home) if c.title == "allotment"}

    eventually(lambda: sorted(both().values()) == ["gone", "invited"])
    assert both()[allotment] == "gone"
    (successor,) = {*both()} - {allotment}
    home.json("bridge", "join", successor)
    eventually(lambda: both() == {successor: ""})  # the old one is read on where it is named
    assert "I have" in [m.text for m in home.messages(allotment)]
    assert home.json("send", successor, "moved in", "--wait")["state"] in {"sent", "delivered"}


def test_a_login_at_the_servers_own_page(place: Place, server: Synapse) -> None:
    """With the address that the browser is led to; the password is told to the server's page alone."""
    network = place.elsewhere.run(MatrixNetwork.open(server, name="the attic"))
    place.elsewhere.at_end(network.close)
    token = place.do(_login_token(network))
    led_to = {"password": "", "code": f"http://localhost/?loginToken={token}"}
    account = add(place.home, "matrix", {**network.answers, **led_to}, "--at-home")
    try:
        attic = chat(place.home, "the attic", "matrix")
        assert place.home.json("send", attic, "up here", "--wait")["state"] in {"sent", "delivered"}
        place.do(place.elsewhere.run(network.peer()).sees("up here"))
    finally:
        place.home.json("bridge", "remove", account, "--yes")


async def _login_token(network: MatrixNetwork) -> str:
    path = f"{network.server.base}/_matrix/client/v1/login/get_token"
    async with network.client("owner")._web.post(path, json={}) as answer:
        return str((await answer.json())["login_token"])


if SOAK:  # a second server takes its time

    def test_an_invitation_from_another_server(place: Place, server: Synapse, tmp_path: Path) -> None:
        home, far = place.home, started(tmp_path)
        network = place.elsewhere.run(MatrixNetwork.open(server, far, name="the border"))
        place.elsewhere.at_end(network.close)
        account = add(home, "matrix", network.answers, "--at-home")
        try:
            friend = place.elsewhere.run(network.peer()).client
            room = place.do(friend.create(name="abroad", invite=[network.answers["address"]]))
            shown = eventually(lambda: [c for c in chats(home) if c.title == "abroad"])[0]
            assert shown.invitation is not None
            assert shown.invitation.by_handle == friend.user
            home.json("bridge", "join", shown.id)
            place.do(friend.say(room, "welcome abroad"))
            eventually(lambda: "welcome abroad" in [m.text for m in home.messages(shown.id)])
            assert home.json("send", shown.id, "well met", "--wait")["state"] in {"sent", "delivered"}
            place.do(Client(friend, room).sees("well met"))
        finally:
            home.json("bridge", "remove", account, "--yes")
            far.stop()


def test_an_encrypted_room_with_the_owners_own_keys(place: Place, server: Synapse, tmp_path: Path) -> None:
    """In the process that is confined: it learns late what it needs for this."""
    home, elsewhere = place.home, place.elsewhere
    sealed = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    network = elsewhere.run(MatrixNetwork.open(server, name="the cellar", initial_state=[sealed]))
    elsewhere.at_end(network.close)
    keys = OwnKeys(elsewhere.run(_client(network)))
    for work in (keys.publish(network.answers["password"]), keys.store(), keys.begin_backup()):
        elsewhere.run(work)
    account = add(home, "matrix", {**network.answers, "recovery": keys.written}, "--at-home")
    try:
        cellar = chat(home, "the cellar", "matrix")
        file = tmp_path / "plan.bin"
        file.write_bytes(bytes(range(256)) * 20)
        for text, more in (("where nobody listens", ()), ("a plan", ("--file", str(file)))):
            assert home.json("send", cellar, text, *more, "--wait")["state"] in {"sent", "delivered"}
        eventually(lambda: elsewhere.run(_signed(keys)) == [True], within_s=50)
    finally:
        home.json("bridge", "remove", account, "--yes")


async def _client(network: MatrixNetwork) -> MatrixPeer:
    return network.client("owner")


async def _signed(keys: OwnKeys) -> list[bool]:
    """Of each device that can encrypt, whether the owner's keys have signed it."""
    devices = await keys.devices(keys.user)
    return [await keys.has_signed(name) for name, about in devices.items() if about["algorithms"]]


def test_a_login_is_gone_through_at_a_terminal(place: Place) -> None:
    log_in_at_terminal(place.home, "matrix", place.account, place.network.answers["password"])


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
    eventually(
        lambda: {m.state.value for m in home.messages(place.chat) if m.text in said} <= there, within_s=60
    )
    kept = place.do(place.ben.archive())
    assert sorted(text for text in kept if text.startswith("while")) == sorted(said)
    assert sorted(text for text in place.texts() if text.startswith("while")) == sorted(said)
    connected(home, place.account)


def test_a_changed_password_is_asked_for_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    home, network = place.home, place.network
    wrong = answers_file(tmp_path / "wrong", {**network.answers, "password": "nonsense"})
    assert home.error("bridge", "add", "matrix", "--answers", wrong, "--at-home")[1]["code"] == "denied"
    network.set_password("another one")
    place.do(place.ben.say("something to ask about"))
    eventually(lambda: state(home, place.account).notice == "auth", within_s=60)
    home.say(place.chat, "waits for the password")
    right = answers_file(tmp_path / "right", {**network.answers, "password": "another one"})
    home.json("bridge", "login", "matrix", "--answers", right)
    place.do(place.ben.sees("waits for the password"))
    eventually(lambda: "something to ask about" in place.texts())
    said = home.log.read_text()
    assert [
        w for w in (network.answers["password"], "another one", "nonsense", "waits for") if w in said
    ] == []

    # As the other tests know it.
    network.set_password(network.answers["password"])
    again = answers_file(tmp_path / "again", network.answers)
    home.json("bridge", "login", "matrix", "--answers", again)
    connected(home, place.account)
