"""Signatures of domains: the vectors of RFC 8463, what another implementation signs, and what is no good."""

from __future__ import annotations

from pathlib import Path

import pytest
from mail_dkim import Signer

from swarm_bridges.networks.mail.dkim import Signature, signatures, split, verified

# RFC 8463, appendix A: one mail, two keys.
VECTOR = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
KEYS = {
    "brisbane": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test": "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G"
    "+2kryOTIKT+l/K4w3QIDAQAB",
}
NOW = 1.6e9
MAIL = (
    b"From: ada@example.test\r\nTo: x@example.net\r\nSubject: a  b\r\n\tc\r\nMessage-ID: <1@x>\r\n\r\n"
    b"Hello  \r\nthere \t x\r\n\r\n\r\n"
)


def found(mail: bytes) -> list[Signature]:
    return signatures(split(mail)[0])


def test_the_vectors_of_the_rfc() -> None:
    known = found(VECTOR)
    assert [s.key_name for s in known] == [f"{s}._domainkey.football.example.com" for s in KEYS]
    for signature in known:
        key = KEYS[signature.selector]
        assert verified(VECTOR, signature, key, NOW)
        assert not verified(VECTOR.replace(b"Joe.", b"Jim."), signature, key, NOW)
        assert not verified(VECTOR.replace(b"dinner", b"supper"), signature, key, NOW)
        assert not verified(b"From: mallory@x.test\r\n" + VECTOR, signature, key, NOW)
        others = next(k for name, k in KEYS.items() if name != signature.selector)
        assert not verified(VECTOR, signature, others, NOW)


@pytest.mark.parametrize(
    "change",
    [("k=rsa", "k=rsa; t=y:s"), ("k=rsa", "k=rsa; h=sha1"), ("k=rsa", "k=rsa; s=tlsrpt"), ("DKIM1", "DKIM2"),
     ("p=MIG", "p=; q=MIG"), ("p=MIG", "p=!"), ("p=MIG", "p=AAA")],
)  # fmt: skip
def test_a_key_that_is_not_for_this_is_no_good(change: tuple[str, str]) -> None:
    signature = found(VECTOR)[1]
    assert not verified(VECTOR, signature, KEYS["test"].replace(*change), NOW)
    assert verified(VECTOR, signature, KEYS["test"].replace("k=rsa", "k=rsa; s=email:x; h=sha256; t=s"), NOW)


@pytest.mark.parametrize(
    "change",
    [(b"v=1", b"v=2"), (b"rsa-sha256", b"rsa-sha1"), (b"c=relaxed/relaxed", b"c=none"), (b"s=test", b"s=a b"),
     (b"d=foot", b"d=..foot"), (b"t=1528637909", b"l=3"), (b"bh=2", b"bh=!")],
)  # fmt: skip
def test_a_signature_that_cannot_be_checked_is_none(change: tuple[bytes, bytes]) -> None:
    start = VECTOR.index(b"DKIM-Signature", 10)
    assert len(found(VECTOR[:start] + VECTOR[start:].replace(*change, 1))) == 1


def test_what_is_over_is_over() -> None:
    late = VECTOR.replace(b"t=1528637909", b"x=1528637909")
    assert [s.expires for s in found(late)] == [1528637909] * 2
    assert not verified(late, found(late)[0], KEYS["brisbane"], NOW)


@pytest.mark.parametrize("head", ["relaxed", "simple"])
@pytest.mark.parametrize("body", ["relaxed", "simple"])
def test_what_another_implementation_signs(tmp_path: Path, head: str, body: str) -> None:
    signer = Signer(tmp_path, "example.test")
    for mail in (MAIL, split(MAIL)[0] + b"\r\n", MAIL.rstrip() + b" \r\n\r\n"):
        signed = signer.signed(mail, (head, body))
        (one,) = found(signed)
        assert verified(signed, one, signer.record, NOW)
        assert verified(b"Received: from x\r\n" + signed, one, signer.record, NOW)
        assert not verified(signed.replace(b"<1@x>", b"<2@x>"), one, signer.record, NOW)
        assert not verified(signed + b"more", one, signer.record, NOW)


def test_what_is_covered(tmp_path: Path) -> None:
    signed = Signer(tmp_path, "example.test").signed(MAIL)
    (one,), head = found(signed), split(signed)[0]
    assert one.covers_all("From", head)
    assert one.covers_all("subject", head)
    assert not one.covers_all("subject", b"Subject: another\r\n" + head)
    assert not one.covers_all("swarm-claim", head)


@pytest.mark.parametrize(
    "before",
    [
        b"X-Note: a\rFrom: ben@example.test\rX-More: b\r\n",  # some read a second author
        b"X-Note: a\rFrom: ben@example.test\r\r\n",  # ... and that nothing follows
        b"X-Note: a\r\nfrom \t: ben@example.test\r\n",
        b"no field\r\n",
        b"X-Note: a\nFrom: ben@example.test\r\n",
    ],
)
def test_a_head_that_is_read_in_two_ways_is_unsigned(tmp_path: Path, before: bytes) -> None:
    signer = Signer(tmp_path, "example.test")
    signed = signer.signed(MAIL)
    (one,) = found(signed)
    assert verified(b"X-Note: a\r\n b\r\n" + signed, one, signer.record, NOW)
    assert not verified(before + signed, one, signer.record, NOW)


HOSTILE = [
    b"",
    b"\r\n\r\n",
    b"DKIM-Signature: \r\n\r\n",
    b"DKIM-Signature: " + b";" * 50_000 + b"\r\n\r\n",
    b"DKIM-Signature: " + b"v=1;" * 20_000 + b"\r\n\r\n",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=" + b"a." * 20_000 + b"; s=x\r\n\r\n",
    b"DKIM-Signature: v=1;\r\n\r\n" * 2_000,
    b":\r\n: \r\n\xff: \xff\r\n\r\n\xff",
]


@pytest.mark.parametrize("mail", HOSTILE)
def test_nonsense_is_unsigned(mail: bytes) -> None:
    assert found(mail) == []
