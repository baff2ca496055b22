"""One text on the demo network and a real snac2, through the command line; and whose words may go where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import Home, Village, eventually
from mastodon_network import MastodonNetwork
from mastodon_peer import MastodonPeer, words_of
from mastodon_server import started

from swarmnode.domain.bridge_views import AccountView

T = TypeVar("T")


@dataclass
class Place:
    """Olga with an account on each network, and Ben, who follows her on the second one."""

    home: Home
    demo: Demo
    elsewhere: Elsewhere
    ben: MastodonPeer
    accounts: dict[str, str]
    timeline: str
    """Of the demo network."""

    def post(self, text: str, *more: str) -> str:
        to = [word for account in self.accounts.values() for word in ("--to", account)]
        return str(self.home.json("post", text, *to, *more)["id"])

    def show(self, post: str) -> dict[str, Any]:
        """A post, each place by its network."""
        view = self.home.json("post", "show", post)
        return {**view, **{place["network"]: place for place in view["places"]}}

    def until(self, post: str, look: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The post, as soon as it is like this. The bridge to snac2 is made to look: it asks but rarely."""

        def looked() -> dict[str, Any]:
            self.home.client.call("POST", f"/accounts/{self.accounts['mastodon']}/resume", {}, AccountView)
            view = self.show(post)
            return view if look(view) else {}

        return eventually(looked, within_s=90)

    def sent(self, post: str) -> dict[str, Any]:
        return self.until(post, lambda view: view["state"] == "sent")

    def on_demo(self) -> dict[str, str]:
        """What stands on the demo network's timeline: ids by text."""
        return self.demo.do(lambda n: {m.text: m.id for m in n.said("home") if not m.gone})

    def seen(self, text: str) -> dict[str, Any]:
        """What Ben sees."""
        return self.elsewhere.run(self.ben.until(lambda s: words_of(s) == text))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("posts")
    server = started("new", tmp_path_factory.mktemp("server"))
    try:
        with Village(folder) as village, Elsewhere() as elsewhere:
            demo, network = elsewhere.demo(), elsewhere.run(MastodonNetwork.open(server, server))
            elsewhere.at_end(network.close)
            home, ben = village.person("olga"), elsewhere.run(network.peer())
            given = {name: network.answers[name] for name in ("server", "token")}
            accounts = {
                "demo": add(home, "demo", demo.answers, "--at-home"),
                "mastodon": add(home, "mastodon", given, "--at-home"),
            }
            timeline = chat(home, "Home", "demo")
            for title in ("Home", "Notifications"):
                chat(home, title, "mastodon")
            yield Place(home, demo, elsewhere, ben.client, accounts, timeline)
    finally:
        server.stop()


def test_what_a_bridge_calls_its_timeline_is_said_and_meant_in_the_readers_language(place: Place) -> None:
    listed = place.home("--lang", "de", "conversations").stdout
    assert listed.count("Startseite") == 2
    assert "Home" not in listed
    assert "Mitteilungen" in listed
    assert "E-Mail" in place.home("--lang", "de", "bridge", "list").stdout
    assert place.home.client.resolve("conversation", "mitteil") == chat(
        place.home, "Notifications", "mastodon"
    )


def test_a_post_is_on_both_is_answered_on_both_edited_and_taken_back(place: Place, tmp_path: Path) -> None:
    picture = tmp_path / "beans.png"
    picture.write_bytes(b"\x89PNG" + bytes(1000))
    post = place.post("the beans are out", "--file", str(picture), "--alt", "green beans")
    view = place.sent(post)
    assert [p["network"] for p in view["places"]] == ["demo", "mastodon"]
    theirs = place.seen("the beans are out")
    assert theirs["visibility"] == "public"
    assert len(theirs["media_attachments"]) == 1
    assert view["attachments"][0]["description"] == "green beans"

    name = place.on_demo()["the beans are out"]
    place.demo.do(lambda n: n.say("mine too (demo)", room="home", reply_to=name))
    place.elsewhere.run(place.ben.say("mine too (snac)", in_reply_to_id=theirs["id"]))
    view = place.until(post, lambda view: view["answer_count"] == 2)
    assert {(m["network"], m["text"]) for m in view["answers"]} >= {("demo", "mine too (demo)")}
    assert any("mine too (snac)" in m["text"] for m in view["answers"])
    shown = place.home("post", "show", post).stdout
    assert "2 answers" in shown
    assert "mine too (demo)" in shown

    place.home.json("post", "edit", post, "the peas are out")
    place.until(post, lambda view: [p["change_state"] for p in view["places"]] == ["done", "done"])
    assert "the peas are out" in place.on_demo()
    assert len(place.seen("the peas are out")["media_attachments"]) == 1

    deleted = place.home.json("post", "delete", post)
    assert (deleted["text"], deleted["deleted"]) == ("", True)
    place.until(post, lambda view: [p["state"] for p in view["places"]] == ["deleted", "deleted"])
    assert "the peas are out" not in place.on_demo()
    assert "[taken back]" in place.home("post", "list").stdout


