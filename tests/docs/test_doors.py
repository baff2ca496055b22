"""The rules on imports bite: each is seen to break when it is broken on purpose, in a copy of the tree."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("swarmnode", "protocol/swarm_protocol", "bridges/swarm_bridges")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our code and its rules, to plant wrong imports in."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def lint_imports(house: Path, contract: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(house / room) for room in (".", "protocol", "bridges"))
    return subprocess.run(
        ["lint-imports", "--no-cache", "--no-logo", "--contract", contract],
        cwd=house,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )


BROKEN = [
    ("protocol", "protocol/swarm_protocol", "import time", "swarm_protocol.planted -> time"),
    ("protocol", "protocol/swarm_protocol", "from os import urandom", "swarm_protocol.planted -> os"),
    ("protocol", "protocol/swarm_protocol", "import swarmnode", "swarm_protocol.planted -> swarmnode"),
    (
        "protocol-testing",
        "swarmnode",
        "from swarm_protocol.testing import SeededEntropy",
        "swarmnode.planted -> swarm_protocol.testing",
    ),
    (
        "protocol-vectors",
        "protocol/swarm_protocol",
        "import swarm_protocol.mls.vectors",
        "swarm_protocol.planted -> swarm_protocol.mls.vectors",
    ),
    ("bridges", "bridges/swarm_bridges", "import swarm_protocol", "swarm_bridges.planted -> swarm_protocol"),
    ("bridges", "bridges/swarm_bridges", "import nacl.secret", "swarm_bridges.planted -> nacl"),
    (
        "floors",
        "swarmnode/storage",
        "from ..services import step",
        "swarmnode.storage.planted -> swarmnode.services.step",
    ),
    (
        "floors",
        "swarmnode/delivery",
        "from ..api import server",
        "swarmnode.delivery.planted -> swarmnode.api.server",
    ),
    ("floors", "swarmnode/api", "from .. import app", "swarmnode.api.planted -> swarmnode.app"),
    ("floors", "swarmnode", "import json", "swarmnode.planted"),
    ("logic", "swarmnode/services", "import time", "swarmnode.services.planted -> time"),
    ("logic", "swarmnode/domain", "from asyncio import Event", "swarmnode.domain.planted -> asyncio"),
    (
        "networks",
        "bridges/swarm_bridges/networks/demo",
        "from ..xmpp import account",
        "swarm_bridges.networks.demo.planted -> swarm_bridges.networks.xmpp",
    ),
    (
        "no-network",
        "swarmnode/bridging",
        "from swarm_bridges.networks import demo",
        "swarmnode.bridging.planted -> swarm_bridges.networks",
    ),
    ("port", "swarmnode/api", "from ..services import step", "swarmnode.api.planted -> swarmnode.services"),
]
"""A contract, where a module is planted, the line in it that breaks the contract, what the linter names."""


def test_each_contract_is_broken_below() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract for contract, *_ in BROKEN} == {rule["id"] for rule in rules}


@pytest.mark.parametrize(("contract", "package", "line", "named"), BROKEN)
def test_a_forbidden_import_breaks_its_contract(
    house: Path, contract: str, package: str, line: str, named: str
) -> None:
    planted = house / package / "planted.py"
    planted.write_text(f'"""Wrong on purpose."""\n\n{line}\n')
    try:
        result = lint_imports(house, contract)
    finally:
        planted.unlink()
    assert result.returncode == 1, result.stdout + result.stderr
    assert named in result.stdout


@pytest.mark.parametrize(
    "program",
    [
        "import protocol.swarm_protocol",
        "from bridges import swarm_bridges",
        "import tests.conftest",
        "import asyncio\n\nasyncio.create_task(work())",
        "import asyncio\n\nasyncio.gather(work())",
        "from asyncio import wait_for",
        "from nacl.signing import SigningKey\n\nSigningKey.generate()",
        "from cryptography.hazmat.primitives.asymmetric import x25519\n\nx25519.X25519PrivateKey.generate()",
        "from cryptography.hazmat.primitives.asymmetric import mlkem\n\nmlkem.MLKEM768PrivateKey.generate()",
    ],
)
def test_the_linter_knows_the_banned_names(program: str) -> None:
    result = subprocess.run(
        [
            "ruff",
            "check",
            "--select",
            "TID251",
            "--stdin-filename",
            "protocol/swarm_protocol/planted.py",
            "-",
        ],
        cwd=ROOT,
        input=program,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert "TID251" in result.stdout
