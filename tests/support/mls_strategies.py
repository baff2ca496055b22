"""Hypothesis strategies for every struct of MLS: valid in form, random in content."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from hypothesis import strategies as st

from swarm_protocol import mls
from swarm_protocol.mls.ciphersuite import HPKECiphertext
from swarm_protocol.mls.codec import Struct, opaque, u8, u16, u64
from swarm_protocol.mls.extensions import GREASE, encode_extensions
from swarm_protocol.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    PrivateAAD,
    PrivateMessage,
    PublicMessage,
)
from swarm_protocol.mls.proposals import UpdatePath, UpdatePathNode
from swarm_protocol.mls.ratchet_tree import ParentNode
from swarm_protocol.mls.welcome import EncryptedGroupSecrets, GroupSecrets

u8s, u16s = st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1)
u32s, u64s = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
blobs = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([62, 63, 64, 65, 300]).map(bytes),
    # Where the prefix grows to four bytes: rarely, for it makes everything around it large.
    st.sampled_from([0, 0, 0, 0, 0, 0, 16383, 16384]).map(lambda n: b"\x01" * n),
)
types = st.one_of(u16s, st.sampled_from(sorted(GREASE)))
type_lists = st.lists(types, max_size=4).map(tuple)


def tuples(item: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, max_size=most).map(tuple)


extensions = st.builds(mls.Extension, types, blobs)
extension_lists = tuples(extensions)
credentials = st.one_of(
    st.builds(mls.Credential.basic, blobs), tuples(blobs).map(lambda c: mls.Credential.x509(*c))
)
capabilities = st.builds(mls.Capabilities, type_lists, type_lists, type_lists, type_lists, type_lists)
ciphertexts = st.builds(HPKECiphertext, blobs, blobs)


@st.composite
def leaves(draw: st.DrawFn) -> mls.LeafNode:
    """Leaves of all three sources; the signature is random."""
    source = draw(st.sampled_from(mls.LeafNodeSource))
    specific = b""
    if source is mls.LeafNodeSource.KEY_PACKAGE:
        specific = u64(draw(u64s)) + u64(draw(u64s))
    elif source is mls.LeafNodeSource.COMMIT:
        specific = opaque(draw(blobs))
    return mls.LeafNode.decode(
        opaque(draw(blobs))
        + opaque(draw(blobs))
        + draw(credentials).encode()
        + draw(capabilities).encode()
        + u8(source)
        + specific
        + encode_extensions(draw(extension_lists))
        + opaque(draw(blobs))
    )


@st.composite
def key_packages(draw: st.DrawFn) -> mls.KeyPackage:
    return mls.KeyPackage.decode(
        u16(draw(u16s))
        + u16(draw(u16s))
        + opaque(draw(blobs))
        + draw(leaves()).raw
        + encode_extensions(draw(extension_lists))
        + opaque(draw(blobs))
    )


psk_ids = st.one_of(
    st.builds(mls.PreSharedKeyID.external, blobs, blobs),
    st.builds(mls.PreSharedKeyID.resumption, st.sampled_from(mls.ResumptionPSKUsage), blobs, u64s, blobs),
)
path_nodes = st.builds(UpdatePathNode, blobs, tuples(ciphertexts))
paths = st.builds(UpdatePath, leaves(), tuples(path_nodes))
adds = st.builds(mls.Add, key_packages())
updates = st.builds(mls.Update, leaves())
removes = st.builds(mls.Remove, u32s)
psk_proposals = st.builds(mls.PreSharedKey, psk_ids)
reinits = st.builds(mls.ReInit, blobs, u16s, u16s, extension_lists)
external_inits = st.builds(mls.ExternalInit, blobs)
group_extensions = st.builds(mls.GroupContextExtensions, extension_lists)
proposals = st.one_of(adds, updates, removes, psk_proposals, reinits, external_inits, group_extensions)
commits = st.builds(mls.Commit, tuples(st.one_of(proposals, blobs)), st.none() | paths)
senders = st.one_of(
    st.builds(mls.Sender, st.sampled_from([mls.SenderType.MEMBER, mls.SenderType.EXTERNAL]), u32s),
    st.sampled_from([mls.SenderType.NEW_MEMBER_PROPOSAL, mls.SenderType.NEW_MEMBER_COMMIT]).map(mls.Sender),
)
handshakes = st.builds(FramedContent.make, blobs, u64s, senders, blobs, st.one_of(proposals, commits))
contents = st.one_of(handshakes, st.builds(FramedContent.make, blobs, u64s, senders, blobs, blobs))


def auth_of(draw: st.DrawFn, content: FramedContent) -> FramedContentAuthData:
    tag = draw(blobs) if isinstance(content.body, mls.Commit) else None
    return FramedContentAuthData(draw(blobs), tag)


@st.composite
def authenticated(draw: st.DrawFn) -> AuthenticatedContent:
    content = draw(contents)
    return AuthenticatedContent(draw(st.sampled_from(mls.WireFormat)), content, auth_of(draw, content))


@st.composite
def public_messages(draw: st.DrawFn) -> PublicMessage:
    content = draw(handshakes)
    tag = draw(blobs) if content.sender.type is mls.SenderType.MEMBER else None
    return PublicMessage(content, auth_of(draw, content), tag)


@st.composite
def private_messages(draw: st.DrawFn) -> PrivateMessage:
    content = draw(contents)
    return PrivateMessage(
        content.group_id,
        content.epoch,
        content.content_type,
        content.authenticated_data,
        draw(blobs),
        draw(blobs),
        PrivateAAD.of(content),
    )


contexts = st.builds(mls.GroupContext, u16s, u16s, blobs, u64s, blobs, blobs, extension_lists)
group_infos = st.builds(mls.GroupInfo, contexts, extension_lists, blobs, u32s, blobs)
group_secrets = st.builds(GroupSecrets, blobs, st.none() | blobs, tuples(psk_ids))
encrypted_secrets = st.builds(EncryptedGroupSecrets, blobs, ciphertexts)
welcomes = st.builds(mls.Welcome, u16s, tuples(encrypted_secrets), blobs)
messages = st.builds(
    mls.MLSMessage,
    st.one_of(public_messages(), private_messages(), welcomes, group_infos, key_packages()),
)

STRUCTS: dict[type[Struct], st.SearchStrategy[Any]] = {
    mls.Extension: extensions,
    mls.RequiredCapabilities: st.builds(mls.RequiredCapabilities, type_lists, type_lists, type_lists),
    mls.ExternalSender: st.builds(mls.ExternalSender, blobs, credentials),
    mls.Credential: credentials,
    mls.Capabilities: capabilities,
    mls.LeafNode: leaves(),
    mls.KeyPackage: key_packages(),
    ParentNode: st.builds(ParentNode, blobs, blobs, st.lists(u32s, max_size=20).map(tuple)),
    HPKECiphertext: ciphertexts,
    mls.PreSharedKeyID: psk_ids,
    mls.Add: adds,
    mls.Update: updates,
    mls.Remove: removes,
    mls.PreSharedKey: psk_proposals,
    mls.ReInit: reinits,
    mls.ExternalInit: external_inits,
    mls.GroupContextExtensions: group_extensions,
    UpdatePathNode: path_nodes,
    UpdatePath: paths,
    mls.Commit: commits,
    mls.Sender: senders,
    FramedContent: contents,
    AuthenticatedContent: authenticated(),
    PublicMessage: public_messages(),
    PrivateMessage: private_messages(),
    mls.GroupContext: contexts,
    mls.GroupInfo: group_infos,
    GroupSecrets: group_secrets,
    EncryptedGroupSecrets: encrypted_secrets,
    mls.Welcome: welcomes,
    mls.MLSMessage: messages,
}
"""Every struct and what makes one."""


def all_structs() -> set[type[Struct]]:
    """Every struct that the package defines."""
    names = [m.name for m in pkgutil.iter_modules(mls.__path__) if m.name != "vectors"]
    modules = [importlib.import_module(f"swarm_protocol.mls.{name}") for name in names]
    found = {c for m in modules for c in vars(m).values() if isinstance(c, type) and issubclass(c, Struct)}
    return found - {Struct}
