"""Random histories of a group whose members run different implementations.

A history draws one step after the other from its seed: members are added, update, leave, come back from
outside, lose their state, talk, propose and commit in all framings, and race for the next epoch. After every
step all members are asked for their view of the group, and the views must be equal.

Only the choices come from the seed, not the keys: the same seed gives the same steps with other bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import rpc
from .rpc import Client, Committed, Group, Peer, PeerError, Reply

GREASE = [0x0A0A, 0x1A1A, 0x2A2A, 0x3A3A, 0x4A4A, 0x5A5A, 0x6A6A, 0x7A7A, 0x8A8A, 0x9A9A, 0xAAAA, 0xBABA]
PRIVATE_EXTENSION = 0xF0E1
REQUIRED_CAPABILITIES = 0x0003
NAMES = [b"ada", b"ben", b"cleo", b"dan", b"eve", b"finn", b"gus", b"hana", b"ivo", b"jo"]
PSKS = [(b"psk-%d" % number, bytes([number]) * 32) for number in range(4)]
KEPT_EPOCHS = 3
"""How far back a resumption PSK or a late message may reach: both sides keep at least so much."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A proposal that all members have and no commit has taken in yet."""

    reference: bytes
    kind: str
    proposer: int | None
    """The leaf that its commit must leave alone: the updated one. None for proposals from outside."""
    target: int | None = None
    joiner: Client | None = None
    psk: bytes | None = None


@dataclass(slots=True)
class Contents:
    """What a commit is to hold, and who joins by its Welcome."""

    by_value: list[Reply] = field(default_factory=list)
    references: list[bytes] = field(default_factory=list)
    joiners: list[Client] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    says: list[str] = field(default_factory=list)


class HistoryError(AssertionError):
    """A history went wrong; the text says where, and how to see it again."""


