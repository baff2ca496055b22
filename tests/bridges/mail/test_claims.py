"""Which persona an account belongs to: said in mails, believed where the author's domain has signed it."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage

import pytest
from bridge_owner import Lines, Owner, owner_of
from dns_server import NameServer, name_server
from mail_dkim import Signer
from mail_network import MailNetwork
from mail_peer import MailPeer, parsed, text_of
from mail_python import PythonMail
from mail_python import started as python_started
from mail_server import DOMAIN
from mail_told import message, told, until

from swarm_bridges.api import Actor, ClaimsSeen, NotSupported
from swarm_bridges.networks.mail import dkim
from swarm_bridges.networks.mail.claims import begins
from swarmnode.bridging.host.resolve import Resolver


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys"), DOMAIN)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys"), "other.test")


@pytest.fixture(scope="module")
def known(signer: Signer, others: Signer) -> Iterator[NameServer]:
    with name_server(signer.txt, others.txt) as made:
        yield made


@pytest.fixture(scope="module")
def python_mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonMail]:
    server = python_started(tmp_path_factory.mktemp("python-mail"))
    yield server
    server.close()


@pytest.fixture
async def reader(network: MailNetwork, known: NameServer) -> AsyncIterator[Owner]:
    desk = Lines()
    desk.resolver = Resolver([known.place])
    async with await owner_of(network, desk=desk) as owner:
        yield owner


def claims(owner: Owner) -> list[ClaimsSeen]:
    return [event for event in told(owner) if isinstance(event, ClaimsSeen)]


def a_claim() -> str:
    return f"swarm:1:{base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip('=')}"


async def heard(owner: Owner, *given: str) -> ClaimsSeen:
    """What was told of these claims first."""
    found: ClaimsSeen = await until(owner, ClaimsSeen, lambda e: e.claims == given)
    return found


async def test_it_is_said_from_node_to_node(network: MailNetwork, signer: Signer, reader: Owner) -> None:
    box = network.program(network.owner_name)
    one, two = a_claim(), a_claim()
    async with await owner_of(network.from_the_other_side()) as writer:
        for given in ((one,), (one, two), ()):
            await writer.call("publish_claims", given)
            text = f"with {len(given)}"
            await writer.say(text)
            await message(reader, text)
            # Nobody has signed it, so it is not believed; then comes what a provider would have made of it.
            raw = next(data for data in await box.raw() if text_of(parsed(data)) == text)
            await box.append("INBOX", signer.signed(raw))
            believed = ClaimsSeen(actor=Actor(network.friend), claims=given, where="header")
            assert believed.authentic
            await until(reader, ClaimsSeen, believed.__eq__)
            first = next(e for e in claims(reader) if e.claims == given)
            assert not first.authentic


async def test_a_server_that_ends_lines_in_its_own_way_is_believed_too(
    python_mail: PythonMail, signer: Signer, known: NameServer
) -> None:
    network, claim, desk = MailNetwork(python_mail), a_claim(), Lines()
    desk.resolver = Resolver([known.place])
    async with await owner_of(network, desk=desk) as reader:
        program = network.program(network.friend_name)
        await program.send(signer.signed(saying(program, network.owner, claim, claim).as_bytes()))
        assert (await heard(reader, claim)).authentic
    await network.close()


def saying(program: MailPeer, to: str, claim: str, inside: str = "") -> EmailMessage:
    """A mail that claims something in its head, and `inside` too."""
    mail = program.made(to, "words", **{"Swarm-Claim": claim})
    if inside:
        mail.make_mixed()
        mail.preamble = f"Swarm-Claim: {inside}"
    return mail


async def test_the_authors_domain_has_to_have_signed_it(
    network: MailNetwork, signer: Signer, others: Signer, reader: Owner
) -> None:
    program, box = network.program(network.friend_name), network.program(network.owner_name)

    async def believed(mail: bytes, claim: str) -> bool:
        await box.append("INBOX", mail)
        return (await heard(reader, claim)).authentic

    claim = a_claim()
    good = saying(program, network.owner, claim, claim).as_bytes()
    assert await believed(signer.signed(good), claim)

    claim = a_claim()
    assert not await believed(saying(program, network.owner, claim, claim).as_bytes(), claim)

    claim = a_claim()
    assert not await believed(others.signed(saying(program, network.owner, claim, claim).as_bytes()), claim)

    claim = a_claim()  # somebody has put it before a mail that was signed without it
    plain = signer.signed(program.made(network.owner, "words").as_bytes())
    assert not await believed(f"Swarm-Claim: {claim}\r\n".encode() + plain, claim)

    claim = a_claim()  # the same, where another claim was signed
    other = a_claim()
    signed = signer.signed(saying(program, network.owner, other, other).as_bytes())
    assert not await believed(signed.replace(other.encode(), claim.encode(), 1), claim)

    claim = a_claim()  # somebody has changed the body
    signed = signer.signed(saying(program, network.owner, other, other).as_bytes())
    assert not await believed(signed.replace(other.encode(), claim.encode()), claim)

    claim = a_claim()  # its words stand in a mail, and it says otherwise what a mail's parts are
    quoted = signer.signed(program.made(network.owner, f"he wrote: Swarm-Claim: {claim}\n--x\n").as_bytes())
    assert not await believed(f"Swarm-Claim: {claim}\r\n".encode() + quoted, claim)


async def test_what_lists_programs_and_nobody_in_particular_say_is_no_claim(
    network: MailNetwork, signer: Signer, reader: Owner
) -> None:
    program, box = network.program(network.friend_name), network.program(network.owner_name)
    claim, good = a_claim(), a_claim()
    for more in (
        {"List-Id": "<garden.example>"},
        {"List-Unsubscribe": "<https://x>"},
        {"Precedence": "bulk"},
    ):
        mail = saying(program, network.owner, claim, claim)
        for name, value in more.items():
            mail[name] = value
        await box.append("INBOX", signer.signed(mail.as_bytes()))
    two = signer.signed(saying(program, network.owner, claim, claim).as_bytes())
    await box.append("INBOX", b"From: mallory@other.test\r\n" + two)
    own = saying(program, network.owner, claim, claim)
    own.replace_header("From", network.owner)
    await box.append("INBOX", signer.signed(own.as_bytes()))
    for nonsense in ("", "none at all", "swarm:1:short", "swarm:2:" + "A" * 43):
        await box.append("INBOX", saying(program, network.owner, nonsense).as_bytes())
    await box.append("INBOX", signer.signed(saying(program, network.owner, good, good).as_bytes()))
    await heard(reader, good)
    assert [e.claims for e in claims(reader)] == [(good,)]


async def test_it_is_told_once(network: MailNetwork, signer: Signer, reader: Owner) -> None:
    program, box = network.program(network.friend_name), network.program(network.owner_name)
    claim, last = a_claim(), a_claim()
    for given in (claim, claim, claim, last):
        for data in (saying(program, network.owner, given, given).as_bytes() for _ in range(2)):
            await box.append("INBOX", signer.signed(data))
    await heard(reader, last)
    assert [e.claims for e in claims(reader)] == [(claim,), (last,)]
    assert all(e.authentic for e in claims(reader))


async def test_where_nobody_knows_the_key_it_is_not_believed(network: MailNetwork, signer: Signer) -> None:
    program, box, claim = network.program(network.friend_name), network.program(network.owner_name), a_claim()
    async with await owner_of(network) as owner:  # its name service knows nothing
        await box.append("INBOX", signer.signed(saying(program, network.owner, claim, claim).as_bytes()))
        assert not (await heard(owner, claim)).authentic


async def test_an_encrypted_mail_says_it_outside(network: MailNetwork) -> None:
    other, program, claim = network.from_the_other_side(), network.program(network.owner_name), a_claim()
    always = {"encrypt": "always"}
    network.answers, other.answers = {**network.answers, **always}, {**other.answers, **always}
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        await owner.say("my key")
        await message(friend, "my key")
        await friend.call("publish_claims", (claim,))
        await friend.say("nobody else reads this")
        seen = await message(owner, "nobody else reads this")
        assert seen.foreign_crypto == "openpgp"
        assert (await heard(owner, claim)).actor == Actor(network.friend)
        raw = next(data for data in await program.raw() if claim.encode() in data)
        assert begins(dkim.split(raw)[1]) == (claim,)


async def test_an_account_that_never_claimed_says_nothing(network: MailNetwork) -> None:
    program = network.program(network.friend_name)
    async with await owner_of(network) as owner:
        await owner.say("plain words")
        got = await program.until(lambda m: text_of(m) == "plain words")
        assert (got["Swarm-Claim"], got.is_multipart()) == (None, False)
        with pytest.raises(NotSupported):
            await owner.call("read_claims", Actor(network.friend))
