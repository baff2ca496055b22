"""The published vectors pass, each case of them, and the command that runs them tells the truth."""

from __future__ import annotations

import json
import lzma
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mls_world import NOW, X25519, Client

from swarm_protocol import mls
from swarm_protocol.mls import key_schedule, vectors
from swarm_protocol.mls.proposals import PSKType
from swarm_protocol.testing import SeededEntropy

EXTERNAL = Path(__file__).parents[2] / "vectors" / "external"
FOLDER = EXTERNAL / "mls"
ROW = re.compile(r"^\| `([\w./-]+)` \| (\d+) \| \d+ \|", re.MULTILINE)
SAID = EXTERNAL.joinpath("SOURCES.md").read_text().partition("## `hpke/`")[0]
COUNTS = {name: int(count) for name, count in ROW.findall(SAID)}
"""How many cases each file has, by the document that describes them."""

WITH_RESUMPTION = {
    "passive-client-handling-commit.json.xz": 14,
    "interop-passive/commit.json.xz": 7,
    "interop-passive/external_proposals.json.xz": 14,
}
"""Cases in which a commit mixes in a resumption PSK of an earlier epoch of the group itself."""


def test_each_file_is_described_and_each_description_has_its_file() -> None:
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert there == COUNTS.keys()
    assert WITH_RESUMPTION.keys() < there


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_every_case_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also counts the cases that use resumption PSKs: 35, all of usage "application" and all available."""
    used: list[mls.PreSharedKeyID] = []
    derive = key_schedule.psk_secret

    def spy(suite: mls.CipherSuite, psks: Sequence[tuple[mls.PreSharedKeyID, bytes]]) -> bytes:
        used.extend(psk_id for psk_id, _ in psks)
        return derive(suite, psks)

    monkeypatch.setattr(key_schedule, "psk_secret", spy)
    passed, with_resumption = 0, 0
    for number, case in enumerate(vectors.load(FOLDER / name)):
        used.clear()
        assert vectors.run_case(case) is None, f"case {number}"
        passed += 1
        resumption = [p for p in used if p.type is PSKType.RESUMPTION]
        assert all(p.usage is mls.ResumptionPSKUsage.APPLICATION for p in resumption)
        with_resumption += bool(resumption)
    assert passed == COUNTS[name] > 0
    assert with_resumption == WITH_RESUMPTION.get(name, 0)


def test_no_kind_of_case_is_left_out() -> None:
    firsts = [vectors.load(FOLDER / name)[0] for name in sorted(COUNTS)]
    kinds = [vectors.kind_of(case) for case in firsts]
    assert {kind[0] for kind in kinds if kind} == {name for name, _ in vectors.KINDS.values()}


def run(*arguments: Path | str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "swarm_protocol.mls.vectors", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command_runs_plain_and_compressed_files() -> None:
    plain, packed = FOLDER / "deserialization.json", FOLDER / "secret-tree.json.xz"
    code, said = run(plain, packed)
    assert code == 0
    assert said.splitlines() == [
        f"{plain}: 14 passed, 0 failed",
        f"{packed}: 21 passed, 0 failed",
        "35 passed, 0 failed",
    ]


def write(path: Path, cases: object) -> Path:
    data = json.dumps(cases).encode()
    path.write_bytes(lzma.compress(data) if path.suffix == ".xz" else data)
    return path


def test_the_command_walks_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = vectors.load(FOLDER / "deserialization.json")[0]
    (tmp_path / "deep").mkdir()
    write(tmp_path / "b.json", [case, case])
    write(tmp_path / "deep" / "a.json.xz", [case])
    (tmp_path / "README.md").write_text("no vectors")
    assert vectors.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed"


def test_a_broken_case_is_a_failure(tmp_path: Path) -> None:
    cases = vectors.load(FOLDER / "transcript-hashes.json")
    cases[2]["confirmed_transcript_hash_after"] = "00" * 32
    del cases[4]["confirmation_key"]
    cases[5]["authenticated_content"] += "00"
    code, said = run(write(tmp_path / "broken.json", cases))
    lines = said.splitlines()
    assert code == 1
    assert lines[0].endswith("broken.json: 4 passed, 3 failed")
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["case 2", "case 4", "case 5"]
    assert "confirmed hash" in lines[1]
    assert lines[-1] == "4 passed, 3 failed"


BROKEN = {
    "tree-math.json": ("root", 3),
    "deserialization.json": ("length", 7),
    "crypto-basics.json": ("ref_hash.out", None),
    "secret-tree.json.xz": ("sender_data.key", None),
    "message-protection.json": ("membership_key", None),
    "key-schedule.json": ("initial_init_secret", None),
    "psk_secret.json": ("psk_secret", None),
    "transcript-hashes.json": ("confirmation_key", None),
    "welcome.json": ("signer_pub", None),
    "tree-operations.json": ("tree_hash_after", None),
    "tree-validation.json.xz": ("group_id", None),
    "treekem.json.xz": ("confirmed_transcript_hash", None),
    "messages.json.xz": ("group_secrets", None),
    "passive-client-welcome.json.xz": ("initial_epoch_authenticator", None),
    "passive-client-handling-commit.json.xz": ("epochs.0.epoch_authenticator", None),
}
"""A field of the last case of each kind, to be set to a wrong value; None stands for one flipped bit."""


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_no_kind_of_case_passes_with_a_wrong_value(name: str) -> None:
    where, wrong = BROKEN[name]
    case: Any = vectors.load(FOLDER / name)[-1]
    inner: Any = case
    *path, last = where.split(".")
    for key in path:
        inner = inner[int(key) if isinstance(inner, list) else key]
    inner[last] = f"{int(inner[last][:2], 16) ^ 1:02x}{inner[last][2:]}" if wrong is None else wrong
    assert vectors.run_case(case)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[{"colour": "green"}]', "a kind of case that is not known here"),
        (b"[", "cannot be read"),
        (b'{"n_leaves": 1}', "cannot be read: not a list of cases"),
        (b"\xff\xfe", "cannot be read"),
    ],
    ids=["unknown kind", "cut off", "no list", "no text"],
)
def test_what_is_no_case_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, said: str
) -> None:
    (tmp_path / "odd.json").write_bytes(data)
    assert vectors.main([str(tmp_path / "odd.json")]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert out.splitlines()[-1] == "0 passed, 1 failed"


@pytest.mark.parametrize("name", ["missing.json", "not-xz.json.xz"])
def test_a_file_that_cannot_be_read_is_a_failure(tmp_path: Path, name: str) -> None:
    (tmp_path / "not-xz.json.xz").write_bytes(b"[]")
    code, said = run(tmp_path / name)
    assert code == 1
    assert said.splitlines()[-1] == "0 passed, 1 failed"


def test_nothing_to_run_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run()
    assert (code, said.split(":")[0]) == (2, "usage")
    assert vectors.main([str(tmp_path)]) == 2, "an empty folder"
    assert capsys.readouterr().err.startswith("usage:")


def passive_case(psk_id: mls.PreSharedKeyID, *held: tuple[bytes, bytes]) -> vectors.Case:
    """A join by a Welcome that needs `psk_id`, as a case that holds the external PSKs `held`."""
    entropy = SeededEntropy("passive case")
    ada, ben = Client.make(X25519, "ada"), Client.make(X25519, "ben")
    own = ben.key_package()
    group = mls.create_group(ada.key_package(), b"group", entropy=entropy)
    policy = mls.Policy.allow_all(lambda wanted: b"secret" if wanted == psk_id else None)
    proposals: list[mls.Proposal] = [mls.Add(own.key_package), mls.PreSharedKey(psk_id)]
    _, pending = mls.commit(group, proposals, policy=policy, entropy=entropy, now=NOW)
    assert pending.welcome is not None
    return {
        "cipher_suite": X25519.id,
        "key_package": mls.MLSMessage(own.key_package).encode().hex(),
        "signature_priv": own.signature.private.hex(),
        "encryption_priv": own.encryption.private.hex(),
        "init_priv": own.init.private.hex(),
        "welcome": pending.welcome.hex(),
        "ratchet_tree": None,
        "external_psks": [{"psk_id": name.hex(), "psk": psk.hex()} for name, psk in held],
        "initial_epoch_authenticator": pending.staged.after.epoch_authenticator.hex(),
        "epochs": [],
    }


def test_a_case_that_needs_another_groups_psk_is_unavailable(tmp_path: Path) -> None:
    external = mls.PreSharedKeyID.external(b"known", bytes(32))
    elsewhere = mls.PreSharedKeyID.resumption(
        mls.ResumptionPSKUsage.APPLICATION, b"another group", 7, bytes(32)
    )
    needs_it = passive_case(elsewhere)
    cases = [passive_case(external, (b"known", b"secret")), needs_it, needs_it]
    path = write(tmp_path / "resumption.json", cases)
    code, said = run(path)
    name = f"resumption PSK (application) of group {b'another group'.hex()} epoch 7"
    assert code == 0
    assert said.splitlines() == [
        f"{path}: 1 passed, 0 failed, 2 unavailable",
        f"    unavailable, 2 times: {name}",
        "1 passed, 0 failed",
    ]


def test_a_wrong_external_psk_is_a_failure() -> None:
    external = mls.PreSharedKeyID.external(b"known", bytes(32))
    failure = vectors.run_case(passive_case(external, (b"known", b"another secret")))
    assert failure is not None
    assert failure.startswith("CannotOpen")
