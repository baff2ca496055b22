"""Ben is a contact of Anna's, on XMPP and on the demo network: one person, one talk, by the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import Home, Village, eventually
from e2e_xmpp import Client, answers
from xmpp_server import Prosody, started

from swarmnode.domain.book import PersonView
from swarmnode.domain.views import Items, Page

ON_DEMO = "u-mallory"
"""Who Ben is on the demo network."""


@dataclass
class Place:
    """Anna at her command line, Ben at three places."""

    anna: Home
    ben: Home
    client: Client
    demo: Demo
    words: str

    def people(self) -> dict[str, PersonView]:
        """All people, by the first of their networks and their names."""
        found = self.anna.client.get("/people", Items[PersonView]).items
        return {f"{person.links[0].network or 'node'} {person.name}": person for person in found}

    def talk(self) -> list[tuple[str, str]]:
        """What is shown of the talk with Ben."""
        person = self.anna.client.resolve("person", "Ben")
        items = self.anna.client.get(f"/people/{person}/messages", Page, limit=50).items
        return [(item.network, item.text) for item in items if item.kind == "text"]

    def last(self, network: str, text: str) -> None:
        """Wait until this is the last word."""
        eventually(lambda: self.talk()[-1:] == [(network, text)])
        next_second()

    def hears(self, text: str) -> None:
        """Wait until Ben's node has this."""
        eventually(lambda: self.ben.heard("1")[-1:] == [text])
        next_second()


def next_second() -> None:
    """Of two words in one second the more private one counts as the last."""
    time.sleep(1.01 - time.time() % 1)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("people")
    server = started(Prosody, folder)
    try:
        for name in ("anna", "ben"):
            server.add(name, f"{name}'s password")
        with Village(folder) as village, Elsewhere() as elsewhere:
            words, demo = str(folder / "words"), elsewhere.demo()
            relay = village.relay("post")
            anna = village.home("anna")
            anna.json("init", "--name", "anna", "--words-file", words)
            anna.start()
            anna.json("relay", "use", relay.json("relay", "ticket")["link"])
            ben = village.person("ben", relay)
            village.meet(anna, ben)
            add(anna, "xmpp", answers(server, "anna"), "--at-home")
            add(anna, "demo", demo.answers, "--at-home")
            client = Client(elsewhere, server, "ben", "desk")
            client.do(lambda b: b.say("anna@localhost", "hello by xmpp"))
            chat(anna, "ben", "xmpp")
            anna.json("bridge", "open", "demo", "Mallory")
            yield Place(anna, ben, client, demo, words)
    finally:
        server.stop()


def three_of_one_name_are_three_until_the_owner_says_that_they_are_one(place: Place) -> None:
    anna = place.anna
    people = place.people()
    assert {"node ben", "xmpp ben", "demo Mallory"} <= set(people)
    assert anna.json("people", "suggestions")["items"] == [], "a name alone suggests nothing"
    code, error = anna.error("people", "show", "ben")
    assert (code, error["code"]) == (5, "not-found")
    assert "Several fit" in error["detail"]

    node = people["node ben"].id
    anna.json("people", "merge", node, people["xmpp ben"].id)
    anna.json("people", "merge", node, people["demo Mallory"].id)
    anna.json("people", "rename", node, "Ben")
    shown = anna.json("people", "show", "ben")
    assert [(link["network"], link["reason"]) for link in shown["links"]] == [
        ("", "known"),
        ("xmpp", "said"),
        ("demo", "said"),
    ]
    assert [way["privacy"] for way in shown["ways"]].count("e2e") == 1
    assert "you said so" in anna("people", "show", "Ben").stdout


def their_talk_is_one_and_replies_go_back_the_way_they_should(place: Place) -> None:
    anna, ben = place.anna, place.ben
    place.last("xmpp", "hello by xmpp")
    ben.json("send", "anna", "hello by node")
    place.last("", "hello by node")
    assert anna.json("send", "Ben", "answered by node")["network"] == ""
    place.hears("answered by node")

    place.client.do(lambda b: b.say("anna@localhost", "and now by xmpp"))
    place.last("xmpp", "and now by xmpp")
    assert anna.json("send", "Ben", "answered by xmpp", "--wait")["network"] == "xmpp"
    place.client.heard("answered by xmpp")
    place.demo.do(lambda n: n.say("by the third", who=ON_DEMO, room=f"d-{ON_DEMO}"))
    place.last("demo", "by the third")
    shown = anna("read", "Ben").stdout
    for line in ("[xmpp] ben: hello by xmpp", "ben: hello by node", "[demo] Mallory: by the third"):
        assert line in shown
    assert place.people()["node Ben"].unread == 0

    ben.json("send", "anna", "something private")
    place.last("", "something private")
    anna.json("people", "prefer", "Ben", "xmpp")
    code, error = anna.error("send", "Ben", "less private?")
    assert (code, error["code"]) == (1, "choose-way")
    assert [(c["network"], c["would"], c["was"]) for c in error["choices"]][:1] == [("xmpp", True, False)]
    assert ("node", False, True) in [(c["network"], c["would"], c["was"]) for c in error["choices"]]
    place.last("", "something private")
    assert anna.json("send", "Ben", "less private, yes", "--via", "xmpp", "--wait")["network"] == "xmpp"
    place.client.heard("less private, yes")
    anna.json("people", "prefer", "Ben", "--off")
    assert anna.json("send", "Ben", "by node again", "--via", "node")["network"] == ""
    place.hears("by node again")
    assert [text for network, text in place.talk() if network == "demo"] == ["by the third"]


