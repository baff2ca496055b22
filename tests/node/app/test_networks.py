"""Accounts on other networks as the owner sees them: a sentence for each state, and what `doctor` checks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bridge_core_world import Core, ref, seen

from swarm_bridges import api
from swarm_bridges.api import State
from swarmnode.app import networks
from swarmnode.bridging.core import accounts, health, screens
from swarmnode.bridging.core.health import Watch
from swarmnode.texts import Texts

CODES = ("", "offline", "error", "limit", "refused", "package", "quarantine", "crashed", "never heard of")


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_state_has_a_sentence_and_each_notice_a_way_out(language: str) -> None:
    core, t = Core(), Texts(language)
    said = set()
    for state in State:
        for code in CODES:
            core.do(lambda step, s=state, c=code: health.put(step, Watch(), core.account, s, c))  # type: ignore[misc]
            known = core.do(lambda step: accounts.get(step, core.account))
            said.add(networks.sentence(known, "Demo", t))
    for code in list(health.NOTICES)[1:]:
        core.do(lambda step, c=code: health.notice(step, accounts.find(step, core.account), c))  # type: ignore[misc]
        known = core.do(lambda step: accounts.get(step, core.account))
        if known.notice == code:
            said.add(networks.sentence(known, "Demo", t))
    core.do(lambda step: accounts.pause(step, core.account))
    known = core.do(lambda step: accounts.get(step, core.account))
    assert f"`swarmnode bridge resume {core.account[:8]}`" in networks.sentence(known, "Demo", t)
    assert len(said) > 12
    assert all(said)


def hosted(*confined: str) -> Any:
    """A host with one process that is confined like this."""
    state = SimpleNamespace(runs=True, name="Demo", confined=frozenset(confined))
    supervisor = SimpleNamespace(states=lambda: [state])
    return SimpleNamespace(running=SimpleNamespace(supervisor=supervisor))


def test_doctor_says_what_confinement_lacks_and_nothing_where_there_are_no_accounts() -> None:
    core, t = Core(), Texts("en")
    core.do(lambda step: health.put(step, Watch(), core.account, State.CONNECTED))
    whole = core.do(lambda step: list(networks.checks(step, hosted(*networks.LAYERS, "parent"), t)))
    assert [(check.name, check.ok, check.detail) for check in whole] == [
        ("networks", True, "1 of 1 accounts connected")
    ]
    _, loose = core.do(lambda step: list(networks.checks(step, hosted("limits", "calls", "privileges"), t)))
    assert (loose.name, loose.ok, loose.detail) == ("confined", False, "Demo: without network, files")
    core.do(lambda step: accounts.remove(step, core.account))
    assert core.do(lambda step: list(networks.checks(step, None, t))) == []


def test_unread_messages_are_counted_by_their_index() -> None:
    core = Core()
    other = api.ConversationRef("other")
    core.tell(seen("1", "a"), seen("2", "b"), api.MessageGone(target=ref("2")))
    there = api.MessageSeen(ref=api.MessageRef(other, "1"), actor=api.Actor("ada"), body=seen("1", "c").body)
    core.tell(there)
    assert core.do(screens.unread) == 2
    assert {view.unread for view in core.do(screens.chats)} == {1}
    for statement in (screens._UNREAD, screens._ALL_UNREAD):
        plan = core.do(
            lambda step, s=statement: step.tx.driver.execute(
                f"EXPLAIN QUERY PLAN {s._compile()[0]}", {"room": 1}
            ).fetchall()  # type: ignore[misc]
        )
        assert "ix_remote_message_unread" in str(plan)
