"""What mails mean, and what the owner says as a mail."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from swarm_bridges.api import (
    Actor,
    DeliveryFailed,
    IntentId,
    LocalFile,
    MessageSeen,
    Origin,
    Refused,
    Rendered,
)
from swarm_bridges.networks.mail import names
from swarm_bridges.networks.mail.bounces import told_of
from swarm_bridges.networks.mail.compose import Letter, following, written
from swarm_bridges.networks.mail.convert import Mail, View, files, message, order, place, room
from swarm_bridges.networks.mail.discover import configured
from swarm_bridges.networks.mail.headers import Head
from swarm_bridges.networks.mail.structure import Body, Part
from swarm_bridges.text import from_markdown, from_plain, to_plain

ME, BOB = "ada@example.org", "bob@example.net"
KEY = b"k" * 32
VIEW = View(ME, "Sent", KEY, lists={"garden@lists.example": "garden.lists.example"})
OURS = names.own_id(KEY, "i77", 0, "example.org")


def mail(*lines: str, folder: str = "INBOX", text: str = "hello", **more: str) -> Mail:
    fields = {"From": BOB, "To": ME, "Message-ID": "<9@example.net>", "Subject": "cake"}
    fields.update({name.replace("_", "-"): value for name, value in more.items()})
    whole = [
        *(f"{name}: {value}" for name, value in fields.items() if value),
        *lines,
        "",
        "",
    ]
    return Mail(
        folder,
        1,
        7,
        Head("\r\n".join(whole).encode()),
        1e9,
        Body((Part("1", "text/plain"),)),
        {"1": text.encode()},
    )


def seen(made: Mail, view: View = VIEW) -> MessageSeen:
    return message(made, view, Origin.LIVE)


def test_a_first_mail_begins_a_thread_and_answers_belong_to_it() -> None:
    first = seen(mail())
    assert first.ref == names.message(names.thread("9@example.net"), "9@example.net")
    assert (first.title, to_plain(first.body), first.actor) == ("cake", "hello", Actor(BOB))
    later = mail(
        Message_ID="<11@x>", References="<9@example.net> <10@x>", In_Reply_To="<10@x>", Subject="Re: cake"
    )
    answer = seen(later)
    assert answer.ref.conversation == first.ref.conversation
    assert answer.reply_to == names.message(first.ref.conversation, "10@x")
    assert answer.title == ""


def test_an_answer_that_names_one_mail_alone_is_found_through_that() -> None:
    short = mail(Message_ID="<11@x>", In_Reply_To="<10@x>")
    assert place(short.head, VIEW, mine=False) == names.thread("10@x")
    known = replace(VIEW, roots={"10@x": "9@example.net"})
    assert place(short.head, known, mine=False) == names.thread("9@example.net")


def test_a_thread_has_its_people_and_its_subject() -> None:
    told = room(mail(Cc="Eve <eve@example.com>", Subject="Re: cake"), VIEW, names.thread("9@x"))
    assert (told.kind, told.title) == ("group", "cake")
    assert told.members == (Actor(BOB), Actor(ME, is_owner=True), Actor("eve@example.com"))


def test_a_chat_is_between_two_and_nobody_else_can_write_into_it() -> None:
    root = f"<{names.chat_root(ME, BOB)}>"
    assert place(mail(References=root).head, VIEW, mine=False) == names.conversation(BOB)
    mine = mail(From=ME, To=BOB, References=root, folder="Sent")
    assert place(mine.head, VIEW, mine=True) == names.conversation(BOB)
    forged = mail(From="mallory@example.com", References=root)
    assert place(forged.head, VIEW, mine=False).remote_id.startswith("<")
    assert seen(mail(References=root, In_Reply_To=root)).reply_to is None


def test_lists_and_newsletters_stand_apart() -> None:
    listed = mail("List-Id: Gardeners <garden.lists.example>", References="<1@x>", In_Reply_To="<1@x>")
    told = seen(listed)
    assert told.ref.conversation == names.conversation("list:garden.lists.example")
    assert told.thread_root == names.message(told.ref.conversation, "1@x")
    assert room(listed, VIEW, told.ref.conversation).kind == "list"
    news = mail("List-Unsubscribe: <https://x>", From="Shop <news@shop.example>")
    told = seen(news)
    assert told.ref.conversation == names.conversation("news:news@shop.example")
    assert (room(news, VIEW, told.ref.conversation).kind, told.title) == ("feed", "cake")
    to_list = mail(From=ME, To="garden@lists.example", folder="Sent")
    assert seen(to_list).ref.conversation == names.conversation("list:garden.lists.example")


def test_the_owner_is_who_can_put_things_among_sent_mail_or_makes_our_ids() -> None:
    assert seen(mail(From=ME, folder="Sent")).actor == Actor(ME, is_owner=True)
    forged = seen(mail(From=f"Ada <{ME.upper()}>"))
    assert forged.actor == Actor(f"unproved:{ME}")
    assert forged.echo_of is None
    echo = seen(mail(From=ME, Message_ID=f"<{OURS}>"))
    assert (echo.actor.is_owner, echo.echo_of) == (True, "i77")


@pytest.mark.parametrize("changed", [OURS.replace("~0~", "~1~"), OURS.replace("i77", "i78"), "i77~0@x", ""])
def test_nobody_else_makes_an_echo(changed: str) -> None:
    assert names.intent_of(KEY, changed) is None
    assert names.intent_of(b"another", OURS) is None
    assert seen(mail(Message_ID=f"<{OURS}>")).echo_of is None


def test_html_is_shown_without_what_it_would_load() -> None:
    markup = '<p>Hello <b>you</b><img src="https://t.example/p.gif"><script>x()</script></p>'
    page = replace(mail(text=markup), body=Body((Part("1", "text/html"),)))
    shown = seen(page).body
    assert to_plain(shown) == "Hello you"
    assert "t.example" not in repr(shown)


def test_what_is_encrypted_says_so() -> None:
    sealed = replace(
        mail(), body=Body(files=(Part("2", "application/octet-stream"),), crypto="openpgp"), texts={}
    )
    told = seen(sealed)
    assert (told.foreign_crypto, told.unreadable, to_plain(told.body)) == ("openpgp", "no_keys", "")


def test_a_text_that_is_too_long_is_also_a_file() -> None:
    long = replace(mail(), body=Body((Part("1", "text/plain", size=1 << 20),)))
    assert [f.name for f in files(long)] == ["text.txt"]


def test_order_is_that_of_the_server() -> None:
    one, other = mail(), replace(mail(), at=1e9 + 1, uid=1)
    assert order(one) < order(other)


# --- reports ---

STATUS = """Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; ghost@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no
 such user

