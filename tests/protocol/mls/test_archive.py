"""Stored states: what was written is read back, by this version and by every later one.

`archives/` keeps files that released versions wrote; they are never written anew. `python
tests/protocol/mls/test_archive.py` writes those of a new version, with which files of the old ones stay.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from mls_world import ALLOW, HYBRID, NOW, X25519, Client, commit_by, group_of, receive

from swarm_protocol import mls
from swarm_protocol.errors import ArchiveError
from swarm_protocol.mls import archive
from swarm_protocol.testing import SeededEntropy

ARCHIVES = Path(__file__).parent / "archives"


def eventful(suite: mls.CipherSuite) -> tuple[mls.GroupState, mls.PendingCommit]:
    """A state with all that a state may hold, and a commit of it that is not merged."""
    states = group_of(4, suite, seed="archive")
    for committer in (1, 2):
        states, _ = commit_by(states, committer)
    entropy = SeededEntropy("archive")
    messages = []
    for text in (b"one", b"two", b"three"):
        states[1], message = mls.encrypt(states[1], text, entropy=entropy)
        messages.append(message)
    states[0] = receive(states[0], messages[2])
    states, _ = commit_by(states, 3)
    states[0], _ = mls.propose_update(states[0], policy=ALLOW, entropy=entropy, now=NOW)
    states[2], removal = mls.propose(states[2], mls.Remove(1), policy=ALLOW, entropy=entropy, now=NOW)
    states[0] = receive(states[0], removal)
    state, pending = mls.commit(states[0], policy=ALLOW, entropy=entropy, now=NOW)
    assert state.updates
    assert state.proposals
    assert any(r.kept for p in state.past for pair in p.secret_tree.ratchets.values() for r in pair)
    return state, pending


@pytest.mark.parametrize("suite", [X25519, HYBRID], ids=lambda s: s.name)
def test_states_come_back_as_they_were(suite: mls.CipherSuite) -> None:
    state, pending = eventful(suite)
    assert archive.decode(archive.encode(state)) == state
    epoch, messages = archive.encode_parts(state)
    assert archive.decode_parts(epoch, messages) == state
    assert archive.encode_messages(state) == messages
    assert archive.decode_staged(archive.encode_staged(pending.staged)) == pending.staged
    own = Client.make(suite, "somebody").key_package()
    assert archive.decode_own_key_package(archive.encode_own_key_package(own)) == own


def test_parts_of_different_epochs_are_refused() -> None:
    state, pending = eventful(X25519)
    later = mls.merge(state, pending.staged, now=NOW)
    with pytest.raises(ArchiveError, match="different epochs"):
        archive.decode_parts(archive.encode_parts(state)[0], archive.encode_messages(later))


def test_a_message_changes_only_the_small_part() -> None:
    state = group_of(3)[0]
    after, _ = mls.encrypt(state, b"hello", entropy=SeededEntropy(0))
    (epoch, before), (same, changed) = archive.encode_parts(state), archive.encode_parts(after)
    assert epoch == same
    assert before != changed


def test_what_is_damaged_newer_or_of_another_kind_is_refused_by_name() -> None:
    state, pending = eventful(X25519)
    data = archive.encode(state)
    with pytest.raises(ArchiveError, match="kind 4"):
        archive.decode(archive.encode_staged(pending.staged))
    with pytest.raises(ArchiveError, match="no archive"):
        archive.decode(b"something else entirely")
    newer = data.replace(b"swarmnode.mls\x00\x01", b"swarmnode.mls\x7f\x01", 1)
    with pytest.raises(ArchiveError, match="version 32513"):
        archive.decode(newer)
    for cut in (0, 5, 14, 100, len(data) - 1):
        with pytest.raises(ArchiveError):
            archive.decode(data[:cut])
    with pytest.raises(ArchiveError, match="too many"):
        archive.decode(data + b"\x00")


@pytest.mark.parametrize("path", sorted(ARCHIVES.glob("*.state")), ids=lambda p: p.name)
def test_kept_archives_are_still_read(path: Path) -> None:
    state = archive.decode(path.read_bytes())
    staged = archive.decode_staged(path.with_suffix(".staged").read_bytes())
    assert state.epoch == 4
    assert [p.context.epoch for p in state.past] == [0, 1, 2, 3]
    after = mls.merge(state, staged, now=NOW)
    digest = hashlib.sha256(after.epoch_authenticator).hexdigest()
    assert digest == path.with_suffix(".digest").read_text().strip()
    mls.encrypt(after, b"goes on", entropy=SeededEntropy(1))


def test_there_is_a_kept_archive_of_this_version() -> None:
    assert list(ARCHIVES.glob(f"v{archive.VERSION}-*.state"))


def write() -> None:
    for suite in (X25519, HYBRID):
        state, pending = eventful(suite)
        path = ARCHIVES / f"v{archive.VERSION}-{suite.id:04x}.state"
        path.write_bytes(archive.encode(state))
        path.with_suffix(".staged").write_bytes(archive.encode_staged(pending.staged))
        digest = hashlib.sha256(pending.staged.after.epoch_authenticator).hexdigest()
        path.with_suffix(".digest").write_text(digest + "\n")


if __name__ == "__main__":
    write()
