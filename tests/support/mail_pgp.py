"""Another mail program that encrypts (PGP/MIME, Autocrypt), over the library itself and none of our code."""

from __future__ import annotations

import base64
import email
import email.policy
from email.encoders import encode_noop
from email.message import EmailMessage, Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.utils import formatdate
from typing import Any

from mail_peer import MailPeer
from pysequoia import Cert, Tsk, decrypt, encrypt


def certificate(secret: Tsk) -> Cert:
    """The public part alone."""
    return Cert.from_bytes(bytes(secret.extract_certificate()))


def autocrypt(address: str, secret: Tsk, *, mutual: bool = True) -> str:
    """A header's value."""
    text = base64.b64encode(bytes(certificate(secret))).decode()
    folded = " ".join(text[n : n + 64] for n in range(0, len(text), 64))
    return f"addr={address}; {'prefer-encrypt=mutual; ' if mutual else ''}keydata={folded}"


def key_in(mail: Message) -> Cert:
    """The key in the head of a mail."""
    value = str(mail["Autocrypt"])
    return Cert.from_bytes(base64.b64decode("".join(value.partition("keydata=")[2].split())))


def entity(text: str, subject: str = "hello", **files: bytes) -> EmailMessage:
    """What is to be encrypted."""
    made = EmailMessage(policy=email.policy.SMTP)
    made["Subject"] = subject
    made.set_content(text)
    for name, data in files.items():
        made.add_attachment(data, maintype="application", subtype="x-test", filename=name.replace("_", "."))
    made.set_param("protected-headers", "v1")
    return made


class Encrypting:
    """Somebody who encrypts with whoever is known."""

    def __init__(self, program: MailPeer) -> None:
        self.program = program
        self.secret = Tsk.generate(f"<{program.address}>")
        self.known: dict[str, Cert] = {}

    def header(self, *, mutual: bool = True) -> str:
        return autocrypt(self.program.address, self.secret, mutual=mutual)

    def sealed(
        self, to: str, inside: EmailMessage | bytes, signer: Tsk | None = None, /, **headers: str
    ) -> MIMEMultipart:
        """A mail around something encrypted; `signer` in the place of the sender."""
        data = inside if isinstance(inside, bytes) else inside.as_bytes()
        certs = [*self.known.values(), certificate(self.secret)]
        return self.around(
            to, encrypt(data, recipients=certs, signer=(signer or self.secret).signer()), **headers
        )

    def around(self, to: str, data: bytes, **headers: str) -> MIMEMultipart:
        """A mail around bytes."""
        mail = MIMEMultipart("encrypted", protocol="application/pgp-encrypted", policy=email.policy.SMTP)
        for part, kind in ((b"Version: 1\r\n", "pgp-encrypted"), (data, "octet-stream")):
            mail.attach(MIMEApplication(part, kind, encode_noop, policy=email.policy.SMTP))
        plain = self.program.made(to, "")
        fields = {
            name: str(value)
            for name, value in plain.items()
            if name.lower()[:8] not in {"content-", "mime-ver"}
        }
        fields |= {"Subject": "...", "Date": formatdate(), "Autocrypt": self.header()}
        for name, value in {**fields, **{n.replace("_", "-"): v for n, v in headers.items()}}.items():
            mail[name] = value
        return mail

    async def send(self, mail: Message, *to: str) -> None:
        await self.program.send(mail.as_bytes(policy=email.policy.SMTP), *(to or (str(mail["To"]),)))

    def opened(self, mail: EmailMessage, sender: Cert | None = None) -> EmailMessage:
        """What is inside of a mail, signed by its sender's key: the one in its head, or this."""
        assert mail.get_content_type() == "multipart/encrypted"
        assert mail.get_param("protocol") == "application/pgp-encrypted"
        parts: Any = mail.get_payload()
        assert [p.get_content_type() for p in parts] == [
            "application/pgp-encrypted",
            "application/octet-stream",
        ]
        assert parts[0].get_payload(decode=True).split() == [b"Version:", b"1"]
        certs = [sender or key_in(mail)]
        data = parts[1].get_payload(decode=True)
        opened = decrypt(data, decryptor=self.secret.decryptor(), store=lambda _: certs)
        assert opened.valid_sigs
        assert opened.bytes is not None
        found = email.message_from_bytes(opened.bytes, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found
