"""Labels: bytes made for one purpose never pass for another, nor for what MLS signs."""

from __future__ import annotations

import ast
import hashlib
import itertools
import re
from pathlib import Path

import pytest

from swarm_protocol import labels, mls
from swarm_protocol.labels import LABELS, HashLabel, KeyLabel, SignatureLabel
from swarm_protocol.mls.signatures import Ed25519
from swarm_protocol.testing import SeededEntropy

PACKAGE = Path(labels.__file__).parent

KEY = Ed25519().generate(SeededEntropy("labels"))


NAMED = [value for value in vars(labels).values() if isinstance(value, labels.Label)]


def test_no_label_is_the_start_of_another() -> None:
    prefixes = [label.prefix for label in LABELS.values()]
    assert not [(a, b) for a, b in itertools.permutations(prefixes, 2) if a.startswith(b)]


def test_each_label_has_one_name_in_the_module() -> None:
    assert [label.purpose for label in NAMED] == list(LABELS)


def test_the_specification_lists_each_label_with_its_kind() -> None:
    text = (PACKAGE.parent / "spec" / "09-encoding.md").read_text()
    kinds: dict[type, str] = {HashLabel: "hash", SignatureLabel: "signature", KeyLabel: "key"}
    listed = re.findall(r"^\| `([a-z ]+)` \| (hash|signature|key) \|", text, re.MULTILINE)
    assert listed == [(label.purpose, kinds[type(label)]) for label in NAMED]


def test_labels_are_made_in_the_registry_alone() -> None:
    makers = {"Label", "HashLabel", "SignatureLabel", "KeyLabel"}
    elsewhere = [
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "labels.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers
    ]
    assert elsewhere == []


def test_a_second_label_for_a_purpose_is_refused() -> None:
    taken = labels.LINK.purpose
    with pytest.raises(AssertionError):
        SignatureLabel(taken)
    assert LABELS[taken] is labels.LINK


@pytest.mark.parametrize("purpose", ["zero\0byte", "tür", "two\nlines"])
def test_a_purpose_is_plain_text(purpose: str) -> None:
    with pytest.raises(AssertionError):
        HashLabel(purpose)
    assert purpose not in LABELS


def test_a_hash_is_sha256_behind_the_label() -> None:
    assert labels.CLAIM.hash(b"x") == hashlib.sha256(b"swarmnode/1 claim\0x").digest()


def test_a_signature_verifies_under_its_own_label_alone() -> None:
    signing = [label for label in LABELS.values() if isinstance(label, SignatureLabel)]
    assert len(signing) > 1
    for made in signing:
        signature = made.sign(KEY, b"data")
        passes = [label for label in signing if label.verify(KEY.public, b"data", signature)]
        assert passes == [made]


def test_each_derived_key_is_another() -> None:
    deriving = [label for label in LABELS.values() if isinstance(label, KeyLabel)]
    keys = {label.derive(b"p" * 32, context) for label in deriving for context in (b"", b"\0", b"\1")}
    assert len(keys) == 3 * len(deriving)


def test_what_mls_signs_never_starts_like_a_label() -> None:
    """A leaf's signature, as MLS makes it, verified over bytes that do not start with `swarmnode/1 `."""
    suite = mls.CRYPTO.suite(0x0001)
    signature = suite.sign_with_label(KEY.private, b"LeafNodeTBS", b"content")
    content = b"\x13MLS 1.0 LeafNodeTBS\x07content"
    assert Ed25519().verify(KEY.public, content, signature)
    assert content[0] < 0x40 < b"swarmnode/1 "[0]
