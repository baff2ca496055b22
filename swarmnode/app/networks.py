"""How accounts on other networks are: as sentences, and as checks of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from swarm_bridges.api import State

from ..bridging.core import accounts
from ..bridging.core.accounts import Account
from ..domain.views import Check
from ..services.step import Step
from ..texts import Texts
from .hosted import Hosted

WELL = frozenset({State.CONNECTED, State.CATCHING_UP})
LAYERS = ("network", "files", "calls", "privileges", "limits")
"""What confines a bridge's process on Linux (`swarm_bridges.confine`)."""


def sentence(account: Account, network: str, t: Texts) -> str:
    """How an account is, and the one way out if it wants one."""
    facts = {"name": account.display, "network": network, "id": account.account[:8]}
    if account.paused:
        return t("account.paused", **facts)
    if account.notice:
        return t(f"account.notice.{account.notice}", **facts)
    own = f"account.{account.state.value}.{account.code}"
    return t(own if own in t else f"account.{account.state.value}", **facts)


def checks(step: Step, hosted: Hosted | None, t: Texts) -> Iterator[Check]:
    """Whether accounts are connected, and their bridges confined; nothing where there are no accounts."""
    found = accounts.all_of(step)
    if not found:
        return
    up = sum(account.state in WELL for account in found)
    facts = {"up": up, "all": len(found)}
    bad = next((account for account in found if account.notice), None)
    hint = "" if bad is None else sentence(bad, bad.package, t)
    yield Check("networks", bad is None, t("doctor.networks", **facts), hint)
    host = None if hosted is None else hosted.running
    for state in () if host is None else host.supervisor.states():
        missing = [layer for layer in LAYERS if layer not in state.confined]
        if state.runs and missing:
            detail = t("doctor.networks.loose", names=state.name, missing=", ".join(missing))
            yield Check("confined", ok=False, detail=detail, hint=t("doctor.networks.confine"))
