"""What people come for, each journey by mouse and by keyboard alone, in both languages.

In the short form each journey goes once, and all four ways are met; in the long form each goes all four.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import SOAK, Home, eventually, ticket
from playwright.sync_api import Browser, expect
from web_browser import Visitor, browser_of, code_of, missing, violations
from web_film import film
from web_hand import Hand
from web_second import SHORT, OwnNetwork, SecondNetwork
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

WAYS = ("mouse-en", "keys-de", "keys-en", "mouse-de")


def ways(turn: int) -> pytest.MarkDecorator:
    """The ways that a journey goes."""
    return pytest.mark.parametrize("way", WAYS if SOAK else (WAYS[turn % len(WAYS)],))


@dataclass
class World:
    """Ada's node, with an account on a network and a contact, Ben; and a browser whose camera sees a file."""

    village: PagesVillage
    elsewhere: Elsewhere
    browser: Browser
    camera: Path
    post: Home
    ada: Home
    ben: Home

    def at(self, home: Home, way: str, path: str = "/") -> tuple[Visitor, Hand]:
        """Somebody's browser, and their hand."""
        device, language = way.split("-")
        visitor = Visitor(self.browser, language=language)
        hand = Hand(visitor.page, keys=device == "keys", language=language)
        visitor.visit(home, path)
        hand.write(visitor.page.locator("input[name=code]"), code_of(home))
        hand.press(hand.button("pair.do"))
        return visitor, hand

    def network(self, title: str) -> Demo:
        """A network of its own, on which a room has this title."""
        network = OwnNetwork(title)
        self.elsewhere.enter(network.serving())
        return Demo(self.elsewhere, network)


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("journeys")
    camera = folder / "seen.y4m"
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    with PagesVillage(folder) as village, Elsewhere() as elsewhere, browser_of(*flags) as browser:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        yield World(village, elsewhere, browser, camera, post, ada, ben)


@ways(0)
def test_start_and_two_invites_by_link_and_by_camera(world: World, way: str) -> None:
    home = world.village.home(f"new {way}").start()
    visitor, hand = world.at(home, way)
    page = visitor.page
    hand.write(page.locator("input[name=name]"), f"Neu {way}")
    hand.write(page.locator("input[name=passphrase]"), "which everybody knows")
    hand.press(hand.button("continue"))
    expect(page.locator(".words li")).to_have_count(24)
    words = page.locator(".words li").all_inner_texts()
    hand.press(hand.button("words.done"))
    asked = page.locator("form .field")
    expect(asked).to_have_count(3)
    for field in asked.all():
        place = int(field.locator("label").inner_text().split()[1])
        hand.write(field.locator("input"), words[place - 1])
    hand.press(hand.button("continue"))
    hand.write(page.locator("input[name=relay]"), ticket(world.post))
    hand.press(hand.button("relay.use"))
    expect(hand.heading("inbox.empty")).to_be_visible()

    # Ada's invite is made in her page, and answered by its link.
    her_visitor, hers = world.at(world.ada, way, "/invite")
    hers.press(hers.button("invite.make"))
    link = hers.page.locator("input[name=link]").input_value()
    hand.press(hand.link("accept.title"))
    hand.write(page.locator("input[name=link]"), link)
    hand.press(hand.button("continue"))
    hand.press(hand.button("accept.do"))
    expect(page.get_by_role("heading", name="Ada", exact=True)).to_be_visible()
    expect(hers.link("invite.answered", name=f"Neu {way}")).to_be_visible()
    her_visitor.close()

    # Ben's is on a screen, before the camera.
    world.camera.write_bytes(film(world.ben.json("invite")["link"]))
    page.goto(home.ready["url"] + "/accept")
    hand.press(hand.button("scan"))
    hand.press(hand.button("accept.do"))
    expect(page.get_by_role("heading", name="Ben", exact=True)).to_be_visible()
    visitor.close()


@ways(1)
def test_a_talk_with_changes(world: World, way: str) -> None:
    """Both sides are pages, live: what one does is seen on the other."""
    visitor, hand = world.at(world.ada, way, f"/chats/{chat(world.ada, 'Ben')}")
    other, his = world.at(world.ben, f"mouse-{hand.language}", f"/chats/{chat(world.ben, 'Ada')}")
    question, answer, reply, better = (f"{what} {way}" for what in ("question", "answer", "reply", "better"))

    hand.say(question)
    his.message(question)
    his.say(answer)
    hand.message(answer)
    hand.press(hand.button("react"))
    hand.press(hand.page.get_by_role("dialog").get_by_role("button", name="👍"))
    expect(his.message(answer).get_by_role("button", name="👍")).to_be_visible()

    hand.message(answer)
    hand.press(hand.button("reply"))
    expect(hand.page.locator(".composing")).to_contain_text(answer)
    expect(hand.page.locator("#composer")).to_have_value("")
    hand.say(reply)
    expect(his.message(reply).locator("blockquote")).to_contain_text(answer)
    hand.message(reply)
    hand.press(hand.button("edit"))
    expect(hand.page.locator(".composing")).to_contain_text(reply)
    hand.say(better)
    expect(his.said(better)).to_be_visible()
    expect(his.said(reply)).to_have_count(0)
    hand.message(better)
    hand.press(hand.button("delete"))
    hand.press(hand.button("delete.everywhere"))
    places = hand.page.get_by_role("dialog", name=hand.says("delete.places"))
    hand.press(places.get_by_role("button", name=hand.says("close")).last)
    expect(places).to_have_count(0)
    expect(his.said(better)).to_have_count(0)
    assert better not in world.ben.heard(chat(world.ben, "Ada"))
    visitor.close()
    other.close()


