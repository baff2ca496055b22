"""The codec: one reading of any bytes, back to the same bytes, and nothing taken that is not whole."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mls_strategies import STRUCTS, all_structs, blobs, contexts, group_infos, key_packages, leaves
from mls_world import ALLOW, NOW, X25519, Client, commit_by, group_of

from swarm_protocol import mls
from swarm_protocol.errors import (
    DecodeError,
    LimitError,
    RemoteProtocolError,
    RuleViolation,
    UnsupportedVersion,
)
from swarm_protocol.mls import codec
from swarm_protocol.mls.codec import Reader, Struct
from swarm_protocol.mls.extensions import GREASE, encode_extensions
from swarm_protocol.mls.framing import FramedContent, PublicMessage
from swarm_protocol.mls.ratchet_tree import ParentNode, RatchetTree
from swarm_protocol.testing import SeededEntropy

LENGTHS = [
    (0, "00"),
    (1, "01"),
    (37, "25"),
    (63, "3f"),
    (64, "4040"),
    (15293, "7bbd"),
    (16383, "7fff"),
    (16384, "80004000"),
    (494878333, "9d7f3e7d"),
    (2**30 - 1, "bfffffff"),
]
"""Numbers at the edges of the three forms, and the examples of RFC 9420 §2.1.2."""


@pytest.mark.parametrize(("n", "prefix"), LENGTHS)
def test_a_length_has_its_shortest_form(n: int, prefix: str) -> None:
    raw = bytes.fromhex(prefix)
    assert codec.length(n) == raw
    r = Reader(raw)
    assert r.length() == n
    r.finish()
    assert codec.opaque_size(n) == len(raw) + n


def test_a_length_beyond_the_longest_form_cannot_be_written() -> None:
    with pytest.raises(LimitError):
        codec.length(2**30)
    assert codec.MAX_VECTOR == 2**30 - 1


@pytest.mark.parametrize(
    "prefix",
    ["4000", "4001", "403f", "80000000", "80000001", "8000003f", "80000040", "80003fff"],
)
def test_a_length_in_a_longer_form_is_refused(prefix: str) -> None:
    r = Reader(bytes.fromhex(prefix) + bytes(2**14))
    with pytest.raises(DecodeError, match="shortest"):
        r.length()


@pytest.mark.parametrize("first", range(0xC0, 0x100))
def test_a_length_that_begins_with_11_is_refused(first: int) -> None:
    for read in (Reader.length, Reader.opaque):
        with pytest.raises(DecodeError, match="11"):
            read(Reader(bytes([first]) + bytes(8)))


@pytest.mark.parametrize("cut", ["", "40", "80", "8000", "800040"])
def test_a_length_that_is_cut_off_is_refused(cut: str) -> None:
    for read in (Reader.length, Reader.opaque):
        with pytest.raises(DecodeError):
            read(Reader(bytes.fromhex(cut)))


@pytest.mark.parametrize("n", [0, 1, 62, 63, 64, 65, 16382, 16383, 16384, 16385, 70000])
def test_an_opaque_vector_round_trips_and_needs_all_of_its_bytes(n: int) -> None:
    value = bytes(i % 251 for i in range(n))
    raw = codec.opaque(value)
    assert len(raw) == codec.opaque_size(n)
    r = Reader(raw + b"next")
    assert r.opaque() == value
    assert r.take(4) == b"next"
    if n:
        with pytest.raises(DecodeError):
            Reader(raw[:-1]).opaque()
    r = Reader(b"before" + raw + b"after")
    r.take(6)
    assert r.skip(1) == raw
    assert r.take(5) == b"after"
    with pytest.raises(DecodeError):
        r.skip(1)


def test_a_vector_inside_cannot_read_beyond_the_one_around_it() -> None:
    inner = codec.opaque(b"123456")
    whole = codec.vector([inner]) + b"beyond"
    assert Reader(whole).vector(Reader.opaque) == (b"123456",)
    cut = codec.opaque(inner[:-1]) + b"beyond"
    with pytest.raises(DecodeError):
        Reader(cut).vector(Reader.opaque)
    with pytest.raises(DecodeError):
        Reader(cut).vector(lambda r: r.skip(1))
    with pytest.raises(DecodeError):
        Reader(codec.opaque(b"\x00\x00\x00") + b"\x00").vector(Reader.u16)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_integers_are_big_endian_and_whole(size: int) -> None:
    read = {1: Reader.u8, 2: Reader.u16, 4: Reader.u32, 8: Reader.u64}[size]
    write = {1: codec.u8, 2: codec.u16, 4: codec.u32, 8: codec.u64}[size]
    for n in (0, 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1):
        assert write(n) == n.to_bytes(size, "big")
        assert read(Reader(write(n))) == n
        with pytest.raises(DecodeError):
            read(Reader(write(n)[:-1]))


def test_an_optional_value_is_there_or_not_and_nothing_else() -> None:
    assert Reader(codec.optional(None)).optional(Reader.u8) is None
    assert Reader(codec.optional(b"\x07")).optional(Reader.u8) == 7
    for first in range(2, 256):
        with pytest.raises(DecodeError):
            Reader(bytes([first, 7])).optional(Reader.u8)
    with pytest.raises(DecodeError):
        Reader(b"").optional(Reader.u8)
    with pytest.raises(DecodeError):
        Reader(b"\x01").optional(Reader.u8)


# Every struct


def test_there_is_a_strategy_for_every_struct() -> None:
    assert STRUCTS.keys() == all_structs()


structs = pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)


@structs
@given(data=st.data())
def test_a_struct_round_trips_whole_and_in_no_other_way(kind: type[Struct], data: st.DataObject) -> None:
    """Decoded again it is equal; longer or shorter it is refused; changed it is another one or refused."""
    value = data.draw(STRUCTS[kind])
    raw = value.encode()
    again = kind.decode(raw)
    assert again == value
    assert again.encode() == raw
    for f in fields(again):  # type: ignore[arg-type]
        assert getattr(again, f.name) == getattr(value, f.name) or f.name.startswith("_")
    with pytest.raises(DecodeError):
        kind.decode(raw + data.draw(st.sampled_from([b"\x00", b"\x01", raw])))
    places = st.integers(0, len(raw) - 1)
    with pytest.raises(DecodeError):
        kind.decode(raw[: data.draw(places)])
    changed = bytearray(raw)
    changed[data.draw(places)] = data.draw(st.integers(0, 255))
    try:
        other = kind.decode(bytes(changed))
    except RemoteProtocolError:
        return
    assert other.encode() == changed
    assert (other == value) == (changed == raw)


# Messages of a living group


def world() -> dict[str, bytes]:
    """One message of each kind, as a group sends them."""
    states = group_of(3)
    newcomer = Client.make(X25519, "newcomer").key_package()
    add = [mls.Add(newcomer.key_package)]
    _, public = mls.commit(states[0], add, public=True, policy=ALLOW, entropy=SeededEntropy(1), now=NOW)
    _, private = mls.commit(states[0], add, policy=ALLOW, entropy=SeededEntropy(2), now=NOW)
    options: dict[str, Any] = {"policy": ALLOW, "entropy": SeededEntropy(3), "now": NOW}
    _, proposal = mls.propose(states[1], mls.Remove(2), public=True, **options)
    _, data = mls.encrypt(states[1], b"data", authenticated_data=b"aad", entropy=SeededEntropy(4))
    assert public.welcome is not None
    return {
        "public commit": public.message,
        "private commit": private.message,
        "welcome": public.welcome,
        "proposal": proposal,
        "application": data,
        "group info": mls.group_info(states[0]),
        "key package": mls.MLSMessage(newcomer.key_package).encode(),
        "external commit": mls.external_join(
            newcomer, mls.group_info(states[0]), policy=ALLOW, entropy=SeededEntropy(5)
        ).message,
        "proposal from outside": mls.ask_to_join(newcomer, states[0].group_id, states[0].epoch),
    }


WORLD = world()


@pytest.mark.parametrize("name", WORLD)
def test_every_prefix_of_a_message_is_refused(name: str) -> None:
    raw = WORLD[name]
    assert mls.MLSMessage.decode(raw).encode() == raw
    for n in range(len(raw)):
        with pytest.raises(DecodeError):
            mls.MLSMessage.decode(raw[:n])


def test_every_prefix_of_a_ratchet_tree_is_refused() -> None:
    states, _ = commit_by(group_of(4), 0, [mls.Remove(2)])
    tree = states[0].tree
    raw = tree.encode()
    assert RatchetTree.decode(X25519, raw) == tree
    for n in range(len(raw)):
        with pytest.raises(DecodeError):
            RatchetTree.decode(X25519, raw[:n])
    with pytest.raises(DecodeError):
        RatchetTree.decode(X25519, raw + b"\x00")


def test_a_ratchet_tree_ends_with_a_node_and_has_each_in_its_place() -> None:
    first, second = (leaf.raw for _, leaf in group_of(2)[0].tree.members())
    parent = ParentNode(b"key", b"").encode()
    leaf_1, leaf_2, blank = b"\x01\x01" + first, b"\x01\x01" + second, b"\x00"
    for nodes in (
        [leaf_1, b"\x01\x02" + parent, leaf_2],
        [leaf_1, blank, leaf_2],
        [leaf_1],
        [blank, blank, leaf_1],
    ):
        raw = codec.vector(nodes)
        assert RatchetTree.decode(X25519, raw).encode() == raw
    for nodes in (
        [],
        [blank],
        [leaf_1, blank],
        [leaf_1, blank, blank],
        [parent],
        [leaf_1, leaf_2],
        [b"\x01\x00" + first],
        [b"\x01\x03" + first],
        [b"\x02\x01" + first],
    ):
        with pytest.raises(DecodeError):
            RatchetTree.decode(X25519, codec.vector(nodes))


@pytest.mark.parametrize("version", [0, 2, 0x0A0A, 0xFFFF])
def test_another_version_of_the_protocol_is_not_spoken_here(version: int) -> None:
    with pytest.raises(UnsupportedVersion):
        mls.MLSMessage.decode(codec.u16(version) + WORLD["application"][2:])


@pytest.mark.parametrize("wire_format", [0, 6, 0x0A0A, 0xFFFF])
def test_an_unknown_wire_format_is_refused(wire_format: int) -> None:
    with pytest.raises(DecodeError):
        mls.MLSMessage.decode(b"\x00\x01" + codec.u16(wire_format) + WORLD["application"][4:])


@pytest.mark.parametrize("kind", [0, *range(8, 12), *sorted(GREASE), 0xF000, 0xFFFF])
def test_a_proposal_of_an_unknown_type_is_refused(kind: int) -> None:
    """It has no length in front, so that nothing after it could be found."""
    body = codec.vector([b"\x01" + codec.u16(kind) + b"\x00"])
    with pytest.raises(DecodeError, match="no known form"):
        mls.Commit.decode(body + b"\x00")


def test_application_data_in_a_public_message_is_refused() -> None:
    content = FramedContent.make(b"group", 0, mls.Sender.member(0), b"", b"data")
    raw = content.raw + codec.opaque(b"signature") + codec.opaque(b"tag")
    with pytest.raises(RuleViolation, match="PrivateMessage only"):
        PublicMessage.decode(raw)


# What is not known stays as it came

unknown = st.lists(
    st.builds(
        mls.Extension,
        st.one_of(st.sampled_from(sorted(GREASE)), st.integers(6, 0xFFFF)),
        blobs,
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(found=unknown, leaf=leaves(), package=key_packages(), context=contexts, info=group_infos)
def test_unknown_extensions_stay_byte_for_byte(
    found: tuple[mls.Extension, ...],
    leaf: mls.LeafNode,
    package: mls.KeyPackage,
    context: mls.GroupContext,
    info: mls.GroupInfo,
) -> None:
    raw = encode_extensions(found)
    ours = encode_extensions(leaf.extensions) + codec.opaque(leaf.signature)
    given_leaf = leaf.raw[: len(leaf.raw) - len(ours)] + raw + codec.opaque(leaf.signature)
    read_leaf = mls.LeafNode.decode(given_leaf)
    assert (read_leaf.extensions, read_leaf.encode()) == (found, given_leaf)
    head = codec.u16(package.version) + codec.u16(package.cipher_suite) + codec.opaque(package.init_key)
    given_package = head + given_leaf + raw + codec.opaque(package.signature)
    read_package = mls.KeyPackage.decode(given_package)
    assert (read_package.extensions, read_package.encode()) == (found, given_package)
    tail = encode_extensions(context.extensions)
    given_context = context.encode()[: -len(tail)] + raw
    read_context = mls.GroupContext.decode(given_context)
    assert (read_context.extensions, read_context.encode()) == (found, given_context)
    end = codec.opaque(info.confirmation_tag) + codec.u32(info.signer) + codec.opaque(info.signature)
    given_info = given_context + raw + end
    read_info = mls.GroupInfo.decode(given_info)
    assert (read_info.extensions, read_info.encode()) == (found, given_info)


def test_a_group_lives_with_grease_everywhere() -> None:
    """GREASE in capabilities, leaves, key packages and GroupInfo is passed over and stays (§13.5)."""
    grease = sorted(GREASE)
    capabilities = mls.Capabilities(
        versions=(1, *grease),
        cipher_suites=(X25519.id, *grease),
        extensions=tuple(grease),
        proposals=tuple(grease),
        credentials=(mls.CredentialType.BASIC, *grease),
    )
    extension = mls.Extension(grease[3], b"anything")
    states = group_of(
        3,
        extensions=[mls.Extension(grease[4], b"in the group")],
        capabilities=capabilities,
        leaf_extensions=[extension],
    )
    states, _ = commit_by(states, 2)
    for state in states:
        assert state.context.extensions == (mls.Extension(grease[4], b"in the group"),)
        for _, leaf in state.members():
            assert leaf.capabilities == capabilities
            assert leaf.extensions == (extension,)
    outsider = Client.make(X25519, "outsider").key_package(
        capabilities=capabilities, extensions=[extension], leaf_extensions=[extension]
    )
    info = mls.group_info(states[0], extensions=[mls.Extension(grease[5], b"")])
    joined = mls.external_join(outsider, info, policy=ALLOW, entropy=SeededEntropy(6))
    assert joined.state.context.extensions == states[0].context.extensions
