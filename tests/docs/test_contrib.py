"""What installs a node as a service or into a container: checked as far as that goes without either."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from running_make import ROOT, environment

CONTRIB = ROOT / "contrib"


def install(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CONTRIB / "install", *arguments],
        env={**os.environ, "ROOT": str(root)},
        check=False,
        capture_output=True,
        text=True,
    )


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parser.read_string(path.read_text())
    return parser["Service"]


@pytest.mark.parametrize("arguments", [(), ("host",), ("relay",), ("relay", "no-port"), ("both", "a b:1")])
def test_what_makes_no_sense_installs_nothing(arguments: Sequence[str], tmp_path: Path) -> None:
    assert install(tmp_path, *arguments).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_second_install_keeps_the_passphrase(tmp_path: Path) -> None:
    assert install(tmp_path, "node").returncode == 0
    secret = tmp_path / "etc" / "swarmnode" / "passphrase"
    first = secret.read_text()
    assert len(first.strip()) == 32
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert install(tmp_path, "both", "[2001:db8::1]:443").returncode == 0
    assert secret.read_text() == first
    assert (secret.parent / "settings").read_text().splitlines() == [
        "SWARMNODE_ROLES=node,relay",
        "SWARMNODE_LINK__PUBLIC=[2001:db8::1]:443",
        "SWARMNODE_LINK__PORT=443",
    ]


def test_what_is_installed_runs(tmp_path: Path) -> None:
    """The command of the unit, with its settings, and the command for the owner; all but systemd."""
    assert install(tmp_path, "relay", "relay.example:8471").returncode == 0
    service = unit(tmp_path / "etc/systemd/system/swarmnode.service")
    program, *flags = service["ExecStart"].replace("%d", str(tmp_path / "etc/swarmnode")).split()
    assert Path(program) == ROOT / ".venv/bin/swarmnode"
    settings = dict(
        line.split("=", 1) for line in (tmp_path / "etc/swarmnode/settings").read_text().splitlines()
    )
    home = tmp_path / "home"
    env = environment(**settings, SWARMNODE_HOME=str(home), SWARMNODE_LANG="en")
    with subprocess.Popen(
        [program, *flags, "--json", "--http", "127.0.0.1:0", "--link", "127.0.0.1:0"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            assert running.stdout is not None
            assert json.loads(running.stdout.readline())["state"] == "relay"
            command = tmp_path / "usr/local/bin/swarmnode"
            link = subprocess.run(
                [command, "relay", "ticket"], env=env, check=True, capture_output=True, text=True
            ).stdout
            shown = subprocess.run(
                [command, "inspect", link.strip()], env=env, check=True, capture_output=True, text=True
            ).stdout
            assert "relay.example:8471" in shown
        finally:
            running.terminate()
    assert running.returncode == 0


def test_the_unit_gives_nothing_away_that_it_can_keep() -> None:
    service = unit(CONTRIB / "swarmnode.service")
    wanted = {
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "ProtectHome": "yes",
        "ProtectSystem": "strict",
        "LimitCORE": "0",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
    }
    assert wanted.items() <= dict(service).items()
    assert service["LoadCredential"] == "passphrase:/etc/swarmnode/passphrase"
    assert "--passphrase-file %d/passphrase" in service["ExecStart"]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """By systemd's own check where there is one; else by the form of each line."""
    install(tmp_path, "node")
    path = tmp_path / "etc/systemd/system/swarmnode.service"
    if shutil.which("systemd-analyze"):
        checked = subprocess.run(
            ["systemd-analyze", "verify", path], check=False, capture_output=True, text=True
        )
        assert (checked.returncode, checked.stderr) == (0, "")
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"\[\w+\]|[A-Za-z]+=.*", line)] == []


def test_the_container_file_copies_and_installs_what_is_there() -> None:
    text = (CONTRIB / "Containerfile").read_text().replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    copied = [
        source
        for name, rest in steps
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {f"requirements/{lock}.txt" for lock in ("dev", "run")} <= set(copied)
    installs = [part for name, rest in steps if name == "RUN" for part in rest.split("&&") if "pip" in part]
    assert [part for part in installs if "--require-hashes" not in part and "--no-deps" not in part] == []
    words = [name for name, _ in steps]
    assert words.index("USER") < words.index("ENTRYPOINT"), "it does not run as root"
    assert steps[words.index("ENV")][1] == f"SWARMNODE_HOME={steps[words.index('VOLUME')][1]}"
