"""Measure MLS against the primitives it cannot do without, in one run, and write `docs/benchmarks.md`.

Machines differ, so what counts are the ratios. Each figure is the median of several runs; primitives are
measured in turns with each operation, so that a machine that slows down slows both. `--quick` runs small
groups only and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cryptography
import nacl
import nacl.bindings as sodium
from cryptography.hazmat.primitives import hpke as library
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from swarm_protocol import mls
from swarm_protocol.mls import key_schedule, tree_kem
from swarm_protocol.mls.hpke import KemKeyPair
from swarm_protocol.mls.ratchet_tree import RatchetTree, TreeDraft
from swarm_protocol.mls.secret_tree import SecretTree
from swarm_protocol.testing import SeededEntropy

ROOT = Path(__file__).parents[2]
NOW = 1_800_000_000
ALLOW = mls.Policy.allow_all()
SIZES = (2, 32, 256, 1024)
SUITES = (0x0001, 0xF0A1)


def median(action: Callable[[], object], seconds: float, least: int = 3) -> float:
    """Median duration of an action in seconds, repeated for about so long."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def batch(action: Callable[[], object]) -> Callable[[], float]:
    """A clock for an action: it runs for some 5 ms at least and gives the seconds of one time."""
    action()
    start = time.perf_counter()
    action()
    n = max(1, round(0.005 / (time.perf_counter() - start)))

    def run() -> float:
        start = time.perf_counter()
        for _ in range(n):
            action()
        return (time.perf_counter() - start) / n

    return run


def paired(
    action: Callable[[], object], reference: Callable[[], object], times: float, seconds: float
) -> tuple[float, float]:
    """Median duration of an action, and median ratio to `times` references, taken in turns."""
    of_action, of_reference = batch(action), batch(reference)
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(pairs) < 5 or time.perf_counter() < end:
        pairs.append((of_action(), of_reference()))
    ratios = [a / (times * r) for a, r in pairs]
    return statistics.median(a for a, _ in pairs), statistics.median(ratios)


@dataclass
class Primitives:
    """The operations that no implementation can spare."""

    sign: Callable[[], object]
    verify: Callable[[], object]
    seal: Callable[[], object]

    @classmethod
    def of(cls, suite: mls.CipherSuite) -> Primitives:
        message = bytes(256)
        public, secret = sodium.crypto_sign_seed_keypair(bytes(32))
        signed = sodium.crypto_sign(message, secret)
        x25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))
        if suite.id == 0x0001:
            seal = sealer(library.KEM.X25519, x25519.public_key())
        else:
            mlkem = MLKEM768PrivateKey.from_seed_bytes(bytes(64))
            hybrid = library.MLKEM768X25519PrivateKey(mlkem, x25519).public_key()
            seal = sealer(library.KEM.MLKEM768_X25519, hybrid)
        return cls(
            lambda: sodium.crypto_sign(message, secret),
            lambda: sodium.crypto_sign_open(signed, public),
            seal,
        )


def sealer(kem: library.KEM, public: Any) -> Callable[[], object]:
    """One seal of 32 bytes by the library's own HPKE."""
    suite = library.Suite(kem, library.KDF.HKDF_SHA256, library.AEAD.AES_128_GCM)
    return lambda: suite.encrypt(bytes(32), public, info=bytes(64))


