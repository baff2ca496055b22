"""Valid and kept inputs of the fuzzer, changes of them that are the same each time, and hostile claims."""

from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from fuzz_targets import TARGETS, costs
from fuzzing import CORPUS, kept, mutate_cbor

MUTATIONS = {"mls-message": 60, "mls-struct": 30, "mls-tree": 30, "mls-archive": 60}
"""How many changes of each kept input of MLS are tried; of those that take longer, 15."""

CHANGES, SLOW_CHANGES = 300, 30
"""How many changes of its valid inputs are tried on a target of our own protocol: about a second's worth."""

targets = pytest.mark.parametrize("target", TARGETS)


def tried(target: str, data: bytes) -> bool:
    try:
        return costs(TARGETS[target], data)
    except Exception as e:
        e.add_note(f"the input was {data[:4096].hex()}")
        raise


@targets
def test_valid_and_kept_inputs_are_accepted_or_refused_as_they_should_be(target: str) -> None:
    assert any(tried(target, data) for data in TARGETS[target].seeds())
    accepted = [tried(target, data) for data in kept(target).values()]
    assert any(accepted) or not target.startswith("mls-"), "nothing says anything to the code of today"


@targets
def test_changed_inputs_are_accepted_or_refused_as_they_should_be(target: str) -> None:
    inputs = list(kept(target).values())
    if target.startswith("mls-"):
        times = MUTATIONS.get(target, 15)
    else:
        inputs += [data for data in TARGETS[target].seeds() if len(data) < 1 << 16]
        times = -(-(SLOW_CHANGES if TARGETS[target].slow else CHANGES) // len(inputs))
    for data in inputs:
        rng = random.Random(data)
        for _ in range(times):
            tried(target, TARGETS[target].mutate(data, rng.choice(inputs), rng))


HOSTILE = {
    "empty": b"",
    "zeros": bytes(1 << 16),
    "ones": b"\xff" * (1 << 16),
    "deep-arrays": b"\x81" * (1 << 16),
    "deep-maps": b"\xa1\x01" * (1 << 15),
    "deep-tags": b"\xc1" * (1 << 16),
    "endless": b"\x9f" * (1 << 16),
    "many": cbor2.dumps([0] * 65_000),
    "many-arrays": cbor2.dumps([[]] * 65_000),
    "many-fields": cbor2.dumps(dict.fromkeys(range(20_000), 0)),
    "array-of-2^64": b"\x9b" + b"\xff" * 8 + bytes(1 << 16),
    "map-of-2^63": b"\xbb\x7f" + b"\xff" * 7 + bytes(1 << 16),
    "bytes-of-2^64": b"\x5b" + b"\xff" * 8 + bytes(1 << 16),
    "text-of-2^32": b"\x7a" + b"\xff" * 4 + b"a" * (1 << 16),
    "nested-strings": cbor2.dumps([cbor2.dumps([bytes(1000)] * 20)] * 3),
    "large": bytes(1 << 22),
}
"""What claims much, or is much; none says anything to anybody but `cbor`."""


@pytest.mark.parametrize("name", HOSTILE)
def test_what_claims_much_costs_little(name: str) -> None:
    for target in TARGETS:
        tried(target, HOSTILE[name])


def test_changes_reach_into_encodings_inside_encodings() -> None:
    inside = cbor2.dumps({1: b"inside", 2: [7, 8]})
    whole = cbor2.dumps({1: inside, 2: 0}, canonical=True)
    rng = random.Random(1)
    deep = 0
    for _ in range(200):
        try:
            value = cbor2.loads(mutate_cbor(whole, whole, rng))
            cbor2.loads(value[1])
            deep += len(value[1]) != len(inside) and value[2] == 0
        except (cbor2.CBORDecodeError, LookupError, TypeError, ValueError):
            continue  # changed elsewhere
    assert deep > 20, "and the length around it is right again"


def test_the_document_names_every_target() -> None:
    document = (Path(__file__).parents[2] / "docs" / "fuzzing.md").read_text()
    chapter = document.partition("## Targets")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| (`.+`) \|$", chapter, re.MULTILINE)
    assert sorted(re.findall(r"`(\S+)`", " ".join(rows))) == sorted(TARGETS)


def test_the_corpus_is_small_and_holds_nothing_twice() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= TARGETS.keys()
    paths = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert [p for p in paths if p.name != hashlib.sha256(p.read_bytes()).hexdigest()[:16]] == []
    assert sum(path.stat().st_size for path in paths) < 2 * 2**20


def test_the_fuzzer_runs_and_finds_a_fault_that_is_there(tmp_path: Path) -> None:
    """In a process of its own, on a target that fails for every second input."""
    program = tmp_path / "planted.py"
    program.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import run, dataclasses, fuzzing, fuzz_targets, pathlib\n"
        "def faulty(data):\n"
        "    if len(data) % 2:\n"
        "        raise KeyError('planted')\n"
        "    return True\n"
        "target = fuzz_targets.TARGETS['envelope-frame']\n"
        "if sys.argv.pop(1) == 'faulty':\n"
        "    target = dataclasses.replace(target, accepts=faulty)\n"
        "fuzz_targets.TARGETS['envelope-frame'] = target\n"
        "fuzzing.CORPUS = pathlib.Path(sys.argv.pop(1))\n"
        "sys.exit(run.main())\n"
    )
    for kind, code in (("faulty", 1), ("sound", 0)):
        folder = tmp_path / kind
        done = subprocess.run(
            [sys.executable, program, kind, folder, "--plain", "0.5", "envelope-frame"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        assert "Without atheris" in done.stdout
        assert len(list(folder.rglob("????????????????"))) == code, "the input that shows the fault is kept"
        assert ("KeyError: 'planted'" in done.stderr) == bool(code)
