"""What the demo needs of XMPP: a real server, Prosody, and somebody with an ordinary client.

Both live on loopback and in a folder of the demo.
"""

import asyncio
import datetime as dt
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import slixmpp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from ports import held_port

PATIENCE_S = 60.0
CONFIG = """\
run_as_root = {root}
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
log = "{folder}/log"
modules_enabled = {{ "carbons", "disco", "mam", "pep", "ping", "roster", "saslauth", "smacks", "tls" }}
modules_disabled = {{ "s2s" }}
storage = "internal"
authentication = "internal_plain"
default_archive_policy = true
ssl = {{ certificate = "{folder}/cert.pem", key = "{folder}/key.pem" }}

VirtualHost "localhost"
"""


class Prosody:
    """The server, with accounts `NAME@localhost` whose password is `of NAME`."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder, self.port = folder, held_port()
        accounts = folder / "data" / "localhost" / "accounts"
        accounts.mkdir(parents=True)
        for name in names:
            (accounts / f"{name}.dat").write_text(f'return {{ ["password"] = "of {name}"; }};\n')
        self.certificate = make_certificate(folder)
        root = "true" if os.geteuid() == 0 else "false"
        config = folder / "prosody.cfg.lua"
        config.write_text(CONFIG.format(root=root, folder=folder, port=self.port))
        with (folder / "output").open("wb") as output:
            command = ["prosody", "-F", "--config", str(config)]
            self._running = subprocess.Popen(command, stdout=output, stderr=output)

    @staticmethod
    def is_there() -> bool:
        """Whether it is installed."""
        return shutil.which("prosody") is not None

    def answers(self) -> bool:
        """Whether it can be reached."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def login(self, name: str) -> str:
        """What somebody fills in to add the account to a node, as an answers file."""
        lines = {"address": f"{name}@localhost", "password": f"of {name}", "host": "127.0.0.1"}
        lines |= {"port": str(self.port), "certificate": self.certificate}
        return "".join(f"{field} = '''\n{text}'''\n" for field, text in lines.items())

    def stop(self) -> None:
        self._running.terminate()
        try:
            self._running.wait(10)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()


class Friend:
    """Somebody with an ordinary client, which runs in a thread with an event loop of its own."""

    def __init__(self, server: Prosody, name: str) -> None:
        self.heard: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._do(self._connect(server, name))

    async def _connect(self, server: Prosody, name: str) -> slixmpp.ClientXMPP:
        client = slixmpp.ClientXMPP(f"{name}@localhost", f"of {name}")
        client.ca_certs = server.folder / "cert.pem"
        client.enable_direct_tls = False
        client.add_event_handler("message", lambda message: self.heard.append(str(message["body"])))
        client.connect("127.0.0.1", server.port)
        await client.wait_until("session_start", PATIENCE_S)
        client.send_presence()
        return client

    def say(self, to: str, text: str) -> None:
        """Say something to an address."""

        async def send() -> None:
            self._client.send_message(slixmpp.JID(to), text, mtype="chat")

        self._do(send())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def leave(self) -> None:
        """End the client."""

        async def end() -> None:
            await self._client.disconnect(wait=1)
            if self._client._run_out_filters is not None:
                self._client._run_out_filters.cancel()
            await asyncio.sleep(0.1)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def make_certificate(folder: Path) -> str:
    """Write `cert.pem` and `key.pem` of a server `localhost`, and give the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())  # noqa: TID251 - a server's, for the length of the demo
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
    (folder / "key.pem").chmod(0o600)
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "cert.pem").write_text(certificate)
    return certificate
