"""Random histories of groups, repeated by a seed; run as a program, this replays one and tells it.

    python tests/support/mls_history.py --suite fast --seed 17 [--quiet]

A world holds people, groups, a delivery service and its faults. The service puts proposals and commits of a
group in one order and chooses one winner among the commits of an epoch; who lost drops the staged commit and
follows. Everything is delivered late, some of it twice or too early, application messages in any order, and
some never. People restart from their archives at any point. What everybody should see is asked of
`mls_model`, which knows nothing of the product.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fast_crypto import FAST, FAST_CRYPTO, OTHER
from mls_model import Change, GroupModel, ReaderModel, Said

from swarm_protocol import mls
from swarm_protocol.errors import RemoteProtocolError, ReplayedMessage, UnexpectedMessage, UsageError
from swarm_protocol.testing import SeededEntropy

START = 1_800_000_000
KINDS = (0xF1F0, 0xF1F1, 0xF1F2)
"""Application extensions that the people of these histories support."""

SUITES = {
    "fast": FAST,
    "other": OTHER,
    "x25519": mls.CRYPTO.suite(0x0001),
    "hybrid": mls.CRYPTO.suite(0xF0A1),
}


@dataclass(frozen=True)
class Plan:
    """The size of a history."""

    people: int
    rounds: int
    founders: int


SMALL, MIDDLE, LARGE = Plan(8, 30, 3), Plan(20, 20, 8), Plan(64, 8, 40)


def plan_of(suite: str, seed: int) -> Plan:
    if suite == "fast":
        return LARGE if seed % 16 == 7 else MIDDLE if seed % 4 == 3 else SMALL
    return Plan(6, 12, 3)


def name_of(leaf: mls.LeafNode) -> str:
    """Credentials change; what stands before the slash does not."""
    return leaf.credential.identity.decode().partition("/")[0]


@dataclass
class Entry:
    """One handshake message in the order of the service."""

    data: bytes
    epoch: int
    sender: str
    commit: bool
    public: bool
    token: int


@dataclass
class Submitted:
    """A commit that waits for the service's choice."""

    entry: Entry
    changes: list[Change]
    welcome: bytes | None = None
    tree: bytes | None = None
    comer: str | None = None
    joined: mls.GroupState | None = None
    ends: bool = False


@dataclass
class Member:
    """One person's state in one group, with what the model says about it."""

    state: mls.GroupState
    reader: ReaderModel
    cursor: int
    staged: tuple[int, bytes] | None = None
    """Our own commit that waits for the service, as archived."""


@dataclass
class Group:
    """What the service knows of a group: order, not content."""

    gid: bytes
    model: GroupModel
    suite: mls.CipherSuite
    log: list[Entry] = field(default_factory=list)
    submitted: list[Submitted] = field(default_factory=list)
    announced: set[str] = field(default_factory=set)
    """Names that a proposal of this epoch adds."""
    touched: set[int] = field(default_factory=set)
    """Leaves that a proposal of this epoch updates or removes."""
    extensions_proposed: bool = False
    ended: bool = False
    sent: Counter[tuple[int, int]] = field(default_factory=Counter)
    prints: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Person:
    """Somebody with memberships, key packages that wait for a Welcome, and a mailbox."""

    name: str
    entropy: SeededEntropy
    members: dict[bytes, Member] = field(default_factory=dict)
    packages: dict[bytes, bytes] = field(default_factory=dict)
    mailbox: list[tuple[Said, bytes]] = field(default_factory=list)
    welcomes: list[tuple[Group, bytes, bytes | None, int]] = field(default_factory=list)
    psks: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    renewals: int = 0


