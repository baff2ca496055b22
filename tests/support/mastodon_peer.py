"""An ordinary client of Mastodon's API, for the other side of a conversation: nothing of ours is in it."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import aiohttp
from mastodon_server import Snac

HERE = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = "read write follow"
PATIENCE_S = 45.0


def web_of(base: str | None = None, headers: Mapping[str, str] | None = None) -> aiohttp.ClientSession:
    """A web client that uses no line twice: snac2 closes each without a word."""
    patience = aiohttp.ClientTimeout(total=PATIENCE_S)
    connector = aiohttp.TCPConnector(force_close=True)
    return aiohttp.ClientSession(base, headers=headers, connector=connector, timeout=patience)


async def allow(page: str, name: str, password: str) -> str:
    """What a browser does at a server's page: log in and allow. Gives the code, or the address led to."""
    async with web_of() as web:
        async with web.get(page) as answer:
            form = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', await answer.text()))
        url = f"{page.partition('/oauth/')[0]}/oauth/x-snac-login"
        given = {**form, "login": name, "passwd": password}
        async with web.post(url, data=given, allow_redirects=False) as answer:
            return answer.headers.get("Location") or (await answer.text()).strip()


async def token_of(server: Snac, name: str, password: str) -> tuple[str, dict[str, str]]:
    """A token for a client of somebody's, and how that client is known."""
    async with web_of(server.base) as web:
        asked = {"client_name": "peer", "redirect_uris": HERE, "scopes": SCOPES}
        async with web.post("/api/v1/apps", data=asked) as answer:
            app = await answer.json(content_type=None)
        query = {
            "client_id": app["client_id"],
            "redirect_uri": HERE,
            "response_type": "code",
            "scope": SCOPES,
        }
        page = str(web._build_url("/oauth/authorize").with_query(query))
        pasted = await allow(page, name, password)
        code = parse_qs(urlsplit(pasted).query).get("code", [pasted.partition("&")[0]])[0]
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": HERE,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
        }
        async with web.post("/oauth/token", data=asked) as answer:
            token = str((await answer.json(content_type=None))["access_token"])
    return token, {name: app[name] for name in ("client_id", "client_secret")}


def revoke(server: Snac, token: Mapping[str, str]) -> None:
    """Take a token back, as its owner does at the server's own page or elsewhere."""
    data = urlencode(token).encode()
    with urlopen(Request(f"{server.base}/oauth/revoke", data), timeout=30) as answer:  # noqa: S310 - ours
        assert answer.status == 200


class MastodonPeer:
    """Somebody's client."""

    def __init__(self, server: Snac, name: str, token: str) -> None:
        self.server, self.name = server, name
        self.web = web_of(server.base, {"Authorization": f"Bearer {token}"})

    @property
    def handle(self) -> str:
        """The address that others type."""
        return f"@{self.name}@{self.server.host}"

    async def close(self) -> None:
        await self.web.close()

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask for JSON. A line that the server closed at once is opened again."""
        for attempt in range(3):
            try:
                async with self.web.request(method, path, **options) as answer:
                    assert answer.status == 200, (method, path, answer.status)
                    return await answer.json(content_type=None)
            except aiohttp.ClientConnectionError:
                if attempt == 2 or method != "GET":
                    raise
        raise AssertionError

    async def say(self, text: str, **more: Any) -> str:
        """Post; gives the id."""
        return str((await self.ask("POST", "/api/v1/statuses", json={"status": text, **more}))["id"])

    async def home(self, limit: int = 40, before: str = "") -> list[dict[str, Any]]:
        """A page of the home timeline."""
        params = {"limit": str(limit), **({"max_id": before} if before else {})}
        found: list[dict[str, Any]] = await self.ask("GET", "/api/v1/timelines/home", params=params)
        return found

    async def id_of(self, other: MastodonPeer) -> str:
        """What this server calls somebody."""
        params = {"q": other.handle, "resolve": "true"}
        found = await self.ask("GET", "/api/v2/search", params=params)
        return str(found["accounts"][0]["id"])

    async def follow(self, other: MastodonPeer) -> None:
        """Follow somebody. While snac2 writes an account down, it has none."""
        path = f"/api/v1/accounts/{await self.id_of(other)}/follow"
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.web.post(path) as answer:
                    if answer.status != 404:
                        assert answer.status == 200, answer.status
                        return
                await asyncio.sleep(0.05)

    async def ask_all(self, text: str, options: Sequence[str], password: str) -> dict[str, Any]:
        """Make a poll, at the server's own page: its interface for programs has none. Gives the post."""
        form = {"content": text, "poll_options": "\n".join(options), "poll_end_secs": "3600"}
        known = {"Authorization": aiohttp.encode_basic_auth(self.name, password)}
        page = f"/{self.name}/admin/note"
        async with (
            web_of(self.server.base, known) as web,
            web.post(page, data=form, allow_redirects=False) as answer,
        ):
            assert answer.status == 303, answer.status
        return await self.until(lambda status: words_of(status) == text)

    async def upload(self, name: str, data: bytes, description: str = "") -> str:
        """A file; gives its id."""
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type="image/png")
        form.add_field("description", description)
        return str((await self.ask("POST", "/api/v1/media", data=form))["id"])

    async def bytes_of(self, url: str) -> bytes:
        """A file."""
        async with web_of() as web, web.get(url) as answer:
            return await answer.read()

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first post of the home timeline like this, now or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for status in await self.home():
                    if wanted(status):
                        return status
                await asyncio.sleep(0.05)


def words_of(status: dict[str, Any]) -> str:
    """The words of a post, without those whom it is for."""
    text = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>", "\n", status["content"] or "")))
    return re.sub(r"^(\s*@[\w.-]+@[\w.]+)+", "", text).strip()


def short(status: dict[str, Any]) -> str:
    """The part of an id that stays when a post is edited."""
    return str(status["id"])[10:]
