"""The door for networks that push: what their servers send goes to the bridge of an account.

Nobody who comes here is known. An account's id is 64 random bits, which its owner has told to its network as
part of an address; who calls under it is the bridge's to check. Nothing is answered but what the bridge says.
"""

from __future__ import annotations

from aiohttp import web

from ..domain.bridge_views import Pushed
from .door import body_of
from .node import Node

PATH = "/hooks/{account}/{path:.*}"
MAX_BYTES = 1024 * 1024
_KEPT_BACK = frozenset({"cookie"})
"""Headers that are between a browser and the node."""


async def take(node: Node, request: web.Request, *, within_s: float) -> web.Response:
    """Hand a request over, and give the answer.

    Raises:
        NodeError: there is no such account, or it does not run; TooLarge.
    """
    body = await body_of(request, MAX_BYTES, within_s=within_s)
    pushed = Pushed(
        method=request.method,
        path=request.match_info["path"],
        query=dict(request.query),
        headers={n.lower(): v for n, v in request.headers.items() if n.lower() not in _KEPT_BACK},
        body=body,
    )
    answer = await node.pushed(request.match_info["account"], pushed)
    return web.Response(status=answer.status, body=answer.body, content_type="application/octet-stream")
