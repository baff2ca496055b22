"""What ts-mls sends against RFC 9420, as published: our members refuse it, and are no worse for it."""

from __future__ import annotations

import pytest

from . import rpc
from .rpc import Group, Peer, PeerRefusal

pytestmark = pytest.mark.interop


@pytest.fixture
def groups(ours: Peer, theirs_as_published: Peer) -> list[Group]:
    """Leaf 0 is of ts-mls, 1 and 2 are ours."""
    ada = theirs_as_published.client(1, b"ada")
    ben, cleo = ours.client(1, b"ben"), ours.client(1, b"cleo")
    options: rpc.Reply = {"capabilities": {"extensions": [0xF0E1]}}
    group = ada.create_group(b"refusals", **options)
    made = group.commit(rpc.add(ben.key_package(**options)), rpc.add(cleo.key_package(**options)))
    group.merge()
    assert made.welcome is not None
    return [group, ben.join(made.welcome), cleo.join(made.welcome)]


def refuse(groups: list[Group], message: bytes, why: str) -> None:
    """Ben refuses it; then he and the others go on."""
    ada, ben, cleo = groups
    before = ben.look().shared()
    with pytest.raises(PeerRefusal, match=why):
        ben.process(message)
    assert ben.look().shared() == before
    made = ben.commit()
    ada.process(made.commit)
    cleo.process(made.commit)
    ben.merge()
    assert ada.look().shared() == ben.look().shared() == cleo.look().shared()


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_a_removal_without_a_path(groups: list[Group], *, public: bool) -> None:
    """RFC 9420 §12.4."""
    refuse(groups, groups[0].commit(rpc.remove(2), public=public).commit, "path")


def test_an_update_by_reference_without_a_path(groups: list[Group]) -> None:
    """RFC 9420 §12.4."""
    ada, ben, cleo = groups
    message, _ = cleo.propose(rpc.update())
    for other in (ada, ben):
        other.process(message)
    refuse(groups, ada.commit().commit, "path")


def test_new_extensions_without_a_path(groups: list[Group]) -> None:
    """RFC 9420 §12.4."""
    refuse(groups, groups[0].commit(rpc.extensions(rpc.extension(0xF0E1, b"x"))).commit, "path")


def test_an_external_key_without_its_length(groups: list[Group], ours: Peer) -> None:
    """RFC 9420 §12.4.3.2."""
    info, _ = groups[0].group_info()
    with pytest.raises(PeerRefusal):
        ours.client(1, b"dan").external_join(info)