class History:
    """One group's life, from a seed, with at most `largest` members at a time."""

    def __init__(
        self, suite: int, seed: int, peers: Sequence[Peer], *, largest: int = 8, replay: str = ""
    ) -> None:
        self.suite = suite
        self.seed = seed
        self._largest = largest
        self._replay = replay
        self._dice = random.Random(f"{suite}/{seed}")
        self._said: list[str] = []
        self._generation = 0
        self.counts: dict[str, int] = {}
        names = [name + b"%d" % number for number in range(largest // 8) for name in NAMES]
        self._dice.shuffle(names)
        self._clients = [peers[index % len(peers)].client(suite, name) for index, name in enumerate(names)]
        for peer in peers:
            for psk_id, secret in PSKS:
                peer.know_psk(psk_id, secret)
        self._joined: dict[bytes, int] = {}
        self._members: list[Group] = []
        self._pending: list[Pending] = []
        self._late: list[tuple[list[Group], bytes, bytes]] = []
        self._say("create")
        founder = self._dice.choice(self._clients)
        self._enter(founder.create_group(b"history %d" % seed, extensions=[], **self._options()))

    def run(self, steps: int) -> None:
        """Take this many steps and compare after each.

        Raises:
            HistoryError: a peer refused what is allowed, or two members disagree.
        """
        for _ in range(steps):
            step = self._choose()
            try:
                step()
                self._compare()
            except (PeerError, AssertionError) as error:
                told = "\n  ".join(self._said[-12:])
                replay = f"\nsee it again: {self._replay}" if self._replay else ""
                raise HistoryError(
                    f"suite {self.suite:#06x}, seed {self.seed}, step {len(self._said) - 1}: {error}\n"
                    f"the last steps:\n  {told}{replay}"
                ) from error

    # --- what is true between two steps ------------------------------------------------------------

    @property
    def _epoch(self) -> int:
        return self._members[0].view.epoch

    def _compare(self) -> None:
        first, *others = self._members
        label, about = (
            self._dice.choice(["interop", "a label"]),
            self._dice.randbytes(self._dice.randrange(9)),
        )
        length = self._dice.choice([16, 32, 64])
        wanted = first.look().shared()
        secret = first.export(label, about, length)
        assert wanted["pending"] == {pending.reference for pending in self._pending}, "pending proposals"
        for other in others:
            shared = other.look().shared()
            differing = [name for name, value in shared.items() if value != wanted[name]]
            assert not differing, f"{first} and {other} differ in {', '.join(differing)}"
            assert other.export(label, about, length) == secret, f"{first} and {other}: exporter"
        for member in self._members:
            view = member.view
            assert view.status == "active", f"{member} is {view.status}"
            assert view.leaf_of(member.client.identity) == view.own_leaf, f"{member}: own leaf"
        assert len(wanted["members"]) == len(self._members), "members"

    def _say(self, what: str) -> None:
        self._said.append(what)
        kind = what.partition(":")[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def _choose(self) -> Callable[[], None]:
        size = len(self._members)
        steps: list[tuple[int, Callable[[], None]]] = [(30, self._commit)]
        if size < self._largest:
            steps += [(6, self._external_join), (4, self._propose_joining)]
        if size == 1:
            steps += [(100, self._grow)]
        if size > 1:
            steps += [(18, self._propose), (7, self._race), (4, self._resync), (5, self._branch)]
            steps += [(2, self._reinit)]
            if not self._pending:
                steps += [(12, self._talk)]
        steps += [(5, self._restart)]
        return self._dice.choices([step for _, step in steps], [weight for weight, _ in steps])[0]

    def _enter(self, group: Group) -> None:
        self._members.append(group)
        self._joined[group.client.identity] = group.view.epoch

    def _outside(self) -> list[Client]:
        inside = {member.client.identity for member in self._members}
        awaited = {pending.joiner.identity for pending in self._pending if pending.joiner}
        return [client for client in self._clients if client.identity not in inside | awaited]

    def _maybe(self, chance: float = 0.5) -> bool:
        return self._dice.random() < chance

    def _aad(self) -> bytes | None:
        return self._dice.randbytes(self._dice.randrange(20)) if self._maybe() else None

    def _options(self) -> Reply:
        """For a key package: GREASE (RFC 9420 §13.5) in all lists that may hold it."""
        grease = self._dice.sample(GREASE, 4)
        return {
            "capabilities": {
                "suites": [grease[0]],
                "extensions": [PRIVATE_EXTENSION, *grease[:2]],
                "proposals": [grease[1]],
                "credentials": [grease[2]],
            },
            "key_package_extensions": [rpc.extension(grease[1], self._dice.randbytes(3))] * self._maybe(),
            "leaf_extensions": [rpc.extension(grease[0], self._dice.randbytes(3))] * self._maybe(),
        }

    def _grease(self) -> list[Reply]:
        return [rpc.extension(self._dice.choice(GREASE), self._dice.randbytes(5))] * self._maybe(0.3)

    # --- proposals ---------------------------------------------------------------------------------

    def _extensions(self) -> Reply:
        wanted = []
        if self._maybe(0.7):
            wanted += [rpc.extension(PRIVATE_EXTENSION, self._dice.randbytes(4))]
        if self._maybe(0.4):
            kinds = PRIVATE_EXTENSION.to_bytes(2)
            wanted += [rpc.extension(REQUIRED_CAPABILITIES, b"\x02" + kinds + b"\x00" + b"\x02\x00\x01")]
        return rpc.extensions(*wanted)

    def _earlier_epoch(self) -> int | None:
        """One that every present member knows."""
        first = max(self._joined[member.client.identity] for member in self._members)
        choices = range(max(first, self._epoch - KEPT_EPOCHS), self._epoch)
        return self._dice.choice(choices) if choices else None

    def _propose(self) -> None:
        proposer = self._dice.choice(self._members)
        own = proposer.view.own_leaf
        kind = self._dice.choice(["add", "update", "update", "remove", "psk", "extensions"])
        public, outside = self._maybe(), self._outside()
        target: int | None = None
        joiner: Client | None = None
        psk_id: bytes | None = None
        match kind:
            case "add" if outside:
                joiner = self._dice.choice(outside)
                proposal = rpc.add(joiner.key_package(**self._options()))
            case "remove":
                target = self._dice.choice(self._members).view.own_leaf
                proposal = rpc.remove(target)
            case "psk":
                psk_id, _ = self._dice.choice(PSKS)
                proposal = rpc.psk(psk_id)
            case "extensions":
                proposal = self._extensions()
            case _:
                kind, target = "update", own
                proposal = rpc.update(new_key=proposer.client.peer.can_change_its_key and self._maybe(0.3))
        self._say(f"propose: {proposer}: {kind} {target if target is not None else ''} public={public}")
        aad = self._aad()
        message, reference = proposer.propose(proposal, public=public, aad=aad)
        for member in self._shuffled(without=proposer):
            received = member.process(message)
            assert (received.kind, received.reference) == ("proposal", reference), f"{member}: {received}"
            assert received.aad == (aad or b""), f"{member}: {received}"
        self._pending.append(Pending(reference, kind, own, target, joiner, psk_id))

    def _propose_joining(self) -> None:
        if not (outside := self._outside()):
            return self._commit()
        joiner, host = self._dice.choice(outside), self._dice.choice(self._members)
        self._say(f"propose_joining: {joiner}")
        message = joiner.propose_joining(host.group_info()[0], **self._options())
        references = {member.process(message).reference for member in self._shuffled()}
        assert len(references) == 1, "members see other references"
        self._pending.append(Pending(references.pop(), "add", None, joiner=joiner))
        return None

    # --- commits -----------------------------------------------------------------------------------

    def _contents(self, committer: Group, *, growing: bool = False) -> Contents:
        """A list of proposals that RFC 9420 §12.2 allows this committer."""
        made = Contents()
        own = committer.view.own_leaf
        touched = {own}
        psks: set[bytes] = set()
        extensions = False
        room = self._largest - len(self._members)
        for pending in self._dice.sample(self._pending, len(self._pending)):
            if self._maybe(0.15) or growing:
                continue
            match pending.kind:
                case "update" | "remove":
                    if pending.target is None or pending.target in touched:
                        continue
                    touched.add(pending.target)
                    if pending.kind == "remove":
                        made.leaving.append(pending.target)
                case "add":
                    if pending.joiner is None or len(made.joiners) >= room:
                        continue
                    made.joiners.append(pending.joiner)
                case "psk":
                    if pending.psk is None or pending.psk in psks:
                        continue
                    psks.add(pending.psk)
                case _:
                    if extensions:
                        continue
                    extensions = True
            made.references.append(pending.reference)
            made.says.append(f"ref {pending.kind}")
        if growing or self._maybe(0.4):
            outside = self._outside()
            for client in self._dice.sample(outside, min(len(outside), self._dice.randint(1, 3))):
                if len(made.joiners) < room:
                    made.joiners.append(client)
                    made.by_value.append(rpc.add(client.key_package(**self._options())))
                    made.says.append(f"add {client}")
        if self._maybe(0.35) and len(self._members) - len(made.leaving) > 2:
            others = [leaf for member in self._members if (leaf := member.view.own_leaf) not in touched]
            for leaf in self._dice.sample(others, min(len(others), self._dice.randint(1, 2))):
                made.leaving.append(leaf)
                made.by_value.append(rpc.remove(leaf))
                made.says.append(f"remove {leaf}")
        if self._maybe(0.25):
            psk_id, _ = self._dice.choice(PSKS)
            if psk_id not in psks:
                made.by_value.append(rpc.psk(psk_id))
                made.says.append(psk_id.decode())
        if self._maybe(0.2) and not made.joiners and (epoch := self._earlier_epoch()) is not None:
            made.by_value.append(rpc.resumption_psk(epoch))
            made.says.append(f"resumption {epoch}")
        if self._maybe(0.15) and not extensions:
            made.by_value.append(self._extensions())
            made.says.append("extensions")
        self._dice.shuffle(made.by_value)
        return made

    def _held(self, committer: Group, contents: Contents) -> tuple[Committed, bytes]:
        aad = self._aad()
        committed = committer.commit(
            *contents.by_value,
            references=contents.references,
            public=self._maybe(),
            aad=aad,
            tree_in_welcome=self._maybe(),
            group_info_extensions=self._grease(),
            path=self._maybe(),
            new_key=committer.client.peer.can_change_its_key and self._maybe(0.2),
        )
        return committed, aad or b""

    def _commit(self) -> None:
        committer = self._dice.choice(self._members)
        contents = self._contents(committer)
        self._say(f"commit: {committer}: {', '.join(contents.says) or 'nothing'}")
        self._accepted(committer, contents, *self._held(committer, contents))

    def _grow(self) -> None:
        (committer,) = self._members
        contents = self._contents(committer, growing=True)
        self._say(f"grow: {committer}: {', '.join(contents.says)}")
        self._accepted(committer, contents, *self._held(committer, contents))

    def _accepted(self, committer: Group, contents: Contents, committed: Committed, aad: bytes) -> None:
        """The commit won: everybody goes on to its epoch, or out."""
        for member in self._shuffled(without=committer):
            received = member.process(committed.commit)
            assert received.kind == "commit", f"{member}: {received}"
            assert received.aad == aad or member.view.status == "removed", f"{member}: {received}"
        committer.merge()
        self._leave(contents.leaving)
        self._pending.clear()
        assert (committed.welcome is not None) == bool(contents.joiners), "a Welcome for nobody, or none"
        for client in contents.joiners:
            assert committed.welcome is not None
            self._enter(client.join(committed.welcome, ratchet_tree=committed.ratchet_tree))
        self._hear_late()

    def _leave(self, leaves: Sequence[int]) -> None:
        for member in [one for one in self._members if one.view.own_leaf in leaves]:
            assert member.view.status == "removed", f"{member} does not know that it was removed"
            self._members.remove(member)
            member.forget()

    def _race(self) -> None:
        winner, loser = self._dice.sample(self._members, 2)
        contents, lost = self._contents(winner), self._contents(loser)
        self._say(f"race: {winner} ({', '.join(contents.says)}) against {loser} ({', '.join(lost.says)})")
        both = [(winner, contents), (loser, lost)]
        self._dice.shuffle(both)
        held = [(group, self._held(group, wanted)) for group, wanted in both]
        (made,) = [commit for group, commit in held if group is winner]  # ids of two peers may be the same
        if self._maybe():
            loser.restart()
        before = loser.view.shared()
        assert loser.discard().shared() == before, f"{loser}: a discarded commit left a trace"
        self._accepted(winner, contents, *made)

    def _external_join(self) -> None:
        if not (outside := self._outside()):
            return self._commit()
        client = self._dice.choice(outside)
        self._say(f"external_join: {client}")
        self._arrive(client, resync=False)
        return None

    def _resync(self) -> None:
        lost = self._dice.choice(self._members)
        self._say(f"resync: {lost}")
        self._members.remove(lost)
        lost.forget()
        self._arrive(lost.client, resync=True)

    def _arrive(self, client: Client, *, resync: bool) -> None:
        host = self._dice.choice(self._members)
        with_tree = self._maybe()
        info, tree = host.group_info(with_tree=with_tree, extensions=self._grease())
        psks = [self._dice.choice(PSKS)[0]] if client.peer.can_join_with_psk and self._maybe() else []
        aad = self._aad()
        group, commit = client.external_join(
            info,
            ratchet_tree=None if with_tree else tree,
            resync=resync,
            psks=psks,
            aad=aad,
            **self._options(),
        )
        for member in self._shuffled():
            received = member.process(commit)
            assert (received.kind, received.aad) == ("commit", aad or b""), f"{member}: {received}"
        self._pending.clear()
        self._enter(group)
        self._hear_late()

    # --- other groups ------------------------------------------------------------------------------

    def _branch(self) -> None:
        some = self._dice.sample(self._members, self._dice.randint(2, len(self._members)))
        creator, *others = some
        self._say(f"branch: {creator} with {others}")
        self._generation += 1
        packages = [other.client.key_package(**self._options()) for other in others]
        side, made = creator.branch(b"side %d" % self._generation, packages, **self._options())
        sides = [side]
        for other in others:
            assert made.welcome is not None
            sides.append(other.client.join(made.welcome, ratchet_tree=made.ratchet_tree, predecessor=other))
        views = [group.look().shared() for group in sides]
        assert all(view == views[0] for view in views), "the branch's members differ"
        for group in sides:
            group.forget()

    def _reinit(self) -> None:
        committer = self._dice.choice(self._members)
        self._generation += 1
        group_id = b"history %d.%d" % (self.seed, self._generation)
        wanted = self._extensions()["extensions"]
        self._say(f"reinit: {committer} and {self._members}")
        proposal = rpc.reinit(group_id, self.suite, *wanted)
        committed = committer.commit(proposal, references=[], public=self._maybe())
        for member in self._shuffled(without=committer):
            member.process(committed.commit)
        committer.merge()
        for member in self._members:
            assert member.look().status == "suspended", f"{member} is {member.view.status}"
        creator, *others = self._shuffled()
        packages = [other.client.key_package(**self._options()) for other in others]
        fresh, made = creator.recreate(creator.client, packages, **self._options())
        old, self._members = self._members, []
        self._pending.clear()
        self._late.clear()
        self._enter(fresh)
        for other in others:
            assert made.welcome is not None
            self._enter(other.client.join(made.welcome, ratchet_tree=made.ratchet_tree, predecessor=other))
        for group in old:
            group.forget()

    # --- talk, and the rest ------------------------------------------------------------------------

    def _talk(self) -> None:
        """Some messages, some out of order, some kept back until after the next commit."""
        sender = self._dice.choice(self._members)
        self._say(f"talk: {sender}")
        others = self._shuffled(without=sender)
        sent = []
        for _ in range(self._dice.randint(1, 4)):
            data, aad = self._dice.randbytes(self._dice.choice([0, 1, 60, 700])), self._aad() or b""
            sent.append((sender.encrypt(data, aad=aad), data, aad))
        for member in others:
            self._dice.shuffle(sent)
            for message, data, aad in sent[self._maybe(0.2) :]:  # the others skip a key
                received = member.process(message)
                assert received.kind == "application", f"{member}: {received.kind}"
                assert (received.data, received.aad) == (data, aad), f"{member}: other bytes"
        if self._maybe():
            data = self._dice.randbytes(20)
            self._late.append((others, sender.encrypt(data), data))

    def _hear_late(self) -> None:
        for members, message, data in self._late:
            for member in members:
                if member in self._members:
                    assert member.process(message).data == data, f"{member}: a late message"
        self._late.clear()

    def _restart(self) -> None:
        member = self._dice.choice(self._members)
        self._say(f"restart: {member}")
        member.restart()

    def _shuffled(self, *, without: Group | None = None) -> list[Group]:
        others = [member for member in self._members if member is not without]
        self._dice.shuffle(others)
        return others
