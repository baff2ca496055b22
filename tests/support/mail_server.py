"""A real mail server on loopback: Postfix for SMTP and Dovecot for IMAP, as Debian has them.

    server = MailServer(folder)
    server.start()
    server.add("ada1", "ada's password")       # ada1@example.test
    ...
    server.stop()

Postfix hands mail to Dovecot over LMTP, and asks it for passwords. Nothing leaves the machine: what is for
another domain is refused. Names that begin with `ghost` are taken by Postfix and unknown to Dovecot, so mail
to them comes back. Postfix's master needs root. Both drop to other users, who cannot enter a test's folder,
and names of sockets must be short, so what they share lies in a folder of its own.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from ports import held_port
from xmpp_server import answers, make_certificate

DOMAIN = "example.test"
START_S = 60.0

DOVECOT = """\
base_dir = {run}
state_dir = {run}
log_path = {log}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{log}/cert.pem
ssl_key = <{log}/key.pem
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
auth_username_chars =
mail_location = maildir:{open}/mail/%d/%n
mail_max_userip_connections = 200
first_valid_uid = 1
imap_idle_notify_interval = 2 mins
postmaster_address = postmaster@example.test
quota_full_tempfail = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {run}/users/%u
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {run}/users/%u
  default_fields = uid={uid} gid={gid} home={open}/mail/%d/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
}}
"""

MAIN = """\
compatibility_level = 3.6
queue_directory = {open}/queue
data_directory = {open}/postfix-data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {open}/log/postfix.log
maillog_file_prefixes = {open}
myhostname = mail.example.test
mydomain = example.test
myorigin = example.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = regexp:{open}/etc/mailboxes
virtual_transport = lmtp:unix:{run}/lmtp
local_transport = error:5.1.1 no local users
default_transport = error:5.4.4 this server reaches nobody outside
relay_transport = error:5.4.4 this server reaches nobody outside
disable_dns_lookups = yes
smtp_dns_support_level = disabled
message_size_limit = 33554432
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
biff = no
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {run}/auth-client
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_tls_cert_file = {log}/cert.pem
smtpd_tls_key_file = {log}/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 0
in_flow_delay = 0
# One after the other, so that mails come in the order in which they were sent.
default_destination_concurrency_limit = 1
lmtp_destination_concurrency_limit = 1
initial_destination_concurrency = 1
"""

# service type private unpriv chroot wakeup maxproc command
MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{smtps} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)


def missing() -> str:
    """Why it cannot be started here, or nothing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postfix/sbin"
    for command, package in (("dovecot", "dovecot-imapd"), ("master", "postfix")):
        if not shutil.which(command, path=path):
            return f"there is no {command}: install Debian's {package}"
    return (
        "" if Path("/usr/lib/dovecot/lmtp").exists() else "there is no lmtp: install Debian's dovecot-lmtpd"
    )


