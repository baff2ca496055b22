"""A writer that crashes at any point uses no key and nonce twice, and states forget what is used.

The driver below does what the house tells its callers to do: it stores the new state, and what is to be
sent, before the bytes leave. It is stopped at each of its points in turn and goes on from what it stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from mls_world import ALLOW, HYBRID, NOW, X25519, Client, agree, commit_by, group_of, receive
from recording import Record, RecordingCrypto

from swarm_protocol import mls
from swarm_protocol.errors import ProtocolError, RemoteProtocolError
from swarm_protocol.testing import SeededEntropy


class CrashError(Exception):
    """The program stops here."""


@dataclass
class Disk:
    """What survives: archives and the outbox, written in one transaction each."""

    state: bytes
    staged: bytes | None = None
    outbox: list[bytes] = field(default_factory=list)


class Writer:
    """Stores, then sends. `stop_at` is the number of the point at which it crashes, once."""

    def __init__(self, crypto: RecordingCrypto, state: mls.GroupState, stop_at: int, resend: bool) -> None:
        self.crypto, self.stop_at, self.resend = crypto, stop_at, resend
        self.disk = Disk(mls.archive.encode(state))
        self.wire: list[bytes] = []
        self.points = 0
        self.lives = 0
        self.start()

    def start(self) -> None:
        """Begin a life: read the disk, draw from fresh entropy, send what the outbox holds."""
        self.lives += 1
        self.entropy = SeededEntropy(f"life {self.lives}")
        self.state = mls.archive.decode(self.disk.state, crypto=self.crypto)
        if self.resend:
            self.wire.extend(self.disk.outbox)
        self.disk.outbox.clear()

    def point(self) -> None:
        self.points += 1
        if self.points == self.stop_at:
            raise CrashError

    def keep(self, state: mls.GroupState, staged: mls.StagedCommit | None, *out: bytes) -> None:
        """Store, then send."""
        self.point()  # all is computed, nothing is stored
        self.disk.state = mls.archive.encode(state)
        self.disk.staged = None if staged is None else mls.archive.encode_staged(staged)
        self.disk.outbox.extend(out)
        self.state = state
        self.point()  # stored, not sent
        self.wire.extend(out)
        self.point()  # sent, not noted as sent
        self.disk.outbox.clear()

    def say(self, data: bytes) -> None:
        state, message = mls.encrypt(self.state, data, entropy=self.entropy)
        self.keep(state, None, message)

    def propose(self, proposal: mls.Proposal | None, *, public: bool = False) -> None:
        given = {"public": public, "policy": ALLOW, "entropy": self.entropy, "now": NOW}
        if proposal is None:
            state, message = mls.propose_update(self.state, **given)  # type: ignore[arg-type]
        else:
            state, message = mls.propose(self.state, proposal, **given)  # type: ignore[arg-type]
        self.keep(state, None, message)

    def commit(self, *proposals: mls.Proposal, **options: bool) -> None:
        state, pending = mls.commit(
            self.state,
            proposals,
            references=[],
            policy=ALLOW,
            entropy=self.entropy,
            now=NOW,
            **options,  # type: ignore[arg-type]
        )
        welcome = [] if pending.welcome is None else [pending.welcome]
        self.keep(state, pending.staged, pending.message, *welcome)

    def merge(self) -> None:
        """Our commit was accepted."""
        if self.disk.staged is None:
            return
        staged = mls.archive.decode_staged(self.disk.staged, crypto=self.crypto)
        self.keep(mls.merge(self.state, staged, now=NOW), None)

    def give_up(self) -> None:
        """Another commit won."""
        self.keep(self.state, None)

    def hear(self, message: bytes) -> None:
        state, event = mls.process(self.state, message, policy=ALLOW)
        if isinstance(event, mls.CommitStaged):
            state = mls.merge(state, event.staged, now=NOW)
        self.keep(state, None)


def recorded_group(crypto: RecordingCrypto) -> list[mls.GroupState]:
    config = mls.GroupConfig(commit_before_data=False)
    return group_of(3, crypto.x25519, seed="crash", config=config)


def script(writer: Writer) -> Iterator[Callable[[], None]]:
    """Everything that seals: data, proposals, commits that win and lose, Welcomes."""
    suite = writer.crypto.x25519
    joiners = [Client.make(suite, f"joiner {i}", "crash").key_package().key_package for i in range(3)]
    for i in range(3):
        yield partial(writer.say, b"first %d" % i)
    yield partial(writer.propose, mls.Add(joiners[0]))
    yield partial(writer.propose, None)
    yield partial(writer.propose, mls.Remove(2), public=True)
    yield partial(writer.say, b"between")
    yield writer.commit
    yield writer.give_up
    yield partial(writer.commit, mls.Add(joiners[1]), path=False)
    yield writer.give_up
    yield partial(writer.commit, mls.Add(joiners[1]), public=True)
    yield writer.merge
    yield partial(writer.say, b"a new epoch")
    yield partial(writer.commit, mls.Remove(2), mls.Add(joiners[2]), tree_in_welcome=False)
    yield writer.merge
    for i in range(2):
        yield partial(writer.say, b"last %d" % i)


def play(stop_at: int, *, resend: bool) -> Writer:
    """Do the whole script; what a crash interrupted is done again, as a program would."""
    crypto = RecordingCrypto()
    states = recorded_group(crypto)
    crypto.record.seals.clear()
    writer = Writer(crypto, states[1], stop_at, resend)
    for act in script(writer):
        try:
            act()
        except CrashError:
            writer.start()
            act()
    return writer


POINTS = play(0, resend=False).points


@pytest.mark.parametrize("resend", [True, False])
def test_a_writer_that_crashes_anywhere_uses_no_key_and_nonce_twice(resend: bool) -> None:
    assert POINTS > 50
    for stop_at in range(1, POINTS + 1):
        writer = play(stop_at, resend=resend)
        assert writer.lives == 2
        seals = writer.crypto.record.seals
        assert len(seals) > 30
        pairs: dict[tuple[bytes, bytes], bytes] = {}
        for seal in seals:
            before = pairs.setdefault((seal.key, seal.nonce), seal.plaintext)
            assert before == seal.plaintext, f"crash at point {stop_at}: a nonce with two plaintexts"
        left = b"".join(writer.wire)
        used: dict[bytes, bytes] = {}
        for seal in seals:
            if seal.ciphertext in left:  # of these not even the key comes back
                assert used.setdefault(seal.key, seal.ciphertext) == seal.ciphertext
        assert len(used) > 20


def test_what_left_before_and_after_a_crash_is_read() -> None:
    """The others read each message that left once, whatever was lost in a crash."""
    for stop_at in range(1, 16):
        crypto = RecordingCrypto()
        states = recorded_group(crypto)
        writer = Writer(crypto, states[1], stop_at, resend=True)
        for i in range(5):
            try:
                writer.say(b"number %d" % i)
            except CrashError:
                writer.start()
                writer.say(b"again %d" % i)
        reader, read = states[0], []
        for message in dict.fromkeys(writer.wire):
            reader, event = mls.process(reader, message, policy=ALLOW)
            assert isinstance(event, mls.ApplicationMessage)
            read.append(event.data)
        numbers = [int(data.split()[1]) for data in read]
        assert sorted(set(numbers)) == list(range(5))
        assert len(read) == len(set(read))


def test_a_reader_that_crashes_reads_again_and_writes_on() -> None:
    """Who stored nothing of what it received is where it was; its own ratchet did not move."""
    for stop_at in range(1, 13):
        crypto = RecordingCrypto()
        states = recorded_group(crypto)
        crypto.record.seals.clear()
        writer = Writer(crypto, states[1], stop_at, resend=True)
        other, said = mls.encrypt(states[0], b"hello", entropy=SeededEntropy("said"))
        other, pending = mls.commit(other, policy=ALLOW, entropy=SeededEntropy("other"), now=NOW)
        acts: list[Callable[[], None]] = [
            partial(writer.say, b"before"),
            partial(writer.hear, said),
            partial(writer.hear, pending.message),
            partial(writer.say, b"after"),
        ]
        for act in acts:
            try:
                act()
            except CrashError:
                stored = writer.disk.state
                writer.start()
                try:
                    act()
                except RemoteProtocolError:
                    assert mls.archive.encode(writer.state) == stored  # it was stored already
        assert agree([writer.state, mls.merge(other, pending.staged, now=NOW)])
        pairs = [(s.key, s.nonce) for s in crypto.record.seals]
        assert len(pairs) == len(set(pairs))


def test_the_reuse_guard_saves_even_who_writes_from_a_copy() -> None:
    """Forbidden, but: copies of a state take one key and, but for one in 2^32, different nonces."""
    crypto = RecordingCrypto()
    states = recorded_group(crypto)
    archived = mls.archive.encode(states[1])
    crypto.record.seals.clear()
    messages = []
    for i in range(500):
        copy = mls.archive.decode(archived, crypto=crypto)
        _, message = mls.encrypt(copy, b"copy %d" % i, entropy=SeededEntropy(f"copy {i}"))
        messages.append(message)
    contents = [s for s in crypto.record.seals if b"copy" in s.plaintext]
    assert len({s.key for s in contents}) == 1
    assert len({s.nonce for s in contents}) == 500
    assert len({s.nonce[4:] for s in contents}) == 1
    assert len({s.nonce[:4] for s in contents}) == 500
    others = [s for s in crypto.record.seals if b"copy" not in s.plaintext]
    assert len({s.key for s in others}) == 500  # sender data: another key each, from the ciphertext
    for i, message in enumerate(messages[:10]):
        _, event = mls.process(states[0], message, policy=ALLOW)
        assert isinstance(event, mls.ApplicationMessage)
        assert event.data == b"copy %d" % i


# --- states forget -----------------------------------------------------------------------------------------


def found(state: mls.GroupState, secrets: set[bytes]) -> set[bytes]:
    """Those of `secrets` that stand in the state's archive."""
    archived = mls.archive.encode(state)
    return {s for s in secrets if s in archived}


