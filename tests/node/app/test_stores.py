"""Tokens while the store is closed: an empty home knows nobody, a locked one cannot tell."""

import os
from pathlib import Path

import pytest

from swarmnode.api import local
from swarmnode.api.ports import Token
from swarmnode.app.node import LocalNode
from swarmnode.app.stores import Stores
from swarmnode.config import load
from swarmnode.errors import Locked
from swarmnode.storage.home import LOCK, Home

EARLY = Token("1", "browser", "cookie", "admin", b"early", created_at=1, used_at=1)


async def test_a_locked_home_cannot_tell_whose_a_token_is() -> None:
    stores = Stores()
    await stores.tokens.put(EARLY)
    assert await stores.tokens.find(b"other") is None, "there is no store yet"
    stores.exists = lambda: True
    assert await stores.tokens.find(b"early") == EARLY
    with pytest.raises(Locked):
        await stores.tokens.find(b"other")


async def test_whom_the_first_home_let_in_the_next_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SWARMNODE_TEST_WEAK_KEYS", "1")
    stores = Stores()
    await stores.tokens.put(EARLY)
    with Home(tmp_path / "home") as home, local.listen(home.path):
        node = LocalNode(load(home.path, {}).config, home, stores, role=None)
        await node.create("ada", "p", None, None)
        assert await stores.tokens.find(b"early") is not None, "who made the home stays"
        await node.wipe("ada")
        assert await stores.tokens.find(b"early") is None
        assert {entry.name for entry in home.path.iterdir()} == {LOCK, local.NAME}, "it can still be asked"
        await node.create("ben", "p", None, None)
        assert await stores.tokens.all() == ()
        await node.stop()
