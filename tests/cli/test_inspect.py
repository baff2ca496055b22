"""`inspect`: each kind of bytes is known by itself, nothing secret shows, and nothing breaks it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import content_world
import pytest
from cli_world import Shell
from hypothesis import given
from hypothesis import strategies as st
from mls_world import clients, group_of
from own_vectors import Vector, own_vectors

from swarm_protocol import cbor, mls
from swarm_protocol.envelope import Frame, Kind, QueueKey, seal_envelope
from swarm_protocol.meeting.link import InviteLink
from swarm_protocol.testing import SeededEntropy
from swarmnode.cli.explain import Explained, explain

LABELS = {
    "identity/chain": {"sigchain"},
    "envelope/frame": {"frame"},
    "mailbox/command": {"command to a relay"},
    "mailbox/answer": {"answer of a relay", "notice of a relay"},
    "mailbox/record": {"queue record"},
    "meeting/link": {"one-time invite", "address", "relay link", "safety code"},
    "carry/bundle": {"bundle file"},
}


@cache
def good(kind: str = "") -> list[Vector]:
    return [v for v in own_vectors() if v.rule == "-" and (v.kind == kind or (not kind and v.kind in LABELS))]


def flat(node: Explained) -> str:
    return "\n".join([f"{node.label}: {node.value}", *map(flat, node.inside)])


@pytest.mark.parametrize("vector", good(), ids=lambda v: v.name)
def test_each_kind_is_known(vector: Vector) -> None:
    assert explain(vector.data).label in LABELS[vector.kind]


def test_an_mls_message_in_a_frame_in_an_envelope() -> None:
    _, message = mls.encrypt(group_of(2)[0], b"planted", entropy=SeededEntropy("message"))
    found = explain(message)
    assert (found.label, found.value) == ("MLS message", "PRIVATE_MESSAGE")
    assert {"epoch: 1", "content type: APPLICATION"} <= set(flat(found).splitlines())
    frame = Frame(Kind.MLS_PRIVATE, message, 7)
    assert found in explain(frame.encode()).inside
    sealed = seal_envelope(QueueKey(bytes(32)), frame, entropy=SeededEntropy("seal"))
    assert explain(sealed).inside[1].value == f"{len(sealed)} B (small)"


def test_a_key_package_and_a_welcome() -> None:
    (ada,) = clients(mls.CRYPTO.suite(1), 1)
    package = ada.key_package().key_package
    assert explain(package.encode()).label == "key package"
    assert explain(mls.MLSMessage(package).encode()).value == "KEY_PACKAGE"


def test_a_content_message_shows_what_it_says() -> None:
    message = content_world.Writer("ada").say("good morning")
    found = explain(message.data)
    assert found.label == "content message"
    assert "text: good morning" in flat(found)
    assert f"salt: {16} B, not shown" in flat(found)


def test_secrets_of_links_do_not_show() -> None:
    for vector in good("meeting/link"):
        text = vector.data.decode()
        shown = flat(explain(vector.data))
        if text.lower().startswith(("swarm:1i", "swarm:1a")):
            link = InviteLink.parse(text)
            assert link.secret.key.hex()[:16] not in shown
            assert link.fetch[0].address in shown


def test_a_damaged_link_says_how() -> None:
    text = next(v.data for v in good("meeting/link") if len(v.data) > 40)
    assert explain(text[:-5]).label == "damaged link"


def test_a_bundle_that_was_cut_off_shows_what_came() -> None:
    whole = max((v.data for v in good("carry/bundle")), key=len)
    found = explain(whole[:-20])
    assert found.inside[-1].label == "damaged"
    assert found.inside[0].label.startswith("records of class 1")


def test_other_cbor_is_a_tree_and_the_rest_a_size() -> None:
    assert explain(cbor.encode({9: [1, "two", b"three"]})).label == "CBOR"
    assert explain(b"\xff" * 100) == Explained("nothing known", "100 B: ffffffffffffffff…")
    assert explain(b"") == Explained("nothing known", "0 B")


@given(st.data())
def test_nothing_breaks_it(data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from([v.data for v in good()]))
    at = data.draw(st.integers(0, max(len(seed) - 1, 0)))
    cut = data.draw(st.booleans())
    damaged = seed[:at] if cut else seed[:at] + data.draw(st.binary(max_size=4)) + seed[at + 1 :]
    assert explain(damaged).label


@pytest.mark.parametrize("as_hex", [True, False])
def test_the_command_takes_files_and_hex(no_node: Shell, tmp_path: Path, *, as_hex: bool) -> None:
    data = good("identity/chain")[0].data
    file = tmp_path / "chain"
    file.write_bytes(data)
    source = data.hex() if as_hex else str(file)
    assert json.loads(no_node("inspect", source, "--json").stdout)["label"] == "sigchain"
    shown = no_node("inspect", source).stdout
    assert shown.startswith("sigchain: ")
    assert "Genesis" in shown


def test_the_command_says_what_it_wants(no_node: Shell) -> None:
    code, error = no_node.error("inspect", "/nowhere")
    assert (code, error["code"]) == (2, "usage")