def ratchet_secrets(state: mls.GroupState, leaf: int) -> set[bytes]:
    """What the state holds from which the leaf's next keys follow."""
    held = set(state.secret_tree.nodes.values())
    for ratchet in state.secret_tree.ratchets.get(leaf, ()):
        held.add(ratchet.secret)
    return held


@pytest.fixture
def crypto() -> RecordingCrypto:
    return RecordingCrypto()


def cleared(crypto: RecordingCrypto) -> Record:
    crypto.record.seals.clear()
    crypto.record.opened.clear()
    crypto.record.derived.clear()
    return crypto.record


def test_a_sent_message_leaves_no_key_behind(crypto: RecordingCrypto) -> None:
    state = recorded_group(crypto)[1]
    record = cleared(crypto)
    for i in range(3):
        before = ratchet_secrets(state, 1)
        assert found(state, before) == before
        state, _ = mls.encrypt(state, b"gone", entropy=SeededEntropy(i))
        assert found(state, {s.key for s in record.seals} | {s.nonce for s in record.seals}) == set()
        spent = before - ratchet_secrets(state, 1)
        assert spent  # the path to our leaf, then each secret of its ratchet
        assert found(state, spent) == set()
        assert found(state, record.secrets(b"key", b"nonce")) == set()
    for proposal in (mls.Remove(0), None):
        record = cleared(crypto)
        before = ratchet_secrets(state, 1)
        given = {"policy": ALLOW, "entropy": SeededEntropy("p"), "now": NOW}
        if proposal is None:
            state, _ = mls.propose_update(state, **given)  # type: ignore[arg-type]
        else:
            state, _ = mls.propose(state, proposal, **given)  # type: ignore[arg-type]
        assert record.secrets(b"key", b"nonce")
        assert found(state, record.secrets(b"key", b"nonce") | {s.key for s in record.seals}) == set()
        assert found(state, before - ratchet_secrets(state, 1)) == set()


