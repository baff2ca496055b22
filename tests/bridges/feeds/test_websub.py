"""Hubs: a real one, and requests of those who are none."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from bridge_owner import ACCOUNT
from feeds_hub import WebSubHub
from feeds_site import Reading, Site, item, rss

from swarm_bridges.api import ConversationRef, MessageSeen, Origin, RawAnswer, RawRequest
from swarm_bridges.networks.feeds.parse import parse
from swarm_bridges.networks.feeds.subscriptions import Subscription
from swarm_bridges.networks.feeds.websub import hub_and_topic


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSubHub]:
    made = WebSubHub(tmp_path_factory.mktemp("hub"))
    yield made
    made.stop()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as made:
        yield made


def with_door(site: Site, url: str) -> Reading:
    """A bridge that hubs reach through the site."""
    reading = Reading({"feeds": url}, hook_url=f"{site.url}/hooks")

    async def door(request: RawRequest) -> RawAnswer:
        return await reading.bridge.webhook(reading.ctx, request)

    site.door = door
    return reading


def stored(reading: Reading) -> Subscription:
    values = reading.desk.of(ACCOUNT).values
    (data,) = (value for name, value in values.items() if name.startswith("feed/"))
    return msgspec.msgpack.decode(data, type=Subscription)


def publish(site: Site, hub: str, *items: str) -> str:
    url = f"{site.url}/feed"
    return site.put("/feed", rss(*items), headers={"Link": f'<{hub}>; rel="hub", <{url}>; rel="self"'})


async def test_a_real_hub_is_asked_answered_and_believed(hub: WebSubHub, site: Site) -> None:
    url = publish(site, hub.url, item("1", "one"))
    async with with_door(site, url).running() as reading:
        one = stored(reading)
        assert (one.hub, one.topic) == (hub.url, url)
        assert one.lease_until > reading.time.at + 86_400
        publish(site, hub.url, item("2", "pushed"), item("1", "one"))
        await hub.publish(url)
        assert reading.texts(url) == ["one", "pushed"]
        (pushed,) = (e for e in reading.events(MessageSeen) if e.ref.remote_id == "2")
        assert pushed.origin is Origin.LIVE
        await hub.publish(url)
        assert len([e for e in reading.events(MessageSeen) if e.ref.remote_id == "2"]) == 1


async def test_a_feed_that_was_left_is_not_brought_any_more(hub: WebSubHub, site: Site) -> None:
    url = publish(site, hub.url, item("1", "one"))
    async with with_door(site, url).running() as reading:
        await reading.bridge.leave(reading.ctx, ConversationRef(url))
        publish(site, hub.url, item("2", "two"))
        for _ in range(2):
            site.paths()
            await hub.publish(url)
        assert not [path for path in site.paths() if path.startswith("/hooks/")], "the hub was told to stop"
        assert reading.texts(url) == ["one"]


async def test_a_lease_is_renewed_before_it_ends_and_feeds_are_asked_rarely_meanwhile(
    hub: WebSubHub, site: Site
) -> None:
    url = publish(site, hub.url, item("1", "one"))
    async with with_door(site, url).running() as reading:
        await reading.round()
        first = stored(reading).lease_until
        site.paths()
        await reading.round(5)
        assert site.paths() == []
        for _ in range(12):
            await reading.round(25)
        assert stored(reading).lease_until > first


class TestRequests:
    """What comes to the door that no hub has sent, or one that does not keep to the rules."""

    @pytest.fixture
    async def reading(self, site: Site) -> AsyncIterator[Reading]:
        site.put("/hub", status=202)
        url = publish(site, f"{site.url}/hub", item("1", "one"))
        async with with_door(site, url).running() as made:
            yield made

    async def ask(self, reading: Reading, **query: str) -> RawAnswer:
        named = {f"hub.{name}": value for name, value in query.items()}
        path = f"/hooks/{stored(reading).key}"
        return await reading.bridge.webhook(reading.ctx, RawRequest("GET", path, named, {}, b""))

    async def bring(self, reading: Reading, body: bytes, signature: str, path: str = "") -> int:
        path = path or f"/hooks/{stored(reading).key}"
        request = RawRequest("POST", path, {}, {"x-hub-signature": signature}, body)
        return (await reading.bridge.webhook(reading.ctx, request)).status

    async def test_only_what_was_asked_for_is_confirmed(self, reading: Reading) -> None:
        topic = stored(reading).topic
        answer = await self.ask(reading, mode="subscribe", topic=topic, challenge="c", lease_seconds="3600")
        assert (answer.status, answer.body) == (200, b"c")
        assert stored(reading).lease_until == reading.time.at + 3600
        for wrong in (
            {"mode": "subscribe", "topic": "https://other.example/"},
            {"mode": "unsubscribe", "topic": topic},
            {},
        ):
            assert (await self.ask(reading, challenge="c", **wrong)).status == 404
        assert (await self.ask(reading, mode="denied", topic=topic)).status == 200
        assert stored(reading).lease_until == 0.0

    @pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
    async def test_what_is_signed_is_believed(self, reading: Reading, method: str) -> None:
        body = rss(item("2", "two"), item("1", "one"))
        signature = hmac.new(stored(reading).hub_secret.encode(), body, method).hexdigest()
        assert await self.bring(reading, body, f"{method}={signature}") == 200
        assert reading.texts(stored(reading).id) == ["one", "two"]

    @pytest.mark.parametrize("signature", ["", "sha256=", "sha256=00", "md5=x", "sha256", "nonsense=é"])
    async def test_what_is_not_signed_changes_nothing(self, reading: Reading, signature: str) -> None:
        assert await self.bring(reading, rss(item("2", "forged")), signature) == 202
        assert reading.texts(stored(reading).id) == ["one"]

    async def test_a_body_that_is_no_feed_makes_it_ask_itself(self, reading: Reading, site: Site) -> None:
        body = b"something is new"
        signature = hmac.new(stored(reading).hub_secret.encode(), body, "sha256").hexdigest()
        site.paths()
        assert await self.bring(reading, body, f"sha256={signature}") == 200
        await reading.round(0.01)
        assert "/feed" in site.paths()

    async def test_an_unknown_path_is_nobody_s(self, reading: Reading) -> None:
        assert await self.bring(reading, b"", "", "/hooks/nothing") == 404


def test_headers_count_more_than_what_the_feed_says() -> None:
    more = '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="https://inside.example/"/>'
    feed, url = parse(rss(more=more)), "https://example.org/feed"
    assert hub_and_topic(feed, {}, url) == ("https://inside.example/", url)
    link = '<https://a.example/>; rel="alternate hub"; x=y, <https://example.org/topic>; rel=self'
    assert hub_and_topic(feed, {"link": link}, url) == ("https://a.example/", "https://example.org/topic")
    assert hub_and_topic(parse(rss()), {"link": "<javascript:x>; rel=hub"}, url) == ("", "")
