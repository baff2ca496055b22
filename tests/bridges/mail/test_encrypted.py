"""Encryption over real servers, with somebody whose program uses the library itself."""

import asyncio
import email.policy
import re
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from mail_network import MailNetwork
from mail_peer import text_of
from mail_pgp import Encrypting, certificate, entity, key_in
from mail_told import bytes_of, message, told, until
from pysequoia import Cert, Tsk, sign

from swarm_bridges.api import ConversationSeen, MessageSeen, Refused
from swarm_bridges.networks.mail import names
from swarm_bridges.networks.mail.names import chat_root
from swarm_bridges.text import to_plain


@pytest.fixture
def ada(network: MailNetwork) -> Encrypting:
    return Encrypting(network.program(network.friend_name))


def always(network: MailNetwork) -> MailNetwork:
    network.answers = {**network.answers, "encrypt": "always"}
    return network


def in_chat(network: MailNetwork) -> dict[str, str]:
    return {"References": f"<{chat_root(network.owner, network.friend)}>"}


async def learned(ada: Encrypting, network: MailNetwork, owner: Owner) -> None:
    """Ada gets a mail of the owner's, whose head has the owner's key."""
    await owner.say("my key is in the head")
    got = await ada.program.until(lambda m: text_of(m) == "my key is in the head")
    ada.known[network.owner] = key_in(got)


def of(owner: Owner, text: str) -> list[MessageSeen]:
    return [e for e in told(owner) if isinstance(e, MessageSeen) and to_plain(e.body) == text]


async def test_two_who_want_it_encrypt_from_the_first_answer_on(
    network: MailNetwork, ada: Encrypting
) -> None:
    async with await owner_of(always(network)) as owner:
        hello = ada.program.made(network.owner, "in the clear", Autocrypt=ada.header(), **in_chat(network))
        await ada.program.send(hello)
        assert (await message(owner, "in the clear")).foreign_crypto == ""
        abilities = await owner.call("capabilities", network.conversation)
        assert abilities.protect == ("openpgp",)
        await owner.say("only for you", title="a secret plan")
        got = await ada.program.until(lambda m: m.get_content_type() == "multipart/encrypted")
        assert (got["Subject"], "prefer-encrypt=mutual" in got["Autocrypt"]) == ("...", True)
        inside = ada.opened(got)
        assert (text_of(inside), inside["Subject"]) == ("only for you", "a secret plan")
        assert b"only for you" not in bytes(got)
        echo = await message(owner, "only for you")
        assert (echo.actor.is_owner, echo.foreign_crypto, echo.unreadable) == (True, "openpgp", "")

        ada.known[network.owner] = key_in(got)
        answer = ada.sealed(network.owner, entity("and for you", "Re: a secret plan"), **in_chat(network))
        await ada.send(answer)
        heard = await message(owner, "and for you")
        assert (heard.foreign_crypto, heard.unreadable) == ("openpgp", "")
        assert heard.ref.conversation == network.conversation


async def test_what_answers_an_encrypted_mail_is_encrypted(network: MailNetwork, ada: Encrypting) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        await owner.say("in the clear still")
        await ada.program.until(lambda m: text_of(m) == "in the clear still")
        mail = ada.sealed(network.owner, entity("a question", "the plan"))
        await ada.send(mail)
        asked = await message(owner, "a question")
        assert asked.title == "the plan"
        room = await until(owner, ConversationSeen, lambda e: e.conversation == asked.ref.conversation)
        assert room.title == "the plan"
        network.conversation = asked.ref.conversation
        await owner.say("an answer")
        got = await ada.program.until(lambda m: m["In-Reply-To"] == mail["Message-ID"])
        inside = ada.opened(got)
        assert (text_of(inside), inside["Subject"], got["Subject"]) == ("an answer", "Re: the plan", "...")


async def test_a_chat_that_was_encrypted_goes_on_so(network: MailNetwork, ada: Encrypting) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        await ada.send(ada.sealed(network.owner, entity("psst"), **in_chat(network)))
        await message(owner, "psst")
        await owner.say("to nothing in particular")
        got = await ada.program.until(lambda m: m.get_content_type() == "multipart/encrypted")
        assert text_of(ada.opened(got)) == "to nothing in particular"


async def test_what_must_be_encrypted_is_never_sent_in_the_clear(
    network: MailNetwork, ada: Encrypting
) -> None:
    third = network.program("third6")
    async with await owner_of(network) as owner:
        with pytest.raises(Refused):
            await owner.say("without a key", protect="openpgp")
        await learned(ada, network, owner)
        mail = ada.sealed(network.owner, entity("for three"), Cc=third.address)
        await ada.send(mail, network.owner, third.address)
        asked = await message(owner, "for three")
        network.conversation = asked.ref.conversation
        with pytest.raises(Refused):
            await owner.say("who is the third?")
        await ada.program.settled()
        assert len(await third.mails()) == 1


