"""Writes the package of a new bridge, which passes the first tier as it is: what to begin with.

    write(Path("."), "pigeon", "poll")

makes the folder `pigeon` with a `pyproject.toml`, tests, and a package of the same name.
"""

from __future__ import annotations

import re
import textwrap
from importlib.resources import files
from pathlib import Path
from string import Template

STYLES = ("stream", "poll", "webhook")

_MODULES = {"stream": "import json\n", "poll": "", "webhook": "import hmac\nimport json\n"}
_NAMES = (
    *(
        "Accepted",
        "Actor",
        "Batch",
        "Capabilities",
        "Context",
        "ConversationRef",
        "Cursor",
        "Field",
        "IntentId",
    ),
    *("Level", "LoginContext", "LoginDone", "MessageRef", "MessageSeen", "Outcome", "Outgoing", "Refused"),
    *("Repeat", "Reply", "Step", "Temporary"),
)


class CannotWrite(Exception):
    """The package cannot be made; says why."""


def write(folder: Path, name: str, style: str) -> Path:
    """Write a package into a new folder of its name; gives that.

    Raises:
        CannotWrite: the name is none for a package, there is no such style, or the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,31}", name):
        raise CannotWrite("a name is of 2 to 32 small letters, digits and underscores, a letter first")
    if style not in STYLES:
        raise CannotWrite(f"a style is one of {', '.join(STYLES)}")
    root = folder / name
    try:
        (root / name).mkdir(parents=True)
        (root / "tests").mkdir()
        for path, text in package(name, style).items():
            (root / path).write_text(text, "utf-8")
    except FileExistsError:
        raise CannotWrite(f"{root} is there already") from None
    except OSError as e:
        raise CannotWrite(f"{root}: {e.strerror}") from None
    return root


def package(name: str, style: str) -> dict[str, str]:
    """The texts of a package by their paths in it."""
    title = name.replace("_", " ").capitalize()
    webhook = "true" if style == "webhook" else "false"

    def made(template: str) -> str:
        text = (files(__package__) / "templates" / f"{template}.txt").read_text("utf-8")
        known = {"name": name, "title": title, "style": style, "webhook": webhook, "imports": _imports(style)}
        known["modules"] = _MODULES[style]
        return Template(text).substitute(known)

    return {
        "pyproject.toml": made("pyproject.toml"),
        "tests/test_contract.py": made("test_contract.py"),
        f"{name}/__init__.py": made("head.py") + made(f"{style}.py") + made("tail.py"),
        f"{name}/fake.py": made("fake.py"),
        f"{name}/bridge.toml": made("bridge.toml"),
        f"{name}/README.md": made("README.md"),
    }


def _imports(style: str) -> str:
    """What the bridge imports of ours."""
    extra = ("RawAnswer", "RawRequest") if style == "webhook" else ()
    names = textwrap.indent(textwrap.fill(", ".join(sorted((*_NAMES, *extra))) + ",", 100), "    ")
    return f"from swarm_bridges.api import (\n{names}\n)\nfrom swarm_bridges.text import from_plain"
