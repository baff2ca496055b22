"""Keys in the heads of mails: what is believed, what is remembered, when they are used."""

import base64
import random
from dataclasses import replace

import pytest
from pysequoia import Profile, Tsk, encrypt

from swarm_bridges.networks.mail import autocrypt, openpgp, sealed
from swarm_bridges.networks.mail.autocrypt import Advice, Peer, Said, advice, gossiped, parsed, said, updated
from swarm_bridges.networks.mail.convert import Mail
from swarm_bridges.networks.mail.headers import Head
from swarm_bridges.networks.mail.structure import Body, Part

DAY = 86_400.0
KEY = base64.b64encode(b"a key").decode()
ADA = Said("ada@example.org", b"a key", mutual=True)


def head(*lines: str) -> Head:
    return Head("\r\n".join(("From: Ada <Ada@example.org>", *lines, "", "")).encode())


@pytest.mark.parametrize(
    "value",
    [
        f"addr=ada@example.org; prefer-encrypt=mutual; keydata={KEY}",
        f"addr=ADA@example.org;prefer-encrypt=mutual;keydata={KEY[:4]}\r\n {KEY[4:]}",
        f"addr=ada@example.org; _more=x; prefer-encrypt=mutual; keydata={KEY}",
    ],
)
def test_headers_are_read(value: str) -> None:
    assert parsed(value) == ADA
    assert said(head(f"Autocrypt: {value}")) == ADA


@pytest.mark.parametrize(
    "value",
    [
        "",
        "addr=ada@example.org",
        f"keydata={KEY}",
        f"addr=ada; keydata={KEY}",
        f"addr=ada@example.org; critical=x; keydata={KEY}",
        "addr=ada@example.org; keydata=!!!",
        "addr=ada@example.org; keydata=",
        "addr=ada@example.org; keydata=" + base64.b64encode(bytes(autocrypt.MAX_KEY + 1)).decode(),
    ],
)
def test_headers_without_sense_say_nothing(value: str) -> None:
    assert parsed(value) is None


def test_nobody_says_anything_for_another_and_nothing_twice() -> None:
    mine, other = (
        f"Autocrypt: addr=ada@example.org; keydata={KEY}",
        f"Autocrypt: addr=eve@x.org; keydata={KEY}",
    )
    assert said(head(other)) is None
    assert said(head(mine, other)) == replace(ADA, mutual=False)
    assert said(head(mine, mine)) is None


def test_lists_programs_and_several_authors_say_nothing() -> None:
    assert autocrypt.may_say(head())
    for line in (
        "List-Id: <garden.example>",
        "Auto-Submitted: auto-replied",
        "List-Unsubscribe: <https://x>",
    ):
        assert not autocrypt.may_say(head(line))
    assert not autocrypt.may_say(Head(b"From: a@b.c, d@e.f\r\n\r\n"))


def test_older_mails_change_nothing_and_newer_ones_without_a_key_are_noted() -> None:
    first = updated(Peer(), ADA, 10 * DAY)
    assert first == Peer(10 * DAY, 10 * DAY, b"a key", mutual=True)
    assert updated(first, Said("ada@example.org", b"an older key"), 9 * DAY) == first
    silent = updated(first, None, 50 * DAY)
    assert silent == Peer(50 * DAY, 10 * DAY, b"a key", mutual=True)
    assert updated(silent, Said("ada@example.org", b"new"), 51 * DAY).key == b"new"
    # Between the last key and the last mail: a key is newer than the last one, so it counts.
    assert updated(silent, Said("ada@example.org", b"late"), 20 * DAY) == Peer(50 * DAY, 20 * DAY, b"late")
    told = gossiped(first, Said("ada@example.org", b"gossip"), 12 * DAY)
    assert (told.key, told.gossip) == (b"a key", b"gossip")
    assert gossiped(told, Said("ada@example.org", b"older"), 11 * DAY) == told


NEW, WISHING = Peer(DAY, DAY, b"k"), Peer(DAY, DAY, b"k", mutual=True)
STALE, HEARSAY = Peer(40 * DAY, DAY, b"k", mutual=True), Peer(gossiped=DAY, gossip=b"g")


