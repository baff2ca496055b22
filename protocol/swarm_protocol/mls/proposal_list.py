"""Checking single proposals, and checking and applying a commit's list of them (RFC 9420 §12.1 to §12.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import rules
from .extensions import Extension
from .framing import Sender, SenderType
from .key_package import KeyPackage
from .leaf_node import LeafNodeSource
from .proposals import (
    PATH_NOT_REQUIRED,
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyID,
    Proposal,
    PSKType,
    ReInit,
    Remove,
    ResumptionPSKUsage,
    Update,
)
from .ratchet_tree import TreeDraft
from .state import GroupState, LeafChange, Policy, PSKUnknown, QueuedProposal
from .validation import (
    check_extension_list,
    check_group_extensions,
    check_key_package,
    check_leaf,
    check_replacement,
)

_EXTERNAL_SENDERS_MAY = (Add, Remove, PreSharedKey, ReInit, GroupContextExtensions)


def check_proposal(
    state: GroupState,
    proposal: Proposal,
    sender: Sender,
    policy: Policy,
    ceremony: ResumptionPSKUsage | None = None,
) -> None:
    """Check a proposal by itself against the current epoch (§12.1).

    `ceremony` is REINIT or BRANCH while a successor of a group is being set up.

    Raises:
        RuleViolation: with the first rule that does not hold.
    """
    suite = state.suite
    if sender.type is SenderType.EXTERNAL:
        rules.require(isinstance(proposal, _EXTERNAL_SENDERS_MAY), rules.SENDER_CONTENT)
    match proposal:
        case Add(package):
            check_key_package(suite, package, policy)
        case Update(leaf):
            previous = state.tree.leaf(sender.index) if sender.type is SenderType.MEMBER else None
            if previous is None:
                raise rules.violation(rules.UPDATE_MEMBER)
            check_replacement(leaf, previous, LeafNodeSource.UPDATE)
            check_leaf(
                suite,
                leaf,
                group_id=state.group_id,
                index=sender.index,
                policy=policy,
                previous=previous,
            )
        case Remove(removed):
            rules.require(state.tree.leaf(removed) is not None, rules.REMOVE_MEMBER)
        case PreSharedKey(psk):
            rules.require(len(psk.psk_nonce) == suite.kdf.size, rules.PSK_NONCE)
            usual = psk.type is PSKType.EXTERNAL or psk.usage in (
                ResumptionPSKUsage.APPLICATION,
                ceremony,
            )
            rules.require(usual, rules.PSK_USAGE)
        case ReInit():
            rules.require(proposal.version >= state.context.version, rules.REINIT_VERSION)
            check_extension_list(proposal.extensions)
        case GroupContextExtensions(extensions):
            check_group_extensions(suite, extensions, policy)
        case ExternalInit():
            rules.require(sender.type is SenderType.NEW_MEMBER_COMMIT, rules.LIST_NO_EXTERNAL_INIT)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a list of proposals makes of a group, before the commit's path."""

    proposals: tuple[QueuedProposal, ...]
    """The list itself."""
    draft: TreeDraft
    extensions: tuple[Extension, ...]
    added: tuple[tuple[int, KeyPackage], ...]
    removed: tuple[int, ...]
    psks: tuple[PreSharedKeyID, ...]
    reinit: ReInit | None
    external_init: ExternalInit | None
    path_required: bool
    changes: tuple[LeafChange, ...]


def apply_list(state: GroupState, queue: Sequence[QueuedProposal], sender: Sender) -> Applied:
    """Check the list as a whole and apply it in the order of §12.3.

    Each proposal has passed `check_proposal`.

    Raises:
        RuleViolation: with the first rule that does not hold.
    """
    if sender.type is SenderType.NEW_MEMBER_COMMIT:
        _check_external_list(queue)
    else:
        _check_list(queue, sender.index)
    draft = TreeDraft(state.tree)
    extensions = state.context.extensions
    added, removed, changes = [], [], []
    for p in queue:
        if isinstance(p.proposal, GroupContextExtensions):
            extensions = p.proposal.extensions
        elif isinstance(p.proposal, Update):
            index, leaf = p.sender.index, p.proposal.leaf_node
            changes.append(LeafChange(index, state.tree.leaf(index), leaf))
            draft.update(index, leaf)
    for p in queue:
        if isinstance(p.proposal, Remove):
            index = p.proposal.removed
            changes.append(LeafChange(index, state.tree.leaf(index), None))
            removed.append(index)
    for index in removed:
        draft.remove(index)
    keys = {leaf.signature_key for _, leaf in draft.members()}
    for p in queue:
        if isinstance(p.proposal, Add):
            package = p.proposal.key_package
            rules.require(package.leaf_node.signature_key not in keys, rules.LIST_ADD_ONCE)
            keys.add(package.leaf_node.signature_key)
            index = draft.add(package.leaf_node)
            changes.append(LeafChange(index, None, package.leaf_node))
            added.append((index, package))
    kinds = {p.proposal.type for p in queue}
    return Applied(
        tuple(queue),
        draft,
        extensions,
        tuple(added),
        tuple(removed),
        tuple(p.proposal.psk for p in queue if isinstance(p.proposal, PreSharedKey)),
        next((p.proposal for p in queue if isinstance(p.proposal, ReInit)), None),
        next((p.proposal for p in queue if isinstance(p.proposal, ExternalInit)), None),
        not kinds or not kinds <= PATH_NOT_REQUIRED,
        tuple(changes),
    )


