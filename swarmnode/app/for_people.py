"""Errors of bridges as errors of the node's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from swarm_bridges import api
from swarm_bridges.sentences import ENGLISH, Sentences

from ..errors import AccessDenied, Conflict, NodeError, NotFound, Refused, Unreachable


@contextmanager
def for_people(says: Sentences = ENGLISH) -> Iterator[None]:
    """What a bridge raises, as an error of the node's, in the language of these sentences."""
    try:
        yield
    except NodeError:
        raise
    except api.Limited as e:
        raise Unreachable(
            f"the network wants us to wait ({says(str(e))})" if str(e) else "the network wants us to wait"
        ) from e
    except api.AuthExpired as e:
        raise AccessDenied(
            "the log-in is no longer good", hint="Log in again: `swarmnode bridge login`."
        ) from e
    except api.Gone as e:
        raise NotFound(says(str(e)) or "it is no longer there") from e
    except api.Refused as e:
        raise Refused(says(str(e)) or "the network said no") from e
    except api.Conflict as e:
        raise Conflict(says(str(e)) or "the account is in use elsewhere") from e
    except api.BridgeError as e:
        raise Unreachable(says(str(e)) or "the network does not answer", hint="It may work later.") from e
