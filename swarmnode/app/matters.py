"""What accounts that run have to settle with their owner, in the language of who looks."""

from __future__ import annotations

from collections.abc import Mapping

from swarm_bridges import api

from ..bridging.core import accounts
from ..bridging.core.accounts import Account
from ..domain.bridge_views import MatterView, SettlingView
from .for_people import for_people
from .hosted import Host
from .logins import step_view
from .opened import Opened


def matters_of(host: Host | None, account: Account, language: str) -> tuple[MatterView, ...]:
    """What an account has to settle; nothing while no bridge runs."""
    if host is None:
        return ()
    says = host.supervisor.says(account.package, language)
    found = host.supervisor.matters(account.account)
    return tuple(MatterView(matter.id, says(matter.title), matter.pressing) for matter in found)


class Matters(Opened):
    """The part of `api.node.Node` that settles them."""

    async def settle(
        self, account: str, matter: str, step: str, answers: Mapping[str, str], language: str = "en"
    ) -> SettlingView:
        """See `api.node.Node`."""
        row = await self._look(lambda step, _: accounts.get(step, account))
        supervisor = (await self.hosted.get()).supervisor
        says = supervisor.says(row.package, language)
        with for_people(says):
            process = supervisor.caller(row.account)
            shown: api.Step | None = await process.call(
                row.account, "settle", matter=matter, step=step, answers=dict(answers)
            )
        return SettlingView(None if shown is None else step_view(shown, says))

    async def dismiss(self, account: str, matter: str) -> None:
        """See `api.node.Node`."""
        row = await self._look(lambda step, _: accounts.get(step, account))
        supervisor = (await self.hosted.get()).supervisor
        with for_people(supervisor.says(row.package, "en")):
            await supervisor.caller(row.account).call(row.account, "dismiss", matter=matter)
