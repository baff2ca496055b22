"""A person and real mail servers, through the command line; the others use ordinary mail programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add, answers_file, chat, connected, idle, log_in_at_terminal, state
from e2e_world import Home, Village, eventually
from mail_faults import MailFaults
from mail_network import Chat, MailNetwork
from mail_peer import MailPeer, text_of
from mail_pgp import Encrypting, entity, key_in
from mail_proxy import MailProxy
from mail_server import DOMAIN, MailServer, started

from swarmnode.domain.views import MessageView


@dataclass
class Place:
    """The owner, her account, which sends through a proxy, her chat with a friend, and the friend."""

    home: Home
    network: MailNetwork
    elsewhere: Elsewhere
    faults: MailFaults
    friend: Chat
    account: str
    answers: Mapping[str, str]
    chat: str

    def shown(self, text: str) -> MessageView:
        """A message of the chat, when it is there."""

        def look() -> list[MessageView]:
            return [m for m in self.home.messages(self.chat) if m.text == text]

        (found,) = eventually(look, within_s=60)
        return found

    def sent(self, texts: list[str]) -> None:
        """Wait until these are on the network; whoever is asked whether one is looks there."""

        def settled() -> bool:
            mine = [m for m in self.home.messages(self.chat) if m.text in texts]
            for message in mine:
                if (message.state.value, message.reason) == ("maybe", "asked"):
                    there = message.text in asyncio.run(self.friend.archive())
                    self.home("confirm" if there else "resend", message.id)  # it may be settled by now
            return len(mine) == len(texts) and {m.state.value for m in mine} == {"sent"}

        eventually(settled, within_s=90)

    def program(self, name: str) -> MailPeer:
        return self.network.program(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    made = started(tmp_path_factory.mktemp("mail"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def place(server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    faults, network = MailFaults(), MailNetwork(server)
    with Village(tmp_path_factory.mktemp("homes")) as village, Elsewhere() as elsewhere:
        proxy = MailProxy(server, faults)
        elsewhere.run(proxy.__aenter__())
        elsewhere.at_end(lambda: proxy.__aexit__(None, None, None))
        answers = {**network.answers, "smtp_port": str(proxy.smtp), "name": "Ada"}
        home, friend = village.person("ada"), asyncio.run(network.peer())
        account = add(home, "mail", answers, "--at-home")
        asyncio.run(friend.say("hello from Ben"))
        found = chat(home, network.friend, "mail")
        yield Place(home, network, elsewhere, faults, friend, account, answers, found)
        asyncio.run(network.close())


def test_two_people_write_one_of_them_with_two_programs(place: Place, tmp_path: Path) -> None:
    home, friend, network = place.home, place.friend, place.network
    theirs = place.shown("hello from Ben")
    sent = home.json("send", place.chat, "hello from Ada", "--reply", theirs.id, "--wait")
    assert sent["state"] == "sent"
    got = asyncio.run(friend.program.until(lambda m: text_of(m) == "hello from Ada"))
    asked = str(friend.program.sent[0]["Message-ID"])
    assert (got["In-Reply-To"], str(got["References"]).split()[-1]) == (asked, asked)
    assert (got["From"], got["Subject"]) == (f"Ada <{network.owner}>", "Re: hello")
    asyncio.run(friend.reply("hello from Ada", "and to you"))
    assert place.shown("and to you").reply_to == sent["id"]
    asyncio.run(asyncio.run(network.other_client()).say("from the phone"))
    assert place.shown("from the phone").mine

    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG" + bytes(100_000))
    home.json("send", place.chat, "look", "--file", str(picture), "--wait")
    assert asyncio.run(friend.sees_file("cat.png")) == picture.read_bytes()
    asyncio.run(friend.send_file("dog.png", picture.read_bytes()[::-1]))

    def came() -> str:
        files = [m for m in home.messages(place.chat) if not m.mine and m.attachments]
        return files[-1].id if files else ""

    home.json("save", eventually(came), "0", str(tmp_path / "saved"))
    assert (tmp_path / "saved").read_bytes() == picture.read_bytes()[::-1]

    home.json("delete", sent["id"], "--everywhere")
    box = place.program(network.owner_name)
    asyncio.run(box.until(lambda m: text_of(m) == "hello from Ada", "Trash"))
    assert "hello from Ada" not in home("read", place.chat).stdout


def test_an_answer_goes_to_all_of_a_thread(place: Place) -> None:
    home, third = place.home, place.program("third1")
    first = place.friend.program.made(
        place.network.owner, "who brings cake?", Subject="Party", Cc=third.address
    )
    asyncio.run(place.friend.program.send(first, place.network.owner, third.address))
    party = chat(home, "Party", "mail")
    home.json("send", party, "I do", "--wait")
    got, also = (
        asyncio.run(program.until(lambda m: text_of(m) == "I do"))
        for program in (third, place.friend.program)
    )
    for each in (got, also):
        assert (each["In-Reply-To"], each["Subject"]) == (first["Message-ID"], "Re: Party")
    answer = third.made(
        place.network.owner,
        "great",
        Subject="RE: Party",
        In_Reply_To=str(got["Message-ID"]),
        References=f"{first['Message-ID']} {got['Message-ID']}",
    )
    asyncio.run(third.send(answer))
    eventually(lambda: home.heard(party) == ["who brings cake?", "great"])


def test_what_is_encrypted_is_opened_and_answered_so(place: Place) -> None:
    home, ada = place.home, Encrypting(place.friend.program)
    home.say(place.chat, "my key is in the head")
    got = asyncio.run(ada.program.until(lambda m: text_of(m) == "my key is in the head"))
    ada.known[place.network.owner] = key_in(got)
    asyncio.run(ada.send(ada.sealed(place.network.owner, entity("between us", "The plan"))))
    plan = chat(home, "The plan", "mail")
    (heard,) = eventually(lambda: home.messages(plan))
    assert (heard.text, heard.protection) == ("between us", "openpgp")
    home.json("send", plan, "nobody else reads this", "--wait")
    sealed = asyncio.run(ada.program.until(lambda m: m["Subject"] == "..."))
    inside = ada.opened(sealed)
    assert (text_of(inside), inside["Subject"]) == ("nobody else reads this", "Re: The plan")
    eventually(lambda: [m.protection for m in home.messages(plan)] == ["openpgp", "openpgp"])
    assert [m.text for m in home.messages(plan)] == ["between us", "nobody else reads this"]


def test_what_comes_back_is_a_failure_of_what_was_sent(place: Place) -> None:
    home = place.home
    where = home.json("bridge", "open", place.account, f"ghost1@{DOMAIN}")["id"]
    sent = home.say(where, "anybody?")
    reason = "there is no such address"

    def mine() -> list[tuple[str, str]]:
        return [(m.state.value, m.reason) for m in home.messages(where) if m.id == sent.id]

    eventually(lambda: mine() == [("refused", reason)], within_s=60)
    (report,) = eventually(lambda: [m for m in home.messages(where) if not m.mine and m.kind == "text"])
    assert (report.reply_to, reason in report.text) == (sent.id, True)
    shown = home("read", where).stdout
    assert f"This mail was not delivered to ghost1@{DOMAIN}" in shown


def test_a_server_that_is_killed_and_a_node_that_is_killed_lose_and_double_nothing(
    place: Place, server: MailServer
) -> None:
    home = place.home
    said = [f"while all is well {n}" for n in range(2)]
    for text in said:
        home.say(place.chat, text)
    server.stop(kill=True)
    for n in range(2):
        said.append(f"while the server is gone {n}")
        home.say(place.chat, said[-1])
    home.kill()
    home.start()
    server.start()
    connected(home, place.account)
    place.sent(said)
    for kind in ("delay", "delay_answer"):  # the end of a mail, or the answer to it, while the node is killed
        said.append(f"while the node is killed {kind}")
        fault = place.elsewhere.do(lambda kind=kind: place.faults.add(kind, on="act", value=1.0))  # type: ignore[misc]
        home.say(place.chat, said[-1])
        eventually(lambda fault=fault: fault.hits)  # type: ignore[misc]
        home.kill()
        home.start()
        place.elsewhere.do(place.faults.clear)
    place.sent(said)
    kept = [text for text in asyncio.run(place.friend.archive()) if text.startswith("while")]
    assert sorted(kept) == sorted(said)
    assert [m.text for m in home.messages(place.chat) if m.text.startswith("while")] == said


def test_a_password_that_changed_is_asked_for_once_and_nothing_is_lost(
    place: Place, server: MailServer, tmp_path: Path
) -> None:
    home, network = place.home, place.network

    def answering(password: str) -> str:
        return answers_file(tmp_path / "answers", {**place.answers, "password": password})

    wrong = answering("nonsense")
    assert home.error("bridge", "add", "mail", "--answers", wrong, "--at-home")[1]["code"] == "denied"
    network.set_password("another one")
    server.kick(network.owner_name)
    eventually(lambda: state(home, place.account).notice == "auth", within_s=60)
    home.say(place.chat, "waits for the password")
    home.json("bridge", "login", "mail", "--answers", answering("another one"))
    asyncio.run(place.friend.sees("waits for the password"))
    place.sent(["waits for the password"])
    said = home.log.read_text()
    assert [c for c in ("password of", "another one", "nonsense", "waits for") if c in said] == []

    # As the other tests know it.
    network.set_password(network.answers["password"])
    server.kick(network.owner_name)
    home.json("bridge", "login", "mail", "--answers", answering(network.answers["password"]))
    connected(home, place.account)


def test_a_login_is_gone_through_at_a_terminal(place: Place) -> None:
    log_in_at_terminal(place.home, "mail", place.account, place.network.answers["password"])


def test_it_is_idle_when_nothing_happens(place: Place) -> None:
    idle(place.home, place.account)