def test_a_read_message_leaves_no_key_behind_and_a_skipped_one_only_until_it_is_read(
    crypto: RecordingCrypto,
) -> None:
    states = recorded_group(crypto)
    sender, reader = states[1], states[0]
    messages = []
    for i in range(4):
        sender, message = mls.encrypt(sender, b"%d" % i, entropy=SeededEntropy(i))
        messages.append(message)
    before = ratchet_secrets(reader, 1)
    record = cleared(crypto)
    reader, _ = mls.process(reader, messages[3], policy=ALLOW)
    kept = {k.key for k in reader.secret_tree.ratchets[1][1].kept.values()}
    assert len(kept) == 3
    derived = record.secrets(b"key", b"nonce", b"secret", b"tree", b"handshake", b"application")
    nonces = {k.nonce for k in reader.secret_tree.ratchets[1][1].kept.values()}
    still = kept | nonces | ratchet_secrets(reader, 1)
    assert found(reader, derived | before) <= still
    assert found(reader, kept) == kept
    for message in messages[:3]:
        record = cleared(crypto)
        reader, _ = mls.process(reader, message, policy=ALLOW)
        content_keys = {key for key, _ in record.opened} & kept
        assert len(content_keys) == 1
        assert found(reader, {key for key, _ in record.opened}) == set()
    assert found(reader, kept | nonces) == set()


