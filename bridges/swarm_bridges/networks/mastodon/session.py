"""What is known of an account between calls: the server, the owner, names, and where posts stand."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...api import (
    ActorSeen,
    AuthExpired,
    AuthRevoked,
    ClaimsSeen,
    Context,
    ConversationRef,
    Event,
    Gone,
    IdentityMoved,
    MessageRef,
    Origin,
    Refused,
)
from .client import Client
from .convert import (
    DIRECT,
    View,
    at,
    claims_of,
    is_direct,
    kind_of,
    marks_of,
    members_of,
    message_of,
    opaque_of,
    person,
    seen,
)
from .lists import Lists
from .model import Account, Status, convert
from .said import Said
from .server import Server
from .votes import Votes

MOST = 20_000
"""Posts and people that are remembered; then all are forgotten, and told again."""


class Session:
    """An account at its server. `open` makes one."""

    def __init__(self, client: Client, me: Account, lists: Lists, votes: Votes, said: Said) -> None:
        self.client, self.me, self.lists, self.votes, self.said = client, me, lists, votes, said
        self.places: dict[str, ConversationRef] = {}
        self.handles: dict[str, str] = {me.id: at(me)}
        self._names: dict[str, ActorSeen] = {}
        self._claims: dict[str, ClaimsSeen] = {}
        self._told: dict[MessageRef | str, tuple[object, ...]] = {}
        self._rooms: dict[ConversationRef, str] = {}

    @classmethod
    async def open(cls, ctx: Context) -> Session:
        """Look at the server and at the account. Raises AuthExpired, AuthRevoked, Temporary."""
        token = await ctx.secrets.get("token")
        if token is None:
            raise AuthExpired("there is no token")
        client = Client(ctx.http, ctx.clock, ctx.settings["url"], token.value.decode())
        await client.look()
        me, lists = await owner_of(client), Lists(ctx, client)
        return cls(client, me, lists, await Votes.read(ctx), await Said.read(ctx))

    @property
    def server(self) -> Server:
        """The server, as it was when the session began."""
        return self.client.server

    @property
    def view(self) -> View:
        """From where JSON is looked at."""
        return View(self.me, self.server, self.places, self.handles, self.votes.known)

    def forget(self) -> None:
        """Tell everything again: what was told may not have been stored."""
        self._told.clear()
        self._names.clear()
        self._claims.clear()
        self._rooms.clear()

    # --- events ---

    def about(
        self, status: Status, origin: Origin, *, again: bool = False, place: ConversationRef | None = None
    ) -> list[Event]:
        """What a post says that was not told yet; all of it with `again`. `place` is the list around it."""
        if place is not None and is_direct(status, self.view):
            return []  # snac2 puts them into lists; they stand in a conversation of their own
        if len(self._told) > MOST or len(self.places) > MOST:
            self.forget()
            self.places.clear()
        said = status.reblog or status
        self.note([status.account, said.account])
        seen_ = message_of(status, self.view, origin, place)
        if place is None:
            self.places[seen_.ref.remote_id] = seen_.ref.conversation
        marks = marks_of(said, seen_.ref, origin)
        before = self._told.get(seen_.ref)
        now = (seen_.revision, marks.mine, tuple(sorted(marks.counts.items())))
        self._told[seen_.ref] = now
        events: list[Event] = [
            *self.people([status.account, said.account]),
            *(self.room(seen_.ref.conversation) if place is None else ()),
        ]
        if again or before is None or before[0] != now[0]:
            events.append(opaque_of(status, seen_) or seen_)
        if before is None or again:
            if marks.mine or marks.counts:
                events.append(marks)
        elif before[1:] != now[1:]:
            events.append(marks)
        return events

    def first_time(self, notice_id: str) -> bool:
        """Whether a notification is asked about for the first time."""
        key = f"notice {notice_id}"
        known = key in self._told
        self._told[key] = ()
        return not known

    def people(self, accounts: Iterable[Account]) -> list[Event]:
        """How people are called, where that is news."""
        events: list[Event] = []
        for account in accounts:
            shown = person(account, self.view)
            if self._names.get(account.id) != shown:
                self._names[account.id] = shown
                events.append(shown)
                if account.moved is not None:
                    # The new account may know nothing of it: servers show it as soon as the old one says so.
                    events.append(IdentityMoved(old=account.id, new=account.moved.id, proof="claimed"))
            if account.fields is not None:
                claimed = claims_of(account, shown.actor)
                before = self._claims.get(account.id)
                if claimed.claims if before is None else before != claimed:
                    events.append(claimed)
                self._claims[account.id] = claimed
        return events

    def note(self, accounts: Iterable[Account]) -> None:
        """Remember how people are addressed."""
        for account in accounts:
            self.handles[account.id] = at(account)

    def room(self, conversation: ConversationRef, title: str = "") -> list[Event]:
        """A conversation, where it or the `title` of a list is news."""
        if self._rooms.get(conversation) == title:
            return []
        self._rooms[conversation] = title
        names = {id_: who.name for id_, who in self._names.items()}
        return [seen(conversation, {**self.handles, **names}, self.view, title)]

    # --- people ---

    async def members(self, conversation: ConversationRef) -> list[str]:
        """How those are addressed with whom a direct conversation is.

        Raises:
            Gone: somebody is no longer there.
            NotSupported: they are too many.
        """
        if kind_of(conversation) != DIRECT:
            return []
        for id_ in members_of(conversation):
            if id_ not in self.handles:
                self.note([await account_of(self.client, id_)])
        return [self.handles[id_] for id_ in members_of(conversation)]


async def owner_of(client: Client) -> Account:
    """Who the token belongs to. Raises AuthExpired, or AuthRevoked where the server lets nobody in."""
    try:
        told = await client.get("/api/v1/accounts/verify_credentials")
        return convert(told, Account)
    except Gone:
        raise
    except Refused:  # 403 of a suspended account; snac2 says 422 of a token that it does not know
        raise AuthRevoked("the server does not accept the token") from None
    except msgspec.ValidationError:
        raise Refused("the server does not say who the token belongs to") from None


async def account_of(client: Client, id_: str) -> Account:
    """Somebody, by id. Raises Gone."""
    try:
        return convert(await client.get(f"/api/v1/accounts/{id_}"), Account)
    except msgspec.ValidationError:
        raise Gone("nobody with this id") from None
