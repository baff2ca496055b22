"""Our own package behind the calls of README.md: in this process, or as one of its own.

With `through_archive` every state, held commit and unused key package goes into bytes and back after every
call, as in a node that stores them: so nothing that matters can be left out of the archive unseen. The
process of its own (`start`) always does so.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import swarm_protocol
from swarm_protocol import mls

from .rpc import SUITES, LinePeer, PeerRefusal, Reply, pack, unpack

DAY_S = 86400

Body = TypeVar("Body")


@dataclass(slots=True)
class _Client:
    suite: mls.CipherSuite
    credential: mls.Credential
    signature: mls.SignatureKeyPair
    packages: list[mls.OwnKeyPackage] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    client: _Client
    state: mls.GroupState
    held: mls.StagedCommit | None = None


def _extensions(wanted: list[Reply]) -> tuple[mls.Extension, ...]:
    return tuple(mls.Extension(item["type"], item["data"]) for item in wanted)


def _opened(data: bytes, kind: type[Body]) -> Body:
    body = mls.MLSMessage.decode(data).body
    if not isinstance(body, kind):
        raise TypeError(f"not a {kind.__name__}")
    return body


class OurPeer:
    """Answers the calls with `swarm_protocol.mls`."""

    def __init__(self, name: str = "ours", *, through_archive: bool = False, padding: int = 0) -> None:
        self.name = name
        self._through_archive = through_archive
        self._config = mls.GroupConfig(padding=padding)
        self._clients: dict[str, _Client] = {}
        self._groups: dict[str, _Group] = {}
        self._psks: dict[bytes, bytes] = {}
        self._count = 0
        self._policy = mls.Policy.allow_all(lambda wanted: self._psks.get(wanted.psk_id))

    def call(self, method: str, params: Reply) -> Reply:
        """Answer one call.

        Raises:
            PeerRefusal: whatever went wrong, as it comes from another process.
        """
        try:
            return self.answer(method, params)
        except Exception as error:
            raise PeerRefusal(self.name, method, type(error).__name__, str(error)) from error

    def answer(self, method: str, params: Reply) -> Reply:
        """Answer one call; raises what the package raises."""
        found = getattr(self, f"do_{method}", None)
        if found is None:
            raise LookupError(f"no such method: {method}")
        reply: Reply = found(**params)
        if self._through_archive:
            self._store(
                self._clients.get(params.get("client", "")), self._groups.get(params.get("group", ""))
            )
        return reply

    @staticmethod
    def _store(client: _Client | None, group: _Group | None) -> None:
        archive = mls.archive
        if client:
            stored = map(archive.encode_own_key_package, client.packages)
            client.packages = [archive.decode_own_key_package(one) for one in stored]
        if group:
            group.state = archive.decode(archive.encode(group.state))
            if group.held:
                group.held = archive.decode_staged(archive.encode_staged(group.held))

    # --- what the calls share ----------------------------------------------------------------------

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    @staticmethod
    def _now() -> int:
        return int(time.time())

    def _own_package(
        self,
        client: _Client,
        *,
        lifetime: list[int] | None = None,
        capabilities: dict[str, list[int]] | None = None,
        key_package_extensions: list[Reply] | None = None,
        leaf_extensions: list[Reply] | None = None,
    ) -> mls.OwnKeyPackage:
        listed = capabilities or {}
        now = self._now()
        not_before, not_after = lifetime or (now - DAY_S, now + 14 * DAY_S)
        return mls.make_key_package(
            client.suite,
            client.credential,
            client.signature,
            lifetime=(not_before, not_after),
            capabilities=mls.Capabilities(
                cipher_suites=(*SUITES, *listed.get("suites", ())),
                extensions=tuple(listed.get("extensions", ())),
                proposals=tuple(listed.get("proposals", ())),
                credentials=(1, *listed.get("credentials", ())),
            ),
            extensions=_extensions(key_package_extensions or []),
            leaf_extensions=_extensions(leaf_extensions or []),
            entropy=os.urandom,
        )

    def _enter(self, client: str, state: mls.GroupState) -> Reply:
        name = self._name("group")
        self._groups[name] = _Group(self._clients[client], state)
        return self.do_view(name)

    def _merged(self, group: str, staged: mls.StagedCommit) -> Reply:
        member = self._groups[group]
        member.state = mls.merge(member.state, staged, now=self._now())
        member.held = None
        member.client.signature = member.state.signature
        return self.do_view(group)

    @staticmethod
    def _new_leaf(group: _Group, *, new_key: bool) -> mls.NewLeaf:
        keys = group.client.suite.signature
        return mls.NewLeaf(signature=keys.generate(os.urandom) if new_key else None)

    def _proposal(self, group: _Group, wanted: Reply) -> mls.Proposal:
        nonce = os.urandom(group.state.suite.kdf.size)
        match wanted["kind"]:
            case "add":
                return mls.Add(_opened(wanted["key_package"], mls.KeyPackage))
            case "remove":
                return mls.Remove(wanted["leaf"])
            case "psk":
                return mls.PreSharedKey(mls.PreSharedKeyID.external(wanted["psk_id"], nonce))
            case "resumption_psk":
                usage = mls.ResumptionPSKUsage.APPLICATION
                named = mls.PreSharedKeyID.resumption(usage, group.state.group_id, wanted["epoch"], nonce)
                return mls.PreSharedKey(named)
            case "extensions":
                return mls.GroupContextExtensions(_extensions(wanted["extensions"]))
            case "reinit":
                extensions = _extensions(wanted["extensions"])
                return mls.ReInit(wanted["group_id"], 1, wanted["suite"], extensions)
            case kind:
                raise LookupError(f"no such proposal by value: {kind}")

    # --- clients and key packages ------------------------------------------------------------------

    def do_hello(self) -> Reply:
        methods = [name.removeprefix("do_") for name in dir(self) if name.startswith("do_")]
        return {
            "peer": self.name,
            "version": Path(swarm_protocol.__file__).parent.name,
            "suites": SUITES,
            "methods": methods,
            "can": ["join with a PSK", "change its signature key"],
        }

    def do_new_client(self, suite: int, identity: bytes) -> Reply:
        found = mls.CRYPTO.suite(suite)
        keys = found.signature.generate(os.urandom)
        name = self._name("client")
        self._clients[name] = _Client(found, mls.Credential.basic(identity), keys)
        return {"client": name, "signature_key": keys.public}

    def do_key_package(self, client: str, **options: Any) -> Reply:
        owner = self._clients[client]
        made = self._own_package(owner, **options)
        owner.packages.append(made)
        return {"key_package": mls.MLSMessage(made.key_package).encode(), "reference": made.ref}

    def do_psk(self, psk_id: bytes, secret: bytes) -> Reply:
        self._psks[psk_id] = secret
        return {}

    # --- into a group ------------------------------------------------------------------------------

    def do_create_group(
        self, client: str, group_id: bytes, extensions: list[Reply] | None = None, **options: Any
    ) -> Reply:
        own = self._own_package(self._clients[client], **options)
        wanted = _extensions(extensions or [])
        state = mls.create_group(own, group_id, extensions=wanted, config=self._config, entropy=os.urandom)
        return self._enter(client, state)

    def do_join(
        self,
        client: str,
        welcome: bytes,
        ratchet_tree: bytes | None = None,
        predecessor: str | None = None,
    ) -> Reply:
        owner = self._clients[client]
        named = {entry.new_member for entry in _opened(welcome, mls.Welcome).secrets}
        own = next((package for package in owner.packages if package.ref in named), None)
        if own is None:
            raise LookupError("the Welcome is for none of this client's key packages")
        state = mls.join(
            own,
            welcome,
            ratchet_tree=ratchet_tree,
            predecessor=self._groups[predecessor].state if predecessor else None,
            config=self._config,
            policy=self._policy,
        )
        owner.packages.remove(own)
        return self._enter(client, state)

    def do_external_join(
        self,
        client: str,
        group_info: bytes,
        ratchet_tree: bytes | None = None,
        resync: bool = False,
        aad: bytes = b"",
        psks: list[bytes] | None = None,
        **options: Any,
    ) -> Reply:
        owner = self._clients[client]
        own = self._own_package(owner, **options)
        nonces = [(psk_id, os.urandom(owner.suite.kdf.size)) for psk_id in psks or []]
        joined = mls.external_join(
            own,
            group_info,
            ratchet_tree=ratchet_tree,
            resync=self._old_leaf(owner, group_info, ratchet_tree) if resync else None,
            psks=[mls.PreSharedKeyID.external(psk_id, nonce) for psk_id, nonce in nonces],
            authenticated_data=aad,
            config=self._config,
            policy=self._policy,
            entropy=os.urandom,
        )
        return {"commit": joined.message, **self._enter(client, joined.state)}

    @staticmethod
    def _old_leaf(owner: _Client, group_info: bytes, ratchet_tree: bytes | None) -> int:
        info = _opened(group_info, mls.GroupInfo)
        data = next((one.data for one in info.extensions if one.type == 2), ratchet_tree)
        tree = mls.RatchetTree.decode(owner.suite, data or b"")
        (leaf,) = (index for index, leaf in tree.members() if leaf.signature_key == owner.signature.public)
        return leaf

    # --- proposals and commits ---------------------------------------------------------------------

    def do_propose(self, group: str, proposal: Reply, public: bool = False, aad: bytes = b"") -> Reply:
        member = self._groups[group]
        before = set(member.state.proposals)
        if proposal["kind"] == "update":
            state, message = mls.propose_update(
                member.state,
                self._new_leaf(member, new_key=proposal.get("new_key", False)),
                public=public,
                authenticated_data=aad,
                policy=self._policy,
                entropy=os.urandom,
                now=self._now(),
            )
        else:
            state, message = mls.propose(
                member.state,
                self._proposal(member, proposal),
                public=public,
                authenticated_data=aad,
                policy=self._policy,
                entropy=os.urandom,
                now=self._now(),
            )
        member.state = state
        (reference,) = set(state.proposals) - before
        return {"proposal": message, "reference": reference}

    def do_propose_joining(self, client: str, group_info: bytes, **options: Any) -> Reply:
        owner = self._clients[client]
        context = _opened(group_info, mls.GroupInfo).group_context
        own = self._own_package(owner, **options)
        owner.packages.append(own)
        return {"proposal": mls.ask_to_join(own, context.group_id, context.epoch)}

    def do_external_senders(self, clients: list[str]) -> Reply:
        senders = [self._clients[name] for name in clients]
        made = mls.external_senders_extension(
            mls.ExternalSender(sender.signature.public, sender.credential) for sender in senders
        )
        return {"type": made.type, "data": made.data}

    def do_propose_from_outside(self, client: str, group_info: bytes, remove: int) -> Reply:
        owner = self._clients[client]
        context = _opened(group_info, mls.GroupInfo).group_context
        message = mls.propose_externally(owner.suite, owner.signature, context, mls.Remove(remove))
        return {"proposal": message}

    def do_commit(
        self,
        group: str,
        proposals: list[Reply],
        references: list[bytes] | None = None,
        public: bool = False,
        aad: bytes = b"",
        tree_in_welcome: bool = True,
        group_info_extensions: list[Reply] | None = None,
        path: bool = True,
        new_key: bool = False,
    ) -> Reply:
        member = self._groups[group]
        state, made = mls.commit(
            member.state,
            [self._proposal(member, wanted) for wanted in proposals],
            references=references,
            path=path or new_key,
            public=public,
            authenticated_data=aad,
            tree_in_welcome=tree_in_welcome,
            group_info_extensions=_extensions(group_info_extensions or []),
            new_leaf=self._new_leaf(member, new_key=new_key),
            policy=self._policy,
            entropy=os.urandom,
            now=self._now(),
        )
        member.state, member.held = state, made.staged
        return {"commit": made.message, "welcome": made.welcome, "ratchet_tree": made.ratchet_tree}

    def do_merge(self, group: str) -> Reply:
        member = self._groups[group]
        if member.held is None:
            raise LookupError("no commit is held")
        return self._merged(group, member.held)

    def do_discard(self, group: str) -> Reply:
        member = self._groups[group]
        if member.held is None:
            raise LookupError("no commit is held")
        member.held = None
        return self.do_view(group)

    # --- messages ----------------------------------------------------------------------------------

    def do_process(self, group: str, message: bytes) -> Reply:
        member = self._groups[group]
        state, event = mls.process(member.state, message, policy=self._policy)
        match event:
            case mls.ApplicationMessage():
                member.state = state
                return {"kind": "application", "data": event.data, "aad": event.authenticated_data}
            case mls.ProposalReceived():
                member.state = state
                aad = event.authenticated_data
                return {"kind": "proposal", "reference": event.queued.ref, "aad": aad}
            case mls.CommitStaged():
                member.state = state
                view = self._merged(group, event.staged)
                return {"kind": "commit", "aad": event.authenticated_data, **view}

    def do_encrypt(self, group: str, data: bytes, aad: bytes = b"") -> Reply:
        member = self._groups[group]
        state, message = mls.encrypt(member.state, data, authenticated_data=aad, entropy=os.urandom)
        member.state = state
        return {"message": message}

    def do_export(self, group: str, label: str, context: bytes, length: int) -> Reply:
        return {"secret": mls.export(self._groups[group].state, label, context, length)}

    def do_group_info(
        self, group: str, with_tree: bool = True, extensions: list[Reply] | None = None
    ) -> Reply:
        state = self._groups[group].state
        info = mls.group_info(state, with_tree=with_tree, extensions=_extensions(extensions or []))
        return {"group_info": info, "ratchet_tree": state.tree.encode()}

    # --- groups that follow others -----------------------------------------------------------------

    def do_branch(
        self, group: str, client: str, group_id: bytes, key_packages: list[bytes], **options: Any
    ) -> Reply:
        old = self._groups[group].state
        state, made = mls.branch(
            old,
            self._own_package(self._clients[client], **options),
            [_opened(one, mls.KeyPackage) for one in key_packages],
            group_id,
            extensions=old.context.extensions,
            tree_in_welcome=False,
            policy=self._policy,
            entropy=os.urandom,
            now=self._now(),
        )
        return self._succeeded(client, state, made)

    def do_recreate(self, group: str, client: str, key_packages: list[bytes], **options: Any) -> Reply:
        state, made = mls.reinitialise(
            self._groups[group].state,
            self._own_package(self._clients[client], **options),
            [_opened(one, mls.KeyPackage) for one in key_packages],
            tree_in_welcome=False,
            policy=self._policy,
            entropy=os.urandom,
            now=self._now(),
        )
        return self._succeeded(client, state, made)

    def _succeeded(self, client: str, state: mls.GroupState, made: mls.PendingCommit) -> Reply:
        view = self._enter(client, mls.merge(state, made.staged, now=self._now()))
        return {"welcome": made.welcome, "ratchet_tree": made.ratchet_tree, **view}

    # --- the state ---------------------------------------------------------------------------------

    def do_view(self, group: str) -> Reply:
        state = self._groups[group].state
        removed = state.status is mls.Status.REMOVED
        suspended = state.status is mls.Status.REINITIALISED
        return {
            "group": group,
            "status": "removed" if removed else "suspended" if suspended else "active",
            "group_id": state.group_id,
            "suite": state.suite.id,
            "epoch": state.epoch,
            "tree_hash": state.context.tree_hash,
            "confirmed_transcript_hash": state.context.confirmed_transcript_hash,
            "epoch_authenticator": state.epoch_authenticator,
            "exporter": b"" if removed else mls.export(state, "interop", b"", 32),
            "extensions": [{"type": one.type, "data": one.data} for one in state.context.extensions],
            "own_leaf": state.own_leaf,
            "members": [
                {
                    "leaf": index,
                    "identity": leaf.credential.identity,
                    "signature_key": leaf.signature_key,
                }
                for index, leaf in state.members()
            ],
            "pending": list(state.proposals),
        }

    def do_restart(self, group: str) -> Reply:
        member = self._groups[group]
        member.state = mls.archive.decode(mls.archive.encode(member.state))
        return self.do_view(group)

    def do_forget(self, group: str) -> Reply:
        del self._groups[group]
        return {}


def start() -> LinePeer:
    """Our package in a process of its own, to be entered with `with`."""
    here, package = Path(__file__), Path(swarm_protocol.__file__)
    paths = [str(package.parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return LinePeer(
        "ours apart",
        [sys.executable, "-m", f"{here.parent.name}.{here.stem}"],
        cwd=here.parents[1],
        environment={"PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def main() -> None:
    """Answer lines until stdin ends."""
    peer = OurPeer("ours apart", through_archive=True, padding=64)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: Reply = {"result": pack(peer.answer(request["method"], unpack(request["params"])))}
        except Exception as error:  # noqa: BLE001 -- the test at the other end is to see all of them
            answer = {"error": {"type": type(error).__name__, "message": str(error)}}
        print(json.dumps({"id": request["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
