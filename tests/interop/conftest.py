"""Both implementations, started once for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from . import ts_mls
from .rpc import Peer


@pytest.fixture(scope="session")
def _node() -> None:
    reason = ts_mls.missing()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def theirs(_node: None) -> Iterator[Peer]:
    """ts-mls, with the changes that RFC 9420 asks for."""
    with ts_mls.start() as process:
        yield Peer(process)


@pytest.fixture(scope="session")
def theirs_as_published(_node: None) -> Iterator[Peer]:
    """ts-mls as it is."""
    with ts_mls.start(as_published=True) as process:
        yield Peer(process)