@ways(2)
def test_a_network_is_added_by_its_steps_and_somebody_answered(world: World, way: str) -> None:
    network = world.network(f"Allotment {way}")
    visitor, hand = world.at(world.ada, way)
    page = visitor.page
    hand.goto("networks.title")
    hand.press(hand.link("networks.add.one", network="Demo"))
    expect(page.locator("#login-password")).to_be_visible()
    hand.press(page.locator("summary").last)
    hand.press(page.get_by_role("checkbox", name=hand.says("login.at-home")))
    for right in (False, True):
        for name, text in network.answers.items():
            if page.locator(f"#login-{name}").count():
                hand.write(page.locator(f"#login-{name}"), text if right or name != "password" else "wrong")
        assert not violations(page)
        hand.press(hand.button("continue"))
        if not right:
            expect(page.get_by_role("alert")).to_be_visible()
    hand.write(page.locator("#login-code"), network.answers["code"])
    hand.press(hand.button("continue"))
    expect(hand.heading("networks.yours")).to_be_visible()
    assert not violations(page)

    network.do(lambda n: n.say(f"who has the ladder, {way}?"))
    hand.goto("inbox.title")
    room = page.get_by_role("link", name=f"Allotment {way}")
    expect(room).to_contain_text("who has the ladder")
    hand.press(room)
    expect(page.get_by_role("list", name=hand.says("chat.messages"))).to_contain_text(f"the ladder, {way}?")
    hand.write(page.locator("#composer"), f"I have it, {way}")
    hand.press(hand.button("send"))
    eventually(lambda: f"I have it, {way}" in network.texts())
    visitor.close()


@ways(3)
def test_two_accounts_become_one_person(world: World, way: str) -> None:
    for title in (f"One {way}", f"Two {way}"):
        account = add(world.ada, "demo", world.network(title).answers, "--at-home")
        world.ada.json("bridge", "open", account, f"Mallory {title}")
    visitor, hand = world.at(world.ada, way, "/people")
    page = visitor.page
    hand.press(page.get_by_role("link", name=f"Mallory One {way}"))
    hand.press(hand.button("person.merge"))
    hand.write(page.get_by_role("dialog").get_by_role("searchbox"), f"mallory two {way}")
    hand.press(page.get_by_role("dialog").get_by_role("button", name=f"Mallory Two {way}"))
    hand.press(hand.button("merge.do"))
    expect(hand.heading("person.accounts", count=2)).to_be_visible()
    visitor.close()


@ways(1)
def test_a_post_that_one_network_refuses(world: World, way: str) -> None:
    home = world.village.person(f"Olga {way}")
    demo, strict = world.elsewhere.demo(), SecondNetwork()
    world.elsewhere.enter(strict.serving())
    for network in (demo, Demo(world.elsewhere, strict)):
        add(home, "demo", network.answers, "--at-home")
    visitor, hand = world.at(home, way)
    page = visitor.page
    hand.goto("timeline.title")
    hand.press(hand.link("compose.title"))
    hand.write(page.locator("#post-text"), f"For both, {way}")
    expect(hand.button("compose.do", count=2)).to_be_enabled()
    world.elsewhere.do(lambda: strict.rooms["home"].limits.update(max_text=5))
    hand.press(hand.button("compose.do", count=2))
    expect(hand.heading("post-state.partly", there=1, all=2)).to_be_visible()
    world.elsewhere.do(lambda: strict.rooms["home"].limits.update(max_text=SHORT))
    hand.press(hand.button("retry"))
    expect(page.locator("h2#places")).not_to_have_text(hand.says("post-state.partly", there=1, all=2))
    eventually(lambda: [said for said in strict.said("home") if said.text == f"For both, {way}"])
    visitor.close()


@ways(2)
def test_a_home_is_brought_back_on_another_one(world: World, way: str, tmp_path: Path) -> None:
    old, words = world.village.home(f"old {way}"), tmp_path / "words"
    old.json("init", "--name", f"Mila {way}", "--words-file", str(words))
    old.start()
    add(old, "demo", world.network(f"Kept {way}").answers, "--at-home")
    old.say(chat(old, f"Kept {way}", "demo"), "keep this")
    visitor, hand = world.at(old, way)
    hand.goto("health.title")
    check = visitor.page.locator(".checks li").filter(has_text=hand.says("health.check.backup"))
    expect(check).to_contain_text(hand.says("health.wise"))
    with visitor.page.expect_download() as saved:
        hand.press(hand.button("backup.do"))
    expect(check).to_contain_text(hand.says("health.ok"))
    backup = tmp_path / "backup"
    saved.value.save_as(backup)
    assert b"keep this" not in backup.read_bytes()
    with visitor.page.expect_download() as saved:
        hand.press(hand.button("export.do"))
    assert "keep this" in saved.value.path().read_text()
    assert not violations(visitor.page)
    visitor.close()
    old.kill()

    again = world.village.home(f"again {way}").start()
    visitor, hand = world.at(again, way)
    page = visitor.page
    hand.press(page.get_by_role("radio", name=hand.says("start.restore")))
    hand.write(page.locator("#words"), words.read_text().strip())
    hand.write(page.locator("input[name=passphrase]"), "which everybody knows")
    nothing: Any = {"name": "b", "mimeType": "", "buffer": b"not a backup"}
    for file in (nothing, backup):
        with page.expect_file_chooser() as chosen:
            hand.press(page.locator("#backup"))
        chosen.value.set_files(file)
        hand.press(hand.button("restore.do"))
        if file is nothing:
            expect(page.get_by_role("alert")).to_be_visible()
            assert not violations(page)
    hand.press(page.get_by_role("link", name=f"Kept {way}"))
    expect(page.locator("main article").filter(has_text="keep this")).to_be_visible()
    assert not list(again.path.glob("*backup*")), "what was sent does not stay"
    visitor.close()
