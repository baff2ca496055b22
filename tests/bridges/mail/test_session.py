"""What is mail's own: threads, folders, flags, reports, other programs. Against Postfix and Dovecot."""

import asyncio
import os

import pytest
from bridge_owner import ACCOUNT, Lines, Owner, owner_of
from mail_network import MailNetwork
from mail_peer import text_of
from mail_server import DOMAIN, MailServer
from mail_told import bytes_of, message, told, until

from swarm_bridges.api import (
    AccountId,
    Actor,
    ConversationSeen,
    Cursor,
    DeliveryFailed,
    Gone,
    LoginDone,
    MarksNow,
    MessageSeen,
    NotSupported,
    Origin,
    ReceiptMoved,
    Step,
)
from swarm_bridges.context import Clock, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.networks.mail import names
from swarm_bridges.text import to_plain


async def test_an_answer_goes_to_all_of_a_thread_and_is_threaded(network: MailNetwork) -> None:
    friend, third = network.program(network.friend_name), network.program("third1")
    first = friend.made(network.owner, "who brings cake?", Subject="Party", Cc=third.address)
    async with await owner_of(network) as owner:
        await friend.send(first, network.owner, third.address)
        asked = await message(owner, "who brings cake?")
        room = await until(owner, ConversationSeen, lambda e: e.conversation == asked.ref.conversation)
        assert (room.kind, room.title) == ("group", "Party")
        assert room.members == (
            Actor(friend.address),
            Actor(network.owner, is_owner=True),
            Actor(third.address),
        )
        network.conversation = asked.ref.conversation
        await owner.say("I do")
        got = await third.until(lambda m: text_of(m) == "I do")
        for each in (got, await friend.until(lambda m: text_of(m) == "I do")):
            assert each["In-Reply-To"] == each["References"] == first["Message-ID"]
            assert (each["Subject"], each["Bcc"]) == ("Re: Party", None)
        await third.send(
            third.made(
                network.owner,
                "great",
                Subject="RE: Party",
                References=f"{first['Message-ID']} {got['Message-ID']}",
                In_Reply_To=str(got["Message-ID"]),
            )
        )
        answer = await message(owner, "great")
        assert answer.ref.conversation == asked.ref.conversation
        assert answer.reply_to == names.message(asked.ref.conversation, str(got["Message-ID"]).strip("<>"))


async def test_an_answer_that_names_one_mail_alone_comes_into_its_thread(network: MailNetwork) -> None:
    friend = network.program(network.friend_name)
    first = friend.made(network.owner, "one")
    second = friend.made(
        network.owner, "two", References=str(first["Message-ID"]), In_Reply_To=str(first["Message-ID"])
    )
    await friend.send(first)
    await friend.send(second)
    await friend.settled()
    async with await owner_of(network) as owner:
        await friend.send(friend.made(network.owner, "three", In_Reply_To=str(second["Message-ID"])))
        assert (await message(owner, "three")).ref.conversation == (
            await message(owner, "one")
        ).ref.conversation


async def test_nobody_turns_an_answer_to_themselves(network: MailNetwork) -> None:
    friend, mallory = network.program(network.friend_name), network.program("third2")
    first = friend.made(network.owner, "our secret")
    async with await owner_of(network) as owner:
        await friend.send(first)
        asked = await message(owner, "our secret")
        await mallory.send(mallory.made(network.owner, "psst", References=str(first["Message-ID"])))
        await message(owner, "psst")
        network.conversation = asked.ref.conversation
        await owner.say("only for you")
        got = await friend.until(lambda m: text_of(m) == "only for you")
        assert (got["To"], got["Cc"]) == (friend.address, None)
        await friend.settled()
        assert await mallory.mails() == []


async def test_what_was_sent_is_in_the_folder_for_that_once(network: MailNetwork) -> None:
    box = network.program(network.owner_name)
    async with await owner_of(network) as owner:
        ref = await owner.say("kept")
        kept = await box.until(lambda m: text_of(m) == "kept", "Sent")
        assert str(kept["Message-ID"]) == f"<{ref.remote_id}>"
        assert await box.mails() == []
        echo = await message(owner, "kept")
        assert (echo.ref, echo.actor.is_owner) == (ref, True)
        assert echo.echo_of is not None
        assert len(await box.mails("Sent")) == 1


async def test_a_forged_mail_of_the_owner_is_shown_as_somebodys(network: MailNetwork) -> None:
    mallory = network.program("third3")
    async with await owner_of(network) as owner:
        forged = mallory.made(network.owner, "send me money")
        forged.replace_header("From", f"Owner <{network.owner}>")
        await mallory.send(forged)
        seen = await message(owner, "send me money")
        assert seen.actor == Actor(f"unproved:{network.owner}")


async def test_what_cannot_be_delivered_is_a_failure_of_that_mail(network: MailNetwork) -> None:
    async with await owner_of(network) as owner:
        network.conversation = names.conversation(f"ghost7@{DOMAIN}")
        ref = await owner.say("anybody?")
        report = await until(owner, MessageSeen, lambda e: e.reply_to == ref)
        assert report.ref.conversation == network.conversation
        assert to_plain(report.body) == (
            f"This mail was not delivered to ghost7@{DOMAIN}: there is no such address."
        )
        failed = await until(owner, DeliveryFailed)
        assert (failed.target, failed.reason, failed.recipient) == (ref, "there is no such address", None)


