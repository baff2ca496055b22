"""The node's transactions for bridges: each request is a part of one, and undone by itself if it fails.

What a bridge sends comes from anybody's server. Whatever that leads to must end in an error for the bridge,
not in a failed transaction of the node's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from swarm_bridges.api import BridgeError, Gone, Temporary

from ...errors import NodeError, NotFound, StorageError
from ...services.node import Node
from ...services.step import Step, Told

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Steps(Protocol):
    """What runs steps: `delivery.runner.Runner`."""

    async def do(self, wish: Callable[[Step, Node], T]) -> T:
        """Run this in a transaction; it is durable when this returns."""
        ...

    async def look(self, reading: Callable[[Step, Node], T]) -> T:
        """Run something that only reads."""
        ...

    def news(self) -> AbstractAsyncContextManager[asyncio.Queue[Told]]:
        """What happens from now on."""
        ...


async def part(steps: Steps, wish: Callable[[Step], T]) -> T:
    """Run a wish as a part of a transaction: when it raises nothing of it stays, and all else does.

    Raises:
        Exception: what the wish raised; StorageError: the store cannot be written.
    """

    def guarded(step: Step, _: Node) -> tuple[T | None, Exception | None]:
        left, found = len(step.effects), len(step.inputs)
        try:
            with step.tx.attempt():
                return wish(step), None
        except StorageError:
            raise
        except Exception as e:  # noqa: BLE001 - it is handed over
            del step.effects[left:]
            del step.inputs[found:]
            return None, e

    result, error = await steps.do(guarded)
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # there is one where there is no error


async def do(steps: Steps, wish: Callable[[Step], T]) -> T:
    """As `part`, for bridges.

    Raises:
        BridgeError: what the wish raised, or what its error is to a bridge: Gone where the account is no
            more, Temporary where the node could not.
    """
    try:
        return await part(steps, wish)
    except Exception as e:
        raise _told(e) from e


def _told(error: Exception) -> BridgeError:
    match error:
        case BridgeError():
            return error
        case NotFound():
            return Gone("this is no longer there")
        case NodeError():
            return Temporary(f"the node cannot do this now ({error.code})")
        case _:
            logger.error("bridge.step-failed", exc_info=error)
            return Temporary("the node failed at this")


async def look(steps: Steps, reading: Callable[[Step], T]) -> T:
    """Read something.

    Raises:
        Gone: it is no longer there. Temporary: the store cannot be read.
    """
    try:
        return await steps.look(lambda step, _: reading(step))
    except NotFound:
        raise Gone("this is no longer there") from None
    except NodeError as e:
        raise Temporary(f"the node cannot read this now ({e.code})") from None