def _check_list(queue: Sequence[QueuedProposal], committer: int) -> None:
    leaves: set[int] = set()
    for p in queue:
        match p.proposal:
            case Update():
                rules.require(p.sender.index != committer, rules.LIST_OWN_UPDATE)
                touched = p.sender.index
            case Remove(removed):
                rules.require(removed != committer, rules.LIST_OWN_REMOVE)
                touched = removed
            case ExternalInit():
                raise rules.violation(rules.LIST_NO_EXTERNAL_INIT)
            case _:
                continue
        rules.require(touched not in leaves, rules.LIST_ONE_PER_LEAF)
        leaves.add(touched)
    _check_psks(queue)
    contexts = sum(isinstance(p.proposal, GroupContextExtensions) for p in queue)
    rules.require(contexts <= 1, rules.LIST_ONE_EXTENSIONS)
    alone = len(queue) == 1 or not any(isinstance(p.proposal, ReInit) for p in queue)
    rules.require(alone, rules.LIST_REINIT_ALONE)


def _check_psks(queue: Sequence[QueuedProposal]) -> None:
    ids = [p.proposal.psk.encode() for p in queue if isinstance(p.proposal, PreSharedKey)]
    rules.require(len(ids) == len(set(ids)), rules.LIST_PSK_ONCE)


def _check_external_list(queue: Sequence[QueuedProposal]) -> None:
    rules.require(all(p.ref is None for p in queue), rules.EXTERNAL_BY_VALUE)
    kinds = [type(p.proposal) for p in queue]
    rules.require(kinds.count(ExternalInit) == 1, rules.EXTERNAL_ONE_INIT)
    rules.require(kinds.count(Remove) <= 1, rules.EXTERNAL_ONE_REMOVE)
    permitted = {ExternalInit, Remove, PreSharedKey}
    rules.require(permitted.issuperset(kinds), rules.EXTERNAL_TYPES)
    _check_psks(queue)


def find_psks(
    state: GroupState | None,
    psks: Iterable[PreSharedKeyID],
    policy: Policy,
    *,
    ceremony: bool = False,
) -> list[tuple[PreSharedKeyID, bytes]]:
    """Look up pre-shared keys: epochs of the state's group there, all others at the application.

    `ceremony` says that the state is the predecessor that a new group continues.

    Raises:
        PSKUnknown: one of them is not to be had.
        RuleViolation: they are more than can be counted.
    """
    psks = tuple(psks)
    rules.require(len(psks) < 2**16, rules.PSK_COUNT)
    found = []
    for psk_id in psks:
        if state is not None and _is_of(state, psk_id, ceremony):
            psk = state.resumption_psk(psk_id.psk_epoch)
        else:
            psk = policy.psk(psk_id)
        if psk is None:
            raise PSKUnknown(psk_id)
        found.append((psk_id, psk))
    return found


def _is_of(state: GroupState, psk_id: PreSharedKeyID, ceremony: bool) -> bool:
    usual = psk_id.usage is ResumptionPSKUsage.APPLICATION or ceremony
    return usual and psk_id.type is PSKType.RESUMPTION and psk_id.psk_group_id == state.group_id


def choose_pending(state: GroupState) -> list[QueuedProposal]:
    """The waiting proposals that we may commit together, by §12.2's preferences.

    Left out: what only others may commit (our Updates, our leaving), Updates of members that are removed,
    all but the last Update of a member, what stands there twice, and a ReInit beside anything else.
    """
    chosen: dict[object, QueuedProposal] = {}
    reinit = None
    for p in state.proposals.values():
        match p.proposal:
            case Remove(removed):
                if removed != state.own_leaf and state.tree.leaf(removed) is not None:
                    chosen["leaf", removed] = p
            case Update():
                held = chosen.get(("leaf", p.sender.index))
                removed_already = held is not None and isinstance(held.proposal, Remove)
                if p.sender.index != state.own_leaf and not removed_already:
                    chosen["leaf", p.sender.index] = p
            case Add(package):
                chosen["add", package.leaf_node.signature_key] = p
            case PreSharedKey(psk):
                chosen["psk", psk] = p
            case GroupContextExtensions():
                chosen["extensions"] = p
            case ReInit():
                reinit = p
            case ExternalInit():
                pass
    gone = {key[1] for key, p in chosen.items() if isinstance(p.proposal, Remove) and isinstance(key, tuple)}
    members = {leaf.signature_key for i, leaf in state.tree.members() if i not in gone}
    listed = [
        p
        for p in chosen.values()
        if not isinstance(p.proposal, Add) or p.proposal.key_package.leaf_node.signature_key not in members
    ]
    return listed or ([reinit] if reinit is not None else [])
