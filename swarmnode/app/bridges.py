"""What a person wants of other networks: accounts, logins, and what is asked of a bridge that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from swarm_bridges import api

from ..api.node import File
from ..bridging.core import (
    abilities,
    accounts,
    files,
    health,
    inbox,
    invitations,
    outbox,
    rooms,
    screens,
)
from ..bridging.core.accounts import Account
from ..domain.bridge_views import (
    AbilitiesView,
    AccountView,
    LoginView,
    NetworkView,
    PushAnswer,
    Pushed,
    is_remote,
)
from ..domain.views import ChatView, MessageView, Page
from ..errors import AccessDenied, Conflict, NotFound, Refused, Unreachable, UsageError
from ..services.step import Step
from ..storage.bridge_shelves import ACCOUNTS
from ..texts import Texts
from .for_people import for_people
from .logins import login_view
from .matters import Matters, matters_of
from .networks import sentence

if TYPE_CHECKING:
    from ..bridging.host.packages import BadPackage
    from ..bridging.host.supervisor import PackageState, Supervisor

FOR_AUTHORS = "demo"
"""A network that does not exist: nobody looks for it first."""


class Bridges(Matters):
    """The part of `api.node.Node` that is about other networks."""

    # Networks and accounts

    async def networks(self, language: str = "en") -> tuple[NetworkView, ...]:
        """See `api.node.Node`."""
        supervisor = (await self.hosted.get()).supervisor
        await supervisor.refresh()
        states = sorted(supervisor.states(), key=lambda state: state.id == FOR_AUTHORS)
        return tuple(_network(supervisor, state, language) for state in states)

    async def reload_network(self, network: str) -> NetworkView:
        """See `api.node.Node`."""
        supervisor = (await self.hosted.get()).supervisor
        return _network(supervisor, await supervisor.reload(network))

    async def accounts(self, language: str = "en") -> tuple[AccountView, ...]:
        """See `api.node.Node`."""
        found = await self._look(lambda step, _: accounts.all_of(step))
        return tuple(self._account(account, language) for account in found)

    async def account(self, account: str, language: str = "en") -> AccountView:
        """See `api.node.Node`."""
        return self._account(await self._look(lambda step, _: accounts.get(step, account)), language)

    def _account(self, account: Account, language: str) -> AccountView:
        host = self.hosted.running
        names = {} if host is None else host.supervisor.packages().found
        name = account.package
        if host is not None and name in names:
            name = host.supervisor.says(name, language)(names[name].manifest.name)
        return AccountView(
            id=account.account,
            network=account.package,
            network_name=name,
            display=account.display,
            state=account.state.value,
            code=account.code,
            since=account.since,
            notice=account.notice,
            way_out=health.NOTICES.get(account.notice, ""),
            says=sentence(account, name, Texts(language)),
            paused=account.paused,
            at_home=account.at_home,
            waiting=account.waiting,
            asked=account.asked,
            matters=matters_of(host, account, language),
        )

    async def pause_account(self, account: str, language: str = "en") -> AccountView:
        """See `api.node.Node`."""
        await self._do(lambda step, _: accounts.pause(step, account))
        return await self.account(account, language)

    async def resume_account(self, account: str, language: str = "en") -> AccountView:
        """See `api.node.Node`."""
        await self._do(lambda step, _: accounts.resume(step, account))
        supervisor = (await self.hosted.get()).supervisor
        supervisor.release(api.AccountId(account))
        await supervisor.wake(api.AccountId(account))
        return await self.account(account, language)

    async def remove_account(self, account: str) -> None:
        """See `api.node.Node`. It rests meanwhile. If the node ends before all is gone, it is asked again."""
        await self.runner.do(lambda step, _: accounts.pause(step, account), frees=True)
        while await self.runner.do(lambda step, _: accounts.thin_out(step, account), frees=True):
            pass
        await self.runner.do(lambda step, _: accounts.remove(step, account), frees=True)

    # Logging in. What is kept of a login is English; it is shown in the language of who looks.

    async def begin_login(
        self, network: str, account: str, why: str, *, at_home: bool = False, language: str = "en"
    ) -> LoginView:
        """See `api.node.Node`."""
        if account:
            network = (await self._look(lambda step, _: accounts.get(step, account))).package
        host = await self.hosted.get()
        says = host.supervisor.says(network, language)
        with for_people(says):
            found = await host.logins.begin(network, why, account=account, at_home=at_home, language=language)
        return login_view(found, network, says)

    async def login(self, login: str, language: str = "en") -> LoginView:
        """See `api.node.Node`."""
        host = await self.hosted.get()
        row = await host.logins.get(login)
        return login_view(row, row.package, host.supervisor.says(row.package, language))

    async def answer_login(
        self, login: str, turn: str, answers: Mapping[str, str], language: str = "en"
    ) -> LoginView:
        """See `api.node.Node`."""
        host = await self.hosted.get()
        row = await host.logins.get(login)
        says = host.supervisor.says(row.package, language)
        with for_people(says):
            found = await host.logins.answer(login, turn, answers, language=language)
        return login_view(found, row.package, says, login)

    async def tick_login(self, login: str, language: str = "en") -> LoginView:
        """See `api.node.Node`."""
        host = await self.hosted.get()
        row = await host.logins.get(login)
        says = host.supervisor.says(row.package, language)
        with for_people(says):
            found = await host.logins.tick(login, language=language)
        return login_view(found, row.package, says, login)

    async def end_login(self, login: str) -> None:
        """See `api.node.Node`."""
        await (await self.hosted.get()).logins.abort(login)

    # What is asked of a bridge that runs

    async def open_chat(
        self, account: str, address: str, *, room: bool = False, language: str = "en"
    ) -> ChatView:
        """See `api.node.Node`."""
        row = await self._look(lambda step, _: accounts.get(step, account))
        id_, supervisor = row.account, (await self.hosted.get()).supervisor
        with for_people(supervisor.says(row.package, language)):
            process = supervisor.caller(id_)
            told: list[api.Event] = []
            seen: api.ConversationSeen
            if room:
                seen = await process.call(id_, "join", address=address)
            else:
                person: api.ActorSeen | None = await process.call(id_, "resolve", handle=address)
                if person is None:
                    raise NotFound("nobody is known under this address there")
                told.append(person)
                seen = await process.call(id_, "open_direct", who=person.actor)
            await supervisor.tell(id_, api.Batch((*told, seen)))

        def look(step: Step) -> ChatView:
            return screens.chat(step, rooms.of(step, accounts.find(step, account).id, seen.conversation))

        return await self._look(lambda step, _: look(step))

    async def pushed(self, account: str, request: Pushed) -> PushAnswer:
        """See `api.node.Node`. Who comes here is a stranger: nothing is started for them."""
        host = self.hosted.running
        if host is None:
            raise NotFound("there is nothing here")
        raw = api.RawRequest(
            request.method, request.path, dict(request.query), dict(request.headers), request.body
        )
        try:
            with for_people():
                answer = await host.supervisor.webhook(api.AccountId(account), raw)
        except Refused:
            raise AccessDenied("this is not accepted here") from None
        except Unreachable:
            if await self._look(lambda step, _: ACCOUNTS.one(step.tx, account=account)) is None:
                raise NotFound("there is nothing here") from None
            raise
        return PushAnswer(answer.status, answer.body)

    async def abilities(self, chat: str) -> AbilitiesView:
        """See `api.node.Node`."""

        def look(step: Step) -> api.Capabilities:
            room = rooms.find(step, chat)
            return abilities.of(step, outbox.account_of(step, room), room)

        return _abilities(await self._look(lambda step, _: look(step)))

    async def mark(self, message: str, name: str, *, on: bool) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: inbox.mark(step, node, message, name, on=on))

    async def vote(self, message: str, choices: Sequence[str]) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: inbox.vote(step, node, message, choices))

    async def join_chat(self, chat: str) -> ChatView:
        """See `api.node.Node`. If the node ends before it is told here, the network tells it again."""
        account, ref = await self._place(chat)
        before, invitation = await self._look(lambda step, _: _invited(step, chat))
        if invitation is None:
            if before.standing == "gone":
                raise Conflict("nobody asks you in here any more")
            return before
        supervisor = (await self.hosted.get()).supervisor
        with for_people():
            process = supervisor.caller(account)
            try:
                seen: api.ConversationSeen = await process.call(
                    account, "accept", conversation=ref, invitation=invitation
                )
            except api.Gone:
                withdrawn = api.ConversationGone(conversation=ref, reason="withdrawn")
                await supervisor.tell(account, api.Batch((withdrawn,)))
                raise
            await supervisor.tell(account, api.Batch((seen,)))
        return await self._look(lambda step, _: screens.chat(step, rooms.find(step, chat)))

    async def leave_chat(self, chat: str) -> ChatView:
        """See `api.node.Node`."""
        account, ref = await self._place(chat)
        before, invitation = await self._look(lambda step, _: _invited(step, chat))
        supervisor = (await self.hosted.get()).supervisor
        with for_people():
            process = supervisor.caller(account)
            if invitation is None:
                await process.call(account, "leave", conversation=ref)
            else:
                await process.call(account, "decline", conversation=ref, invitation=invitation)
            gone = api.ConversationGone(conversation=ref, reason="left")
            await supervisor.tell(account, api.Batch((gone,)))
        return replace(before, standing="gone", invitation=None)

    async def typing(self, chat: str, *, on: bool) -> None:
        """See `api.node.Node`. What does not work is no matter: it would be over in a moment."""
        account, ref = await self._place(chat)
        host = self.hosted.running
        with suppress(api.BridgeError):
            if host is not None:
                await host.supervisor.caller(account).call(account, "typing", conversation=ref, on=on)

    async def _place(self, chat: str) -> tuple[api.AccountId, api.ConversationRef]:
        """A conversation as its network calls it, and whose account it is."""
        if not is_remote(chat):
            raise UsageError("only conversations of other networks have this")

        def look(step: Step) -> tuple[api.AccountId, api.ConversationRef]:
            room = rooms.find(step, chat)
            return api.AccountId(outbox.account_of(step, room).account), rooms.ref(room)

        return await self._look(lambda step, _: look(step))

    async def confirm(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, _: inbox.confirm(step, message))

    async def timeline(self, *, before: str = "", limit: int = 50) -> Page:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: inbox.timeline(step, before=before, limit=limit))

    async def _remote_file(self, message: str, index: int) -> File:
        """A file of a message on a network, fetched if it is not here; then it is kept."""

        def look(step: Step) -> tuple[int, api.AccountId, api.RemoteFile | api.LocalFile, bytes | None]:
            row = outbox.find(step, message)
            file, data = files.of(step, row, index)
            account = outbox.account_of(step, rooms.get(step, row.conversation_id))
            return row.id, api.AccountId(account.account), file, data

        row_id, account, file, data = await self._look(lambda step, _: look(step))
        if data is None and isinstance(file, api.RemoteFile):
            data = fetched = await self._fetch(account, file)
            await self._do(lambda step, _: files.fetched(step, row_id, file, fetched))
        if data is None:
            raise NotFound("this file is no longer here")
        return File(file.name or "file", file.media_type, data)

    async def _fetch(self, account: api.AccountId, file: api.RemoteFile) -> bytes:
        supervisor, found = (await self.hosted.get()).supervisor, bytearray()
        with for_people():
            async for piece in supervisor.caller(account).fetch(account, file):
                found += piece
                if len(found) > files.MAX_BYTES:
                    raise UsageError(f"this file has more than {files.MAX_BYTES >> 20} MiB")
        return bytes(found)


def _network(supervisor: Supervisor, state: PackageState, language: str = "en") -> NetworkView:
    packages = supervisor.packages()
    package = packages.found.get(state.id)
    says = supervisor.says(state.id, language)
    bad: BadPackage | None = next((bad for bad in packages.bad if bad.name == state.id), None)
    return NetworkView(
        id=state.id,
        name=says(state.name),
        version=state.version,
        summary="" if package is None else says(package.manifest.summary),
        tier="" if package is None else package.manifest.tier,
        runs=state.runs,
        problem=state.problem,
        hint="" if bad is None else bad.hint,
        quarantined=state.quarantined,
        restarts=state.restarts,
        confined=tuple(sorted(state.confined)),
        resident_bytes=state.resident_bytes,
    )


def _invited(step: Step, chat: str) -> tuple[ChatView, api.Invitation | None]:
    """A conversation, and the invitation that the owner has not answered yet."""
    room = rooms.find(step, chat)
    return screens.chat(step, room), invitations.of(room)


def _abilities(can: api.Capabilities) -> AbilitiesView:
    return AbilitiesView(
        levels={feature: level.name.lower() for feature, level in sorted(can.levels.items())},
        max_text=can.max_text,
        text_unit=can.text_unit,
        edit_within_s=can.edit_within_s,
        delete_within_s=can.delete_within_s,
        reactions=None if can.reactions is None else tuple(sorted(can.reactions)),
        reactions_each=can.reactions_each,
        media=dict(can.media),
        max_files=can.max_files,
        visibilities=can.visibilities,
        privacy=can.transport_privacy,
        protect=can.protect,
    )