class MailServer:
    """Both programs; `folder` has their logs and the certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.imap, self.imaps, self.smtp, self.smtps = (held_port() for _ in range(4))
        self.certificate = make_certificate(folder)
        self.places: Mapping[str, str] = {
            "imap_port": str(self.imaps),
            "imap_security": "tls",
            "smtp_port": str(self.smtps),
            "smtp_security": "tls",
        }
        self.users: dict[str, str] = {}
        self.open = Path(tempfile.mkdtemp(prefix="swm"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._configure()

    def _configure(self) -> None:
        self.open.chmod(0o711)
        for name in ("run", "run/users", "mail", "etc", "log", "postfix-data", "queue"):
            (self.open / name).mkdir()
        box, postfix = pwd.getpwnam("mail"), pwd.getpwnam("postfix").pw_uid
        os.chown(self.open / "mail", box.pw_uid, box.pw_gid)
        os.chown(self.open / "postfix-data", postfix, -1)
        queue, drop = self.open / "queue", grp.getgrnam("postdrop").gr_gid
        for name in QUEUES:
            (queue / name).mkdir(mode=0o700)
            os.chown(queue / name, postfix, -1)
        for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
            (queue / name).mkdir()
            os.chown(queue / name, postfix, drop)
            (queue / name).chmod(mode)
        (queue / "pid").mkdir()
        facts = {
            "run": self.open / "run",
            "open": self.open,
            "log": self.folder,
            "uid": box.pw_uid,
            "gid": box.pw_gid,
            **{name: getattr(self, name) for name in ("imap", "imaps", "smtp", "smtps")},
        }
        (self.open / "etc" / "mailboxes").write_text(
            rf"/^(owner|friend|third|ghost)[0-9]*@{DOMAIN}$/ x" + "\n"
        )
        (self.open / "etc" / "main.cf").write_text(MAIN.format(**facts))
        (self.open / "etc" / "master.cf").write_text(MASTER.format(**facts))
        (self.folder / "dovecot.conf").write_text(DOVECOT.format(**facts))

    def start(self) -> None:
        """Start both, and wait until they answer."""
        etc = self.open / "etc"
        for words, more in (
            (["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")], {}),
            (["/usr/lib/postfix/sbin/master", "-c", str(etc), "-d"], {"MAIL_CONFIG": str(etc)}),
        ):
            with (self.folder / "output").open("ab") as output:
                self._processes.append(
                    subprocess.Popen(
                        words,
                        stdout=output,
                        stderr=output,
                        env={**os.environ, **more},
                        start_new_session=True,
                    )
                )
        limit = time.monotonic() + START_S
        for port in (self.imaps, self.smtps):
            while not answers(port):
                if any(p.poll() is not None for p in self._processes) or time.monotonic() > limit:
                    said = "".join(
                        f.read_text()
                        for f in (self.folder / "output", self.folder / "dovecot.log")
                        if f.exists()
                    )
                    self.stop()
                    raise RuntimeError(f"the mail server did not start: {said[-2000:]}")
                time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End both; `kill` as a crash would, with all that they have started."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                if kill:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.terminate()
        limit = time.monotonic() + 5
        while self._listens() and time.monotonic() < limit:
            time.sleep(0.05)
        for process in self._processes:  # and what they have started, if it does not end with them
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def _listens(self) -> bool:
        """Whether there is a program yet, or a child of one that has ended, so that the next could not."""
        running = any(process.poll() is None for process in self._processes)
        return running or any(answers(port) for port in (self.imap, self.imaps, self.smtp, self.smtps))

    def runs(self) -> bool:
        """Whether both run."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes)

    def close(self) -> None:
        """End both for good."""
        self.stop()
        shutil.rmtree(self.open, ignore_errors=True)

    # --- accounts ---

    def add(self, name: str, password: str) -> None:
        """Make an account, or change its password."""
        self.users[name] = password
        address = f"{name}@{DOMAIN}"
        path = self.open / "run" / "users" / address
        fresh = path.with_suffix(".new")
        fresh.write_text(f"{address}:{{PLAIN}}{password}::::::\n")
        fresh.chmod(0o644)
        fresh.rename(path)

    def remove(self, name: str) -> None:
        """Delete an account, and end its sessions."""
        del self.users[name]
        (self.open / "run" / "users" / f"{name}@{DOMAIN}").unlink()
        self.kick(name)

    def kick(self, name: str) -> None:
        """End an account's sessions, when what has changed about it is known."""
        address, limit = f"{name}@{DOMAIN}", time.monotonic() + START_S
        time.sleep(1.1)  # Dovecot looks at its file once in a second
        self._control("kick", address)
        while address in self._control("who", address):  # one that was only beginning, or that takes its time
            assert time.monotonic() < limit, "a session does not end"
            self._control("kick", address)

    def _control(self, *words: str) -> str:
        command = ["doveadm", "-c", str(self.folder / "dovecot.conf"), *words]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        return done.stdout.decode()

    def renumber(self, name: str, folder: str = "INBOX") -> None:
        """Give all mails of a folder other numbers, as a server does that was restored."""
        path = self.open / "mail" / DOMAIN / name
        path = path if folder == "INBOX" else path / f".{folder}"
        listed = path / "dovecot-uidlist"
        text = listed.read_text()
        listed.write_text(re.sub(r"(?m)^(3 V)(\d+)", lambda v: f"{v[1]}{int(v[2]) + 7}", text, count=1))
        for index in path.glob("dovecot.index*"):
            index.unlink()

    def waiting(self) -> int:
        """Mails that are still on their way; one that is being handed in is not there yet."""
        places = ("incoming", "active", "deferred", "maildrop")
        return sum(_is_whole(f) for place in places for f in (self.open / "queue" / place).rglob("*"))


def _is_whole(path: Path) -> bool:
    """Whether this is a mail, all of it: Postfix lets its owner execute it when it has taken it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IXUSR)


def started(folder: Path) -> MailServer:
    """A server that runs; where it is not installed, the test is skipped, or fails in CI."""
    if why := missing() or ("" if os.geteuid() == 0 else "Postfix's master needs root"):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = MailServer(folder / "server")
    made.start()
    return made
