"""Both implementations, started once for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from . import our_peer, ts_mls
from .rpc import SUITES, Peer


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
def ours() -> Peer:
    """Our package, in this process."""
    return Peer(our_peer.OurPeer())


@pytest.fixture(scope="session")
def ours_apart() -> Iterator[Peer]:
    """Our package in another process, where each state goes through its archive."""
    with our_peer.start() as process:
        yield Peer(process)


@pytest.fixture(scope="session")
def theirs_as_published(_node: None) -> Iterator[Peer]:
    """ts-mls as it is."""
    with ts_mls.start(as_published=True) as process:
        yield Peer(process)


@dataclass(frozen=True, slots=True)
class Case:
    """Which implementation plays which role, in which suite."""

    first: str
    second: str
    suite: int

    def __str__(self) -> str:
        return f"{self.first}-{self.second}-{self.suite:#06x}"


CASES = [
    *(Case("ours", "theirs", suite) for suite in SUITES),
    *(Case("theirs", "ours", suite) for suite in SUITES),
    Case("ours_apart", "theirs", 0x0001),
]


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def suite(case: Case) -> int:
    return case.suite


@pytest.fixture
def first(case: Case, request: pytest.FixtureRequest) -> Peer:
    """Starts each scenario."""
    peer: Peer = request.getfixturevalue(case.first)
    return peer


@pytest.fixture
def second(case: Case, request: pytest.FixtureRequest) -> Peer:
    """The other implementation."""
    peer: Peer = request.getfixturevalue(case.second)
    return peer