@dataclass
class World:
    """A group whose every member's state can be had without playing its history."""

    suite: mls.CipherSuite
    owns: list[mls.OwnKeyPackage]
    node_keys: dict[int, KemKeyPair]
    tree: RatchetTree
    base: mls.GroupState

    @classmethod
    def make(cls, suite: mls.CipherSuite, n: int, *, warm: bool, blank: int = 0) -> World:
        """`warm` has every parent set by commits; the last `blank` leaves are left blank."""
        entropy = SeededEntropy(f"{suite.id} {n}")
        owns = [client(suite, f"member {i}", entropy) for i in range(n)]
        nodes: list[Any] = [None] * (2 * n - 1)
        for i, own in enumerate(owns[: n - blank]):
            nodes[2 * i] = own.key_package.leaf_node
        draft = TreeDraft(RatchetTree(suite, nodes))
        keys = {2 * i: own.encryption for i, own in enumerate(owns)}
        if warm:
            for i in range(0, n - blank, 2):
                keys.update(set_path(draft, i, owns[i], entropy))
        tree = draft.freeze()
        context = mls.GroupContext(1, suite.id, b"group", 7, tree.tree_hash(), bytes(32))
        secrets, encryption_secret = key_schedule.derive_epoch(suite, bytes(32))
        tag = suite.mac(secrets.confirmation_key, bytes(32))
        base = mls.GroupState(
            suite=suite,
            config=mls.GroupConfig(),
            context=context,
            tree=tree,
            own_leaf=0,
            signature=owns[0].signature,
            private={},
            secrets=secrets,
            interim_transcript_hash=key_schedule.interim_transcript_hash(suite, bytes(32), tag),
            confirmation_tag=tag,
            secret_tree=SecretTree.start(tree.n_leaves, encryption_secret),
        )
        return cls(suite, owns, keys, tree, base)

    def member(self, i: int) -> mls.GroupState:
        """The state of member `i`."""
        held = {x: self.node_keys[x] for x in [2 * i, *self.tree.direct_path(i)] if x in self.node_keys}
        private = tree_kem.still_valid(self.tree, held)
        return replace(self.base, own_leaf=i, signature=self.owns[i].signature, private=private)


def client(suite: mls.CipherSuite, name: str, entropy: SeededEntropy) -> mls.OwnKeyPackage:
    signature = suite.signature.generate(entropy)
    credential = mls.Credential.basic(name.encode())
    return mls.make_key_package(suite, credential, signature, lifetime=(0, 2**40), entropy=entropy)


def set_path(
    draft: TreeDraft, i: int, own: mls.OwnKeyPackage, entropy: SeededEntropy
) -> dict[int, KemKeyPair]:
    """Set member `i`'s path as a commit would, without sealing it to anybody."""
    suite, old = draft.suite, own.key_package.leaf_node
    path, _ = tree_kem.derive_path(suite, entropy(32), draft.filtered_direct_path(i))
    leaf_keys = suite.kem.derive_key_pair(entropy(32))
    parent_hash = draft.set_path(i, [k.keys.public for k in path])
    leaf = mls.LeafNode.sign(
        suite,
        own.signature.private,
        encryption_key=leaf_keys.public,
        signature_key=old.signature_key,
        credential=old.credential,
        capabilities=old.capabilities,
        source=mls.LeafNodeSource.COMMIT,
        parent_hash=parent_hash,
        group_id=b"group",
        leaf_index=i,
    )
    draft.set_leaf(i, leaf)
    return {2 * i: leaf_keys, **{k.node: k.keys for k in path}}


@dataclass
class Row:
    """One measured operation: seconds, and the ratio to so many of a primitive."""

    what: str
    suite: int
    members: int
    seconds: float
    unit: str
    ratio: float
    target: float | None = None
    sizes: dict[str, int] = field(default_factory=dict)


