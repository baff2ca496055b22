"""Settings that the owner changes: which, what wins, when it counts, what is left after a restart."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from swarmnode.app.node import LocalNode
from swarmnode.app.stores import Stores
from swarmnode.bridging.core import proofs
from swarmnode.config import CHOSEN, SETTINGS, Change, load
from swarmnode.errors import AccessDenied, ConfigError, Conflict, NodeError, NotFound
from swarmnode.storage.home import Home

NOBODY: Mapping[str, str] = {}


class Place:
    """A home, and the node that runs in it. `start` is a new process."""

    def __init__(self, path: Path) -> None:
        self.home, self.environment = Home(path), NOBODY
        self.node = self._load()

    def _load(self) -> LocalNode:
        config = load(self.home.path, self.environment).config
        return LocalNode(config, self.home, Stores(), role=None)

    async def start(self, **environment: str) -> None:
        await self.node.stop()
        self.environment = environment
        self.node = self._load()
        await self.node.start("p")

    async def see(self, name: str) -> tuple[str, str, bool]:
        view = {view.name: view for view in await self.node.settings()}[name]
        return view.value, view.by, view.waits

    async def looks(self) -> tuple[bool, str, bool]:
        """What the logic goes by."""

        def look(step: object, node: object) -> tuple[bool, str, bool]:
            options = node.options  # type: ignore[attr-defined]
            return options.receipts, options.forward, proofs.notices(step)  # type: ignore[arg-type]

        return await self.node.runner.look(look)


@pytest.fixture(name="place")
async def a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setitem(os.environ, "SWARMNODE_TEST_WEAK_KEYS", "1")
    place = Place(tmp_path / "home")
    await place.node.create("ada", "p", None, None)
    yield place
    await place.node.stop()
    place.home.close()


async def test_what_the_owner_chooses_counts_at_once_and_after_a_restart(place: Place) -> None:
    assert await place.looks() == (True, "prefer", True)
    assert (await place.node.change_setting("privacy.receipts", "false")).by == "owner"
    await place.node.change_setting("privacy.forward", "always")
    await place.node.change_setting("privacy.notice", "false")
    assert await place.looks() == (False, "always", False)
    await place.start()
    assert await place.looks() == (False, "always", False)
    assert await place.see("privacy.forward") == ("always", "owner", False)
    back = await place.node.change_setting("privacy.forward", None)
    assert (back.value, back.by) == ("prefer", "nobody")
    await place.node.change_setting("privacy.notice", "true")
    assert await place.looks() == (False, "prefer", True)
    assert "privacy.forward" not in (place.home.path / CHOSEN).read_text()


async def test_what_counts_at_the_next_start_says_so_until_then(place: Place) -> None:
    view = await place.node.change_setting("dns.servers", "127.0.0.1, [::1]:5353")
    assert (view.value, view.waits) == ("127.0.0.1, [::1]:5353", True)
    assert list(place.node.config.dns.servers) == []
    await place.start()
    assert list(place.node.config.dns.servers) == ["127.0.0.1", "[::1]:5353"]
    assert await place.see("dns.servers") == ("127.0.0.1, [::1]:5353", "owner", False)
    assert (await place.node.change_setting("dns.servers", None)).waits


async def test_a_locked_node_is_changed_too(place: Place) -> None:
    await place.node.lock()
    await place.node.change_setting("privacy.receipts", "false")
    await place.node.unlock("p")
    assert (await place.looks())[0] is False


async def test_who_keeps_the_machine_wins(place: Place) -> None:
    await place.node.change_setting("privacy.receipts", "false")
    await place.start(SWARMNODE_PRIVACY__RECEIPTS="true")
    assert await place.see("privacy.receipts") == ("true", "keeper", False)
    with pytest.raises(Conflict):
        await place.node.change_setting("privacy.receipts", "false")
    view = next(view for view in await place.node.settings() if view.name == "privacy.receipts")
    assert view.place == "SWARMNODE_PRIVACY__RECEIPTS"
    await place.start()
    assert await place.see("privacy.receipts") == ("false", "owner", False), "it is not forgotten"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("privacy.forward", "sometimes", ConfigError),
        ("privacy.receipts", "", ConfigError),
        ("dns.servers", "example.org", ConfigError),
        ("http.host", "0.0.0.0", AccessDenied),  # noqa: S104
        ("storage.keyring", None, AccessDenied),
        ("home", "/", NotFound),
        ("fixed", "", NotFound),
        ("privacy", "", NotFound),
    ],
)
async def test_what_cannot_be_changes_nothing(
    place: Place, name: str, value: str | None, error: type[NodeError]
) -> None:
    before = await place.node.settings()
    with pytest.raises(error):
        await place.node.change_setting(name, value)
    assert await place.node.settings() == before
    assert not (place.home.path / CHOSEN).exists()


def test_what_opens_the_machine_is_its_keepers_in_the_file_too(tmp_path: Path) -> None:
    (tmp_path / CHOSEN).write_text('http.host = "0.0.0.0"')
    with pytest.raises(ConfigError, match=r"line 1: http\.host is nothing to be chosen"):
        load(tmp_path, NOBODY)
    open_ = {"http.host", "http.port", "link.host", "link.port", "privacy.direct", "privacy.lan", "roles"}
    assert {SETTINGS[name].change for name in open_} == {Change.DOOR}
