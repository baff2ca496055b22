"""Routes about other networks: bridges, accounts, logins as steps of data, and what only networks have."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from ..domain.bridge_views import AbilitiesView, AccountView, LoginView, NetworkView, SettlingView
from ..domain.views import ChatView, Items, MessageView, Page
from .about_people import Switch
from .about_talk import Limit
from .access import Scope
from .problems import BadRequest
from .route import Body, Call, Query, Route

Answer = Annotated[str, Meta(max_length=32_768)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class NewLogin(Body, frozen=True, kw_only=True):
    """A login: on a `network`, to add an account; or for an `account`, again or with other settings.

    `at_home`: its server is in the owner's own network, and may be reached there.
    """

    network: Annotated[str, Meta(max_length=100)] = ""
    account: Annotated[str, Meta(max_length=100)] = ""
    why: Literal["add", "reauth", "reconfigure"] = "add"
    at_home: bool = False


class Answers(Body, frozen=True, kw_only=True):
    """What was filled in, by names of fields; `turn` is that of the step."""

    turn: Annotated[str, Meta(min_length=1, max_length=64)]
    answers: Annotated[dict[Name, Answer], Meta(max_length=50)] = field(default_factory=dict)


class Settled(Body, frozen=True, kw_only=True):
    """What was filled in at a `step` of a matter; no step asks for the first."""

    step: Annotated[str, Meta(max_length=64)] = ""
    answers: Annotated[dict[Name, Answer], Meta(max_length=50)] = field(default_factory=dict)


class Address(Body, frozen=True, kw_only=True):
    """What people of a network type to reach somebody, or a `room`."""

    address: Annotated[str, Meta(min_length=1, max_length=1000)]
    room: bool = False


class Vote(Body, frozen=True, kw_only=True):
    """Ids of the choices of a poll."""

    choices: Annotated[tuple[Annotated[str, Meta(max_length=1024)], ...], Meta(min_length=1, max_length=100)]


class Before(Query, frozen=True, kw_only=True):
    """Where to go on; nothing gives the last ones."""

    before: str = ""
    limit: Limit = 50


async def networks(call: Call) -> Items[NetworkView]:
    """List bridges."""
    return Items(await call.node.networks(call.language))


async def reload_network(call: Call) -> NetworkView:
    """Start a bridge anew."""
    return await call.node.reload_network(call.params["network"])


async def accounts(call: Call) -> Items[AccountView]:
    """List accounts."""
    return Items(await call.node.accounts(call.language))


async def account(call: Call) -> AccountView:
    """Give an account."""
    return await call.node.account(call.params["account"], call.language)


async def pause_account(call: Call) -> AccountView:
    """Pause."""
    return await call.node.pause_account(call.params["account"], call.language)


async def resume_account(call: Call) -> AccountView:
    """Go on."""
    return await call.node.resume_account(call.params["account"], call.language)


async def remove_account(call: Call) -> None:
    """Forget an account."""
    await call.node.remove_account(call.params["account"])


async def begin_login(call: Call, body: NewLogin) -> LoginView:
    """Begin a login."""
    if bool(body.network) == bool(body.account) or (body.why == "add") == bool(body.account):
        raise BadRequest("A network to add an account, or an account and why.", where="body")
    return await call.node.begin_login(
        body.network, body.account, body.why, at_home=body.at_home, language=call.language
    )


async def login(call: Call) -> LoginView:
    """Give a login."""
    return await call.node.login(call.params["login"], call.language)


async def answer_login(call: Call, body: Answers) -> LoginView:
    """Answer a login."""
    return await call.node.answer_login(call.params["login"], body.turn, body.answers, call.language)


async def tick_login(call: Call) -> LoginView:
    """Look at what a login waits for."""
    return await call.node.tick_login(call.params["login"], call.language)


async def end_login(call: Call) -> None:
    """Give a login up."""
    await call.node.end_login(call.params["login"])


async def settle(call: Call, body: Settled) -> SettlingView:
    """Settle a matter, step by step."""
    return await call.node.settle(
        call.params["account"], call.params["matter"], body.step, body.answers, call.language
    )


async def dismiss(call: Call) -> None:
    """Say no to a matter."""
    await call.node.dismiss(call.params["account"], call.params["matter"])


async def open_chat(call: Call, body: Address) -> ChatView:
    """Open a conversation."""
    account = call.params["account"]
    return await call.node.open_chat(account, body.address, room=body.room, language=call.language)


async def abilities(call: Call) -> AbilitiesView:
    """Say what can be done."""
    return await call.node.abilities(call.params["chat"])


async def mark(call: Call, body: Switch) -> MessageView:
    """Mark a post."""
    return await call.node.mark(call.params["message"], call.params["mark"], on=body.on)


async def vote(call: Call, body: Vote) -> MessageView:
    """Vote."""
    return await call.node.vote(call.params["message"], body.choices)


async def join_chat(call: Call) -> ChatView:
    """Accept an invitation."""
    return await call.node.join_chat(call.params["chat"])


async def leave_chat(call: Call) -> ChatView:
    """Leave."""
    return await call.node.leave_chat(call.params["chat"])


async def typing(call: Call, body: Switch) -> None:
    """Tell that the owner types."""
    await call.node.typing(call.params["chat"], on=body.on)


async def confirm(call: Call) -> MessageView:
    """Say that it is there."""
    return await call.node.confirm(call.params["message"])


async def timeline(call: Call, query: Before) -> Page:
    """Give posts."""
    return await call.node.timeline(before=query.before, limit=query.limit)


ROUTES = (
    Route("GET", "/bridges", networks, Scope.READ, "The bridges to other networks that are installed"),
    Route("POST", "/bridges/{network}/reload", reload_network, Scope.ADMIN, "Start a bridge anew"),
    Route("GET", "/accounts", accounts, Scope.READ, "Your accounts on other networks, and how they are"),
    Route("GET", "/accounts/{account}", account, Scope.READ, "One account"),
    Route("DELETE", "/accounts/{account}", remove_account, Scope.ADMIN, "Forget an account and all of it"),
    Route("POST", "/accounts/{account}/pause", pause_account, Scope.WRITE, "Let it rest"),
    Route("POST", "/accounts/{account}/resume", resume_account, Scope.WRITE, "Let it go on"),
    Route("POST", "/accounts/{account}/chats", open_chat, Scope.WRITE, "The conversation at an address"),
    Route("POST", "/logins", begin_login, Scope.ADMIN, "Begin a login: the first step", once=False),
    Route("GET", "/logins/{login}", login, Scope.ADMIN, "What a login shows"),
    Route("POST", "/logins/{login}", answer_login, Scope.ADMIN, "Answer: the next step", once=False),
    Route("POST", "/logins/{login}/tick", tick_login, Scope.ADMIN, "Look what has happened", once=False),
    Route("DELETE", "/logins/{login}", end_login, Scope.ADMIN, "Give a login up"),
    Route(
        "POST",
        "/accounts/{account}/matters/{matter}",
        settle,
        Scope.ADMIN,
        "Settle: the next step",
        once=False,
    ),
    Route("DELETE", "/accounts/{account}/matters/{matter}", dismiss, Scope.ADMIN, "Say no to a matter"),
    Route("GET", "/chats/{chat}/abilities", abilities, Scope.READ, "What can be done on its network"),
    Route("GET", "/timeline", timeline, Scope.READ, "Posts of all networks by time"),
    Route("PUT", "/messages/{message}/marks/{mark}", mark, Scope.WRITE, "Favourite, boost or bookmark"),
    Route("POST", "/messages/{message}/vote", vote, Scope.WRITE, "Vote in a poll of its network"),
    Route("POST", "/chats/{chat}/join", join_chat, Scope.WRITE, "Accept an invitation of a network"),
    Route("POST", "/chats/{chat}/leave", leave_chat, Scope.WRITE, "Go out of a room, or decline to come"),
    Route("PUT", "/chats/{chat}/typing", typing, Scope.WRITE, "Tell those on a network that you type"),
    Route("POST", "/messages/{message}/confirm", confirm, Scope.WRITE, "It was sent: you have seen it there"),
)
