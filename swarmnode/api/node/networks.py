"""Accounts on other networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...domain.bridge_views import (
    AbilitiesView,
    AccountView,
    LoginView,
    NetworkView,
    PushAnswer,
    Pushed,
    SettlingView,
)
from ...domain.views import ChatView, MessageView, Page


class Networks(Protocol):
    """What is asked of a node about other networks."""

    async def networks(self, language: str = "en") -> tuple[NetworkView, ...]:
        """The bridges that are installed, with what they say of themselves in this language."""
        ...

    async def reload_network(self, network: str) -> NetworkView:
        """Look for a bridge anew, and start it again; other bridges do not notice."""
        ...

    async def accounts(self, language: str = "en") -> tuple[AccountView, ...]:
        """The owner's accounts on other networks, with sentences in this language."""
        ...

    async def account(self, account: str, language: str = "en") -> AccountView:
        """One account."""
        ...

    async def pause_account(self, account: str, language: str = "en") -> AccountView:
        """Let nothing of an account run."""
        ...

    async def resume_account(self, account: str, language: str = "en") -> AccountView:
        """Let an account run again: a paused one, one that was used elsewhere, one that crashed."""
        ...

    async def remove_account(self, account: str) -> None:
        """Forget an account, with all that it brought here."""
        ...

    async def begin_login(
        self, network: str, account: str, why: str, *, at_home: bool = False, language: str = "en"
    ) -> LoginView:
        """Begin to add an account on a network, or (`reauth`, `reconfigure`) a login for one that is there.

        `at_home`: the owner says that the server is in their own network.
        """
        ...

    async def login(self, login: str, language: str = "en") -> LoginView:
        """What a login shows."""
        ...

    async def answer_login(
        self, login: str, turn: str, answers: Mapping[str, str], language: str = "en"
    ) -> LoginView:
        """Answer what is shown; UsageError where it asks for more, or shows something else by now."""
        ...

    async def tick_login(self, login: str, language: str = "en") -> LoginView:
        """Look whether what a login waits for has happened."""
        ...

    async def end_login(self, login: str) -> None:
        """Give a login up."""
        ...

    async def settle(
        self, account: str, matter: str, step: str, answers: Mapping[str, str], language: str = "en"
    ) -> SettlingView:
        """Answer a step of a matter, or look what has happened; an empty `step` asks for the first.

        NotFound: there is no such matter any more. Unreachable: its account does not run.
        """
        ...

    async def dismiss(self, account: str, matter: str) -> None:
        """Say no to a matter. Unreachable: its account does not run."""
        ...

    async def open_chat(
        self, account: str, address: str, *, room: bool = False, language: str = "en"
    ) -> ChatView:
        """The conversation with somebody, or in a room, by what people type there to reach it."""
        ...

    async def pushed(self, account: str, request: Pushed) -> PushAnswer:
        """Hand over what a network's server sent; what it told is stored when this returns.

        NotFound: no such account runs. AccessDenied: its bridge does not believe who calls.
        """
        ...

    async def abilities(self, chat: str) -> AbilitiesView:
        """What can be done in a conversation of a network."""
        ...

    async def mark(self, message: str, name: str, *, on: bool) -> MessageView:
        """Set or take away a `favourite`, `boost` or `bookmark`."""
        ...

    async def vote(self, message: str, choices: Sequence[str]) -> MessageView:
        """Vote in a poll of a network, by ids of its choices."""
        ...

    async def join_chat(self, chat: str) -> ChatView:
        """Accept an invitation into a conversation of a network; of one that the owner is in nothing changes.

        Conflict: there is none any more. NotFound, Refused: the network says so. Unreachable: its account
        does not run.
        """
        ...

    async def leave_chat(self, chat: str) -> ChatView:
        """Go out of a room of a network, or decline an invitation; what was said stays here.

        Unreachable: its account does not run.
        """
        ...

    async def typing(self, chat: str, *, on: bool) -> None:
        """Tell those in a conversation of a network that the owner types, or stopped; nobody may hear it."""
        ...

    async def confirm(self, message: str) -> MessageView:
        """Say that a message which may have been sent is there. Conflict if that is known."""
        ...

    async def timeline(self, *, before: str = "", limit: int = 50) -> Page:
        """Posts of all networks by time: the last ones, or those before a cursor."""
        ...
