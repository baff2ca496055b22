"""TLS between nodes and relays: 1.3 alone, a certificate that nobody signed, and its pin (spec 30 §1, §6).

Who calls has the pin from a queue record or a relay link: the SHA-256 of the certificate. So there are no
names, no authorities and no dates to get wrong, and nothing in a handshake says which relay is meant.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ssl
from pathlib import Path

from swarm_protocol.entropy import Entropy

from ..errors import StorageError

NO_SNI = "0.0.0.0"  # noqa: S104 - nothing is bound to it
"""The name to give a TLS client: for an address it sends no server name."""

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)  # RFC 5280 §4.1.2.5: no end


def make_certificate(entropy: Entropy) -> bytes:
    """Make a key (P-256) and a certificate for it; PEM, the key first, and so a secret.

    The certificate says nothing: its name is a constant, and its dates are everybody's.
    """
    from cryptography import x509  # noqa: PLC0415 - once in a relay's life
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    scalar = int.from_bytes(entropy(40), "big") % (_P256_ORDER - 1) + 1  # 64 bits more: no visible bias
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node")])
    serial = int.from_bytes(entropy(16), "big") | 1
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, _FROM, _UNTIL)
    certificate = builder.sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)


def pin_of(pem: bytes) -> bytes:
    """The pin of a certificate; 32 bytes.

    Raises:
        StorageError: there is no certificate in it.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER.encode()) :].decode())
    except ValueError as e:
        raise StorageError("the certificate's file is damaged") from e
    return hashlib.sha256(der).digest()


def server_context(pem: Path) -> ssl.SSLContext:
    """What a relay serves with: TLS 1.3, the key and certificate of a file, and no session tickets.

    Raises:
        StorageError: the file holds no key and certificate that belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # connections last for days; a ticket would tell that two are one node's
    try:
        context.load_cert_chain(pem)
    except (OSError, ssl.SSLError) as e:
        raise StorageError("the certificate's file is damaged") from e
    return context


class WrongPin(ssl.SSLCertVerificationError):
    """Another certificate than the one that was pinned."""


def client_context(pin: bytes) -> ssl.SSLContext:
    """What calls a relay: TLS 1.3; with another certificate the handshake fails, before anything is sent."""

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            shown = hashlib.sha256(self.getpeercert(binary_form=True) or b"").digest()
            if not hmac.compare_digest(shown, pin):
                raise WrongPin("another certificate than the one that was pinned")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # that the server has the certificate's key is still checked
    context.sslobject_class = Pinned
    return context
