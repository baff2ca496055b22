"""The vectors of our own protocol: read, and run through the package (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import carry_vectors
import claims_vectors
import content_vectors
import envelope_vectors
import mailbox_vectors
import meeting_vectors
import sync_vectors

from swarm_protocol import cbor
from swarm_protocol import identity as idn
from swarm_protocol.mls import Capabilities, Credential, LeafNode, LeafNodeSource, Lifetime
from vectors.generate import FOLDERS

ROOM = Path(__file__).parents[2] / "protocol" / "vectors"


@dataclass(frozen=True)
class Vector:
    name: str
    expect: str
    rule: str
    comment: str
    data: bytes

    @property
    def kind(self) -> str:
        return self.name.rpartition("/")[0]

    @classmethod
    def read(cls, path: Path) -> Vector:
        header, _, data = path.read_bytes().partition(b"\n\n")
        said = dict(line.split(": ", 1) for line in header.decode().splitlines())
        return cls(path.relative_to(ROOM).as_posix(), said["expect"], said["rule"], said["comment"], data)


def own_vectors() -> list[Vector]:
    paths = sorted(path for folder in FOLDERS for path in (ROOM / folder).rglob("*"))
    return [Vector.read(path) for path in paths if path.is_file()]


def leaf(signature_key: bytes, identity: bytes) -> LeafNode:
    """A leaf of which only the key and the credential matter."""
    return LeafNode(
        encryption_key=b"",
        signature_key=signature_key,
        credential=Credential.basic(identity),
        capabilities=Capabilities(),
        source=LeafNodeSource.KEY_PACKAGE,
        lifetime=Lifetime(0, 1),
        parent_hash=b"",
        extensions=(),
        signature=b"",
        raw=b"",
    )


def fields(data: bytes, count: int) -> list[bytes]:
    value = cbor.decode(data, max_size=1 << 20)
    assert isinstance(value, list)
    assert len(value) == count
    return value


def run_value(data: bytes) -> str:
    assert cbor.encode(cbor.decode(data)) == data
    return "ok"


def run_record(data: bytes) -> str:
    cbor.Record.decode(data, "a vector").uint(1, at_most=255)
    return "ok"


def run_chain(data: bytes) -> str:
    assert idn.Sigchain.decode(data).encode() == data
    return "ok"


def run_merge(data: bytes) -> str:
    mine, theirs = map(idn.Sigchain.decode, fields(data, 2))
    return idn.merge(mine, theirs).outcome.value


def run_receive(data: bytes) -> str:
    chain, links = fields(data, 2)
    return idn.receive(idn.Sigchain.decode(chain), idn.decode_links(links)).outcome.value


def run_evidence(data: bytes) -> str:
    assert idn.Evidence.decode(data).encode() == data
    return "ok"


def run_credential(data: bytes) -> str:
    chain_data, key, identity, replaced = fields(data, 4)
    chain = idn.Sigchain.decode(chain_data)
    idn.check_leaf(
        {chain.persona_id: chain}.get, leaf(key, identity), leaf(b"", replaced) if replaced else None
    )
    return "ok"


def run_kit(data: bytes) -> str:
    r = cbor.Record.decode(data, "a kit")
    kit = idn.RecoveryKit(r.octets(1))
    assert [kit.root(n).public for n in (0, 1, 2, 2**32 - 1)] == r.octets_array(2, at_most=4)
    assert kit.backup_key() == r.octets(3)
    chain = idn.create_persona(kit)
    assert (chain.persona_id, chain.links[0].data) == (r.octets(4), r.octets(5))
    return "ok"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "encoding/value": run_value,
    "encoding/record": run_record,
    "identity/chain": run_chain,
    "identity/merge": run_merge,
    "identity/receive": run_receive,
    "identity/evidence": run_evidence,
    "identity/credential": run_credential,
    "identity/kit": run_kit,
    **envelope_vectors.RUNNERS,
    **content_vectors.RUNNERS,
    **mailbox_vectors.RUNNERS,
    **sync_vectors.RUNNERS,
    **claims_vectors.RUNNERS,
    **carry_vectors.RUNNERS,
    **meeting_vectors.RUNNERS,
}