class History:
    """One random history."""

    def __init__(self, suite: str, seed: int, *, tell: bool = False) -> None:
        self.suite_name, self.seed, self.tell = suite, seed, tell
        self.suite = SUITES[suite]
        self.rng = random.Random(f"history {suite} {seed}")
        self.plan = plan_of(suite, seed)
        self.now = START
        self.steps = 0
        self.counts: Counter[str] = Counter()
        self.groups: dict[bytes, Group] = {}
        self.said: list[Said] = []
        self.read: set[tuple[str, int]] = set()
        self.tokens = 0
        self.external_psks: dict[bytes, bytes] = {}
        self.people = {
            n: Person(n, SeededEntropy(f"{suite} {seed} {n}"))
            for n in (f"p{i:02}" for i in range(self.plan.people))
        }
        rng = self.rng
        self.config = mls.GroupConfig(
            window=rng.choice([mls.Window(), mls.Window(40, 12), mls.Window(25, 8)]),
            past_epochs=rng.choice([0, 1, 3, 5]),
            past_epoch_seconds=rng.choice([7 * 86400, 900]),
            padding=rng.choice([0, 0, 32, 256]),
            commit_before_data=rng.random() < 0.5,
        )
        self.outsider = self.suite.signature.generate(SeededEntropy(f"outsider {seed}"))

    # --- telling ---------------------------------------------------------------------------------------

    def step(self, who: str, what: str) -> None:
        self.steps += 1
        self.counts[what.split(":", maxsplit=1)[0]] += 1
        if self.tell:
            print(f"{self.steps:5} {who:>5}  {what}")

    @property
    def command(self) -> str:
        return f"python tests/support/mls_history.py --suite {self.suite_name} --seed {self.seed}"

    # --- what the application decides ------------------------------------------------------------------

    def policy(self, person: Person) -> mls.Policy:
        def authenticate(leaf: mls.LeafNode, previous: mls.LeafNode | None) -> str | None:
            same = previous is None or name_of(leaf) == name_of(previous)
            return None if same and name_of(leaf) in self.people else "somebody else"

        def psk(wanted: mls.PreSharedKeyID) -> bytes | None:
            if wanted.psk_id:
                return self.external_psks.get(wanted.psk_id)
            return person.psks.get((wanted.psk_group_id, wanted.psk_epoch))

        return replace(
            mls.Policy.allow_all(psk),
            authenticate=authenticate,
            same_client=lambda old, new: name_of(old) == name_of(new),
        )

    def package(self, name: str, suite: mls.CipherSuite) -> mls.OwnKeyPackage:
        """A fresh key package, with a fresh signature key, kept in its archive."""
        person = self.people[name]
        own = mls.make_key_package(
            suite,
            mls.Credential.basic(name.encode()),
            suite.signature.generate(person.entropy),
            lifetime=(START - 1000, START + 10**8),
            capabilities=self.capabilities(suite),
            leaf_extensions=[mls.Extension(KINDS[0], name.encode())] if self.rng.random() < 0.3 else [],
            entropy=person.entropy,
        )
        person.packages[own.ref] = mls.archive.encode_own_key_package(own)
        return own

    def capabilities(self, suite: mls.CipherSuite) -> mls.Capabilities:
        more = tuple(sorted(self.rng.sample(range(0xF200, 0xF220), self.rng.randrange(3))))
        return mls.Capabilities(cipher_suites=(suite.id,), extensions=KINDS + more)

    def extensions(self) -> list[mls.Extension]:
        rng = self.rng
        listed = [mls.Extension(k, rng.randbytes(rng.randrange(9))) for k in KINDS if rng.random() < 0.5]
        if rng.random() < 0.5:
            listed.append(mls.RequiredCapabilities(extensions=KINDS[:2]).extension())
        sender = mls.ExternalSender(self.outsider.public, mls.Credential.basic(b"outsider"))
        if rng.random() < 0.6:
            listed.append(mls.external_senders_extension([sender]))
        return listed

    # --- groups ----------------------------------------------------------------------------------------

    def found(self, gid: bytes, names: Sequence[str]) -> Group:
        """A group of its founder, then one commit that adds the others, all at once."""
        first = self.people[names[0]]
        own = self.package(names[0], self.suite)
        state = mls.create_group(
            own, gid, extensions=self.extensions(), config=self.config, entropy=first.entropy
        )
        group = self.groups[gid] = Group(gid, GroupModel([names[0]]), self.suite)
        first.members[gid] = Member(state, self.reader(names[0], 0), 0)
        self.enter(group, first)
        if len(names) > 1:
            adds = [mls.Add(self.package(n, self.suite).key_package) for n in names[1:]]
            self.commit(group, first, adds, tree=True)
            self.choose(group)
        return group

    def reader(self, name: str, epoch: int) -> ReaderModel:
        c = self.config
        return ReaderModel(name, epoch, c.window.forward, c.window.late, c.past_epochs, c.past_epoch_seconds)

    def enter(self, group: Group, person: Person) -> None:
        """Compare what a member sees of the epoch that it entered with the model and the others."""
        member = person.members[group.gid]
        state, epoch = member.state, member.state.epoch
        assert epoch == member.reader.epoch
        roster = {name_of(leaf): i for i, leaf in state.members()}
        assert roster == group.model.rosters[epoch], f"{person.name} in epoch {epoch}"
        assert state.own_leaf == roster[person.name]
        seen = hashlib.sha256(
            repr(
                (
                    state.context.encode(),
                    state.tree.encode(),
                    state.epoch_authenticator,
                    mls.export(state, "history", b"context", 40),
                    state.interim_transcript_hash,
                    state.confirmation_tag,
                )
            ).encode()
        ).digest()
        assert group.prints.setdefault(epoch, seen) == seen, f"{person.name} disagrees in epoch {epoch}"
        psk = state.resumption_psk(epoch)
        assert psk is not None
        person.psks[group.gid, epoch] = psk
        assert not state.proposals
        assert not state.updates

    def in_step(self, group: Group) -> list[str]:
        """Active members who are in the newest epoch."""
        return [
            n
            for n in group.model.names()
            if (m := self.people[n].members.get(group.gid)) is not None
            and m.state.epoch == group.model.epoch
            and m.state.status is mls.Status.ACTIVE
        ]

    # --- sending ---------------------------------------------------------------------------------------

    def say(self, group: Group, name: str) -> None:
        person = self.people[name]
        member = person.members[group.gid]
        state = member.state
        data = self.rng.randbytes(self.rng.choice([0, 3, 40, 300]))
        if state.proposals and self.config.commit_before_data:
            try:
                mls.encrypt(state, data, entropy=person.entropy)
            except UsageError:
                return
            raise AssertionError("data went out while proposals wait")
        member.state, message = mls.encrypt(
            state, data, authenticated_data=self.rng.randbytes(3), entropy=person.entropy
        )
        key = (state.epoch, state.own_leaf)
        said = Said(len(self.said), group.gid, state.epoch, name, state.own_leaf, group.sent[key], data)
        group.sent[key] += 1
        self.said.append(said)
        self.step(name, f"says: number {said.number}, epoch {said.epoch}, generation {said.generation}")
        strangers = self.rng.sample(sorted(self.people), min(2, len(self.people)))
        for reader in sorted({*group.model.rosters[said.epoch], *strangers}):
            if self.rng.random() < 0.95:
                self.people[reader].mailbox.append((said, message))
                if self.rng.random() < 0.1:
                    self.people[reader].mailbox.append((said, message))
            else:
                self.counts["lost"] += 1

    def free_names(self, group: Group, n: int) -> list[str]:
        taken = {*group.model.names(), *group.announced}
        return self.rng.sample(free := sorted(set(self.people) - taken), min(n, len(free)))

    def other_leaves(self, group: Group, own: int) -> list[int]:
        return [i for i in group.model.names().values() if i != own and i not in group.touched]

    def psk(self, group: Group) -> mls.PreSharedKey:
        nonce = self.rng.randbytes(group.suite.kdf.size)
        name = b"psk %d" % self.rng.randrange(4)
        self.external_psks[name] = hashlib.sha256(name).digest()
        return mls.PreSharedKey(mls.PreSharedKeyID.external(name, nonce))

    def resumption_psk(self, group: Group) -> mls.PreSharedKey | None:
        """Of an epoch of this group that all members still have, or of another group that all were in."""
        rng, nonce = self.rng, self.rng.randbytes(group.suite.kdf.size)
        usage = mls.ResumptionPSKUsage.APPLICATION
        names = set(group.model.names())
        if rng.random() < 0.5:
            oldest = max(group.model.births.values())
            if self.config.past_epoch_seconds > 1000:
                oldest = max(oldest, group.model.epoch - self.config.past_epochs)
            else:
                oldest = group.model.epoch
            epoch = rng.randrange(oldest, group.model.epoch + 1)
            return mls.PreSharedKey(mls.PreSharedKeyID.resumption(usage, group.gid, epoch, nonce))
        held = [set(self.people[n].psks) for n in sorted(names)]
        shared = sorted(k for k in set.intersection(*held) if k[0] != group.gid)
        if not shared:
            return None
        gid, epoch = rng.choice(shared)
        return mls.PreSharedKey(mls.PreSharedKeyID.resumption(usage, gid, epoch, nonce))

    def new_leaf(self, person: Person, suite: mls.CipherSuite) -> mls.NewLeaf | None:
        rng = self.rng
        if rng.random() < 0.5:
            return None
        person.renewals += 1
        return mls.NewLeaf(
            suite.signature.generate(person.entropy) if rng.random() < 0.6 else None,
            mls.Credential.basic(f"{person.name}/{person.renewals}".encode()) if rng.random() < 0.5 else None,
            self.capabilities(suite) if rng.random() < 0.5 else None,
            (mls.Extension(KINDS[1], rng.randbytes(5)),) if rng.random() < 0.3 else None,
        )

    def order(self, data: bytes, sender: str, *, public: bool, epoch: int, commit: bool = False) -> Entry:
        self.tokens += 1
        return Entry(data, epoch, sender, commit, public, self.tokens)

    def propose(self, group: Group, name: str) -> None:
        rng, person = self.rng, self.people[name]
        member = person.members[group.gid]
        state, policy = member.state, self.policy(person)
        public = rng.random() < 0.4
        kind = rng.choice(["add", "remove", "leave", "update", "update", "psk", "extensions"])
        in_step = state.epoch == group.model.epoch
        proposal: mls.Proposal | None = None
        if kind == "add":
            names = self.free_names(group, 1)
            if not names:
                return
            proposal = mls.Add(self.package(names[0], group.suite).key_package)
            if in_step:
                group.announced.add(names[0])
        elif kind == "remove":
            leaves = [i for i in self.other_leaves(group, state.own_leaf) if state.tree.leaf(i) is not None]
            if len(leaves) < 2:
                return
            proposal = mls.Remove(rng.choice(leaves))
            if in_step:
                group.touched.add(proposal.removed)
        elif kind in ("leave", "update"):
            few = kind == "leave" and len(group.model.names()) < 3
            if state.own_leaf in group.touched or few:
                return
            if in_step:
                group.touched.add(state.own_leaf)
            if kind == "leave":
                proposal = mls.Remove(state.own_leaf)
        elif kind == "psk":
            proposal = self.psk(group)
        elif group.extensions_proposed:
            return
        else:
            proposal = mls.GroupContextExtensions(tuple(self.extensions()))
            if in_step:
                group.extensions_proposed = True
        if proposal is None:
            member.state, data = mls.propose_update(
                state,
                self.new_leaf(person, group.suite),
                public=public,
                policy=policy,
                entropy=person.entropy,
                now=self.now,
            )
        else:
            member.state, data = mls.propose(
                state, proposal, public=public, policy=policy, entropy=person.entropy, now=self.now
            )
        self.step(name, f"proposes {kind}: {'in time' if in_step else 'too late'}")
        if not in_step:
            return
        if rng.random() < 0.05:
            self.step(name, "takes its proposal back")  # the service lost it
            member.state = mls.drop_proposals(member.state, [list(member.state.proposals)[-1]])
            return
        group.log.append(self.order(data, name, public=public, epoch=state.epoch))

    def propose_from_outside(self, group: Group) -> None:
        names = self.free_names(group, 1)
        inside = self.in_step(group)
        if not names or not inside:
            return
        state = self.people[inside[0]].members[group.gid].state
        own = self.package(names[0], group.suite)
        admitted = any(e.type == mls.ExtensionType.EXTERNAL_SENDERS for e in state.context.extensions)
        if admitted and group.suite is self.suite and self.rng.random() < 0.5:
            data = mls.propose_externally(group.suite, self.outsider, state.context, mls.Add(own.key_package))
        else:
            data = mls.ask_to_join(own, group.gid, group.model.epoch)
        group.announced.add(names[0])
        group.log.append(self.order(data, names[0], public=True, epoch=group.model.epoch))
        self.step(names[0], "asks to join")

    def changes_of(self, staged: mls.StagedCommit) -> list[Change]:
        found: list[Change] = []
        for queued in staged.proposals:
            match queued.proposal:
                case mls.Add(package):
                    found.append(("add", name_of(package.leaf_node)))
                case mls.Remove(removed):
                    found.append(("remove", removed))
                case mls.Update():
                    found.append(("update", queued.sender.index))
                case other:
                    found.append((type(other).__name__, None))
        return found

    def commit(
        self,
        group: Group,
        person: Person,
        proposals: Sequence[mls.Proposal],
        *,
        references: Sequence[bytes] | None = None,
        tree: bool | None = None,
        ends: bool = False,
    ) -> None:
        rng, member = self.rng, person.members[group.gid]
        public = rng.random() < 0.4
        waiting = list(member.state.proposals.values())
        member.state, pending = mls.commit(
            member.state,
            proposals,
            references=references,
            path=rng.random() < 0.7,
            public=public,
            tree_in_welcome=rng.random() < 0.5 if tree is None else tree,
            new_leaf=self.new_leaf(person, group.suite),
            authenticated_data=rng.randbytes(2),
            policy=self.policy(person),
            entropy=person.entropy,
            now=self.now,
        )
        changes = self.changes_of(pending.staged)
        if references is None and member.state.epoch == group.model.epoch:
            own = member.state.own_leaf
            for queued in waiting:  # nobody else names these leaves or names: nothing else may be left out
                mine = queued.sender == mls.Sender.member(own)
                match queued.proposal:
                    case mls.Update() if not mine:
                        assert ("update", queued.sender.index) in changes
                    case mls.Remove(removed) if removed != own:
                        assert ("remove", removed) in changes
                    case mls.Add(package):
                        assert ("add", name_of(package.leaf_node)) in changes
                    case mls.PreSharedKey() | mls.GroupContextExtensions():
                        assert queued in pending.staged.proposals
        entry = self.order(pending.message, person.name, public=public, epoch=member.state.epoch, commit=True)
        member.staged = entry.token, mls.archive.encode_staged(pending.staged)
        told = ", ".join(f"{k} {v}" if v is not None else k for k, v in changes)
        self.step(person.name, f"commits: {told or 'nothing'}")
        if entry.epoch == group.model.epoch:
            beside = pending.ratchet_tree
            group.submitted.append(Submitted(entry, changes, pending.welcome, beside, ends=ends))

    def commit_something(self, group: Group, name: str) -> None:
        rng, person = self.rng, self.people[name]
        member = person.members[group.gid]
        if member.staged is not None:
            return  # one at a time waits for the service
        state, roll = member.state, rng.random()
        if roll < 0.08:
            psk = self.resumption_psk(group) if state.epoch == group.model.epoch else None
            if psk is not None:
                self.commit(group, person, [psk], references=[])
                return
        proposals: list[mls.Proposal] = []
        if rng.random() < 0.35:
            names = self.free_names(group, rng.choice([1, 1, 2, 4]))
            proposals += [mls.Add(self.package(n, group.suite).key_package) for n in names]
        if rng.random() < 0.25:
            touched = {
                p.proposal.removed for p in state.proposals.values() if isinstance(p.proposal, mls.Remove)
            }
            touched |= {
                p.sender.index for p in state.proposals.values() if isinstance(p.proposal, mls.Update)
            }
            leaves = [i for i, _ in state.members() if i not in touched | {state.own_leaf}]
            if len(leaves) > 2:
                proposals += map(mls.Remove, rng.sample(leaves, rng.choice([1, 1, 2])))
        if rng.random() < 0.2:
            proposals.append(self.psk(group))
        waiting = any(isinstance(p.proposal, mls.GroupContextExtensions) for p in state.proposals.values())
        if rng.random() < 0.1 and not waiting:
            proposals.append(mls.GroupContextExtensions(tuple(self.extensions())))
        rng.shuffle(proposals)
        self.commit(group, person, proposals)

    def join_from_outside(self, group: Group, *, resync: bool) -> None:
        """Somebody new, or a member that lost its state, commits from outside."""
        inside = self.in_step(group)
        names = self.free_names(group, 1)
        leaf = None
        if resync:
            others = sorted(set(group.model.names()) - set(inside[:1]))
            names = [self.rng.choice(others)] if others else []
        if not inside or not names:
            return
        name = names[0]
        if resync:
            leaf = group.model.names()[name]
        person = self.people[name]
        own = self.package(name, group.suite)
        helper = self.people[inside[0]].members[group.gid].state
        inside_tree = self.rng.random() < 0.5
        psks = [self.psk(group).psk] if self.rng.random() < 0.3 else []
        joined = mls.external_join(
            own,
            mls.group_info(helper, with_tree=inside_tree),
            ratchet_tree=None if inside_tree else helper.tree.encode(),
            resync=leaf,
            psks=psks,
            config=self.config,
            policy=self.policy(person),
            entropy=person.entropy,
        )
        entry = self.order(joined.message, name, public=True, epoch=group.model.epoch, commit=True)
        changes: list[Change] = [] if leaf is None else [("remove", leaf)]
        group.submitted.append(Submitted(entry, changes, comer=name, joined=joined.state))
        self.step(name, f"commits from outside: {'again' if resync else 'anew'}")

    # --- the service -----------------------------------------------------------------------------------

    def choose(self, group: Group) -> None:
        """Choose one of the submitted commits; the others never existed."""
        if not group.submitted:
            return
        won = self.rng.choice(group.submitted)
        self.counts["lost commits"] += len(group.submitted) - 1
        group.submitted = []
        group.log.append(won.entry)
        came = group.model.apply(won.changes, won.comer)
        group.announced, group.touched, group.extensions_proposed = set(), set(), False
        group.ended = won.ends
        self.step("", f"epoch {group.model.epoch}: {len(group.model.names())} members")
        if won.joined is not None:
            assert won.comer is not None
            person = self.people[won.comer]
            person.welcomes = [w for w in person.welcomes if w[0] is not group]  # of a life that is over
            person.members[group.gid] = Member(
                won.joined, self.reader(won.comer, group.model.epoch), len(group.log)
            )
            self.enter(group, person)
            return
        for name in came:
            assert won.welcome is not None
            self.people[name].welcomes.append((group, won.welcome, won.tree, len(group.log)))

    # --- receiving -------------------------------------------------------------------------------------

    def receive_next(self, group: Group, person: Person) -> bool:
        """Take the next handshake of the order; give whether there was one."""
        member = person.members[group.gid]
        if member.cursor >= len(group.log) or not member.reader.active:
            return False
        entry = group.log[member.cursor]
        if entry.sender == person.name and entry.commit and member.staged is not None:
            token, archived = member.staged
            if token == entry.token:
                staged = mls.archive.decode_staged(archived, crypto=FAST_CRYPTO)
                self.follow(group, person, staged)
                self.step(person.name, f"merges its own: epoch {member.state.epoch}")
                return True
        if entry.sender == person.name and not entry.commit:
            try:  # our own, which came back to us; or of a life of ours that is over
                member.state, _ = mls.process(member.state, entry.data, policy=self.policy(person))
            except RemoteProtocolError:
                if self.rng.random() < 0.5:
                    self.restart(person)
            member.cursor += 1
            return True
        later = group.log[member.cursor + 1 : member.cursor + 3]
        if self.rng.random() < 0.1:
            for early in later:
                if early.commit or early.epoch > member.state.epoch:
                    self.too_early(group, person, entry, early)
        before = member.state
        member.state, event = mls.process(before, entry.data, policy=self.policy(person))
        if entry.commit:
            assert isinstance(event, mls.CommitStaged)
            archived = mls.archive.encode_staged(event.staged)
            if self.rng.random() < 0.1:
                assert mls.archive.decode_staged(archived, crypto=FAST_CRYPTO) == event.staged
            self.follow(group, person, event.staged)
            self.step(person.name, f"follows: epoch {entry.epoch + 1}")
        else:
            assert isinstance(event, mls.ProposalReceived)
            member.cursor += 1
            self.step(person.name, "receives a proposal")
        if self.rng.random() < 0.15:
            self.repeat(group, person, entry)
        return True

    def too_early(self, group: Group, person: Person, entry: Entry, early: Entry) -> None:
        """A message that comes before its time is refused, or needs nothing of what is missing."""
        member = person.members[group.gid]
        if early.epoch > member.state.epoch:
            try:
                mls.process(member.state, early.data, policy=self.policy(person))
            except UnexpectedMessage:
                self.counts["too early"] += 1
                return
            raise AssertionError("a handshake of a later epoch was taken")
        if early.sender == person.name:
            return
        try:
            _, event = mls.process(member.state, early.data, policy=self.policy(person))
        except RemoteProtocolError as e:
            if e.rule != "list-reference-known":
                raise
            self.counts["reference missing"] += 1
            return
        assert isinstance(event, mls.CommitStaged)
        del entry

    def follow(self, group: Group, person: Person, staged: mls.StagedCommit) -> None:
        member = person.members[group.gid]
        member.state = mls.merge(member.state, staged, now=self.now)
        member.staged = None
        member.cursor += 1
        epoch = member.reader.epoch + 1
        if (
            person.name in group.model.rosters[epoch]
            and group.model.rosters[epoch][person.name] == member.state.own_leaf
            and not staged.removes_us
        ):
            member.reader.move(self.now)
            self.enter(group, person)
            return
        member.reader.leave()
        assert staged.removes_us
        assert member.state.status is mls.Status.REMOVED
        self.step(person.name, "is out")

    def repeat(self, group: Group, person: Person, entry: Entry) -> None:
        """The same message once more: refused, or without any effect."""
        member = person.members[group.gid]
        self.counts["repeats"] += 1
        try:
            state, event = mls.process(member.state, entry.data, policy=self.policy(person))
        except (ReplayedMessage, UnexpectedMessage):
            return
        assert entry.public
        assert not entry.commit
        assert isinstance(event, mls.ProposalReceived)
        assert state == member.state

    def open_welcome(self, person: Person) -> None:
        group, welcome, tree, cursor = person.welcomes.pop(0)
        body = mls.MLSMessage.decode(welcome).body
        assert isinstance(body, mls.Welcome)
        ref = next(s.new_member for s in body.secrets if s.new_member in person.packages)
        own = mls.archive.decode_own_key_package(person.packages.pop(ref), crypto=FAST_CRYPTO)
        epoch = sum(e.commit for e in group.log[:cursor])
        old = person.members.get(group.gid)
        assert old is None or not old.reader.active or old.reader.epoch < epoch
        state = mls.join(own, welcome, ratchet_tree=tree, config=self.config, policy=self.policy(person))
        person.members[group.gid] = Member(state, self.reader(person.name, epoch), cursor)
        self.step(person.name, f"joins: epoch {epoch}")
        self.enter(group, person)

    def open_mail(self, person: Person) -> None:
        """Take a message out of the mailbox, in any order; what is too early goes back."""
        said, message = person.mailbox.pop(self.rng.randrange(len(person.mailbox)))
        group = self.groups[said.group]
        member = person.members.get(said.group)
        if member is None:
            return
        if said.epoch > member.reader.epoch and member.reader.active:
            if member.cursor < len(group.log):
                person.mailbox.append((said, message))
            expected = False
        else:
            expected = member.reader.reads(said, group.model.rosters.get(said.epoch))
        try:
            member.state, event = mls.process(member.state, message, policy=self.policy(person))
        except RemoteProtocolError:
            assert not expected, f"{person.name} should read number {said.number}"
            self.step(person.name, f"refuses: number {said.number}")
            return
        assert expected, f"{person.name} should not read number {said.number}"
        assert isinstance(event, mls.ApplicationMessage)
        assert (event.data, event.sender, event.epoch) == (said.data, said.leaf, said.epoch)
        assert name_of(event.leaf) == said.sender
        assert (person.name, said.number) not in self.read, "read twice"
        self.read.add((person.name, said.number))
        self.step(person.name, f"reads: number {said.number}")

    def restart(self, person: Person) -> None:
        """Forget all that is not in the archives."""
        for member in person.members.values():
            if self.rng.random() < 0.5:
                again = mls.archive.decode(mls.archive.encode(member.state), crypto=FAST_CRYPTO)
            else:
                epoch, _ = mls.archive.encode_parts(member.state)
                messages = mls.archive.encode_messages(member.state)
                again = mls.archive.decode_parts(epoch, messages, crypto=FAST_CRYPTO)
            assert again == member.state
            member.state = again
        self.step(person.name, "restarts")

    # --- successors ------------------------------------------------------------------------------------

    def drain(self, group: Group) -> None:
        """Let everybody see everything of a group."""
        for person in self.people.values():
            while person.welcomes:
                self.finish_welcomes(person)
            if group.gid in person.members:
                while self.receive_next(group, person):
                    pass

    def finish_welcomes(self, person: Person) -> None:
        group, _, _, cursor = person.welcomes[0]
        member = person.members.get(group.gid)
        if member is not None and member.reader.active:
            while member.cursor < cursor and self.receive_next(group, person):
                pass
        self.open_welcome(person)

    def reinitialise(self, group: Group) -> None:
        """Close a group and open its successor, for some histories in another suite."""
        self.choose(group)
        self.drain(group)
        names = sorted(group.model.names())
        committer = self.people[self.rng.choice(names)]
        state = committer.members[group.gid].state
        suite = self.rng.choice([FAST, OTHER]) if self.suite_name == "fast" else self.suite
        gid = group.gid + b"+"
        plan = mls.ReInit(gid, 1, suite.id, tuple(self.extensions()))
        proposer = self.people[self.rng.choice(names)]
        if self.rng.random() < 0.5:
            member = proposer.members[group.gid]
            member.state, data = mls.propose(
                member.state, plan, policy=self.policy(proposer), entropy=proposer.entropy, now=self.now
            )
            group.log.append(self.order(data, proposer.name, public=False, epoch=state.epoch))
            self.drain(group)
            waiting = committer.members[group.gid].state.proposals.values()
            refs = [p.ref for p in waiting if isinstance(p.proposal, mls.ReInit) and p.ref is not None]
            self.commit(group, committer, [], references=refs, ends=True)
        else:
            self.commit(group, committer, [plan], references=[], ends=True)
        self.choose(group)
        self.drain(group)
        for name in names:
            assert self.people[name].members[group.gid].state.status is mls.Status.REINITIALISED
        self.restart(committer)
        self.succeed(group, gid, names, suite, branch=False)

    def branch(self, group: Group) -> None:
        """Make a group of some members of a group."""
        self.choose(group)
        self.drain(group)
        names = sorted(group.model.names())
        if len(names) < 2:
            return
        names = self.rng.sample(names, self.rng.randrange(2, min(6, len(names)) + 1))
        self.succeed(group, b"branch %d" % len(self.groups), names, group.suite, branch=True)

    def succeed(
        self, old: Group, gid: bytes, names: list[str], suite: mls.CipherSuite, *, branch: bool
    ) -> None:
        names = self.rng.sample(names, len(names))
        first = self.people[names[0]]
        owns = [self.package(n, suite) for n in names]
        packages = [o.key_package for o in owns[1:]]
        before, policy = first.members[old.gid].state, self.policy(first)
        if branch:
            state, pending = mls.branch(
                before, owns[0], packages, gid, policy=policy, entropy=first.entropy, now=self.now
            )
        else:
            state, pending = mls.reinitialise(
                before, owns[0], packages, policy=policy, entropy=first.entropy, now=self.now
            )
        group = self.groups[gid] = Group(gid, GroupModel([names[0]]), suite)
        group.model.apply([("add", n) for n in names[1:]])
        state = mls.merge(state, pending.staged, now=self.now)
        group.log.append(Entry(pending.message, 0, names[0], commit=True, public=False, token=-1))
        reader = self.reader(names[0], 0)
        reader.move(self.now)
        first.members[gid] = Member(state, reader, 1)
        self.enter(group, first)
        for name, own in zip(names[1:], owns[1:], strict=True):
            assert pending.welcome is not None
            person = self.people[name]
            joined = mls.join(
                own,
                pending.welcome,
                predecessor=person.members[old.gid].state,
                config=self.config,
                policy=self.policy(person),
            )
            person.members[gid] = Member(joined, self.reader(name, 1), 1)
            self.enter(group, person)
        self.step(names[0], "branches" if branch else "opens the successor")

    # --- the whole -------------------------------------------------------------------------------------

    def act(self, group: Group) -> None:
        """One thing that somebody does in a group."""
        rng = self.rng
        names = [
            n
            for n in group.model.names()
            if (m := self.people[n].members.get(group.gid)) is not None
            and m.state.status is mls.Status.ACTIVE
        ]
        if not names:
            return
        name, roll = rng.choice(names), rng.random()
        if roll < 0.5:
            for _ in range(30 if rng.random() < 0.03 else rng.choice([1, 1, 2, 6])):
                self.say(group, name)
        elif roll < 0.72:
            self.propose(group, name)
        elif roll < 0.76:
            self.propose_from_outside(group)
        elif roll < 0.93:
            self.commit_something(group, name)
        elif roll < 0.97:
            self.join_from_outside(group, resync=rng.random() < 0.5)
        else:
            self.restart(self.people[name])

    def deliver(self, share: float) -> None:
        """Let everybody take a share of what waits."""
        for person in self.people.values():
            while person.welcomes and self.rng.random() < share:
                self.finish_welcomes(person)
            for gid in list(person.members):
                if any(g.gid == gid for g, *_ in person.welcomes):
                    continue
                while self.rng.random() < share and self.receive_next(self.groups[gid], person):
                    pass
            for _ in range(len(person.mailbox)):
                if self.rng.random() < share and person.mailbox:
                    self.open_mail(person)
            if self.rng.random() < 0.05:
                self.restart(person)
            if self.rng.random() < 0.05:
                for member in person.members.values():
                    member.state = mls.expire(member.state, now=self.now)
                    member.reader.expire(self.now)

    def run(self) -> History:
        """Play it; a failure says what repeats it."""
        try:
            self._run()
        except Exception as e:
            e.add_note(f"history of {self.suite_name}, seed {self.seed}, step {self.steps}: {self.command}")
            raise
        return self

    def _run(self) -> None:
        names = sorted(self.people)
        self.found(b"group", self.rng.sample(names, self.plan.founders))
        self.deliver(1)
        for number in range(self.plan.rounds):
            self.now += self.rng.choice([1, 60, 400])
            live = [g for g in self.groups.values() if not g.ended]
            for group in live:
                for _ in range(self.rng.randrange(3, 10)):
                    self.act(group)
                self.choose(group)
            self.deliver(self.rng.choice([0.5, 0.8, 0.95]))
            roll = self.rng.random()
            if roll < 0.06 and number > 3:
                self.reinitialise(self.rng.choice(live))
            elif roll < 0.12 and len(live) < 3:
                self.branch(self.rng.choice(live))
        for group in self.groups.values():
            self.drain(group)
        for person in self.people.values():
            while person.mailbox:
                self.open_mail(person)
        self.check_end()

    def check_end(self) -> None:
        for group in self.groups.values():
            states = [self.people[n].members[group.gid].state for n in group.model.names()]
            assert {s.epoch for s in states} == {group.model.epoch}
            for state in states:
                active = mls.Status.REINITIALISED if group.ended else mls.Status.ACTIVE
                assert state.status is active


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay one random history.")
    parser.add_argument("--suite", choices=SUITES, default="fast")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--quiet", action="store_true", help="print the counts alone")
    given = parser.parse_args()
    history = History(given.suite, given.seed, tell=not given.quiet).run()
    print(f"{history.steps} steps:", dict(sorted(history.counts.items())))


if __name__ == "__main__":
    main()
