"""The bridge: one account on the demo network."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec

from swarm_bridges.api import (
    Absent,
    Accepted,
    Actor,
    ActorSeen,
    AuthExpired,
    Batch,
    CantTell,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationRef,
    ConversationSeen,
    Coverage,
    Cursor,
    Event,
    Field,
    Fleeting,
    Found,
    Gone,
    Health,
    Invitation,
    Matter,
    MessageRef,
    Origin,
    Outcome,
    Outgoing,
    Page,
    RemoteFile,
    Reply,
    Secret,
    State,
    Step,
)
from swarm_bridges.claims import texts_in

from .convert import Item, Room, actor_of, capabilities_of, conversation_of, event_of, item_of


class Bridge:
    """See `swarm_bridges.api.Bridge`; it has all of the mixins."""

    # --- what happens

    async def run(self, ctx: Context) -> None:
        """Say what is there, what was missed, then what happens, until the line is lost."""
        await ctx.state(Health(State.CONNECTING))
        await ctx.ingest(Batch((*await self._people(ctx), *await self._rooms(ctx))))
        await self._devices(ctx)
        await ctx.state(Health(State.CATCHING_UP))
        at = int(await ctx.cursor() or b"0")
        while (reply := (await self._ask(ctx, "GET", f"/changes?after={at}")).json())["items"]:
            at = reply["next"]
            await self._told(ctx, reply["items"], at, Origin.CATCH_UP)
        url = ctx.settings["url"].replace("http", "ws", 1)
        token = await ctx.secrets.get("token")
        async with ctx.http.websocket(f"{url}/stream?after={at}", headers=_bearer(token)) as line:
            await ctx.state(Health(State.CONNECTED))
            async for frame in line.messages():
                change = msgspec.json.decode(frame)
                at = max(at, change["seq"])
                await self._told(ctx, [change], at, Origin.LIVE)

    async def _told(self, ctx: Context, changes: list[Any], at: int, origin: Origin) -> None:
        """Hand over what the network told, and how far we are then."""
        events: list[Event] = []
        for raw in changes:
            try:
                item = item_of(raw)
            except msgspec.ValidationError:  # it will not be better the next time
                ctx.log.warning("change_without_sense", seq=at)
                continue
            if item.kind == "typing":
                await self._typed(ctx, item)
            elif item.kind == "device":
                await self._devices(ctx)
            elif item.kind == "room" or (item.kind == "invited" and ctx.owner in item.values):
                events.append(await self._room_seen(ctx, item.room))
            elif item.kind == "profile":
                events += await self._claimed(ctx, item.by)
            elif (event := event_of(item, ctx.owner, origin)) is not None:
                events.append(event)
        await ctx.ingest(Batch(tuple(events), Cursor(b"%d" % at)))

    async def _typed(self, ctx: Context, item: Item) -> None:
        who, room = actor_of(item.by, ctx.owner), ConversationRef(item.room)
        value = "on" if item.on else "off"
        await ctx.fleeting(Fleeting(kind="typing", actor=who, value=value, conversation=room))

    async def _people(self, ctx: Context) -> tuple[ActorSeen, ...]:
        found = (await self._ask(ctx, "GET", "/people")).json()
        return tuple(_person(someone, ctx.owner) for someone in found)

    async def _rooms(self, ctx: Context) -> tuple[ConversationSeen, ...]:
        rooms = msgspec.convert((await self._ask(ctx, "GET", "/rooms")).json(), list[Room])
        return tuple(conversation_of(room, ctx.owner) for room in rooms)

    async def _room_seen(self, ctx: Context, id_: str) -> ConversationSeen:
        return conversation_of(await self._room(ctx, ConversationRef(id_)), ctx.owner)

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> Page:
        """See `swarm_bridges.api.Pages`: older than a message, whose id is the cursor."""
        before = at.decode() if at else ""
        path = f"/rooms/{conversation.remote_id}/messages?limit={limit}&before={before}"
        items = [item_of(raw) for raw in (await self._ask(ctx, "GET", path)).json()]
        oldest = items[-1].id if len(items) == min(limit, 100) else None
        events = [event_of(item, ctx.owner, Origin.HISTORY) for item in items]
        coverage = Coverage(
            conversation=conversation, since=oldest, until=before or None, origin=Origin.HISTORY
        )
        told = (*(event for event in events if event is not None), coverage)
        return Page(Batch(told), Cursor(oldest.encode()) if oldest else None)

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `swarm_bridges.api.Media`."""
        yield (await self._ask(ctx, "GET", f"/files/{file.id}")).body

    # --- what the owner does

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `swarm_bridges.api.Bridge`. The network knows each part again by intent and number."""
        refs = list(out.done_parts)
        for number, part in enumerate(out.parts[len(refs) :], len(refs)):
            said: dict[str, Any] = {"text": part.text, "nonce": _nonce(out, number)}
            if out.reply_to and not number:
                said["reply_to"] = out.reply_to.remote_id
            if out.thread_root:
                said["thread"] = out.thread_root.remote_id
            if out.title and not number:
                said["title"] = out.title
            if out.visibility:
                said["visibility"] = out.visibility
            if out.poll and not number:
                said["poll"] = {"options": [{"id": o.id, "text": o.text} for o in out.poll.options]}
            files = []
            for file in part.files:
                body = await ctx.read(file)
                id_ = (await self._ask(ctx, "POST", "/files", body=body, idempotency=out.key)).json()["id"]
                files.append({"id": id_, "name": file.name, "type": file.media_type, "size": file.size_bytes})
            if files:
                said["files"] = files
            refs.append(await self._say(ctx, out, said))
        return Accepted(tuple(refs))

    async def post(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `swarm_bridges.api.Posts`."""
        return await self.send(ctx, out)

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `swarm_bridges.api.CarriesOpaque`."""
        said = {"text": out.parts[0].text, "nonce": out.intent, "blob": base64.b64encode(blob).decode()}
        return Accepted((await self._say(ctx, out, said),))

    async def _say(self, ctx: Context, out: Outgoing, said: Mapping[str, Any]) -> MessageRef:
        path = f"/rooms/{out.conversation.remote_id}/messages"
        reply = await self._ask(ctx, "POST", path, json=said, idempotency=out.key)
        return MessageRef(out.conversation, reply.json()["id"])

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `swarm_bridges.api.Reconciles`."""
        refs = []
        for number in range(len(out.parts)):
            try:
                reply = await self._ask(ctx, "GET", f"/sent/{_nonce(out, number)}")
            except Gone:
                return CantTell() if number else Absent()
            refs.append(MessageRef(out.conversation, reply.json()["id"]))
        return Accepted(tuple(refs))

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """See `swarm_bridges.api.Edits`."""
        asked = {"text": out.parts[0].text}
        reply = await self._ask(ctx, "PUT", f"/messages/{target.remote_id}", json=asked, idempotency=out.key)
        return Accepted((target,), revision=str(reply.json()["rev"]))

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `swarm_bridges.api.Deletes`."""
        with suppress(Gone):
            await self._ask(ctx, "DELETE", f"/messages/{target.remote_id}", idempotency=key)
        return Accepted((target,))

    async def react(self, ctx: Context, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `swarm_bridges.api.Reacts`."""
        path = f"/messages/{target.remote_id}/reactions"
        await self._ask(ctx, "PUT", path, json={"values": sorted(values)}, idempotency=key)
        return Accepted((target,))

    async def mark(self, ctx: Context, target: MessageRef, name: str, *, on: bool, key: str) -> Outcome:
        """See `swarm_bridges.api.Marks`."""
        path = f"/messages/{target.remote_id}/marks"
        await self._ask(ctx, "PUT", path, json={"name": name, "on": on}, idempotency=key)
        return Accepted((target,))

    async def vote(self, ctx: Context, target: MessageRef, options: frozenset[str], key: str) -> Outcome:
        """See `swarm_bridges.api.Votes`."""
        path = f"/messages/{target.remote_id}/vote"
        reply = await self._ask(ctx, "PUT", path, json={"options": sorted(options)}, idempotency=key)
        return Accepted((target,), revision=str(reply.json()["rev"]))

    async def mark_read(self, ctx: Context, up_to: MessageRef) -> None:
        """See `swarm_bridges.api.Receipts`."""
        path = f"/rooms/{up_to.conversation.remote_id}/read"
        await self._ask(ctx, "PUT", path, json={"up_to": up_to.remote_id})

    async def typing(self, ctx: Context, conversation: ConversationRef, *, on: bool) -> None:
        """See `swarm_bridges.api.Typing`."""
        await self._ask(ctx, "PUT", f"/rooms/{conversation.remote_id}/typing", json={"on": on})

    # --- rooms and people

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `swarm_bridges.api.Bridge`."""
        return capabilities_of(await self._room(ctx, conversation) if conversation else None)

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """See `swarm_bridges.api.People`: a handle is a name here."""
        return next((who for who in await self._people(ctx) if who.name == handle), None)

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """See `swarm_bridges.api.People`."""
        return await self._people(ctx)

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """See `swarm_bridges.api.People`."""
        reply = await self._ask(ctx, "POST", "/direct", json={"with": who.remote_id})
        return conversation_of(msgspec.convert(reply.json(), Room), ctx.owner)

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """See `swarm_bridges.api.Rooms`: an address is an id here."""
        reply = await self._ask(ctx, "POST", f"/rooms/{address}/join")
        return conversation_of(msgspec.convert(reply.json(), Room), ctx.owner)

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """See `swarm_bridges.api.Rooms`."""
        await self._ask(ctx, "POST", f"/rooms/{conversation.remote_id}/leave")

    async def accept(
        self, ctx: Context, conversation: ConversationRef, invitation: Invitation
    ) -> ConversationSeen:
        """See `swarm_bridges.api.Invited`."""
        return conversation_of(await self._answer(ctx, conversation, comes=True), ctx.owner)

    async def decline(self, ctx: Context, conversation: ConversationRef, invitation: Invitation) -> None:
        """See `swarm_bridges.api.Invited`."""
        with suppress(Gone):
            await self._answer(ctx, conversation, comes=False)

    async def _answer(self, ctx: Context, conversation: ConversationRef, *, comes: bool) -> Room:
        path = f"/rooms/{conversation.remote_id}/invitation"
        return msgspec.convert((await self._ask(ctx, "POST", path, json={"comes": comes})).json(), Room)

    async def aliases(self, ctx: Context, remote_id: str) -> tuple[str, ...]:
        """See `swarm_bridges.api.Moves`: ids were written in upper case once."""
        return (remote_id.upper(),)

    # --- what is to be settled with the owner

    async def _devices(self, ctx: Context) -> Mapping[str, str]:
        """Say which devices have logged in that the owner has not confirmed."""
        names: dict[str, str] = (await self._ask(ctx, "GET", "/devices")).json()
        said = (Matter(id_, f"A new device has logged in: {n}", pressing=True) for id_, n in names.items())
        await ctx.matters(tuple(said))
        return names

    async def settle(self, ctx: Context, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `swarm_bridges.api.Settles`: two steps, of which the first may be answered wrongly."""
        if (name := (await self._devices(ctx)).get(matter)) is None:
            raise Gone("this is settled")
        if step == "name" and answers["name"] == name:
            return Step(id="sure", kind="confirm", title="Is it yours?", show={"code": name})
        if step == "sure":
            await self._ask(ctx, "PUT", f"/devices/{matter}")
            return None
        error = "Nothing has this name." if step else ""
        asked = (Field("name", "text", "What is it called?"),)
        return Step(id="name", kind="form", title="A new device", fields=asked, error=error)

    async def dismiss(self, ctx: Context, matter: str) -> None:
        """See `swarm_bridges.api.Settles`: it is logged out."""
        with suppress(Gone):
            await self._ask(ctx, "DELETE", f"/devices/{quote(matter, safe='')}")

    # --- what accounts say of themselves

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """See `swarm_bridges.api.Proves`: lines of the profile."""
        lines = await self._profile(ctx, ctx.owner)
        wanted = [*(line for line in lines if not texts_in(line)), *claims]
        if wanted != lines:
            await self._ask(ctx, "PUT", "/profile", json={"lines": wanted})

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """See `swarm_bridges.api.Proves`."""
        found = texts_in("\n".join(await self._profile(ctx, who.remote_id)))
        return ClaimsSeen(actor=who, claims=found, where="profile")

    async def _claimed(self, ctx: Context, who: str) -> tuple[ClaimsSeen, ...]:
        """What somebody's profile claims now, told in passing; of one that is gone again, nothing."""
        if who != ctx.owner:
            with suppress(Gone):
                return (await self.read_claims(ctx, Actor(who)),)
        return ()

    async def _profile(self, ctx: Context, who: str) -> list[str]:
        reply = await self._ask(ctx, "GET", f"/people/{quote(who, safe='')}/profile")
        return msgspec.convert(reply.json()["lines"], list[str])

    async def _room(self, ctx: Context, conversation: ConversationRef) -> Room:
        return msgspec.convert((await self._ask(ctx, "GET", f"/rooms/{conversation.remote_id}")).json(), Room)

    # --- asking

    async def _ask(self, ctx: Context, method: str, path: str, **options: Any) -> Reply:
        """Ask the server. A token that has expired is renewed, once."""
        url = ctx.settings["url"] + path
        token = await ctx.secrets.get("token")
        try:
            return await ctx.http.request(method, url, headers=_bearer(token), **options)
        except AuthExpired:
            token = await ctx.secrets.rotate("token", lambda _: self._renewed(ctx))
            return await ctx.http.request(method, url, headers=_bearer(token), **options)

    async def _renewed(self, ctx: Context) -> Mapping[str, bytes]:
        refresh = await ctx.secrets.get("refresh")
        if refresh is None:
            raise AuthExpired("there is nothing to renew with")
        asked = {"refresh": refresh.value.decode()}
        reply = (await ctx.http.post(f"{ctx.settings['url']}/renew", json=asked)).json()
        return {name: reply[name].encode() for name in ("token", "refresh")}


def _bearer(token: Secret | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value.decode()}"} if token else {}


def _nonce(out: Outgoing, number: int) -> str:
    """What the network knows a part by; `convert` finds the intent in it again."""
    return f"{out.intent}.{number}" if number else str(out.intent)


def _person(someone: Mapping[str, str], me: str) -> ActorSeen:
    return ActorSeen(actor=actor_of(someone["id"], me), name=someone["name"], handle=someone["name"])
