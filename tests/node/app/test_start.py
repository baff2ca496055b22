"""What a start loads: half of its time and most of its memory. The rest waits until somebody wants it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import asyncio, mimetypes, os, signal, sys
from pathlib import Path
from swarmnode.cli.app import load_app
from swarmnode.config import Config, Http, Link

mimetypes.knownfiles.append(sys.argv[3])
app = load_app()
assert mimetypes.guess_type("a.known-to-the-system") == (None, None)
assert os.environ["SSL_CERT_FILE"] == "authorities.pem" and "SSL_CERT_DIR" not in os.environ
home, role = Path(sys.argv[1]), sys.argv[2]
config = Config(home=home, roles=(role,), http=Http(port=0), link=Link(host="127.0.0.1", port=0))
if role == "node":
    app.create_home(config, name="ada", passphrase="p", key_file=None, words=None)
asyncio.run(app.run(config, passphrase="p", ready=lambda **_: os.kill(os.getpid(), signal.SIGTERM)))
print(*sys.modules)
"""
LATE = {"alembic", "keyring", "segno", "spake2", "sqlalchemy.orm", "zeroconf"}
LATE |= {
    "swarmnode.app.doctor",
    "swarmnode.bridging.host",
    "swarmnode.delivery.doors",
    "swarmnode.services.carry",
}


@pytest.mark.parametrize(
    ("role", "needed", "late"),
    [
        (
            "node",
            {"sqlalchemy", "swarmnode.services"},
            LATE
            | {"swarmnode.delivery.relay_role", "swarm_protocol.mailbox.relay"}
            | {"cryptography.hazmat.primitives.serialization"},
        ),
        (
            "relay",
            {"swarmnode.delivery.relay_role"},
            LATE | {"sqlalchemy", "swarmnode.services", "swarmnode.bridging", "swarm_protocol.content"},
        ),
    ],
)
def test_a_start_loads_what_it_needs(role: str, needed: set[str], late: set[str], tmp_path: Path) -> None:
    here = {name: value for name, value in os.environ.items() if name != "SSL_CERT_DIR"}
    types = tmp_path / "mime.types"
    types.write_text("text/plain known-to-the-system\n")
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "home"), role, str(types)],
        env={**here, "SWARMNODE_TEST_WEAK_KEYS": "1", "SSL_CERT_FILE": "authorities.pem"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.split())
    assert needed <= loaded
    assert not late & loaded