async def test_others_keys_are_passed_on_among_those_who_encrypt(
    network: MailNetwork, ada: Encrypting
) -> None:
    third = Encrypting(network.program("third7"))
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        inside = entity("for three")
        inside["Autocrypt-Gossip"] = third.header(mutual=False)
        mail = ada.sealed(network.owner, inside, Cc=third.program.address)
        await ada.send(mail, network.owner, third.program.address)
        network.conversation = (await message(owner, "for three")).ref.conversation
        await owner.say("from the owner to both")
        for program in (ada, third):
            got = await program.program.until(lambda m: m["In-Reply-To"] == mail["Message-ID"])
            opened = program.opened(got)
            assert text_of(opened) == "from the owner to both"
            assert len(opened.get_all("Autocrypt-Gossip", [])) == 2


async def test_files_are_encrypted_with_their_mail(network: MailNetwork, ada: Encrypting) -> None:
    data = bytes(range(256)) * 2000
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        await ada.send(ada.sealed(network.owner, entity("a file", plan_bin=data), **in_chat(network)))
        seen = await message(owner, "a file")
        (file,) = seen.files
        assert (file.name, await bytes_of(owner, seen)) == ("plan.bin", data)
        await owner.send_file("list.txt", b"bread, salt")
        got = await ada.program.until(lambda m: m.get_content_type() == "multipart/encrypted")
        (part,) = ada.opened(got).iter_attachments()
        assert (part.get_filename(), part.get_content()) == ("list.txt", "bread, salt")


async def test_the_past_is_opened_too(network: MailNetwork, ada: Encrypting) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        await ada.send(ada.sealed(network.owner, entity("long ago"), **in_chat(network)))
        await message(owner, "long ago")
        page = await owner.call_page(network.conversation, None, 10)
        texts = [to_plain(e.body) for e in page.batch.events if isinstance(e, MessageSeen)]
        assert sorted(texts) == ["long ago", "my key is in the head"]


