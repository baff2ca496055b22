"""Which bridges there are: those that come with the node, and packages that announce themselves.

A package names itself in the entry-point group `swarmnode.bridges`. What it is and needs stands in the
`bridge.toml` of its folder, which is found and read here without importing it: nothing of a bridge runs in
the node's process. What cannot be used is a `BadPackage`, with a reason.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import msgspec

from swarm_bridges.api import API_VERSION, Manifest
from swarm_bridges.sentences import COMMON, ENGLISH, BadTexts, Sentences, read

from ...errors import NodeError

logger = logging.getLogger(__name__)

GROUP = "swarmnode.bridges"
MANIFEST = "bridge.toml"
MAX_MANIFEST_BYTES = 64 * 1024
MAX_MEMORY_MB = 2048
STYLES = frozenset({"stream", "poll", "webhook"})
_BUILT_IN = "swarm_bridges.networks"
_ID = re.compile(r"[a-z][a-z0-9_]{1,31}")
_HOST = re.compile(r"(\*\.(?=[^.]+\.))?[a-z0-9-]+(\.[a-z0-9-]+)+")


class Reason(Enum):
    """Why a package cannot be used. The last three show in its process."""

    NO_PACKAGE = "no-package"
    NO_MANIFEST = "no-manifest"
    MANIFEST = "manifest"
    API = "api"
    COLLISION = "collision"
    EGRESS = "egress"
    IMPORT = "import"
    SHAPE = "shape"
    SECRETS = "secrets"


_SAYS = {
    Reason.NO_PACKAGE: ("it is announced, but not there", "install it again"),
    Reason.NO_MANIFEST: ("it has no bridge.toml", "ask its author"),
    Reason.MANIFEST: ("its bridge.toml is wrong", "ask its author"),
    Reason.API: ("it is made for other versions of the node", "install another version of it"),
    Reason.COLLISION: ("another bridge has its name", "remove one of the two"),
    Reason.EGRESS: ("it wants to reach any address, which nobody allowed", "allow it in the settings"),
    Reason.IMPORT: ("it cannot be started", "install it again, with what it needs"),
    Reason.SHAPE: ("it is no bridge", "ask its author"),
    Reason.SECRETS: ("it names secrets, and has no way to log in", "ask its author"),
}


class BadPackage(NodeError):
    """A bridge cannot be used."""

    code = "bridge"
    status = 409

    def __init__(self, name: str, reason: Reason, detail: str = "") -> None:
        says, hint = _SAYS[reason]
        super().__init__(f"bridge {name}: {says}{f' ({detail})' if detail else ''}", hint=hint)
        self.name, self.reason = name, reason


@dataclass(frozen=True, slots=True)
class Package:
    """A bridge that may be started."""

    manifest: Manifest
    module: str
    """What its process imports."""
    root: Path
    """Where that is found: the folder in which the package lies."""

    @property
    def folder(self) -> Path:
        """Where its manifest lies, and what it says in other languages."""
        return self.root.joinpath(*self.module.split("."))


@dataclass(frozen=True, slots=True)
class Packages:
    """What was found, by id, and what cannot be used."""

    found: dict[str, Package]
    bad: tuple[BadPackage, ...]


def words(package: Package | None, language: str) -> Sentences:
    """What a package says to people, in a language, as far as it brought that."""
    if language == "en":
        return ENGLISH
    try:
        return read(language, [COMMON] if package is None else [package.folder, COMMON])
    except BadTexts as e:
        logger.warning("bridge.bad-texts", extra={"reason": str(e)[:100]})
        return read(language, [COMMON])


def discover(*, any_address: Iterable[str] = ()) -> Packages:
    """Look for all bridges. Ids in `any_address` may reach any public address if they want to.

    Bridges that come with the node are found first and need no permission. Of others with one id none is
    used: whoever took it would be given the logins of the one that had it.
    """
    found: dict[str, Package] = {}
    bad: list[BadPackage] = []
    twice = set[str]()
    own = _built_in()
    allowed = frozenset(any_address)
    announced = sorted({entry.module for entry in metadata.entry_points(group=GROUP)} - set(own))
    for module in (*own, *announced):
        try:
            package = load(module)
        except BadPackage as e:
            bad.append(e)
            continue
        id_ = package.manifest.id
        if id_ in found or id_ in twice:
            bad.append(BadPackage(id_, Reason.COLLISION, module))
            if module not in own and id_ in found and found[id_].module not in own:
                bad.append(BadPackage(id_, Reason.COLLISION, found.pop(id_).module))
                twice.add(id_)
        elif "any" in package.manifest.needs.egress and module not in own and id_ not in allowed:
            bad.append(BadPackage(id_, Reason.EGRESS))
        else:
            found[id_] = package
    return Packages(found, tuple(bad))


def _built_in() -> list[str]:
    """Modules of bridges in our own folder; one without a manifest is being written."""
    spec = find_spec(_BUILT_IN)
    assert spec is not None
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    names = sorted(manifest.parent.name for folder in folders for manifest in folder.glob(f"*/{MANIFEST}"))
    return [f"{_BUILT_IN}.{name}" for name in names]


def load(module: str) -> Package:
    """Find a package and read its manifest, without importing it.

    Raises:
        BadPackage: it cannot be used.
    """
    folder, root = _folder(module)
    manifest = _manifest(module, folder / MANIFEST)
    if (wrong := _wrong(manifest)) is not None:
        raise BadPackage(module, Reason.MANIFEST, wrong)
    if not _speaks(manifest.api):
        raise BadPackage(manifest.id, Reason.API, f"it works with {manifest.api[:20]}")
    return Package(manifest, module, root)


def _folder(module: str) -> tuple[Path, Path]:
    """The folder of a package, and the one where its outermost package lies.

    The spec of the outermost is asked for alone: Python imports what is around a package to find that.
    """
    outer, *inner = module.split(".")
    try:
        spec = find_spec(outer)
    except (ImportError, ValueError, AttributeError):
        spec = None
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place).joinpath(*inner)
        if folder.is_dir():
            return folder, Path(place).parent
    raise BadPackage(module, Reason.NO_PACKAGE)


def _manifest(module: str, path: Path) -> Manifest:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError:
        raise BadPackage(module, Reason.NO_MANIFEST) from None
    if len(text) > MAX_MANIFEST_BYTES:
        raise BadPackage(module, Reason.MANIFEST, "too long")
    try:
        return msgspec.toml.decode(text, type=_File).bridge
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        raise BadPackage(module, Reason.MANIFEST, str(e)[:200]) from None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bridge: Manifest


def _wrong(manifest: Manifest) -> str | None:
    """What is wrong about a manifest, if anything."""
    needs = manifest.needs
    if not _ID.fullmatch(manifest.id):
        return "id: lower-case letters, digits and _, 2 to 32 of them"
    if manifest.style not in STYLES:
        return f"style: {', '.join(sorted(STYLES))}"
    if not 1 <= needs.memory_mb <= MAX_MEMORY_MB:
        return f"needs.memory_mb: 1 to {MAX_MEMORY_MB}"
    if any(host not in {"account_host", "any"} and not _HOST.fullmatch(host) for host in needs.egress):
        return "needs.egress: HOST, *.HOST, account_host or any"
    if len(set(manifest.secrets)) != len(manifest.secrets) or not all(manifest.secrets):
        return "secrets: different names"
    return None


def _speaks(versions: str) -> bool:
    """Whether a package works with our version of the contract: `1`, or `1.2` for 1.2 and later."""
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", versions):
        return False
    major, _, minor = versions.partition(".")
    return int(major) == API_VERSION[0] and int(minor or 0) <= API_VERSION[1]
