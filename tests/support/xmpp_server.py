"""Real XMPP servers on loopback: Prosody and ejabberd, each with its files in a folder of its own.

    server = Prosody(folder, users={"ada": "ada's password"})
    server.start()
    ...
    server.stop()

Domain `localhost`, rooms at `conference.localhost`, uploads at `upload.localhost`. They are ended by the id
of the process that was started here. `missing()` says what is not installed. `xmpp_federation` has two that
know each other.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ports import held_port

NAMES = ("localhost", "conference.localhost", "upload.localhost", "mail.example.test")
START_S = 60.0
RESUME_S = 2

PROSODY = """\
run_as_root = {root}
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
interfaces = {{ "127.0.0.1" }}
http_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ {tls} }}
http_ports = {{ {http} }}
https_ports = {{ }}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
modules_enabled = {{
  "admin_shell", "blocklist", "bookmarks", "carbons", "disco", "limits", "mam", "offline", "pep", "ping",
  "private", "roster", "saslauth", "smacks", "tls", "vcard4", "vcard_legacy",{modules}
}}
modules_disabled = {{ "s2s" }}
storage = "internal"
authentication = "internal_plain"
c2s_require_encryption = true
limits = {{ c2s = {{ rate = "10mb/s" }} }}
default_archive_policy = true
max_archive_query_results = 250
smacks_hibernation_time = {resume_s}
ssl = {{ certificate = "{folder}/cert.pem", key = "{folder}/key.pem" }}

VirtualHost "{domain}"

Component "conference.{domain}" "muc"
  modules_enabled = {{ "muc_mam" }}
  muc_log_by_default = true
  restrict_room_creation = false
  muc_room_locking = false
  muc_room_default_persistent = true

Component "upload.{domain}" "http_file_share"
  http_host = "127.0.0.1"
  http_external_url = "http://127.0.0.1:{http}/"
"""

EJABBERD = """\
hosts: [localhost]
loglevel: info
certfiles: ["{folder}/cert.pem", "{folder}/key.pem"]
auth_method: internal
auth_password_format: scram
acl: {{here: {{ip: 127.0.0.0/8}}}}
listen:
  - {{port: {c2s}, ip: 127.0.0.1, module: ejabberd_c2s, starttls_required: true, access: all, shaper: none}}
  - port: {http}
    ip: 127.0.0.1
    module: ejabberd_http
    request_handlers: {{/api: mod_http_api, /upload: mod_http_upload}}
api_permissions:
  tests: {{who: {{acl: here}}, what: [register, unregister, change_password, stop]}}
modules:
  mod_admin_extra: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_http_upload: {{host: upload.localhost, access: all, docroot: "{folder}/upload", put_url: "http://127.0.0.1:{http}/upload"}}
  mod_mam: {{default: always, assume_mam_usage: true}}
  mod_muc:
    host: conference.localhost
    access_create: all
    access_mam: all
    default_room_options: {{mam: true, persistent: true}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: [pep], access_createnode: all, max_items_node: 1000}}
  mod_roster: {{}}
  mod_stream_mgmt: {{resume_timeout: {resume_s}}}
  mod_vcard: {{}}