class Bench:
    """Runs all measurements and keeps the rows."""

    def __init__(self, seconds: float, sizes: tuple[int, ...]) -> None:
        self.seconds = seconds
        self.sizes = sizes
        self.rows: list[Row] = []
        self.primitives: dict[int, dict[str, float]] = {}
        self.memory: dict[str, float] = {}

    def measure(
        self,
        what: str,
        suite: int,
        members: int,
        action: Callable[[], object],
        unit: str,
        reference: Callable[[], object],
        times: float,
        target: float | None = None,
        sizes: dict[str, int] | None = None,
    ) -> None:
        """Time an action and its reference in turns; `times` references are the unit."""
        seconds, ratio = paired(action, reference, times, self.seconds)
        row = Row(what, suite, members, seconds, unit, ratio, target, sizes or {})
        self.rows.append(row)
        goal = "" if target is None else f"   target {target}: {'met' if ratio <= target else 'MISSED'}"
        name = f"{what}, {members} members"
        print(f"0x{suite:04X}  {name:52} {seconds * 1e3:10.3f} ms {ratio:7.2f} × {unit}{goal}", flush=True)

    def run(self) -> None:
        """All suites, all sizes."""
        for number in SUITES:
            suite = mls.CRYPTO.suite(number)
            p = Primitives.of(suite)
            self.primitives[number] = {
                "sign": median(p.sign, 0.2),
                "verify": median(p.verify, 0.2),
                "seal": median(p.seal, 0.2),
            }
            for n in self.sizes:
                self.messages(suite, p, n)
                self.joins(suite, p, n)
                self.commits(suite, p, n, warm=False)
                self.commits(suite, p, n, warm=True)
        self.archives(mls.CRYPTO.suite(SUITES[0]), self.sizes[-1])

    def messages(self, suite: mls.CipherSuite, p: Primitives, n: int) -> None:
        """Encrypt and decrypt 256 bytes, state by state as in use."""
        world = World.make(suite, n, warm=True)
        states = {"a": world.member(0), "b": world.member(n - 1)}
        entropy, data = os.urandom, bytes(256)

        def both() -> None:
            states["a"], message = mls.encrypt(states["a"], data, entropy=entropy)
            states["b"], _ = mls.process(states["b"], message, policy=ALLOW)

        def reference() -> None:
            p.sign()
            p.verify()

        target = 2.5 if suite.id == 0x0001 else None
        _, message = mls.encrypt(states["a"], data, entropy=entropy)
        size = {"message": len(message)}
        self.measure(
            "encrypt + decrypt 256 B", suite.id, n, both, "(sign + verify)", reference, 1, target, size
        )

    def joins(self, suite: mls.CipherSuite, p: Primitives, n: int) -> None:
        """Join as the last of `n`: a Welcome with the tree, all parents set."""
        world = World.make(suite, n, warm=True, blank=1)
        own = world.owns[-1]
        add = mls.Add(own.key_package)
        entropy = SeededEntropy(n)
        _, pending = mls.commit(world.member(0), [add], policy=ALLOW, entropy=entropy, now=NOW)
        welcome = pending.welcome
        assert welcome is not None
        sizes = {"Welcome": len(welcome), "key package": len(own.key_package.raw)}
        target = 1.4 if (suite.id, n) == (0x0001, 1024) else None
        self.measure(
            "join by Welcome",
            suite.id,
            n,
            lambda: mls.join(own, welcome, policy=ALLOW),
            f"{n} verifications",
            p.verify,
            n,
            target,
            sizes,
        )

    def commits(self, suite: mls.CipherSuite, p: Primitives, n: int, *, warm: bool) -> None:
        """An empty commit with a path: `warm` on a full tree, cold where all parents are blank."""
        kind = "warm" if warm else "cold"
        world = World.make(suite, n, warm=warm)
        committer, follower = world.member(0), world.member(n - 1)
        entropy = SeededEntropy(n)

        def make() -> mls.PendingCommit:
            return mls.commit(committer, policy=ALLOW, entropy=entropy, now=NOW)[1]

        message = make().message

        def follow() -> mls.GroupState:
            state, event = mls.process(follower, message, policy=ALLOW)
            assert isinstance(event, mls.CommitStaged)
            return mls.merge(state, event.staged, now=NOW)

        def both() -> None:
            make()
            follow()

        seals = n - 1 if not warm else 1
        unit = f"{seals} seals" if seals > 1 else "seal"
        product = suite.id == 0x0001
        cold_target = 1.4 if product and not warm and n == 1024 else None
        warm_target = 40.0 if product and warm and n == 256 else None
        sizes = {"commit": len(message)}
        self.measure(f"{kind} commit", suite.id, n, make, unit, p.seal, seals, cold_target, sizes)
        self.measure(f"{kind} commit, processed", suite.id, n, follow, "seal", p.seal, 1)
        if warm:
            self.measure("warm commit and processing", suite.id, n, both, "seal", p.seal, 1, warm_target)

    def archives(self, suite: mls.CipherSuite, n: int) -> None:
        """Storing a state, and what one takes in memory."""
        p = Primitives.of(suite)
        world = World.make(suite, n, warm=True)
        state = world.member(0)
        archive = mls.archive.encode(state)
        sizes = {"archive": len(archive)}
        for what, action in {
            "archive, encoded": lambda: mls.archive.encode(state),
            "archive, messages' part": lambda: mls.archive.encode_messages(state),
            "archive, decoded": lambda: mls.archive.decode(archive),
        }.items():
            self.measure(what, suite.id, n, action, "verification", p.verify, 1, None, sizes)
        tracemalloc.start()
        decoded = mls.archive.decode(archive)
        self.memory[f"state of {n} members, MiB"] = round(tracemalloc.get_traced_memory()[0] / 2**20, 2)
        mls.process(
            decoded,
            mls.commit(world.member(1), policy=ALLOW, entropy=SeededEntropy(1), now=NOW)[1].message,
            policy=ALLOW,
        )
        self.memory[f"peak while following a commit among {n}, MiB"] = round(
            tracemalloc.get_traced_memory()[1] / 2**20, 2
        )
        tracemalloc.stop()


def machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = f"{len(names)} × {names[0].split(':', 1)[1].strip()}" if names else model
    return {
        "machine": model,
        "system": platform.system(),
        "python": platform.python_version(),
        "cryptography": cryptography.__version__,
        "PyNaCl": nacl.__version__,
    }


def report(bench: Bench, about: dict[str, str]) -> str:
    """The Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Times differ between machines and runs; the ratios to primitives, measured",
        "in the same run, are what counts. Seals are the library's own HPKE, signatures libsodium's.",
        "A *cold* commit meets a tree whose parents are all blank and seals to every member; a *warm* one a",
        "tree whose parents are all set. Suite 0xF0A1 is the post-quantum hybrid.",
        "",
        ", ".join(f"{k} {v}" for k, v in about.items()),
        "",
        "| suite | sign µs | verify µs | HPKE seal µs |",
        "| --- | ---: | ---: | ---: |",
    ]
    for number, p in bench.primitives.items():
        lines.append(f"| 0x{number:04X} | " + " | ".join(f"{v * 1e6:.0f}" for v in p.values()) + " |")
    lines += [
        "",
        "| suite | operation | members | ms | ratio | target | bytes |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for r in bench.rows:
        target = "" if r.target is None else f"≤ {r.target}: {'met' if r.ratio <= r.target else 'missed'}"
        sizes = ", ".join(f"{name} {size:,}" for name, size in r.sizes.items())
        ratio = f"{r.ratio:.2f} × {r.unit}"
        cells = [f"0x{r.suite:04X}", r.what, f"{r.members:,}", f"{r.seconds * 1e3:.3f}", ratio, target, sizes]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| memory | |", "| --- | ---: |"]
    lines += [f"| {what} | {value} |" for what, value in bench.memory.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small groups only, nothing written")
    options = parser.parse_args(arguments)
    bench = Bench(0.2, SIZES[:2]) if options.quick else Bench(1.0, SIZES)
    about = machine()
    print(", ".join(f"{k} {v}" for k, v in about.items()))
    bench.run()
    if not options.quick:
        rows = [r.__dict__ for r in bench.rows]
        document = {"about": about, "primitives": bench.primitives, "rows": rows, "memory": bench.memory}
        (ROOT / "docs" / "benchmarks.json").write_text(json.dumps(document, indent=1) + "\n")
        (ROOT / "docs" / "benchmarks.md").write_text(report(bench, about))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
