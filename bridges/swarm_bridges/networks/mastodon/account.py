"""The bridge: one account at one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from ... import armour
from ...api import (
    Accepted,
    Actor,
    ActorSeen,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationRef,
    ConversationSeen,
    Cursor,
    Found,
    Gone,
    Health,
    Interrupted,
    Limited,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Page,
    Refused,
    RemoteFile,
    Rendered,
    State,
    Temporary,
    Unknown,
)
from ...text import from_plain
from .claims import publish
from .convert import DIRECT, LIST, claims_of, direct, kind_of, members_of, person, poll_of, seen
from .model import Account, Status, convert
from .outgoing import Outbox
from .past import Past, following
from .reader import Reader
from .session import Session, account_of

POLL_S = 20.0
"""Between two looks at a server that has no stream. Mastodon allows one request a second."""
MARKS = {"favourite": "favourite", "boost": "reblog", "bookmark": "bookmark"}
MOST_CONTACTS = 10
"""Pages of the address book."""


class Mastodon:
    """An account: `api.Bridge` with edits, deletions, marks, votes, posts, people, lists, files, the past."""

    poll_s = POLL_S

    def __init__(self) -> None:
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        """So that what is called meanwhile knows what the reader knows."""
        self._reader: Reader | None = None

    async def run(self, ctx: Context) -> None:
        """See `api.Bridge`."""
        await ctx.state(Health(State.CONNECTING))
        async with self._opening:
            self._session = await Session.open(ctx)
        self._reader = await Reader.begin(ctx, self._session)
        try:
            await self._reader.follow(self.poll_s)
        finally:
            self._reader = None

    async def _now(self, ctx: Context) -> Session:
        async with self._opening:
            if self._session is None:
                self._session = await Session.open(ctx)
            return self._session

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `api.Bridge`."""
        session = await self._now(ctx)
        with suppress(Temporary, Limited):  # what was known before, where the server does not answer
            await session.client.look()
        if conversation is None:
            return session.server.capabilities("timeline")
        try:
            names = await session.members(conversation)
        except (Gone, NotSupported):
            return session.server.capabilities("notifications")
        return session.server.capabilities(kind_of(conversation), len("".join(names)) + len(names))

    # --- saying ---

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Bridge`. In the home timeline it is a post."""
        if kind_of(out.conversation) == "notifications":
            raise NotSupported("nothing can be said among the notifications")
        return await Outbox(ctx, await self._now(ctx)).send(out)

    async def post(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Posts`: to the home timeline."""
        if kind_of(out.conversation) != "timeline":
            raise NotSupported("this is no timeline")
        return await self.send(ctx, out)

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`: a direct post to one other, in which the bytes are text."""
        session = await self._now(ctx)
        if kind_of(out.conversation) != DIRECT or len(members_of(out.conversation)) != 1:
            raise NotSupported("bytes of a node go to one other, in a direct post")
        text = armour.armoured(blob, out.parts[0].text)
        named = len("".join(await session.members(out.conversation))) + 1
        if len(text) + named > session.server.max_text:
            raise Refused("these bytes are more than a post has room for")
        said = msgspec.structs.replace(out, parts=(Rendered(from_plain(text), text),), done_parts=())
        return await Outbox(ctx, session).send(said)

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        return await Outbox(ctx, await self._now(ctx)).edit(target, out)

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `api.Reconciles`."""
        return await Outbox(ctx, await self._now(ctx)).find_sent(out)

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        session = await self._now(ctx)
        if not session.server.deletes:
            raise NotSupported("this server deletes no posts over its interface")
        path = f"/api/v1/statuses/{session.server.long(target.remote_id)}"
        with suppress(Gone):
            await session.client.act("DELETE", path, repeatable=True)
        return Accepted((target,))

    # --- marks and votes ---

    async def mark(self, ctx: Context, target: MessageRef, name: str, *, on: bool, key: str) -> Outcome:
        """See `api.Marks`."""
        session = await self._now(ctx)
        if name not in MARKS or (name == "boost" and kind_of(target.conversation) == DIRECT):
            raise NotSupported(f"{name} is not there")
        verb = MARKS[name] if on else f"un{MARKS[name]}"
        path = f"/api/v1/statuses/{session.server.long(target.remote_id)}/{verb}"
        await session.client.act("POST", path, repeatable=True)
        return Accepted((target,))

    async def vote(self, ctx: Context, target: MessageRef, options: frozenset[str], key: str) -> Outcome:
        """See `api.Votes`. A vote is final: who has voted for something else is refused."""
        session = await self._now(ctx)
        post = session.server.long(target.remote_id)
        try:
            status = convert(await session.client.get(f"/api/v1/statuses/{post}"), Status)
        except msgspec.ValidationError:
            raise Gone("there is no such post") from None
        if status.poll is None:
            raise Gone("there is no poll")
        if poll_of(status.poll, session.view).mine == options:
            return Accepted((target,))
        if status.poll.voted:
            raise Refused("the vote was given, and is final")
        await session.votes.note(session.server.short(status.poll.id), options)
        path, choices = f"/api/v1/polls/{status.poll.id}/votes", {"choices": sorted(options)}
        try:
            await session.client.act("POST", path, json=choices)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,))

    # --- lists ---

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """See `api.Rooms`: read a list, `list:` and its title or id. Raises Gone where there is none."""
        kind, colon, name = address.strip().partition(":")
        if kind.casefold() != LIST or not colon:
            raise NotSupported("what can be entered is list: and the name of a list")
        one = await (await self._now(ctx)).lists.enter(name.strip())
        if self._reader is None:
            raise Temporary("not connected")
        return await self._reader.enter(one)

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """See `api.Rooms`: read a list no longer; at the server it stays."""
        if kind_of(conversation) != LIST:
            raise NotSupported("this is not left")
        id_ = conversation.remote_id.removeprefix(f"{LIST} ")
        await (await self._now(ctx)).lists.leave(id_)
        if self._reader is not None:
            await self._reader.leave(id_)

    # --- the past, files ---

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> Page:
        """See `api.Pages`."""
        return await Past(ctx, await self._now(ctx)).page(conversation, at, limit)

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`."""
        headers = {"Connection": "close"}  # of another host mostly, that is asked but once
        async with ctx.http.stream("GET", file.id, headers=headers) as answer:
            async for chunk in answer.chunks():
                yield chunk

    # --- what accounts say of themselves ---

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """See `api.Proves`: in fields of the profile."""
        await publish(await self._now(ctx), claims)

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """See `api.Proves`."""
        session = await self._now(ctx)
        mine = who.is_owner or who.remote_id == ctx.owner
        seen_ = claims_of(await account_of(session.client, session.me.id if mine else who.remote_id), who)
        if not seen_.handle:
            raise Refused("the server does not say what others call this account")
        return seen_

    # --- people ---

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """See `api.People`: `ada@example.org`, or `ada` of the own server."""
        session = await self._now(ctx)
        name = handle.strip().lstrip("@")
        if not name or any(c.isspace() for c in name):
            return None
        found: Account | None
        try:
            found = convert(await session.client.get("/api/v1/accounts/lookup", acct=name), Account)
        except Gone:
            found = await self._searched(session, name)
        except msgspec.ValidationError:
            return None
        if found is None:
            return None
        session.note([found])
        return person(found, session.view)

    async def _searched(self, session: Session, name: str) -> Account | None:
        """Somebody whom the server does not know yet: it asks the other one."""
        told = await session.client.get(
            "/api/v2/search", q=f"@{name}", resolve="true", type="accounts", limit=1
        )
        accounts = told.get("accounts") if isinstance(told, dict) else None
        try:
            return convert(accounts[0], Account) if accounts else None
        except msgspec.ValidationError:
            return None

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """See `api.People`: those whom the owner follows."""
        session = await self._now(ctx)
        found: dict[str, ActorSeen] = {}
        path, before = f"/api/v1/accounts/{session.me.id}/following", ""
        for _ in range(MOST_CONTACTS):
            page, headers = await session.client.page(path, limit=80, max_id=before)
            for raw in page:
                try:
                    account = convert(raw, Account)
                except msgspec.ValidationError:
                    continue
                session.note([account])
                found[account.id] = person(account, session.view)
            if not page or (before := following(headers)) == "":
                break
        return tuple(found.values())

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """See `api.People`. Raises Gone where the server knows nobody with this id."""
        session = await self._now(ctx)
        account = await account_of(session.client, who.remote_id)
        session.note([account])
        return seen(direct(frozenset({account.id})), {account.id: account.display_name}, session.view)
