"""What messages do to others: who may, which one counts, and that no order of arrival changes it."""

from __future__ import annotations

import random

import pytest
from content_world import CONVERSATION, Writer, author_of, keys_of
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import content as con
from swarm_protocol.content.bodies import Known
from swarm_protocol.errors import RuleViolation, UnexpectedMessage
from swarm_protocol.testing import SeededEntropy

ADA, BEN = (author_of(name).persona_id for name in ("ada", "ben"))
BOTH = {ADA, BEN}
TARGET = Writer("ada").say("hello")
NODES = ("ada", "ada/away", "ben")


def change(node: str, body: Known, lamport: int, seed: object = "") -> con.Message:
    return Writer(node, seed=("change", seed)).say(body, lamport=lamport)


changes = st.lists(
    st.tuples(
        st.sampled_from(NODES),
        st.one_of(
            st.builds(con.Edit, st.just(TARGET.id), st.sampled_from("abc")),
            st.builds(con.React, st.just(TARGET.id), st.sampled_from(["+", "-", ""])),
        ),
        st.integers(2, 5),
    ),
    max_size=6,
).map(lambda told: [change(node, body, lamport, seed) for seed, (node, body, lamport) in enumerate(told)])


@given(changes, st.randoms(use_true_random=False))
def test_what_counts_does_not_depend_on_arrival(messages: list[con.Message], order: random.Random) -> None:
    other = list(messages)
    order.shuffle(other)
    assert con.latest_edit(TARGET, other) == con.latest_edit(TARGET, messages)
    assert con.reactions(TARGET, other, may_react=BOTH) == con.reactions(TARGET, messages, may_react=BOTH)


@given(changes)
def test_the_last_edit_by_the_author_counts(messages: list[con.Message]) -> None:
    allowed = [m for m in messages if isinstance(m.body, con.Edit) and m.author.persona_id == ADA]
    latest = con.latest_edit(TARGET, messages)
    if not allowed:
        assert latest is None
        return
    assert latest in allowed
    assert all((m.standing.lamport, m.id) <= (latest.standing.lamport, latest.id) for m in allowed)


@given(changes)
def test_each_persona_has_one_reaction(messages: list[con.Message]) -> None:
    for may_react in ([], [BEN], [ADA, BEN]):
        found = con.reactions(TARGET, messages, may_react=may_react)
        assert found.keys() <= set(may_react)
        for persona_id in may_react:
            own = [m for m in messages if isinstance(m.body, con.React) and m.author.persona_id == persona_id]
            last = max(own, key=lambda m: (m.standing.lamport, m.id), default=None)
            symbol = last.body.symbol if last is not None and isinstance(last.body, con.React) else ""
            assert found.get(persona_id, "") == symbol


def test_a_reaction_that_is_taken_back_is_gone() -> None:
    first, second = (change("ben", con.React(TARGET.id, symbol), n) for n, symbol in enumerate(["+", ""]))
    assert con.reactions(TARGET, [first], may_react=BOTH) == {BEN: "+"}
    assert con.reactions(TARGET, [first, second], may_react=BOTH) == {}


def test_another_node_of_the_author_may_edit_and_nobody_else() -> None:
    con.check_change(change("ada/away", con.Edit(TARGET.id, "x"), 2), TARGET, may_react=())
    with pytest.raises(RuleViolation) as caught:
        con.check_change(change("ben", con.Edit(TARGET.id, "x"), 2), TARGET, may_react=BOTH)
    assert caught.value.rule == "change-persona"


@pytest.mark.parametrize("body", [con.Timer(0), con.DeleteReq((bytes(32),)), con.Text("x")])
def test_what_is_no_change_changes_nothing(body: Known) -> None:
    with pytest.raises(RuleViolation) as caught:
        con.check_change(change("ada", body, 2), TARGET, may_react=BOTH)
    assert caught.value.rule == "change-target"


def test_who_may_ask_to_delete() -> None:
    request = change("ben", con.DeleteReq((TARGET.id,)), 2)
    con.check_deletion(request, [BEN], moderators=())
    con.check_deletion(request, [ADA, BEN], moderators=[BEN])
    con.check_deletion(request, [], moderators=())  # of what we never had we can say so to anybody
    for authors in ([ADA], [BEN, ADA]):
        with pytest.raises(RuleViolation):
            con.check_deletion(request, authors, moderators=[ADA])
    with pytest.raises(RuleViolation):
        con.check_deletion(TARGET, [ADA], moderators=[ADA])


def answer(request: con.Message, targets: tuple[bytes, ...], *, signer: str = "ben") -> con.Message:
    body = con.sign_deletion(
        keys_of(signer),
        author_of("ben"),
        CONVERSATION,
        request=request.id,
        statuses=dict.fromkeys(targets, con.DeletionStatus.ALREADY),
        chain_seq=3,
        policy=1,
    )
    return con.compose_unchained(
        author_of("ben"), CONVERSATION, body, wall_s=0, entropy=SeededEntropy("answer")
    )


def test_a_deletion_is_confirmed_by_a_signed_receipt() -> None:
    request = change("ada", con.DeleteReq(tuple(sorted((TARGET.id, bytes(32))))), 2)
    receipt = answer(request, (TARGET.id, bytes(32)))
    arrived = con.Message.decode(receipt.data)
    con.admit(arrived, CONVERSATION, sender=author_of("ben"), highest=0)
    con.check_answer(arrived, request)
    assert isinstance(arrived.body, con.DeleteRcpt)
    assert dict(arrived.body.statuses) == dict.fromkeys((TARGET.id, bytes(32)), con.DeletionStatus.ALREADY)


def test_a_receipt_speaks_for_its_own_node_request_and_conversation() -> None:
    request, other = (change("ada", con.DeleteReq((TARGET.id,)), 2, seed) for seed in range(2))
    forged = answer(request, (TARGET.id,), signer="ada")
    with pytest.raises(RuleViolation) as caught:
        con.admit(forged, CONVERSATION, sender=author_of("ben"), highest=0)
    assert caught.value.rule == "deletion-signature"
    receipt = answer(request, (TARGET.id,))
    for asked in (other, TARGET):
        with pytest.raises(UnexpectedMessage):
            con.check_answer(receipt, asked)
    with pytest.raises(UnexpectedMessage):
        con.check_answer(TARGET, request)
    with pytest.raises(UnexpectedMessage):
        con.check_answer(answer(request, (bytes(32),)), request)