FORGOTTEN = (b"joiner", b"welcome", b"epoch", b"path", b"node", b"derived psk", b"exported", b"key", b"nonce")
"""Labels of secrets that no state may hold once a commit is merged."""


@pytest.mark.parametrize("past_epochs", [0, 5])
def test_a_merged_commit_leaves_no_secret_of_the_old_epoch_behind(
    past_epochs: int, crypto: RecordingCrypto
) -> None:
    config = mls.GroupConfig(past_epochs=past_epochs, commit_before_data=False)
    states = group_of(4, crypto.x25519, seed="forward", config=config)
    states, _ = commit_by(states, 1)  # everybody has a path
    olds = states
    record = cleared(crypto)
    states, _ = commit_by(states, 2, public=True)  # takes no key of the secret tree
    assert record.secrets(b"path")
    assert record.secrets(b"joiner")
    for old, new in zip(olds, states, strict=True):
        assert found(new, record.secrets(*FORGOTTEN)) == set()
        secrets = old.secrets
        gone = {
            secrets.exporter_secret,
            secrets.external_secret,
            secrets.confirmation_key,
            secrets.membership_key,
            secrets.epoch_authenticator,
            secrets.init_secret,
        }
        kept = {secrets.sender_data_secret, secrets.resumption_psk} | set(old.secret_tree.nodes.values())
        assert found(old, gone | kept) == gone | kept
        assert found(new, gone) == set()
        assert found(new, kept) == (kept if past_epochs else set())
        path = {2 * old.own_leaf, *old.tree.direct_path(old.own_leaf)}
        refreshed = {2 * 2, *olds[0].tree.direct_path(2)} & path
        replaced = {old.private[x].private for x in refreshed if x in old.private}
        assert replaced
        assert found(old, replaced) == replaced
        assert found(new, replaced) == set()


def test_an_epoch_that_expires_leaves_nothing_behind(crypto: RecordingCrypto) -> None:
    states = group_of(3, crypto.x25519, seed="expiry")
    old = states[0]
    left = {old.secrets.sender_data_secret, old.secrets.resumption_psk, *old.secret_tree.nodes.values()}
    states, _ = commit_by(states, 1, public=True)
    assert found(states[0], left) == left
    assert found(mls.expire(states[0], now=NOW + states[0].config.past_epoch_seconds + 1), left) == set()
    for _ in range(states[0].config.past_epochs):
        states, _ = commit_by(states, 1)
    assert found(states[0], left) == set()


def test_a_removed_member_keeps_no_secret(crypto: RecordingCrypto) -> None:
    states = group_of(3, crypto.x25519, seed="removed")
    states, _ = commit_by(states, 0)
    old = states[2]
    states, _ = commit_by(states, 0, [mls.Remove(2)])
    held = secrets_of(old) - {old.signature.private}
    assert found(old, held) == held
    assert found(states[2], held) == set()


def test_an_update_that_was_committed_replaces_the_old_keys(crypto: RecordingCrypto) -> None:
    states = group_of(3, crypto.x25519, seed="update")
    states, _ = commit_by(states, 1)
    old = states[1]
    fresh = crypto.x25519.signature.generate(SeededEntropy("fresh"))
    states[1], update = mls.propose_update(
        old, mls.NewLeaf(signature=fresh), policy=ALLOW, entropy=SeededEntropy("update"), now=NOW
    )
    (waiting,) = states[1].updates.values()
    states = [s if i == 1 else receive(s, update) for i, s in enumerate(states)]
    states, _ = commit_by(states, 0)
    gone = {k.private for k in old.private.values()} | {old.signature.private}
    assert found(old, gone) == gone
    assert found(states[1], gone) == set()
    assert states[1].private[2].private == waiting.encryption.private
    assert states[1].signature == fresh
    assert not states[1].updates


# --- nothing secret in what is printed ---------------------------------------------------------------------


