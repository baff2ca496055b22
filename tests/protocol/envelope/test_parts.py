"""Parts: in any order, with losses and copies, they make what was split, or nothing yet."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from swarm_protocol import envelope as env
from swarm_protocol.envelope import rules
from swarm_protocol.envelope.parts import Part
from swarm_protocol.errors import LimitError, RemoteProtocolError, RuleViolation

SIZES = (rules.PART_SIZE + 1, 2 * rules.PART_SIZE - 8, 2 * rules.PART_SIZE, 5 * rules.PART_SIZE - 9)
PAYLOADS = [random.Random(size).randbytes(size) for size in SIZES]
SPLIT = [env.split(env.Kind.MLS_WELCOME, payload) for payload in PAYLOADS]
payloads = st.integers(0, len(PAYLOADS) - 1)


def feed(
    parts: list[Part], reassembler: env.Reassembler | None = None
) -> tuple[env.Reassembler, list[env.Whole | env.Gap]]:
    reassembler, out = reassembler or env.Reassembler(), []
    for part in parts:
        reassembler, happened = reassembler.add(part, now=0)
        if happened is not None:
            out.append(happened)
    return reassembler, out


@given(payloads, st.randoms(use_true_random=False), st.data())
def test_parts_make_the_frame_in_any_order_with_copies(
    which: int, order: random.Random, data: st.DataObject
) -> None:
    parts = SPLIT[which]
    copies = data.draw(st.lists(st.sampled_from(parts), max_size=6))
    arriving = [*parts, *copies]
    order.shuffle(arriving)
    reassembler, out = feed(arriving)
    assert out == [env.Whole(parts[0].name, env.Kind.MLS_WELCOME, PAYLOADS[which])]
    assert not reassembler.waiting


@given(payloads, st.data())
def test_with_one_part_lost_there_is_nothing_until_it_comes(which: int, data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(SPLIT[which]))
    others = [part for part in SPLIT[which] if part != lost]
    reassembler, out = feed(data.draw(st.permutations(others)))
    assert out == []
    assert reassembler.missing(lost.name) == (lost.index,)
    reassembler, out = feed([lost], reassembler)
    assert [whole.payload for whole in out if isinstance(whole, env.Whole)] == [PAYLOADS[which]]
    assert reassembler.missing(lost.name) == ()


@given(st.randoms(use_true_random=False))
def test_frames_that_are_interleaved_do_not_mix(order: random.Random) -> None:
    arriving = [part for parts in SPLIT for part in parts]
    order.shuffle(arriving)
    _, out = feed(arriving)
    assert sorted(whole.payload for whole in out if isinstance(whole, env.Whole)) == sorted(PAYLOADS)


@given(payloads)
def test_a_part_survives_its_encoding_and_fits_an_envelope(which: int) -> None:
    for part in SPLIT[which]:
        assert Part.decode(part.encode()) == part
        frame = env.Frame(env.Kind.PART, part.encode(), 2**63 - 1)
        assert len(frame.encode()) <= rules.MAX_FRAME


@settings(max_examples=30)
@given(st.integers(0, 100_000), st.integers(0, 2**32))
def test_what_is_sent_is_one_frame_or_parts_of_it(size: int, seq: int) -> None:
    frames = env.frames_for(env.Kind.OFFER, bytes(size), seq)
    assert [frame.link_seq for frame in frames] == list(range(seq, seq + len(frames)))
    for frame in frames:
        assert env.bucket_for(len(frame.encode()))
    if len(frames) == 1:
        assert frames[0].payload == bytes(size)
    else:
        _, out = feed([Part.decode(frame.payload) for frame in frames])
        assert [whole.payload for whole in out if isinstance(whole, env.Whole)] == [bytes(size)]


@pytest.mark.parametrize("seq", [0, 2**63 - 1])
def test_where_splitting_begins_does_not_depend_on_the_number(seq: int) -> None:
    largest = max(n for n in range(32_600, 32_760) if len(env.frames_for(env.Kind.OFFER, bytes(n), 0)) == 1)
    assert len(env.frames_for(env.Kind.OFFER, bytes(largest), seq)) == 1
    assert env.frames_for(env.Kind.OFFER, bytes(largest), seq)[0].encode()
    assert len(env.frames_for(env.Kind.OFFER, bytes(largest + 1), 0)) == 2


def test_what_parts_cannot_carry_is_refused() -> None:
    most = env.split(env.Kind.OFFER, bytes(rules.MAX_WHOLE - 9))
    assert len(most) == rules.MAX_PARTS
    for kind, size in [
        (env.Kind.OFFER, rules.MAX_WHOLE),
        (env.Kind.OFFER, 100),
        (env.Kind.PART, 100_000),
    ]:
        with pytest.raises(LimitError):
            env.split(kind, bytes(size))


def test_a_conflicting_part_changes_nothing() -> None:
    first, second = SPLIT[0]
    reassembler, _ = feed([first])
    other = replace(first, data=bytes(rules.PART_SIZE))
    with pytest.raises(RuleViolation) as caught:
        reassembler.add(other, now=0)
    assert caught.value.rule == "part-agrees"
    _, out = feed([second], reassembler)
    assert out == [env.Whole(first.name, env.Kind.MLS_WELCOME, PAYLOADS[0])]


def test_a_wrong_part_that_came_first_costs_the_frame_but_not_the_next_try() -> None:
    first, second = SPLIT[0]
    wrong = replace(first, data=bytes(rules.PART_SIZE))
    reassembler, out = feed([wrong, second])
    (gap,) = out
    assert isinstance(gap, env.Gap)
    assert gap.fault is not None
    assert gap.fault.rule == "part-name"
    assert reassembler == env.Reassembler()
    assert [type(happened) for happened in feed([second, first], reassembler)[1]] == [env.Whole]


def test_the_budget_lets_every_frame_that_was_begun_be_finished() -> None:
    """Room is taken for all parts when the first one comes, so that no two frames starve each other."""
    largest = [
        env.split(env.Kind.OFFER, bytes([n]) * (rules.MAX_WHOLE - 9)) for n in range(rules.MAX_WAITING // 16)
    ]
    reassembler, out = feed([parts[0] for parts in largest])
    with pytest.raises(RuleViolation) as caught:
        reassembler.add(SPLIT[0][0], now=0)
    assert caught.value.rule == "part-budget"
    reassembler, out = feed([part for parts in largest for part in parts], reassembler)
    assert len(out) == len(largest)
    assert not reassembler.waiting
    assert reassembler.add(SPLIT[0][0], now=0)[0].waiting


def test_hostile_parts_are_kept_within_bounds() -> None:
    reassembler, refused = env.Reassembler(), 0
    for n in range(1000):
        part = Part(n.to_bytes(32, "big"), 1, 2, b"x" * rules.PART_SIZE)
        try:
            reassembler, _ = reassembler.add(part, now=0)
        except RuleViolation:
            refused += 1
    kept = sum(len(data) for entry in reassembler.waiting.values() for data in entry.parts.values())
    assert kept <= rules.MAX_WAITING * rules.PART_SIZE
    assert refused == 1000 - rules.MAX_WAITING // 2


def test_finished_names_are_remembered_within_bounds() -> None:
    reassembler = env.Reassembler()
    for n in range(rules.MAX_FINISHED + 3):
        reassembler, out = feed(
            list(env.split(env.Kind.OFFER, n.to_bytes(2, "big") + bytes(rules.PART_SIZE))), reassembler
        )
        assert len(out) == 1
    assert len(reassembler.finished) == rules.MAX_FINISHED
    assert feed([SPLIT[0][0]], reassembler)[0].waiting


def test_what_is_incomplete_after_a_week_is_a_gap_and_may_come_again() -> None:
    first, second = SPLIT[0]
    reassembler, _ = env.Reassembler().add(first, now=1000)
    same, gaps = reassembler.expire(now=1000 + rules.WAIT_S - 1)
    assert (same, gaps) == (reassembler, ())
    reassembler, gaps = reassembler.expire(now=1000 + rules.WAIT_S)
    assert gaps == (env.Gap(first.name, 1, 2, 1000),)
    assert gaps[0].fault is None
    assert reassembler == env.Reassembler()
    assert [type(happened) for happened in feed([first, second], reassembler)[1]] == [env.Whole]


def test_a_copy_that_comes_late_starts_nothing_for_45_days() -> None:
    reassembler, _ = feed(list(SPLIT[0]))
    reassembler, gaps = reassembler.expire(now=rules.REMEMBER_S - 1)
    assert gaps == ()
    assert feed([SPLIT[0][0]], reassembler) == (reassembler, [])
    reassembler, _ = reassembler.expire(now=rules.REMEMBER_S)
    assert not reassembler.finished


def test_a_clock_that_was_set_back_keeps_nothing_for_longer() -> None:
    reassembler, _ = env.Reassembler().add(SPLIT[0][0], now=10**9)
    reassembler, gaps = reassembler.expire(now=5)
    assert gaps == ()
    assert len(reassembler.expire(now=5 + rules.WAIT_S)[1]) == 1


def test_a_start_from_stored_parts_gives_the_same_state() -> None:
    stored = [(SPLIT[3][2], 30), (SPLIT[1][0], 40), (SPLIT[3][0], 50)]
    states = []
    for _ in range(2):
        reassembler = env.Reassembler()
        for part, at in stored:
            reassembler, _ = reassembler.add(part, now=at)
        states.append(reassembler)
    assert states[0] == states[1]
    assert states[0].waiting[SPLIT[3][0].name].since == 30


GOOD = SPLIT[0][1].encode()


@given(st.integers(0, len(GOOD)), st.integers(0, 8), st.binary(max_size=8))
def test_a_mended_part_is_another_part_or_is_refused(start: int, gap: int, mend: bytes) -> None:
    data = GOOD[:start] + mend + GOOD[start + gap :]
    try:
        part = Part.decode(data)
    except RemoteProtocolError:
        return
    assert Part.decode(part.encode()) == part
    assert rules.MIN_PARTS <= part.count <= rules.MAX_PARTS
    assert len(part.data) <= rules.PART_SIZE
    if data == GOOD:
        assert part == SPLIT[0][1]


def test_parts_and_states_print_no_payload() -> None:
    part = env.split(env.Kind.OFFER, b"secret " * 10_000)[0]
    reassembler, _ = env.Reassembler().add(part, now=0)
    whole = env.Whole(part.name, env.Kind.OFFER, b"secret")
    assert "secret" not in repr((part, reassembler, whole))


class Link(RuleBasedStateMachine):
    """Envelopes that a relay loses, repeats and reorders, until all were repeated, within 45 days."""

    @initialize(which=st.lists(payloads, min_size=1, max_size=3, unique=True))
    def send(self, which: list[int]) -> None:
        self.sent = {SPLIT[i][0].name: PAYLOADS[i] for i in which}
        self.parts = [part for i in which for part in SPLIT[i]]
        self.reassembler = env.Reassembler()
        self.got: dict[bytes, bytes] = {}
        self.now = 0

    def arrive(self, part: Part) -> None:
        self.reassembler, happened = self.reassembler.add(part, now=self.now)
        if isinstance(happened, env.Whole):
            assert happened.name not in self.got, "a frame came twice"
            self.got[happened.name] = happened.payload

    @rule(choice=st.integers(0, 100))
    def deliver(self, choice: int) -> None:
        self.arrive(self.parts[choice % len(self.parts)])

    @rule(days=st.integers(1, 2))
    def wait(self, days: int) -> None:
        self.now += days * 86_400
        self.reassembler, gaps = self.reassembler.expire(now=self.now)
        assert not {gap.name for gap in gaps} & self.got.keys()

    @invariant()
    def what_came_is_what_was_sent(self) -> None:
        for name, payload in getattr(self, "got", {}).items():
            assert self.sent[name] == payload

    def teardown(self) -> None:
        for part in getattr(self, "parts", []):
            self.arrive(part)
        assert getattr(self, "got", {}) == getattr(self, "sent", {})


TestLink = Link.TestCase
TestLink.settings = settings(max_examples=25, stateful_step_count=20)
