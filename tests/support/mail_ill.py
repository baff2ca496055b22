"""A content filter between SMTP and the mailboxes that does not do well by mails which bring bytes of nodes.

    python mail_ill.py FILE < mail > mails          the command of `mail_python.PythonMail`

Other mails pass as they are. What FILE says is done to these, a word and a number N:

    drop N      every Nth is lost                    late N   each comes N seconds later, and all behind it
    trim N      N bytes are left of theirs           twice 0  each comes twice
    wrap N      written anew, in lines of N          strip 0  the part with the bytes is left out
    full 0      the mailbox is full for now          refuse 0 it is refused for good
    busy 0      it is not taken now                  return 0 it is taken, and comes back

Whose came in is noted in FILE with `.seen` behind it, a line each.
"""

from __future__ import annotations

import base64
import email
import email.policy
import email.utils
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path

OPAQUE = "application/vnd.swarmnode.opaque"
ANSWERS = {
    "busy": "451 4.7.1 later, please",
    "full": "452 4.2.2 the mailbox is full",
    "refuse": "550 5.7.1 this content is not taken here",
}

REPORT = """\
From: MAILER-DAEMON@example.test
To: {sender}
Subject: Undelivered
Message-ID: {id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="="

--=
Content-Type: text/plain

It came back.
--=
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.test

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.2.2

--=
Content-Type: text/rfc822-headers

{about}

--=--
"""
"""Of a full mailbox (RFC 3464)."""


class Filter:
    """The filter as tests have it: `command` is for the server."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.command = [sys.executable, __file__, str(file)]

    @contextmanager
    def ill(self, illness: str) -> Iterator[None]:
        """Within the block mails suffer this; none is an empty text."""
        self._file.write_text(illness)
        try:
            yield
        finally:
            self._file.write_text("")

    def seen(self) -> Counter[str]:
        """How many mails with bytes came in, by whose address."""
        return Counter(_lines(self._file))


def _seen(file: Path) -> Path:
    return file.with_name(f"{file.name}.seen")


def _lines(file: Path) -> list[str]:
    return _seen(file).read_text().splitlines() if _seen(file).exists() else []


def mails(file: Path, data: bytes) -> list[bytes]:
    """What becomes of a mail. Raises SystemExit with the answer where nothing is taken."""
    mail = email.message_from_bytes(data, policy=email.policy.SMTP)
    part = next((part for part in mail.walk() if part.get_content_type() == OPAQUE), None)
    if part is None:
        return [data]
    with _seen(file).open("a") as seen:
        seen.write(f"{email.utils.parseaddr(str(mail['From']))[1]}\n")
    found = re.match(r"(\w+) (\d+)", file.read_text() if file.exists() else "")
    word, number = (found[1], int(found[2])) if found else ("", 0)
    match word:
        case "drop" if len(_lines(file)) % number == 0:
            return []
        case "late":
            time.sleep(number)
        case "twice":
            return [data, data]
        case "trim":
            _put(part, _bytes(part)[:number], 76)
        case "wrap":
            _put(part, _bytes(part), number)
        case "strip":
            _without(mail, part)
        case "return":
            return returned(data, mail)
        case "busy" | "full" | "refuse":
            sys.stdout.write(ANSWERS[word])
            raise SystemExit(1)
        case _:
            return [data]
    return [mail.as_bytes()]


def returned(data: bytes, mail: Message) -> list[bytes]:
    """For its sender alone: the copy, and the report that it came back."""
    sender, recipient = (email.utils.parseaddr(str(mail[name]))[1] for name in ("From", "To"))
    about = data.partition(b"\r\n\r\n")[0].decode()
    report = REPORT.format(sender=sender, recipient=recipient, id=email.utils.make_msgid(), about=about)
    alone = f"Delivered-To: {sender}\r\n".encode()
    return [alone + data, alone + re.sub("\r?\n", "\r\n", report).encode()]


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def _put(part: Message, data: bytes, width: int) -> None:
    text = base64.b64encode(data).decode()
    part.set_payload("\r\n".join(text[n : n + width] for n in range(0, len(text), width)))


def _without(mail: Message, part: Message) -> None:
    for around in mail.walk():
        parts = around.get_payload()
        if isinstance(parts, list) and part in parts:
            parts.remove(part)


if __name__ == "__main__":
    sys.stdout.buffer.write(b"\0".join(mails(Path(sys.argv[1]), sys.stdin.buffer.read())))