def test_a_preview_is_what_stands_there_afterwards(place: Place) -> None:
    text = "One sentence of some length. " * 40
    to = [word for account in place.accounts.values() for word in ("--to", account)]
    demo, _ = place.home.json("post", text, *to, "--dry-run")["items"]
    assert demo["limit"] == 500
    assert [note["code"] for note in demo["notes"]] == ["thread"]
    assert not [post for post in place.home.json("post", "list")["items"] if text[:20] in post["text"]]
    assert "(1/3)" in place.home("post", text, *to, "--dry-run").stdout
    view = place.sent(place.post(text))
    stand = place.demo.do(lambda n: [m.text for m in n.said("home") if m.text.startswith("One sentence")])
    assert stand == [piece["text"] for piece in demo["pieces"]]
    assert view["demo"]["there"] == len(stand)


def test_one_network_that_is_down_holds_up_no_other_and_one_that_refuses_says_so(place: Place) -> None:
    down = place.demo.do(lambda n: n.faults.add("status", on="act", status=503, times=1_000))
    post = place.post("down there")
    view = place.until(post, lambda view: view["mastodon"]["state"] == "sent" and down.hits)
    assert view["demo"]["state"] in {"queued", "waiting"}
    assert view["state"] == "waiting"
    place.seen("down there")
    place.demo.do(lambda n: n.faults.clear())
    place.sent(post)
    assert "down there" in place.on_demo()

    place.demo.do(lambda n: n.faults.add("status", on="act", status=422))
    post = place.post("not for demo")
    view = place.until(post, lambda view: view["state"] == "partly")
    assert (view["mastodon"]["state"], view["demo"]["state"]) == ("sent", "refused")
    assert "NOT POSTED" in place.home("post", "show", post).stdout
    assert (
        place.home.error("post", "resend", post, "--to", place.accounts["mastodon"])[1]["code"] == "conflict"
    )
    place.home.json("post", "resend", post, "--to", place.accounts["demo"])
    place.sent(post)

    post = place.post("to followers", "--visibility", "unlisted")
    view = place.until(post, lambda view: view["mastodon"]["state"] == "sent")
    assert (view["demo"]["state"], view["demo"]["reason"]) == ("refused", "visibility")
    wrong = place.home.error("post", "x", "--to", place.accounts["demo"], "--visibility", "unlisted")
    assert wrong[1]["code"] == "usage"


def test_words_of_others_go_nowhere_without_their_yes(place: Place) -> None:
    home = place.home
    room = chat(home, "Ada and Olga", "demo")
    place.demo.do(lambda n: n.say("a word between us"))
    heard = eventually(lambda: [m for m in home.messages(room) if m.text == "a word between us"])[0].id
    other = home.json("bridge", "open", "demo", "Mallory")["id"]
    code, error = home.error("forward", heard, "--to", other)
    assert (code, error["code"]) == (1, "no-consent")
    assert f"`swarmnode consent give --message {heard}`" in error["hint"]
    home.json("consent", "give", "--message", heard)
    sent = home.json("forward", heard, "--to", other)["id"]

    def passed() -> list[str]:
        return place.demo.do(
            lambda n: [m.text for m in n.messages.values() if "> a word between us" in m.text]
        )

    assert len(eventually(passed)) == 1
    assert home.error("forward", sent, "--to", place.timeline)[1]["code"] == "no-consent"
    home.json("consent", "withdraw", "--message", heard)
    assert home.error("forward", heard, "--to", other)[1]["code"] == "no-consent"
    assert home.error("consent", "give", "--message", heard)[1]["code"] == "conflict"
    home.json("consent", "give", "--message", heard, "--they-said-so")
    assert [entry["allowed"] for entry in home.json("consent")["items"]] == [True]
    assert "NEIN" not in home("consent", "list", "--lang", "de").stdout
