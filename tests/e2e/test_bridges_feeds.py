"""A real hub that pushes to a node, through the node's own door; people at the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import Request, urlopen

import pytest
from e2e_networks import Elsewhere, add, chat, idle
from e2e_world import Home, Village, eventually
from feeds_hub import WebSubHub
from feeds_site import Site, item, rss
from ports import held_port

HOOKS = "/hooks/"


@dataclass
class Place:
    """Ada's node, which networks reach; a site with a feed, and the hub that it names."""

    home: Home
    elsewhere: Elsewhere
    site: Site
    hub: WebSubHub
    public: str

    def publish(self, *items: str) -> str:
        """Put a feed with these at the site; gives its address."""
        url = f"{self.site.url}/feed"
        links = f'<{self.hub.url}>; rel="hub", <{url}>; rel="self"'
        feed = rss(*items, title="Ben's garden")
        self.elsewhere.do(lambda: self.site.put("/feed", feed, headers={"Link": links}))
        return url

    def asked(self) -> list[str]:
        """What was asked of the site since the last call, and by whom."""
        return self.elsewhere.do(self.site.paths)


def locked(place: Place, user: str) -> dict[str, str]:
    """Put a feed behind a password, which is an account of its own; gives what one logs in with."""
    feed, password = rss(item("1", f"the first for {user}"), title=f"for {user}"), f"sesame {user}"
    url = place.elsewhere.do(lambda: place.site.put(f"/{user}", feed, login=f"{user}:{password}"))
    return {"url": url, "user": user, "password": password}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("feeds")
    hub = WebSubHub(folder)
    try:
        with Village(folder) as village, Elsewhere() as elsewhere:
            site = Site()
            elsewhere.enter(site.serving())
            public = f"http://127.0.0.1:{held_port()}"
            flags = ("--http", public.removeprefix("http://"))
            home = village.home("ada", *flags, SWARMNODE_HTTP__PUBLIC=public)
            home.json("init", "--name", "ada")
            yield Place(home.start(), elsewhere, site, hub, public)
    finally:
        hub.stop()


def status(url: str, body: bytes | None = None, **headers: str) -> int:
    """How a stranger's request is answered."""
    request = Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
        return int(answer.status)


def test_what_a_hub_pushes_is_in_the_inbox_at_once(place: Place) -> None:
    home = place.home
    url = place.publish(item("1", "the first leaves"))
    account = add(home, "feeds", {"url": url, "minutes": "600"}, "--at-home")
    room = chat(home, "Ben's garden", "feeds")
    eventually(lambda: home.heard(room) == ["the first leaves"])

    place.publish(item("2", "the first flowers"), item("1", "the first leaves"))
    place.asked()
    place.elsewhere.run(place.hub.publish(url))
    eventually(lambda: "the first flowers" in home.heard(room))
    assert home.heard(room) == ["the first leaves", "the first flowers"]
    assert place.asked() == ["/feed"], "the hub asked, and nobody else"
    assert "the first flowers" in home("timeline").stdout

    # A stranger at the door is not believed, and learns nothing.
    forged = rss(item("3", "weeds"), title="Ben's garden")
    for path in ("", "nobody-knows"):
        with pytest.raises(OSError, match="404"):
            status(f"{place.public}{HOOKS}{account}/{path}", forged, X_Hub_Signature="sha256=00")
    with pytest.raises(OSError, match="404"):
        status(f"{place.public}{HOOKS}another/{path}", forged)

    # After a restart the hub is believed as before: what it was promised is kept.
    home.kill()
    home.start()
    place.publish(item("4", "the first fruit"), item("2", "the first flowers, in May"))
    place.asked()

    def pushed() -> bool:
        """A hub tries again while the bridge is not there yet; this one needs to be told."""
        place.elsewhere.run(place.hub.publish(url))
        return "the first fruit" in home.heard(room)

    eventually(pushed)
    assert home.heard(room) == ["the first leaves", "the first flowers, in May", "the first fruit"]
    assert "weeds" not in home.log.read_text()


def test_a_login_is_gone_through_at_a_terminal(place: Place) -> None:
    known = locked(place, "cleo")
    typed = {"Address": [known["url"]], "User": ["cleo"], "Password": ["wrong at first", known["password"]]}

    def answer(shown: str) -> str:
        left = typed.get(shown.rpartition("\n")[2].partition(" ")[0].rstrip(":"))
        return left.pop(0) if left else ""

    shown = place.home.at_terminal("bridge", "add", "feeds", "--at-home", answer=answer)
    assert "\n! " in shown, "what was wrong stands over the question"
    assert known["password"] not in shown
    room = chat(place.home, "for cleo", "feeds")
    eventually(lambda: place.home.heard(room) == ["the first for cleo"])


def test_it_is_idle_when_nothing_happens(place: Place) -> None:
    idle(place.home, add(place.home, "feeds", locked(place, "dan"), "--at-home"))
