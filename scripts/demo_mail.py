"""What the demo needs of e-mail: the servers that tests use where nobody is root, and a mail program.

All of it lives on loopback and in a folder of the demo.
"""

from __future__ import annotations

import smtplib
import ssl
import sys
from email.message import EmailMessage
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from mail_python import PYTHON, PythonMail
from mail_server import DOMAIN


class Mail:
    """The servers, with accounts `NAME@example.test` whose password is `of NAME`."""

    def __init__(self, folder: Path, *names: str) -> None:
        self._servers = PythonMail(folder)
        self._servers.start()
        for name in names:
            self._servers.add(name, f"of {name}")

    @staticmethod
    def is_there() -> bool:
        """Whether set-up has put them there: `make test` does."""
        return PYTHON.exists()

    def login(self, name: str) -> str:
        """What somebody fills in to add the account to a node, as an answers file."""
        places = {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", **self._servers.places}
        lines = {"address": f"{name}@{DOMAIN}", "password": f"of {name}", **places}
        lines["certificate"] = self._servers.certificate
        return "".join(f"{field} = '''\n{text}'''\n" for field, text in lines.items())

    def send(self, name: str, to: str, subject: str, text: str) -> None:
        """Write a mail, as an ordinary program does."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"{name}@{DOMAIN}", f"{to}@{DOMAIN}", subject
        mail["Message-ID"] = f"<of-{name}@{DOMAIN}>"
        mail.set_content(text)
        encrypted = ssl.create_default_context(cadata=self._servers.certificate)
        encrypted.check_hostname = False  # it is called by its number
        with smtplib.SMTP_SSL("127.0.0.1", self._servers.smtps, context=encrypted) as program:
            program.login(str(mail["From"]), f"of {name}")
            program.send_message(mail)

    def stop(self) -> None:
        self._servers.close()