def secrets_of(state: mls.GroupState) -> set[bytes]:
    """Every secret that a state holds."""
    s = state.secrets
    held = {
        s.sender_data_secret,
        s.exporter_secret,
        s.external_secret,
        s.confirmation_key,
        s.membership_key,
        s.resumption_psk,
        s.init_secret,
    }
    held |= {k.private for k in state.private.values()} | {state.signature.private}
    held |= {u.encryption.private for u in state.updates.values()}
    held |= {u.signature.private for u in state.updates.values()}
    for tree in (state.secret_tree, *(p.secret_tree for p in state.past)):
        held |= set(tree.nodes.values())
        for pair in tree.ratchets.values():
            for ratchet in pair:
                held |= {ratchet.secret, *(k.key for k in ratchet.kept.values())}
                held |= {k.nonce for k in ratchet.kept.values()}
    for past in state.past:
        held |= {past.sender_data_secret, past.resumption_psk}
    return held - {b""}


def shown(what: object, secrets: set[bytes]) -> set[bytes]:
    """Those of `secrets` that can be read in what is printed of a thing."""
    text = f"{what!r} {what!s}"
    return {s for s in secrets if repr(s)[2:-1] in text or s.hex() in text}


@pytest.mark.parametrize("suite", [X25519, HYBRID], ids=["x25519", "hybrid"])
def test_nothing_that_is_printed_shows_a_secret(suite: mls.CipherSuite) -> None:
    things: list[object] = []
    secrets: set[bytes] = set()

    def note(*more: object) -> None:
        for thing in more:
            things.append(thing)
            if isinstance(thing, mls.GroupState):
                secrets.update(secrets_of(thing))
                things.extend([thing.secrets, thing.secret_tree, *thing.past, *thing.updates.values()])
            elif isinstance(thing, mls.StagedCommit):
                note(thing.after)

    states = group_of(4, suite, seed="shown")
    states, _ = commit_by(states, 1)
    states[0], first = mls.encrypt(states[0], b"the plaintext itself", entropy=SeededEntropy(1))
    states[0], second = mls.encrypt(states[0], b"the plaintext itself", entropy=SeededEntropy(2))
    secrets.add(b"the plaintext itself")
    states[1], event = mls.process(states[1], second, policy=ALLOW)
    note(*states, event)
    message = mls.MLSMessage.decode(first)
    opened, unverified = mls.unprotect(states[1], message)
    note(message, opened, unverified, mls.verify(opened, unverified))
    states[2], update = mls.propose_update(states[2], policy=ALLOW, entropy=SeededEntropy(3), now=NOW)
    states[1], event = mls.process(states[1], update, policy=ALLOW)
    note(states[2], event)
    own = Client.make(suite, "newcomer", "shown").key_package()
    secrets.update({own.init.private, own.encryption.private, own.signature.private})
    committed, pending = mls.commit(
        states[1], [mls.Add(own.key_package)], policy=ALLOW, entropy=SeededEntropy(4), now=NOW
    )
    note(own, committed, pending, pending.staged)
    assert pending.welcome is not None
    note(mls.join(own, pending.welcome, policy=ALLOW))
    knows = receive(states[0], update)
    after, event = mls.process(knows, pending.message, policy=ALLOW)
    assert isinstance(event, mls.CommitStaged)
    note(after, event, event.staged, mls.merge(after, event.staged, now=NOW))
    views: list[mls.CommitView] = []
    spy = mls.Policy(lambda _new, _old: None, views.append)
    mls.process(knows, pending.message, policy=spy)
    note(*views)
    joined = mls.external_join(
        Client.make(suite, "outsider", "shown").key_package(),
        mls.group_info(states[0]),
        policy=ALLOW,
        entropy=SeededEntropy(5),
    )
    note(joined, joined.state)
    for data in (
        second,
        pending.message[:-1] + b"\x00",
        first[:60] + b"\x00" + first[61:],
        update[:-40],
        b"",
        joined.message[:200] + b"\xff" + joined.message[201:],
    ):
        with pytest.raises(ProtocolError) as error:
            mls.process(states[1], data, policy=ALLOW)
        chain: BaseException | None = error.value
        while chain is not None:
            note(chain, chain.args)
            chain = chain.__context__
    with pytest.raises(ProtocolError) as error:
        mls.encrypt(states[1], b"the plaintext itself", entropy=SeededEntropy(6))
    note(error.value, error.value.args)
    assert len(secrets) > 60
    assert len(things) > 50
    for thing in things:
        assert shown(thing, secrets) == set(), type(thing)
    assert shown(states[0].signature.private, secrets) == {states[0].signature.private}