@pytest.mark.parametrize(
    ("peers", "mutual", "answers", "wanted"),
    [
        ([], True, True, Advice.DISABLE),
        ([Peer()], True, True, Advice.DISABLE),
        ([WISHING, Peer()], True, True, Advice.DISABLE),
        ([NEW], True, False, Advice.AVAILABLE),
        ([WISHING], False, False, Advice.AVAILABLE),
        ([WISHING], True, False, Advice.ENCRYPT),
        ([WISHING, NEW], True, False, Advice.AVAILABLE),
        ([STALE], True, False, Advice.DISCOURAGE),
        ([HEARSAY], True, False, Advice.DISCOURAGE),
        ([STALE, HEARSAY, NEW], False, True, Advice.ENCRYPT),
    ],
)
def test_the_advice(peers: list[Peer], *, mutual: bool, answers: bool, wanted: Advice) -> None:
    assert advice(peers, mutual=mutual, answers_encrypted=answers) is wanted


# --- keys and seals ---


def test_a_seal_opens_for_those_it_is_for_and_says_whose_it_is() -> None:
    ada, ben, eve = (openpgp.make(f"{name}@example.org") for name in ("ada", "ben", "eve"))
    made = openpgp.seal(b"words", [openpgp.public(ben), openpgp.public(ada)], ada)
    assert openpgp.open_sealed(made, ben, [openpgp.public(ada)]) == (b"words", True)
    assert openpgp.open_sealed(made, ben, [openpgp.public(eve)]) == (b"words", False)
    assert openpgp.open_sealed(made, ada, []) == (b"words", False)
    with pytest.raises(openpgp.Unreadable, match="no_keys"):
        openpgp.open_sealed(made, eve, [openpgp.public(ada)])


def test_whatever_was_changed_stays_closed() -> None:
    ada = openpgp.make("ada@example.org")
    certs = [Tsk.from_bytes(ada).extract_certificate()]
    made = encrypt(b"words " * 50, recipients=certs, signer=Tsk.from_bytes(ada).signer(), armor=False)
    dice = random.Random(5)
    for at in dice.sample(range(len(made)), 60):
        changed = bytearray(made)
        changed[at] ^= 1 << dice.randrange(8)
        for data in (bytes(changed), made[:at]):
            try:
                found = openpgp.open_sealed(data, ada, [])
            except openpgp.Unreadable:
                continue
            assert found == (b"words " * 50, False)


def test_keys_that_cannot_be_used_are_not() -> None:
    past = Tsk.generate("<a@b.org>", validity_seconds=60)
    key = bytes(past.extract_certificate())
    assert openpgp.is_usable(key, 0.0)
    assert not openpgp.is_usable(key, 4e9)
    assert openpgp.is_usable(
        bytes(Tsk.generate("<a@b.org>", profile=Profile.RFC9580).extract_certificate()), 0.0
    )
    for nothing in (b"", b"x", key[:-200], bytes(range(256))):
        assert not openpgp.is_usable(nothing, 0.0)


def test_what_is_inside_is_read_as_a_mail_is() -> None:
    outside = Mail("INBOX", 1, 2, head("Subject: ..."), 0.0, Body(crypto="openpgp"), {})
    inside = (
        b'Content-Type: multipart/mixed; boundary="a"; protected-headers="v1"\r\nSubject: the plan\r\n\r\n'
        b"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nw6k=\r\n"
        b"--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n"
        b"--a\r\nContent-Type: image/png\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%C3%A9.png\r\n\r\nz"
        b"\r\n--a--\r\n"
    )
    found = sealed.opened(outside, inside, signed=True).mail
    assert (found.about, found.opened, found.body.crypto) == ("the plan", "openpgp", "")
    assert found.body.texts == (Part("1", "text/plain", "base64", 4, "utf-8"),)
    assert found.texts["1"].strip() == b"w6k="
    assert [(p.number, p.kind, p.name) for p in found.body.files] == [
        ("2", "message/rfc822", ""),
        ("3", "image/png", "é.png"),
    ]
    assert sealed.part(inside, "3") == (b"z", "7bit")
    assert sealed.part(inside, "4") is None
    unprotected = inside.replace(b'; protected-headers="v1"', b"")
    assert sealed.opened(outside, unprotected, signed=False).mail.about == "..."


def test_insides_without_sense_are_read_or_refused() -> None:
    outside = Mail("INBOX", 1, 2, head(), 0.0, Body(crypto="openpgp"), {})
    dice = random.Random(3)
    pieces = [b"Content-Type: multipart/mixed; boundary=a\r\n", b"\r\n", b"--a\r\n", b"--a--\r\n"]
    pieces += [b"\xff\x00", b"x: y\r\n", b"Content-Type: text/plain; charset*=x\r\n"]
    pieces += [b"Content-Disposition: attachment; filename*0*=%\r\n"]
    for _ in range(300):
        data = b"".join(dice.choices(pieces, k=12))
        try:
            found = sealed.opened(outside, data, signed=False)
        except ValueError:
            continue
        assert found.mail.opened == "openpgp_unsigned"
