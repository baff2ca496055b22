"""Tokens while the store is closed: an empty home knows nobody, a locked one cannot tell."""

import pytest

from swarmnode.api.ports import Token
from swarmnode.app.stores import Stores
from swarmnode.errors import Locked

EARLY = Token("1", "browser", "cookie", "admin", b"early", created_at=1, used_at=1)


async def test_a_locked_home_cannot_tell_whose_a_token_is() -> None:
    stores = Stores()
    await stores.tokens.put(EARLY)
    assert await stores.tokens.find(b"other") is None, "there is no store yet"
    stores.exists = lambda: True
    assert await stores.tokens.find(b"early") == EARLY
    with pytest.raises(Locked):
        await stores.tokens.find(b"other")
