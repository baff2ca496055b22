"""A person and a real Synapse, through the command line; the other uses an ordinary client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e_networks import Elsewhere, add, answers_file, chat, connected, state
from e2e_world import Home, Village, eventually
from matrix_keys import OwnKeys
from matrix_network import Client, MatrixNetwork
from matrix_peer import MatrixPeer
from matrix_server import Synapse, started


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
    (theirs,) = [m for m in home.messages(place.chat) if m.text == "hello from Ben"]
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
