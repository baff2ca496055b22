"""A provider that signs mails: another implementation of DKIM, as Debian has it, with keys for dnsmasq."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


class Signer:
    """Signs for one domain. `txt` is its record, as dnsmasq takes it."""

    def __init__(self, folder: Path, domain: str, selector: str = "key") -> None:
        if shutil.which("dkimsign") is None:
            why = "there is no dkimsign: install Debian's python3-dkim"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
        self._domain, self._selector, self._key = domain, selector, folder / f"{domain}.pem"
        key = rsa.generate_private_key(65537, 2048)
        self._key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
        strings = ",".join(self.record[n : n + 200] for n in range(0, len(self.record), 200))
        self.txt = f"txt-record={selector}._domainkey.{domain},{strings}"

    def command(self, ways: tuple[str, str] = ("relaxed", "simple")) -> list[str]:
        """What signs the mail that it is given."""
        words = [self._selector, self._domain, str(self._key)]
        return ["dkimsign", "--hcanon", ways[0], "--bcanon", ways[1], *words]

    def signed(self, mail: bytes, ways: tuple[str, str] = ("relaxed", "simple")) -> bytes:
        """The mail with a signature over the fields that are usually signed."""
        done = subprocess.run(self.command(ways), input=mail, capture_output=True, check=True, timeout=30)
        return done.stdout.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
