"""A process that is a relay alone: it answers for the relay, and loads nothing of a node."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

from ..api.node import Node
from ..config import Config
from ..delivery.relay_role import RelayRole
from ..domain.views import Check, NodeState, StatusView
from ..errors import NotReady
from ..storage.home import Home
from ..storage.keystore import KeyStore
from ..texts import Texts


class RelayAlone:
    """What of `api.node.Node` a relay has; all else raises NotReady."""

    def __init__(self, config: Config, place: Home, role: RelayRole) -> None:
        self._config, self._place, self._role = config, place, role
        self._keys = KeyStore(place.files, entropy=os.urandom)
        """Those of a node that has this home too, and does not run."""

    async def status(self, language: str = "en") -> StatusView:
        """See `api.node.Node`."""
        del language
        state = NodeState.LOCKED if self._keys.exists() else NodeState.EMPTY
        return StatusView(state, version("social-swarm-node"), roles=self._config.roles)

    async def doctor(self, language: str = "en") -> tuple[Check, ...]:
        """See `api.node.Node`."""
        from . import doctor  # noqa: PLC0415 - it knows the node too

        return await doctor.examine(
            self._place, None, self._role, exists=self._keys.exists(), t=Texts(language)
        )

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        """See `api.node.Node`."""
        return tuple([(await self._role.tickets_link()).format() for _ in range(count)])

    def __getattr__(self, name: str) -> Any:
        if hasattr(Node, name):
            raise NotReady(
                "this process is a relay alone",
                hint="`swarmnode relay ticket` lends it. A node of yours has another home: `--home DIR`.",
            )
        raise AttributeError(name)