async def test_hostile_seals_show_nothing_and_keep_nothing_back(
    network: MailNetwork, ada: Encrypting
) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        good = ada.sealed(network.owner, entity("inside"), **in_chat(network))
        sealed = bytes(parts_of(good)[1].get_payload(decode=True))
        flipped = bytearray(sealed)
        flipped[len(sealed) // 2] ^= 1
        hostile: list[Message] = [
            sewn(good, before='<img src="http://evil.example/'),
            sewn(good, before="", after="words from outside"),
            ada.around(network.owner, bytes(flipped)),
            ada.around(network.owner, sealed[: len(sealed) // 2]),
            ada.around(network.owner, b""),
            ada.around(network.owner, sign(ada.secret.signer(), entity("signed, not encrypted").as_bytes())),
            ada.around(network.owner, entity("not even that").as_bytes()),
            ada.sealed(network.owner, b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" * 3000),
            ada.sealed(network.owner, b"\xff\x00\r\n" * 100),
            three_parts(good),
        ]
        for number, mail in enumerate(hostile):
            del mail["Message-ID"]
            mail["Message-ID"] = f"<hostile{number}.{network.owner}>"
            await ada.send(mail, network.owner)
        await ada.program.send(ada.program.made(network.owner, "the end", **in_chat(network)))
        await message(owner, "the end")
        seen = {e.ref.remote_id: e for e in told(owner) if isinstance(e, MessageSeen)}
        for number in (0, 1, 2, 3, 4, 5, 6, 9):
            event = seen[f"hostile{number}.{network.owner}"]
            assert (to_plain(event.body), event.unreadable, event.foreign_crypto) == (
                "",
                "no_keys",
                "openpgp",
            ), number
        shown = repr(list(seen.values()))
        assert not [w for w in ("inside", "outside", "evil", "not even that", "signed, not") if w in shown]
        assert owner.runs == 1
        assert not [line for line in owner.desk.of(ACCOUNT).lines if line[1] == "unreadable_mail"]


def sewn(good: MIMEMultipart, before: str, after: str = "") -> Message:
    """Something encrypted with other parts around it, so that together they would make one page."""
    mail = MIMEMultipart("mixed", policy=email.policy.SMTP)
    for name, value in good.items():
        if not name.lower().startswith(("content-", "mime-")):
            mail[name] = value
    mail.attach(MIMEText(before, "html", policy=email.policy.SMTP))
    mail.attach(MIMEMultipart("encrypted", None, parts_of(good), policy=email.policy.SMTP))
    mail.attach(MIMEText(after or '">', "html", policy=email.policy.SMTP))
    return mail


def three_parts(good: MIMEMultipart) -> Message:
    mail = MIMEMultipart("encrypted", policy=email.policy.SMTP)
    for name, value in good.items():
        if not name.lower().startswith(("content-", "mime-")):
            mail[name] = value
    for part in (*parts_of(good), MIMEText("outside", policy=email.policy.SMTP)):
        mail.attach(part)
    return mail


def parts_of(mail: Message) -> list[Any]:
    parts = mail.get_payload()
    assert isinstance(parts, list)
    return parts


async def test_what_somebody_else_signed_is_not_shown_as_the_senders(
    network: MailNetwork, ada: Encrypting
) -> None:
    async with await owner_of(network) as owner:
        await ada.program.send(ada.program.made(network.owner, "my key", Autocrypt=ada.header()))
        await message(owner, "my key")
        await learned(ada, network, owner)
        mallory = Tsk.generate("<mallory@example.test>")
        forged = ada.sealed(network.owner, entity("from Ada, truly", "what Mallory wants to read"), mallory)
        del forged["Autocrypt"]
        await ada.send(forged)
        seen = await message(owner, "from Ada, truly")
        assert seen.foreign_crypto == "openpgp_unsigned"
        network.conversation = seen.ref.conversation
        await owner.say("who are you?")
        got = await ada.program.until(lambda m: m["In-Reply-To"] == forged["Message-ID"])
        assert "Mallory" not in str(ada.opened(got)["Subject"])
        await ada.send(ada.sealed(network.owner, entity("by Ada")))
        assert (await message(owner, "by Ada")).foreign_crypto == "openpgp"


async def test_html_inside_loads_nothing(network: MailNetwork, ada: Encrypting) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        page = EmailMessage(policy=email.policy.SMTP)
        page.set_content('<p>hello<img src="http://evil.example/x"></p><script>no</script>', subtype="html")
        await ada.send(ada.sealed(network.owner, page))
        seen = await message(owner, "hello")
        assert "evil" not in repr(seen)


async def test_a_seal_that_has_ended_the_process_twice_stays_closed(
    network: MailNetwork, ada: Encrypting
) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        kept = owner.desk
    await ada.send(ada.sealed(network.owner, entity("a bomb")))
    await ada.program.settled()
    mail = next(
        m for m in await network.program(network.owner_name).mails() if "encrypted" in m["Content-Type"]
    )
    box = network.program(network.owner_name)
    (said,) = (await asyncio.to_thread(box._with, lambda i: i.status("INBOX", "(UIDVALIDITY UIDNEXT)")))[1]
    about = {name: int(found) for name, found in re.findall(r"(\w+) (\d+)", said.decode())}
    name = names.opening("INBOX", about["UIDVALIDITY"], about["UIDNEXT"] - 1)
    await kept.kv_put(ACCOUNT, {name: b".."})
    async with await owner_of(network, desk=kept) as again:
        mail_id = str(mail["Message-ID"]).strip("<>")
        seen = await until(again, MessageSeen, lambda e: e.ref.remote_id == mail_id)
        assert seen.unreadable == "no_keys"


async def test_an_owner_who_does_not_want_it_says_nothing_of_keys(
    network: MailNetwork, ada: Encrypting
) -> None:
    network.answers = {**network.answers, "encrypt": "never"}
    async with await owner_of(network) as owner:
        await ada.program.send(
            ada.program.made(network.owner, "mine", Autocrypt=ada.header(), **in_chat(network))
        )
        await message(owner, "mine")
        await owner.say("no key")
        got = await ada.program.until(lambda m: text_of(m) == "no key")
        assert got["Autocrypt"] is None

        own = await owner.desk.kv_get(ACCOUNT, "autocrypt")  # which Ada knows from before
        assert own is not None
        ada.known[network.owner] = certificate(Tsk.from_bytes(own))
        await ada.send(ada.sealed(network.owner, entity("sealed all the same"), **in_chat(network)))
        await message(owner, "sealed all the same")
        await owner.say("as sealed")
        got = await ada.program.until(lambda m: m.get_content_type() == "multipart/encrypted")
        assert got["Autocrypt"] is None
        assert text_of(ada.opened(got, ada.known[network.owner])) == "as sealed"


async def test_a_new_login_keeps_the_key(network: MailNetwork, ada: Encrypting) -> None:
    async with await owner_of(network) as owner:
        await learned(ada, network, owner)
        kept = owner.desk
    kept.of(ACCOUNT).secrets.clear()
    async with await owner_of(network, desk=kept) as again:
        await again.say("the same key")
        got = await ada.program.until(lambda m: text_of(m) == "the same key")
        assert bytes(key_in(got)) == bytes(ada.known[network.owner])
        assert isinstance(ada.known[network.owner], Cert)
