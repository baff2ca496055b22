"""Mail servers in Python alone, for where nobody is root: pymap for IMAP, aiosmtpd for SMTP.

They have the verbs of `mail_server.MailServer`. Mail is put into mailboxes over IMAP while its sender waits
for the answer, so there is no queue, no report about what cannot be delivered, and after a crash somebody may
have got a mail that another did not. IMAP speaks in the clear first (STARTTLS), and counts no changes.
"""

from __future__ import annotations

import base64
import hashlib
import imaplib
import json
import os
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from mail_server import DOMAIN, START_S
from ports import held_port
from xmpp_server import answers, make_certificate

PYTHON = Path(__file__).parents[2] / ".venv" / "servers" / "mail" / "bin" / "python"
SMTP = """
import asyncio, imaplib, json, pathlib, re, ssl, subprocess, sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

users, certificate, key, imap, signs, *ports = sys.argv[1:]

def passwords():
    return json.loads(pathlib.Path(users).read_text())

def check(server, session, envelope, mechanism, login):
    known = isinstance(login, LoginPassword) and passwords().get(login.login.decode())
    good = bool(known) and login.password.decode() == known
    return AuthResult(success=good, handled=good)

def deliver(address, content):
    with imaplib.IMAP4("127.0.0.1", int(imap), timeout=60) as box:
        box.login(address, passwords()[address])
        kind, answer = box.append("INBOX", None, None, content)
        if kind != "OK":
            raise OSError(answer)

def passed(content):
    if not json.loads(signs):
        return [content]
    done = subprocess.run(json.loads(signs), input=content, capture_output=True, check=True, timeout=90)
    lines = done.stdout.replace(b"\\r\\n", b"\\n").replace(b"\\n", b"\\r\\n")
    return [mail for mail in lines.split(b"\\0") if mail]

alone = threading.Lock()

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.lower() not in passwords():
            return "550 5.1.1 nobody has this address"
        envelope.rcpt_tos.append(address.lower())
        return "250 2.1.5 yes"

    async def handle_DATA(self, server, session, envelope):
        try:
            mails = passed(envelope.content)
        except subprocess.CalledProcessError as e:
            return e.stdout.decode()
        for content in mails:
            alone_for = re.match(rb"Delivered-To: (\\S+)\\r\\n", content)
            for address in [alone_for[1].decode()] if alone_for else dict.fromkeys(envelope.rcpt_tos):
                with alone:  # two mails at once, and pymap lists one of them twice
                    deliver(address, content)
        return "250 2.0.0 delivered"

tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)
# It takes STARTTLS alone for encryption, and would let nobody log in on a socket that is encrypted at once.
ways = {"tls_context": tls, "require_starttls": True}, {"ssl_context": tls, "auth_require_tls": False}
for port, way in zip(ports, ways):
    Controller(
        Handler(), hostname="127.0.0.1", port=int(port), server_hostname="localhost", authenticator=check,
        auth_required=True, data_size_limit=2**25, decode_data=False, enable_SMTPUTF8=True, **way,
    ).start()
asyncio.run(asyncio.Event().wait())
"""


class PythonMail:
    """Both programs; `folder` has what they keep.

    `signs` is a command through which all mails go. It may make several of one, with a zero byte between, or
    none; one that begins with `Delivered-To` goes to that address alone. Where it fails, its output is the
    answer.
    """

    def __init__(self, folder: Path, signs: Sequence[str] = ()) -> None:
        self._signs = json.dumps(list(signs))
        self.folder, self.box = folder, folder / "box"
        self.box.mkdir(parents=True)
        self.imap, self.smtp, self.smtps = (held_port() for _ in range(3))
        self.certificate = make_certificate(folder)
        self.places: Mapping[str, str] = {
            "imap_port": str(self.imap),
            "imap_security": "starttls",
            "smtp_port": str(self.smtps),
            "smtp_security": "tls",
        }
        self.users: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._write()

    def start(self) -> None:
        """Start both, and wait until they answer."""
        pems = [str(self.folder / "cert.pem"), str(self.folder / "key.pem")]
        main = "import sys; from pymap.main import main; sys.exit(main())"
        imap = ["--host", "127.0.0.1", "--port", str(self.imap), "--cert", pems[0], "--key", pems[1]]
        smtp = [
            str(self.folder / "users"),
            *pems,
            str(self.imap),
            self._signs,
            str(self.smtp),
            str(self.smtps),
        ]
        for words in (
            ["-c", main, *imap, "--no-service", "admin", "maildir", str(self.box)],
            ["-W", "ignore", "-c", SMTP, *smtp],
        ):
            with (self.folder / "output").open("ab") as output:
                process = subprocess.Popen([str(PYTHON), *words], stdout=output, stderr=output)
            self._processes.append(process)
        limit = time.monotonic() + START_S
        for port in (self.imap, self.smtps):
            while not answers(port):
                if not self.runs() or time.monotonic() > limit:
                    self.stop()
                    said = (self.folder / "output").read_text()
                    raise RuntimeError(f"the mail server did not start: {said[-2000:]}")
                time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End both; `kill` as a crash would."""
        for process in self._processes:
            if kill:
                process.kill()
            else:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def runs(self) -> bool:
        """Whether both run."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes)

    def close(self) -> None:
        """End both for good."""
        self.stop()

    # --- accounts ---

    def add(self, name: str, password: str) -> None:
        """Make an account, or change its password."""
        known = (self.box / f"{name}@{DOMAIN}").exists()  # even of an account that was removed
        self.users[name] = password
        self._write()
        if not known:
            with self._logged_in(name) as box:
                for folder in ("Sent", "Trash"):
                    box.create(folder)

    def remove(self, name: str) -> None:
        """Delete an account, and end its sessions: these servers end those of all, or none."""
        del self.users[name]
        self._write()
        self.stop()
        self.start()

    def _logged_in(self, name: str) -> imaplib.IMAP4:
        box = imaplib.IMAP4("127.0.0.1", self.imap, timeout=60)
        box.starttls(ssl.create_default_context(cadata=self.certificate))
        box.login(f"{name}@{DOMAIN}", self.users[name])
        return box

    def _write(self) -> None:
        """Files as passwd(5) and shadow(5) have them, and one for the half that takes mails."""
        users = {f"{name}@{DOMAIN}": password for name, password in self.users.items()}
        _replace(self.folder / "users", json.dumps(users))
        _replace(self.box / "pymap-etc-passwd", "".join(f"{name}:x::::{name}:\n" for name in users))
        hashed = {name: _hashed(password) for name, password in users.items()}
        _replace(self.box / "pymap-etc-shadow", "".join(f"{name}:{h}:::::::\n" for name, h in hashed.items()))

    def waiting(self) -> int:
        """Mails that are on their way: none are that were answered."""
        return 0


def _hashed(password: str) -> str:
    salt = os.urandom(8)
    parts = (
        base64.b64encode(b).decode()
        for b in (salt, hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1))
    )
    return "$".join(("", "pbkdf2-sha256", "1", *parts))


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


def started(folder: Path, signs: Sequence[str] = ()) -> PythonMail:
    """Servers that run; where they are not installed, the test is skipped, or fails in CI."""
    if not PYTHON.exists():
        why = f"no mail servers in Python here: scripts/set_up_mail {PYTHON.parents[1]}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = PythonMail(folder / "server", signs)
    made.start()
    return made
