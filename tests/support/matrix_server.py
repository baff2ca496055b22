"""Real Matrix servers on loopback: Synapse, each with its files in a folder of its own.

    server = Synapse(folder)
    server.start()
    server.add("ada", "ada's password")
    ...
    server.stop()

Its name is `localhost:PORT` with the port for other servers, so that two of them find each other without a
name service; `base` is where clients ask. `scripts/set_up_synapse` brings the program.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ports import held_port
from xmpp_server import make_certificate

PYTHON = Path(sys.prefix) / "synapse" / "bin" / "python"
START_S = 90.0
ADMIN = "admin"
OPEN = {"per_second": 10_000, "burst_count": 10_000}


class Synapse:
    """A server. `options` are put over its configuration."""

    def __init__(self, folder: Path, options: Mapping[str, Any] | None = None) -> None:
        self.folder, self._options = folder, dict(options or {})
        self.port, self.federation_port = held_port(), held_port()
        self.name = f"localhost:{self.federation_port}"
        self.base = f"http://127.0.0.1:{self.port}"
        self._secret = secrets.token_hex(16)
        self._admin = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if not (config := self.folder / "homeserver.json").exists():
            self._make(config)
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [PYTHON, "-m", "synapse.app.homeserver", "-c", config],
                cwd=self.folder,
                stdout=output,
                stderr=output,
            )
        limit = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"Synapse did not start: {(self.folder / 'output').read_text()[-2000:]}")
            time.sleep(0.05)
        if not self._admin:
            self._admin = self.add(ADMIN, secrets.token_hex(8), admin=True)

    def stop(self, *, kill: bool = False) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
            self._process = None

    def add(self, name: str, password: str, *, admin: bool = False) -> str:
        """A new account; gives a token for it."""
        path = "/_synapse/admin/v1/register"
        nonce = self._ask("GET", path)["nonce"]
        kind = "admin" if admin else "notadmin"
        said = f"{nonce}\0{name}\0{password}\0{kind}".encode()
        mac = hmac.new(self._secret.encode(), said, hashlib.sha1).hexdigest()
        asked = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        return str(self._ask("POST", path, asked)["access_token"])

    def set_password(self, name: str, password: str) -> None:
        """Change a password, which ends all sessions."""
        path = f"/_synapse/admin/v1/reset_password/{quote(self.user(name))}"
        self._ask("POST", path, {"new_password": password, "logout_devices": True})

    def log_in(self, name: str, password: str) -> str:
        """A token of a new session."""
        by = {"type": "m.id.user", "user": name}
        asked = {"type": "m.login.password", "identifier": by, "password": password}
        return str(self._ask("POST", "/_matrix/client/v3/login", asked)["access_token"])

    def remove(self, name: str) -> None:
        """Deactivate an account."""
        self._ask("POST", f"/_synapse/admin/v1/deactivate/{quote(self.user(name))}", {"erase": False})

    def slow_down(self, name: str, per_second: int, burst: int) -> None:
        """Let somebody say only so much."""
        path = f"/_synapse/admin/v1/users/{quote(self.user(name))}/override_ratelimit"
        self._ask("POST", path, {"messages_per_second": per_second, "burst_count": burst})

    def user(self, name: str) -> str:
        """A name as others see it."""
        return f"@{name}:{self.name}"

    def _answers(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return "versions" in self._ask("GET", "/_matrix/client/versions", limit_s=2)
        return False

    def _ask(self, method: str, path: str, json_: Any = None, limit_s: float = 60) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._admin:
            headers["Authorization"] = f"Bearer {self._admin}"
        data = None if json_ is None else json.dumps(json_).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=limit_s) as answer:  # noqa: S310
            return json.load(answer)

    def _make(self, config: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        make_certificate(self.folder)
        key = f"ed25519 a_1 {secrets.token_urlsafe(43)[:43].replace('-', 'A').replace('_', 'B')}\n"
        (self.folder / "signing.key").write_text(key)
        log = {"version": 1, "root": {"level": "WARNING", "handlers": ["out"]}}
        log |= {"handlers": {"out": {"class": "logging.StreamHandler"}}}
        (self.folder / "log.json").write_text(json.dumps(log))
        config.write_text(json.dumps(self._settings() | self._options))  # JSON is YAML

    def _settings(self) -> dict[str, Any]:
        listener = {"bind_addresses": ["127.0.0.1"], "type": "http"}
        resources = [[{"names": names, "compress": False}] for names in (["client", "media"], ["federation"])]
        return {
            "server_name": self.name,
            "public_baseurl": f"{self.base}/",
            "listeners": [
                {"port": self.port, "tls": False, "resources": resources[0], **listener},
                {"port": self.federation_port, "tls": True, "resources": resources[1], **listener},
            ],
            "tls_certificate_path": str(self.folder / "cert.pem"),
            "tls_private_key_path": str(self.folder / "key.pem"),
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "log_config": str(self.folder / "log.json"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "pid_file": str(self.folder / "pid"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            # The other server has a certificate that it signed itself, and an address of this machine.
            "federation_verify_certificates": False,
            "ip_range_blacklist": [],
            "federation_ip_range_blacklist": [],
            "bcrypt_rounds": 4,
            "login_via_existing_session": {"enabled": True, "require_ui_auth": False},
            "max_upload_size": "1M",
            "caches": {"global_factor": 0.25},
            "rc_message": OPEN,
            "rc_registration": OPEN,
            "rc_login": {"address": OPEN, "account": OPEN, "failed_attempts": OPEN},
            "rc_joins": {"local": OPEN, "remote": OPEN},
            "rc_joins_per_room": OPEN,
            "rc_invites": {"per_room": OPEN, "per_user": OPEN, "per_issuer": OPEN},
            "rc_room_creation": OPEN,
            "rc_presence": {"per_user": OPEN},
            "rc_admin_redaction": OPEN,
            "rc_federation": {"concurrent": 50, "reject_limit": 500, "sleep_limit": 500},
        }


def started(folder: Path) -> Synapse:
    """A server that runs; where it cannot, the test is skipped, or fails in CI."""
    if not PYTHON.exists():
        why = f"there is no Synapse: scripts/set_up_synapse {PYTHON.parents[1]}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = Synapse(folder / "synapse")
    made.start()
    return made
