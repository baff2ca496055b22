"""Who answers for a mail: signatures of domains (DKIM, RFC 6376). Checked, never made. Pure.

Sections are those of RFC 6376. What a signature leaves open counts as unsigned: bodies that are signed in
part (`l=`), keys that are being tried out (`t=y`), SHA-1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_SIGNATURES = 5
MIN_KEY_BITS = 1024
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*?\r\n(?:[ \t].*?\r\n)*)", re.DOTALL)
_SPACED = re.compile(rb"^[!-9;-~]+[ \t]+:", re.MULTILINE)
_TAG = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_OWN_B = re.compile(rb"(^|;)(\s*b\s*=)[^;]*")
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_SELECTOR = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_WAYS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


@dataclass(frozen=True, slots=True)
class Signature:
    """One `DKIM-Signature` that says how it is to be checked (3.5)."""

    domain: str
    selector: str
    kind: str
    """`rsa` or `ed25519`."""
    covered: tuple[str, ...]
    """Names of fields, in lower case, once for each field of that name."""
    relaxed: tuple[bool, bool]
    """Of head and body (3.4)."""
    body_hash: bytes = field(repr=False)
    value: bytes = field(repr=False)
    own: bytes = field(repr=False)
    """The field itself, as it stands there."""
    expires: int | None = None

    @property
    def key_name(self) -> str:
        """Where its key is."""
        return f"{self.selector}._domainkey.{self.domain}"

    def covers_all(self, name: str, head: bytes) -> bool:
        """Whether it covers every field of a name that is there, so that nobody can have added one."""
        there = sum(1 for known, _ in _fields(head) if known == name.lower())
        return Counter(self.covered)[name.lower()] >= there > 0


def split(mail: bytes) -> tuple[bytes, bytes]:
    """A mail's head, with the end of its last line, and its body."""
    head, _, body = mail.partition(b"\r\n\r\n")
    return head + b"\r\n", body


def is_plain(head: bytes) -> bool:
    """Whether a head is fields and nothing else, so that everybody reads the same ones.

    Some take a lone CR for the end of a line, and a line that is no field for the end of the head: what is
    behind the one and before the other would be signed for them, and not for us, or the other way round.
    """
    whole = b"".join(field for _, field in _fields(head))
    return whole == head and len(head.splitlines()) == head.count(b"\r\n") and not _SPACED.search(head)


def signatures(head: bytes) -> list[Signature]:
    """The signatures in a head; what cannot be checked is left out."""
    own = [whole for name, whole in _fields(head) if name == "dkim-signature"]
    return [found for whole in own[:MAX_SIGNATURES] if (found := _signature(whole)) is not None]


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    return [(m[1].decode("latin-1").lower(), m[0]) for m in _FIELD.finditer(head)]


def _tags(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(";"):
        if (tag := _TAG.fullmatch(part.strip())) is not None:
            found.setdefault(tag[1], tag[2])
    return found


def _signature(whole: bytes) -> Signature | None:
    tags = _tags(whole.partition(b":")[2].decode("latin-1"))
    kind = _WAYS.get(tags.get("a", "").lower())
    ways = [*tags.get("c", "simple").lower().split("/"), "simple"][:2]
    expires = tags.get("x", "")
    good = tags.get("v") == "1" and kind and set(ways) <= {"simple", "relaxed"} and "l" not in tags
    domain, selector = tags.get("d", "").lower(), tags.get("s", "").lower()
    if not good or not _DOMAIN.fullmatch(domain) or not _SELECTOR.fullmatch(selector):
        return None
    try:
        return Signature(
            domain=domain,
            selector=selector,
            kind=_WAYS[tags["a"].lower()],
            covered=tuple(name.strip().lower() for name in tags.get("h", "").split(":")),
            relaxed=(ways[0] == "relaxed", ways[1] == "relaxed"),
            body_hash=_base64(tags.get("bh", "")),
            value=_base64(tags.get("b", "")),
            own=whole,
            expires=int(expires) if expires.isdecimal() and len(expires) < 15 else None,
        )
    except ValueError:
        return None


def _base64(text: str) -> bytes:
    return base64.b64decode(re.sub(r"\s", "", text), validate=True)


def verified(mail: bytes, signature: Signature, record: str, now: float) -> bool:
    """Whether a domain has signed this mail.

    Args:
        mail: all of it, its lines ending in CR LF.
        signature: one of its signatures.
        record: what lies at `Signature.key_name`.
        now: Unix seconds.
    """
    head, body = split(mail)
    if not is_plain(head):
        return False
    if signature.expires is not None and now > signature.expires:
        return False
    if "from" not in signature.covered:  # 5.4
        return False
    if hashlib.sha256(_body(body, relaxed=signature.relaxed[1])).digest() != signature.body_hash:
        return False
    return _signed(signature, _covered(head, signature), _tags(record))


def _body(body: bytes, *, relaxed: bool) -> bytes:
    """3.4.3 and 3.4.4."""
    if relaxed:
        body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(body)
    while body[end - 2 : end] == b"\r\n":
        end -= 2
    return body[:end] + b"\r\n" if end or not relaxed else b""


def _covered(head: bytes, signature: Signature) -> bytes:
    """What is signed of a head: the last fields first where a name comes often (5.4.2), then the own one."""
    left: dict[str, list[bytes]] = {}
    for name, whole in _fields(head):
        left.setdefault(name, []).append(whole)
    relaxed = signature.relaxed[0]
    made = [_field(left[name].pop(), relaxed=relaxed) for name in signature.covered if left.get(name)]
    title, colon, value = signature.own.partition(b":")
    own = title + colon + _OWN_B.sub(rb"\1\2", value)
    made.append(_field(own, relaxed=relaxed).removesuffix(b"\r\n"))
    return b"".join(made)


def _field(whole: bytes, *, relaxed: bool) -> bytes:
    """3.4.1 and 3.4.2."""
    if not relaxed:
        return whole if whole.endswith(b"\r\n") else whole + b"\r\n"
    name, _, value = whole.partition(b":")
    plain = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + plain + b"\r\n"


def _signed(signature: Signature, data: bytes, key: Mapping[str, str]) -> bool:
    """Whether the key (3.6.1) has signed that."""
    words = {tag: set(re.split(r"\s*:\s*", key.get(tag, "").strip())) - {""} for tag in ("h", "s", "t")}
    if (
        key.get("v", "DKIM1") != "DKIM1"
        or key.get("k", "rsa").lower() != signature.kind
        or (words["h"] and "sha256" not in words["h"])
        or (words["s"] and words["s"].isdisjoint({"*", "email"}))
        or "y" in words["t"]
    ):
        return False
    try:
        public = _base64(key.get("p", ""))
    except (ValueError, binascii.Error):
        return False
    return _checked(signature, data, public)


def _checked(signature: Signature, data: bytes, public: bytes) -> bool:
    # For those who are told a claim (ADR 0027); everybody else's process does without.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        if signature.kind == "ed25519":  # RFC 8463: the hash is signed, and the key stands there bare
            digest = hashlib.sha256(data).digest()
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature.value, digest)
            return True
        key = load_der_public_key(public)
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_KEY_BITS:
            return False
        key.verify(signature.value, data, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
