"""The web client: files that were built from `web/`, served as they are.

They lie in the wheel (`swarmnode/_web`) or in the checkout (`web/dist`). Only files that are there by name
are served; every other path outside of the API is a screen of the client, which finds out itself which one.
Names of built parts hold a hash of what is in them, so that browsers may keep those for good.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from .landing import landing

PATH = "/{page:(?!api/|hooks/).*}"
PACKAGE = Path(__file__).parents[1]
PLACES = (PACKAGE / "_web", PACKAGE.parent / "web" / "dist")
FOR_GOOD = "public, max-age=31536000, immutable"
KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}


class Pages:
    """The built client, where there is one."""

    def __init__(self, places: tuple[Path, ...] = PLACES) -> None:
        self._places = places

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Give a file, the client's page for one of its screens, or a page that says how to build it.

        Raises:
            HTTPNotFound: a part that is not in this build.
        """
        root = next((place for place in self._places if (place / "index.html").is_file()), None)
        if root is None:
            return await landing(request)
        name = request.match_info["page"]
        files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        if name not in files:
            if "." in name.rpartition("/")[2]:
                raise web.HTTPNotFound
            name = "index.html"
        kept = {"Cache-Control": FOR_GOOD} if name.startswith("assets/") else {"Cache-Control": "no-cache"}
        path = files[name]
        kind = KINDS.get(path.suffix, "application/octet-stream")
        return web.FileResponse(path, headers={**kept, "Content-Type": f"{kind}; charset=utf-8"})
