"""Bytes between two nodes in mails, what ordinary programs make of them, and what becomes of answers."""

import email
import email.policy
import os
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage

import pytest
from bridge_owner import Owner, owner_of
from mail_network import MailNetwork
from mail_peer import text_of
from mail_python import PythonMail
from mail_python import started as python_started
from mail_server import DOMAIN
from mail_told import message, told, until

from swarm_bridges.api import (
    Accepted,
    ClaimsSeen,
    ConversationSeen,
    DeliveryFailed,
    IntentId,
    MessageSeen,
    NotSupported,
    OpaqueSeen,
    Outgoing,
    Refused,
    Rendered,
)
from swarm_bridges.networks.mail import names
from swarm_bridges.networks.mail.compose import FOR_NODES
from swarm_bridges.text import from_plain

SENTENCE = "This is for a node of yours, and no words."


@pytest.fixture(scope="module")
def python_mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonMail]:
    server = python_started(tmp_path_factory.mktemp("python-mail"))
    yield server
    server.close()


@pytest.fixture(params=["mail_server", "python_mail"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[MailNetwork]:
    made = MailNetwork(request.getfixturevalue(request.param))
    yield made
    await made.close()


def carrying(network: MailNetwork) -> Outgoing:
    intent = IntentId(f"i{os.urandom(8).hex()}")
    part = Rendered(from_plain(SENTENCE), SENTENCE)
    return Outgoing(intent=intent, key=intent, attempt=1, conversation=network.conversation, parts=(part,))


async def brought(owner: Owner, blob: bytes, *, own: bool = False) -> OpaqueSeen:
    """The event with these bytes, now or soon."""
    found: OpaqueSeen = await until(owner, OpaqueSeen, lambda e: e.blob == blob and e.actor.is_owner == own)
    return found


async def test_what_the_owner_claims_goes_with_them(network: MailNetwork) -> None:
    """Two who talk by node alone write each other no other mails."""
    other, claim, blob = network.from_the_other_side(), f"swarm:1:{'M' * 42}A", os.urandom(100)
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        await owner.call("publish_claims", (claim,))
        assert isinstance(await owner.call("send_opaque", carrying(network), blob), Accepted)
        await brought(friend, blob)
        said = await until(friend, ClaimsSeen, lambda e: e.actor.remote_id == network.owner)
        assert said.claims == (claim,)


async def test_as_many_as_fit_pass_from_node_to_node(either: MailNetwork) -> None:
    other, program = either.from_the_other_side(), either.program(either.friend_name)
    async with await owner_of(either) as owner, await owner_of(other) as friend:
        can = await owner.call("capabilities", either.conversation)
        blob = os.urandom(can.opaque_bytes)
        sent = await owner.call("send_opaque", carrying(either), blob)
        assert isinstance(sent, Accepted)
        seen = await brought(friend, blob)
        assert (seen.ref.conversation, seen.actor.remote_id) == (other.conversation, either.owner)
        assert (await brought(owner, blob, own=True)).ref == sent.refs[0]
        shown = await program.until(lambda m: text_of(m) == SENTENCE)
        assert (shown["Subject"], shown["Auto-Submitted"]) == (FOR_NODES, "auto-generated")
        assert [p.get_content_type() for p in shown.iter_attachments()] == [
            "application/vnd.swarmnode.opaque"
        ]
        with pytest.raises(Refused):
            await owner.call("send_opaque", carrying(either), blob + b"!")
        for one in (owner, friend):
            assert not [e for e in told(one) if isinstance(e, MessageSeen | ConversationSeen)]


async def test_other_programs_do_not_announce_it(network: MailNetwork) -> None:
    other, blob = network.from_the_other_side(), os.urandom(999)
    program = network.program(network.friend_name)
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        await owner.call("send_opaque", carrying(network), blob)
        await brought(friend, blob)
        await owner.call("send_opaque", carrying(network), b"and another")
        await brought(friend, b"and another")  # by then the flag of the first is there
        flags = await program.command("INBOX", "FETCH", "1", "(FLAGS)")
        assert b"\\Seen" in flags[0]
        assert not [e for e in told(friend) if not isinstance(e, OpaqueSeen)]


async def test_reports_about_them_are_for_nodes_alone(network: MailNetwork) -> None:
    program = network.program(network.owner_name)
    async with await owner_of(network) as owner:
        network.conversation = names.conversation(f"ghost8@{DOMAIN}")
        for out in (carrying(network), carrying(network)):
            sent = await owner.call("send_opaque", out, b"to nobody")
            failed = await until(owner, DeliveryFailed, lambda e, out=out: e.intent == out.intent)  # type: ignore[misc]
            assert (failed.target, failed.reason) == (sent.refs[0], "there is no such address")
        # By the second one the flag of the first is there.
        noted = await program.command("INBOX", "SEARCH", "SEEN", "SUBJECT", "Undelivered")
        assert noted[0]
        assert not [e for e in told(owner) if isinstance(e, MessageSeen)]


async def test_what_people_answer_is_a_mail(network: MailNetwork) -> None:
    program = network.program(network.friend_name)
    async with await owner_of(network) as owner:
        await owner.call("send_opaque", carrying(network), b"some bytes")
        got = await program.until(lambda m: text_of(m) == SENTENCE)
        name = str(got["Message-ID"])
        answer = program.made(
            network.owner, "what is this?", In_Reply_To=name, References=f"{got['References']} {name}"
        )
        await program.send(answer)
        asked = await message(owner, "what is this?")
        network.conversation = asked.ref.conversation
        await owner.say("something between programs", reply_to=asked.ref)
        reply = await program.until(lambda m: text_of(m) == "something between programs")
        assert reply["In-Reply-To"] == answer["Message-ID"]


def forged(network: MailNetwork, blob: bytes, **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=email.policy.SMTP)
    own = {"From": network.friend, "To": network.owner, "Message-ID": f"<{blob.hex()}@x>", "Subject": "x"}
    for name, value in {**own, **headers}.items():
        mail[name] = value
    mail.set_content(SENTENCE)
    mail.add_attachment(blob, maintype="application", subtype="vnd.swarmnode.opaque", filename="x")
    return mail


async def test_only_what_one_person_sends_to_one_counts(network: MailNetwork) -> None:
    program, good = network.program(network.friend_name), os.urandom(20)
    async with await owner_of(network) as owner:
        for headers in ({"From": network.owner}, {"List-Id": "<garden.example>"}):
            await program.send(forged(network, os.urandom(20), **headers), network.owner)
        await program.send(forged(network, good), network.owner)
        seen = await brought(owner, good)
        assert seen.ref.conversation == names.conversation(network.friend)
        assert [e for e in told(owner) if isinstance(e, OpaqueSeen)] == [seen]
        with_file = forged(network, os.urandom(20))
        with_file.add_attachment(b"for people", maintype="text", subtype="plain", filename="read.txt")
        await program.send(with_file, network.owner)
        shown = await message(owner, SENTENCE)
        assert [f.name for f in shown.files] == ["x", "read.txt"]


async def test_where_it_is_not_possible_nothing_leaves(network: MailNetwork) -> None:
    async with await owner_of(network) as owner:
        network.conversation = names.thread("nothing@example.test")
        assert not (await owner.call("capabilities", network.conversation)).opaque_bytes
        with pytest.raises(NotSupported):
            await owner.call("send_opaque", carrying(network), b"1")
