"""A bridge that has become newer takes over what the older one remembered, before it runs.

It is given all of it, and gives back what it wants to remember instead; that is stored together with the new
version. Until then nothing has changed: a bridge that fails here can be replaced by the one of before.
"""

from __future__ import annotations

import logging

from swarm_bridges.api import AccountId, BridgeError, Interrupted, NotSupported, Refused

from ..core import vault
from . import steps
from .desk import marked
from .process import Process
from .steps import Steps

logger = logging.getLogger(__name__)


class WrongData(Refused):
    """What is remembered is of a version that the bridge cannot take over."""


async def upgraded(runs: Steps, account: AccountId, process: Process) -> None:
    """Have an account's remembered values be of the version that the package's manifest names.

    Raises:
        WrongData: they are of a later version, or the bridge does not take them over.
        Interrupted: its process has ended.
    """
    wanted = process.package.manifest.data_version
    kept = await steps.look(runs, lambda step: vault.kept(step, account))
    if kept.version > wanted:
        raise WrongData(f"what is remembered is of version {kept.version}, the bridge of {wanted}")
    if kept.version == wanted:
        return
    values = None
    if kept.version:
        try:
            values = await process.migrate(account, kept.values, kept.version)
        except NotSupported:
            raise WrongData(f"this bridge does not take over version {kept.version}") from None
        except Interrupted:
            raise
        except BridgeError as e:
            facts = {"account": marked(account), "where": str(e)[:200]}
            logger.warning("bridge.not-upgraded", extra=facts)
            raise WrongData(f"taking over version {kept.version} failed") from e
    await steps.do(runs, lambda step: vault.keep(step, account, wanted, values))