def a_split_takes_an_account_out_of_the_talk_and_undo_puts_it_back(place: Place) -> None:
    anna = place.anna
    whole = place.talk()
    change = anna.json("people", "split", "Ben", "demo")
    assert "demo Mallory" in place.people()
    assert place.talk() == [said for said in whole if said[0] != "demo"]
    code, error = anna.error("people", "undo", "1")
    assert (code, error["code"]) == (1, "conflict")
    assert anna.json("people", "undo")["id"] == change["id"]
    assert place.talk() == whole
    record = anna.json("people", "changes", "Ben")["items"]
    assert [(c["kind"], c["undone"]) for c in record] == [("split", True), ("merge", False), ("merge", False)]


def address_books_come_in_and_suggest(place: Place, tmp_path: Path) -> None:
    anna, file = place.anna, tmp_path / "contacts.vcf"
    file.write_text(
        "BEGIN:VCARD\nVERSION:3.0\nFN:Benjamin\nIMPP:xmpp:ben@localhost\nEMAIL:ben@mail.example\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:4.0\nFN:Carla\nEMAIL:carla@mail.example\nEND:VCARD\n"
    )
    before = place.people()
    dry = anna.json("people", "import", str(file), "--dry-run")
    assert (dry["new"], dry["suggested"], dry["dry_run"]) == (1, 1, True)
    assert place.people() == before
    done = anna.json("people", "import", str(file))
    assert (done["new"], done["suggested"]) == (1, 1)
    (suggestion,) = anna.json("people", "suggestions")["items"]
    assert (suggestion["cause"], suggestion["other"]["name"]) == ("card", "Benjamin")
    anna.json("people", "accept", suggestion["id"])
    assert [link["network"] for link in anna.json("people", "show", "Ben")["links"]] == [
        "",
        "xmpp",
        "demo",
        "mail",
    ]
    assert anna.json("people", "suggestions")["items"] == []
    listed = anna.json("people", "import", "--account", "demo")
    assert listed["known"] == 1, "Mallory is known already"
    assert listed["new"] >= 1
    ada = place.people()["demo Ada"]
    assert ada.last_at == 0, "nobody talked to her yet"
    anna.json("send", ada.id, "we have not met", "--wait")
    said = place.demo.do(lambda n: [(m.room, m.text) for m in n.messages.values()])
    assert ("d-u-ada", "we have not met") in said


def people_are_in_backups_and_exports_and_go_with_their_contact(place: Place, tmp_path: Path) -> None:
    anna = place.anna
    anna.json("export", str(tmp_path / "all.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    (ben,) = [line for line in lines if line["type"] == "person" and line["name"] == "Ben"]
    assert [link["network"] for link in ben["links"]] == ["", "xmpp", "demo", "mail"]
    assert [line["kind"] for line in lines if line["type"] == "change"] == [
        "merge",
        "merge",
        "split",
        "merge",
    ]
    links = {name: person.links for name, person in place.people().items()}
    record = anna.json("people", "changes")
    anna.json("backup", str(tmp_path / "backup"))
    anna.stop()
    with Village(tmp_path) as village:
        back = village.home("back").start()
        back.json("restore", str(tmp_path / "backup"), "--words-file", place.words)
        place.anna = back
        assert {k: v.links for k, v in place.people().items()} == links
        assert back.json("people", "changes") == record
        back.json("contacts", "remove", "ben", "--yes")
        left = back.json("people", "show", "Ben")["links"]
        assert (left[0]["network"], left[0]["reason"]) == ("xmpp", "known")
        assert "" not in {network for network, _ in place.talk()}
        back.stop()
    place.anna = anna


def test_one_person_from_the_first_merge_to_the_last_undo(place: Place, tmp_path: Path) -> None:
    three_of_one_name_are_three_until_the_owner_says_that_they_are_one(place)
    their_talk_is_one_and_replies_go_back_the_way_they_should(place)
    a_split_takes_an_account_out_of_the_talk_and_undo_puts_it_back(place)
    address_books_come_in_and_suggest(place, tmp_path)
    people_are_in_backups_and_exports_and_go_with_their_contact(place, tmp_path)