"""


class Server:
    """What both have in common. `resume_s` is how long a cut session can be taken up again."""

    needs: str
    domain = "localhost"

    def __init__(self, folder: Path, users: Mapping[str, str], resume_s: int = 60) -> None:
        self.folder, self.users, self.resume_s = folder, dict(users), resume_s
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.http_port, self.tls_port = held_port(), held_port(), held_port()
        self.authority = folder / "cert.pem"
        self.certificate = make_certificate(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be started here, or nothing."""
        path = f"{os.environ.get('PATH', '')}:/usr/sbin"
        return (
            "" if shutil.which(cls.needs, path=path) else f"there is no {cls.needs}: install Debian's package"
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = self._spawn()
        limit = time.monotonic() + START_S
        for port in (self.port, self.http_port):
            while not answers(port):
                code = self._process.poll()
                if code is not None or time.monotonic() > limit:
                    files = [self.folder / name for name in ("log", "output")]
                    said = "".join(file.read_text() for file in files if file.exists())
                    self.stop()
                    why = "in time" if code is None else f"and ended with {code}"
                    raise RuntimeError(f"{self.needs} did not start {why}: {said[-2000:]}")
                time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End it; `kill` as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def add(self, name: str, password: str) -> None:
        """Make an account, while it runs or before."""
        raise NotImplementedError

    def set_password(self, name: str, password: str) -> None:
        """Change a password, while it runs."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Delete an account, while it runs."""
        raise NotImplementedError

    def _spawn(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError


class Prosody(Server):
    """Prosody, as Debian has it. `options` are what else is in its configuration, or in place of ours.

    `modules` are more modules, each in quotes and with a comma.
    """

    needs = "prosody"
    modules = ""
    options: Mapping[str, str] = {}

    def _spawn(self) -> subprocess.Popen[bytes]:
        if not (self.folder / "prosody.cfg.lua").exists():
            self._configure()
            for name, password in self.users.items():
                self.add(name, password)
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(["prosody", "-F", *self._config], stdout=output, stderr=output)

    def _configure(self) -> None:
        text = PROSODY.format(
            root="true" if os.geteuid() == 0 else "false",
            folder=self.folder,
            c2s=self.port,
            http=self.http_port,
            tls=self.tls_port,
            domain=self.domain,
            modules=self.modules,
            resume_s=self.resume_s,
        )
        for name, value in self.options.items():  # it takes no option twice
            line = f"{name} = {value}"
            text, count = re.subn(rf"(?m)^{name} = .*$", line, text)
            text = text if count else f"{line}\n{text}"
        (self.folder / "prosody.cfg.lua").write_text(text)
        (self.folder / "data").mkdir()  # where its shell listens, which does not make it

    @property
    def _config(self) -> list[str]:
        return ["--config", str(self.folder / "prosody.cfg.lua")]

    def _control(self, *words: str) -> None:
        done = subprocess.run(["prosodyctl", *self._config, *words], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def add(self, name: str, password: str) -> None:
        # Read at each login. The program for it needs half a second of two cores.
        accounts = self.folder / "data" / self.domain.replace(".", "%2e") / "accounts"
        accounts.mkdir(parents=True, exist_ok=True)
        (accounts / f"{name}.dat").write_text(f'return {{ ["password"] = "{password}" }};\n')

    def set_password(self, name: str, password: str) -> None:
        self._control("shell", f'user:password("{name}@{self.domain}", "{password}")')

    def remove(self, name: str) -> None:
        self._control("shell", f'user:delete("{name}@{self.domain}")')


class Webbed(Prosody):
    """A Prosody whose place for files is reached over TLS, as is usual."""

    def _configure(self) -> None:
        super()._configure()
        config, port = self.folder / "prosody.cfg.lua", held_port()
        place = f'http_external_url = "https://127.0.0.1:{port}/"'
        text = re.sub(r"(?m)^( *)http_external_url = .*$", rf"\1{place}", config.read_text())
        config.write_text(text.replace("https_ports = { }", f"https_ports = {{ {port} }}"))


class Ejabberd(Server):
    """ejabberd, as Debian has it, without its own starter: that wants a user and a port of its own."""

    needs = "ejabberdctl"

    def _spawn(self) -> subprocess.Popen[bytes]:
        config = self.folder / "ejabberd.yml"
        if not config.exists():
            (self.folder / "upload").mkdir()
            config.write_text(
                EJABBERD.format(
                    folder=self.folder, c2s=self.port, http=self.http_port, resume_s=self.resume_s
                )
            )
        application = next(Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.app"))
        environment = {
            **os.environ,
            "ERL_LIBS": str(application.parents[2]),
            "ERL_CRASH_DUMP_BYTES": "0",
            "EJABBERD_CONFIG_PATH": str(config),
            "EJABBERD_LOG_PATH": str(self.folder / "log"),
            "HOME": str(self.folder),
        }
        # The database's folder is an Erlang string, with its quotes; one scheduler is enough.
        words = ["erl", "+S", "1:1", "-noinput", "-mnesia", "dir", f'"{self.folder}/db"', "-s", "ejabberd"]
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(words, env=environment, stdout=output, stderr=output)

    def start(self) -> None:
        first = not (self.folder / "db").exists()
        super().start()
        if first:
            for name, password in self.users.items():
                self.add(name, password)

    def add(self, name: str, password: str) -> None:
        self._call("register", user=name, host="localhost", password=password)

    def set_password(self, name: str, password: str) -> None:
        self._call("change_password", user=name, host="localhost", newpass=password)

    def remove(self, name: str) -> None:
        self._call("unregister", user=name, host="localhost")

    def _call(self, command: str, **arguments: str) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/api/{command}",
            json.dumps(arguments).encode(),
            {"Content-Type": "application/json"},
        )
        # The first of each kind has it load its own code, which takes half a minute of a busy machine.
        with urllib.request.urlopen(request, timeout=100):  # noqa: S310
            pass


def wanted(kind: type[Server]) -> None:
    """Where it is not installed, the test is skipped, or fails in CI."""
    if missing := kind.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)


def started(kind: type[Server], folder: Path) -> Server:
    """A server that runs. As `wanted`."""
    wanted(kind)
    made = kind(folder / "server", {}, RESUME_S)
    made.start()
    return made


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def make_certificate(folder: Path) -> str:
    """Write `cert.pem` and `key.pem`, signed by itself, and give the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())  # noqa: TID251 - a server's, for the length of a test
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, NAMES), loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
    (folder / "key.pem").chmod(0o600)
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "cert.pem").write_text(certificate)
    return certificate