Final-Recipient: rfc822; late@example.net
Action: delayed
Status: 4.4.1
"""


def report(
    message_id: str, *, about: str = "message/rfc822", status: str = STATUS, thread: str = "1@x"
) -> Mail:
    parts = (Part("2", "message/delivery-status"), Part("3", about))
    key = "3.HEADER" if about == "message/rfc822" else "3"
    original = f"From: {ME}\r\nTo: {BOB}\r\nMessage-ID: <{message_id}>\r\nReferences: <{thread}>\r\n\r\n"
    made = mail("Auto-Submitted: auto-replied", From="MAILER-DAEMON@example.org", Message_ID="<dsn@x>")
    texts = {"2": status.replace("\n", "\r\n").encode(), key: original.encode()}
    return replace(made, body=Body((), (parts[1],), report=parts), texts=texts)


@pytest.mark.parametrize("about", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_answers_the_mail_that_failed(about: str) -> None:
    events = told_of(report(OURS, about=about), VIEW, Origin.LIVE) or []
    told = [e for e in events if isinstance(e, MessageSeen)]
    assert [e.reply_to for e in told] == [names.message(names.thread("1@x"), OURS)] * 2
    assert [to_plain(e.body) for e in told] == [
        "This mail was not delivered to ghost@example.net: there is no such address.",
        "This mail is late to late@example.net: the other mail server could not be reached.",
    ]
    assert len({(e.ref.remote_id, e.ref.part) for e in told}) == 2
    failed = [e for e in events if isinstance(e, DeliveryFailed)]
    assert [(e.target.remote_id, e.reason, e.intent) for e in failed] == [
        (OURS, "there is no such address", "i77")
    ]


def test_a_report_about_bytes_of_a_node_is_for_the_node_alone() -> None:
    told = told_of(report(OURS, thread=names.opaque_root(ME, BOB)), VIEW, Origin.LIVE)
    target = names.message(names.conversation(BOB), OURS)
    assert told == [DeliveryFailed(target=target, reason="there is no such address", intent=IntentId("i77"))]
    late = STATUS.replace("Action: failed", "Action: delayed")
    assert told_of(report(OURS, thread=names.opaque_root(ME, BOB), status=late), VIEW, Origin.LIVE) == []


def test_a_report_about_what_we_did_not_send_is_a_mail() -> None:
    assert told_of(report("not-ours@example.org"), VIEW, Origin.LIVE) is None
    assert told_of(mail(), VIEW, Origin.LIVE) is None


@pytest.mark.parametrize(
    "status", ["", "\n\n\n", "x\n\nAction: failed", "a\n\n" + "Action: failed\n\n" * 1000]
)
def test_reports_without_sense_are_bounded(status: str) -> None:
    assert len(told_of(report(OURS, status=status), VIEW, Origin.LIVE) or []) <= 150


# --- writing ---


def letter(text: str = "hello", **more: object) -> Letter:
    given = {"message_id": OURS, "sender": ME, "name": "Ada", "to": (BOB,), "subject": "cake"}
    return Letter(**{**given, "part": Rendered(from_plain(text), text), **more})  # type: ignore[arg-type]


def parsed(made: Letter) -> EmailMessage:
    data = written(made, 1e9)
    assert max(map(len, data.split(b"\r\n"))) < 999
    assert b"\n" not in data.replace(b"\r\n", b"")
    return email.message_from_bytes(data, policy=email.policy.default)


def test_an_answer_is_threaded_as_every_program_does() -> None:
    made = parsed(letter(answers="2@x", references=following(("1@x", "2@x"), "2@x")))
    assert (made["Message-ID"], made["In-Reply-To"]) == (f"<{OURS}>", "<2@x>")
    assert made["References"].split() == ["<1@x>", "<2@x>"]
    many = following([f"{n}@x" for n in range(500)], "last@x")
    assert (len(many), many[0], many[-1]) == (30, "0@x", "last@x")
    assert len(parsed(letter(references=many))["References"].split()) == 30


@pytest.mark.parametrize("text", ["grüß 💌", ".\n..\n", "x" * 5000, "a\x00b", "From me", "\ud83d"])
def test_texts_arrive_as_they_were_said(text: str) -> None:
    body = parsed(letter(text)).get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r", "").rstrip("\n") == text.replace("\ud83d", "?").replace(
        "\0", ""
    ).rstrip("\n")


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.com", "=?utf-8?q?x?=", "ü" * 300, "\ud83d"])
def test_subjects_and_names_put_nothing_into_a_head(subject: str) -> None:
    made = parsed(
        letter(
            subject=subject,
            name=subject,
            files=[(LocalFile(id="f", name=f"{subject}.txt", media_type="text/plain", size_bytes=1), b"x")],
        )
    )
    assert set(made.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
    assert [a.addr_spec for a in made["From"].addresses] == [ME]


def test_markup_is_there_twice_and_files_unchanged() -> None:
    part = Rendered(from_markdown("**now**"), "now")
    odd = [("a.png", "image/png"), ("b", "message/rfc822"), ("c", "no type"), ("d", "text/plain")]
    many = [(LocalFile(id=n, name=n, media_type=t, size_bytes=4), b"\x00\r\n.") for n, t in odd]
    made = parsed(letter(part=part, files=many))
    page = made.get_body(("html",))
    assert page is not None
    assert "<strong>now</strong>" in page.get_content()
    kinds = [(a.get_content_type(), a.get_payload(decode=True)) for a in made.iter_attachments()]
    data = b"\x00\r\n."
    assert kinds == [
        ("image/png", data),
        ("application/octet-stream", data),
        ("application/octet-stream", data),
        ("text/plain", data),
    ]
    assert written(letter(part=part, files=many), 1e9) == written(letter(part=part, files=many), 1e9)


@pytest.mark.parametrize("address", ["a b@x", "", "a@b@c", "a\r\n@x"])
def test_no_address_no_mail(address: str) -> None:
    with pytest.raises(Refused):
        written(letter(to=(address,)), 1e9)


# --- servers ---

BY_WORD = "<authentication>password-cleartext</authentication>"


def offered(tag: str, kind: str, host: str, port: int, security: str, more: str = BY_WORD) -> str:
    place = f"<hostname>{host}</hostname><port>{port}</port><socketType>{security}</socketType>"
    return f'<{tag} type="{kind}">{place}{more}</{tag}>'


SERVERS = (
    offered("incomingServer", "pop3", "pop.example.org", 995, "SSL"),
    offered("incomingServer", "imap", "plain.example.org", 143, "plain"),
    offered("incomingServer", "imap", "o.example.org", 993, "SSL", "<authentication>OAuth2</authentication>"),
    offered(
        "incomingServer",
        "imap",
        "in.example.org",
        993,
        "SSL",
        BY_WORD + "<username>%EMAILLOCALPART%</username>",
    ),
    offered("outgoingServer", "smtp", "out.example.org", 587, "STARTTLS"),
)
CONFIG = (
    f"<clientConfig version='1.1'><emailProvider id='x'>{''.join(SERVERS)}</emailProvider></clientConfig>"
)


def test_servers_are_found_in_what_a_domain_publishes() -> None:
    assert configured(CONFIG.encode(), ME) == {
        "imap_host": "in.example.org",
        "imap_port": "993",
        "imap_security": "tls",
        "user": "ada",
        "smtp_host": "out.example.org",
        "smtp_port": "587",
        "smtp_security": "starttls",
    }


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<html>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + CONFIG,
        CONFIG.replace("out.example.org", "a b"),
        "\x00",
    ],
)
def test_what_is_no_such_document_says_nothing(document: str) -> None:
    assert configured(document.encode(), ME) == {}
