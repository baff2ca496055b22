"""Feeds for the suite of all bridges: an author's site, and an owner who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from bridge_owner import Owner
from feeds_site import Site, item, rss

from swarm_bridges.api import ConversationRef
from swarm_bridges.networks.feeds import Bridge, Login


class Author:
    """What of `bridge_suite.Peer` somebody with a site can do."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._said: list[tuple[str, str]] = []
        self.publish()

    def publish(self) -> None:
        items = [item(id_, text) for id_, text in reversed(self._said)]
        self._site.put("/feed", rss(*items), login=self._site.pages["/feed"].login)

    async def say(self, text: str) -> None:
        self._said.append((f"post {len(self._said)}", text))
        self.publish()

    async def edit(self, old: str, new: str) -> None:
        self._said = [(id_, new if text == old else text) for id_, text in self._said]
        self.publish()


class FeedNetwork:
    """What of `bridge_suite.Network` a site has. Its feed is behind a password."""

    resume_s = 0.0

    def __init__(self, site: Site) -> None:
        self.site = site
        url = site.put("/feed", rss(), login="olga:sesame open")
        self.conversation = ConversationRef(url)
        self.answers: Mapping[str, str] = {
            "url": url, "user": "olga", "password": "sesame open", "minutes": "0",
        }  # fmt: skip
        self._author: Author | None = None
        self._stack = AsyncExitStack()

    def bridge(self) -> Bridge:
        return Bridge()

    def login(self) -> Login:
        return Login()

    async def peer(self) -> Author:
        self._author = self._author or Author(self.site)
        return self._author

    async def entered(self, owner: Owner) -> None:
        await owner.until(lambda j: bool(j.shown))

    def set_password(self, password: str) -> None:
        self.site.pages["/feed"].login = f"olga:{password}"

    def remove_account(self) -> None:
        self.set_password("nobody has this one")