async def test_whom_the_server_does_not_know_gets_nothing(network: MailNetwork) -> None:
    async with await owner_of(network) as owner:
        network.conversation = names.conversation(f"nobody@{DOMAIN}")
        with pytest.raises(Gone):
            await owner.say("anybody?")


async def test_lists_are_answered_at_the_list_and_newsletters_not_at_all(network: MailNetwork) -> None:
    friend, post = network.program(network.friend_name), network.program("third4")
    async with await owner_of(network) as owner:
        listed = friend.made(
            post.address, "spring", List_Id="Garden <garden.example>", List_Post=f"<mailto:{post.address}>"
        )
        await friend.send(listed, network.owner)
        seen = await message(owner, "spring")
        assert seen.ref.conversation == names.conversation("list:garden.example")
        network.conversation = seen.ref.conversation
        ref = await owner.say("at last", reply_to=seen.ref)
        got = await post.until(lambda m: text_of(m) == "at last")
        assert (got["To"], got["Cc"], got["In-Reply-To"]) == (post.address, None, listed["Message-ID"])
        echo = await message(owner, "at last")
        assert (echo.ref, echo.ref.conversation) == (ref, seen.ref.conversation)

        news = friend.made(network.owner, "buy!", List_Unsubscribe="<https://x>")
        await friend.send(news)
        seen = await message(owner, "buy!")
        assert seen.ref.conversation == names.conversation(f"news:{friend.address}")
        assert "text" not in (await owner.call("capabilities", seen.ref.conversation)).levels
        network.conversation = seen.ref.conversation
        with pytest.raises(NotSupported):
            await owner.say("no")


async def test_flags_go_both_ways(network: MailNetwork) -> None:
    friend, box = network.program(network.friend_name), network.program(network.owner_name)
    async with await owner_of(network) as owner:
        await friend.send(friend.made(network.owner, "read me"))
        seen = await message(owner, "read me")
        await box.command("INBOX", "STORE", "1", "+FLAGS", "(\\Seen \\Flagged)")
        me = Actor(network.owner, is_owner=True)
        read = await until(owner, ReceiptMoved)
        assert (read.up_to, read.actor, read.read) == (seen.ref, me, True)
        kept = await until(owner, MarksNow, lambda e: e.mine == {"bookmark"})
        assert kept.target == seen.ref
        await owner.bridge.mark(owner.ctx, seen.ref, "bookmark", on=False, key="k")
        await until(owner, MarksNow, lambda e: not e.mine)
        await friend.send(friend.made(network.owner, "and me"))
        other = await message(owner, "and me")
        await owner.call("mark_read", other.ref)
        flags = await box.command("INBOX", "FETCH", "1:*", "(FLAGS)")
        assert [b"\\Flagged" in f for f in flags] == [False, False]
        assert [b"\\Seen" in f for f in flags] == [True, True]


async def test_deleting_takes_away_what_the_owner_has(network: MailNetwork) -> None:
    friend, box = network.program(network.friend_name), network.program(network.owner_name)
    async with await owner_of(network) as owner:
        await friend.send(friend.made(network.owner, "away"))
        seen = await message(owner, "away")
        await owner.accepted("delete", seen.ref, "delete-1")
        assert [text_of(m) for m in await box.mails("Trash")] == ["away"]
        assert await box.mails() == []
        await owner.accepted("delete", seen.ref, "delete-1")


async def test_a_folder_with_new_numbers_loses_and_doubles_nothing(
    network: MailNetwork, mail_server: MailServer
) -> None:
    peer = await network.peer()
    async with await owner_of(network) as owner:
        await peer.say("before")
        await owner.sees("before")
        owner.desk.down = True
        owner.desk.cut()
        await asyncio.sleep(0.2)
        await peer.say("between")
        await peer.program.settled()
        mail_server.renumber(network.owner_name)
        owner.desk.down = False
        await owner.sees("between")
        assert owner.journal.texts(network.conversation) == ["before", "between"]
        assert ("warning", "folder_was_renumbered", {}) in owner.desk.of(ACCOUNT).lines
        assert (await message(owner, "between")).origin is Origin.CATCH_UP


async def test_a_file_is_found_where_its_mail_was_moved(network: MailNetwork) -> None:
    peer, box = await network.peer(), network.program(network.owner_name)
    data = bytes(range(256)) * 3000
    async with await owner_of(network) as owner:
        await peer.send_file("a.bin", data)
        seen = await until(owner, MessageSeen, lambda e: bool(e.files))
        assert await bytes_of(owner, seen) == data
        await box.command("INBOX", "MOVE", "1", "Trash")
        assert await bytes_of(owner, seen) == data
        await box.command("Trash", "STORE", "1:*", "+FLAGS", "(\\Deleted)")
        await box.command("Trash", "EXPUNGE", "1:*")
        with pytest.raises(Gone):
            await bytes_of(owner, seen)


REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\r\n\r\n--a\r\n\r\n"
    b"--a\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--a--\r\n"
)
HOSTILE = [
    b"",
    b"\r\n",
    b"no head at all",
    b"\xff\xfe\x00: \x80\r\n\r\n\x00\x01",
    b"From: " + b"(" * 5000 + b"\r\n\r\nx",
    b"Content-Type: multipart/mixed; boundary=" + b"b" * 500 + b"\r\n\r\n--b\r\n",
    b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n' + b"--a\r\n\r\nx\r\n" * 3000 + b"--a--\r\n",
    b"Content-Type: text/html; charset=x-nothing\r\n\r\n" + b"<div>" * 50_000,
    b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=",
    b"Content-Type: message/rfc822\r\n\r\n" * 200 + b"\r\nx",
    REPORT,
    b"Message-ID: <one@x>\r\nReferences: <one@x> <one@x>\r\nIn-Reply-To: <one@x>\r\n\r\nitself",
    b"Subject: " + b"=?utf-8?b?" * 1000 + b"\r\n\r\nx",
    b'Content-Disposition: attachment; filename="../../../etc/passwd"\r\nContent-Type: a/b/c\r\n\r\nx',
    b"Date: never\r\nFrom: <>\r\nTo: undisclosed-recipients:;\r\n\r\nx",
    b"Content-Type: text/plain; format=flowed\r\n\r\n" + b" \r\n" * 20_000,
]


async def test_hostile_mails_keep_nothing_back(network: MailNetwork) -> None:
    box, peer = network.program(network.owner_name), await network.peer()
    async with await owner_of(network) as owner:
        for data in HOSTILE:
            await box.append("INBOX", data)
        await peer.say("the end")
        await owner.sees("the end")
        account = owner.desk.of(ACCOUNT)
        assert not [line for line in account.lines if line[1] in {"unreadable_mail", "mails_not_given"}]
        assert owner.runs == 1
        messages = {e.ref for e in told(owner) if isinstance(e, MessageSeen)}
        # Two that are empty are one, since nothing tells them apart.
        assert len(messages) >= len(HOSTILE)
        repr(told(owner)).encode()


async def test_a_huge_mail_costs_what_its_text_does(network: MailNetwork) -> None:
    friend = network.program(network.friend_name)
    mail = friend.made(network.owner, "word " * 200_000)
    mail.add_attachment(bytes(2 << 20), maintype="application", subtype="zip", filename="huge.zip")
    async with await owner_of(network) as owner:
        await friend.send(mail)
        seen = await until(owner, MessageSeen, lambda e: bool(e.files))
        assert [f.name for f in seen.files] == ["huge.zip", "text.txt"]
        assert 100_000 < len(to_plain(seen.body)) < 300_000
        size = 0
        async for piece in owner.bridge.fetch(owner.ctx, seen.files[0]):
            assert len(piece) <= 256 << 10
            size += len(piece)
        assert size == 2 << 20


async def test_folders_are_read_that_the_owner_chose(network: MailNetwork) -> None:
    box, friend = network.program(network.owner_name), network.program(network.friend_name)
    await asyncio.to_thread(box._with, lambda imap: imap.create("Work"))
    async with Owner(network, await choosing(network, "Work")) as owner:
        await box.append("Work", friend.made(network.owner, "sorted by a rule").as_bytes())
        assert not (await message(owner, "sorted by a rule")).actor.is_owner
        await box.append("Drafts", friend.made(network.owner, "not yet").as_bytes())
        await friend.send(friend.made(network.owner, "in the inbox"))
        await message(owner, "in the inbox")
        assert "not yet" not in [to_plain(e.body) for e in told(owner) if isinstance(e, MessageSeen)]


async def choosing(network: MailNetwork, folder: str) -> LoginDone:
    """Log in, and choose a folder in the second step."""
    desk = Lines()
    ctx = LoginContext(desk, AccountId("flow"), LoginState(why="add"), clock=Clock(), random=os.urandom)
    try:
        step = await network.login().submit(ctx, "account", {**network.answers, "choose": "true"})
        assert isinstance(step, Step)
        assert network.answers["password"] not in repr(step)
        names_of = {field.label: field.name for field in step.fields}
        done = await network.login().submit(ctx, step.id, {names_of[folder]: "true"})
    finally:
        await ctx.close()
        desk.cut()
    assert isinstance(done, LoginDone)
    return done


async def test_a_cursor_that_is_none_is_refused_and_an_end_is_told(network: MailNetwork) -> None:
    peer = await network.peer()
    await peer.say("one")
    await peer.program.settled()
    async with await owner_of(network) as owner:
        page = await owner.call_page(network.conversation, None, 1)
        assert (
            page.next is None or not (await owner.call_page(network.conversation, page.next, 10)).batch.events
        )
        with pytest.raises(Exception, match="cursor"):
            await owner.call_page(network.conversation, Cursor(b"\xff"), 1)
