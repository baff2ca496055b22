"""Bytes of senders and servers as text and values, hostile ones among them."""

import random
import time

import pytest

from swarm_bridges.api import BridgeError, Limited, Temporary
from swarm_bridges.networks.mail import grammar, words
from swarm_bridges.networks.mail.headers import Head
from swarm_bridges.networks.mail.smtp import Said, error_of
from swarm_bridges.networks.mail.structure import Body, Part, body

# --- text ---


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("grüß dich".encode(), "utf-8", "grüß dich"),
        ("grüß dich".encode("latin-1"), "iso-8859-1", "grüß dich"),
        ("grüß dich".encode("latin-1"), "utf-8", "gr\ufffd\ufffd dich"),
        ("grüß dich".encode("latin-1"), "", "grüß dich"),
        ("grüß dich".encode(), "", "grüß dich"),
        ("grüß dich".encode(), "x-unknown", "grüß dich"),
        ("grüß".encode(), '"UTF-8"', "grüß"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        ("こんにちは".encode("iso2022_jp"), "iso-2022-jp", "こんにちは"),
        (b"plain", "zlib_codec", "plain"),
        (b"a\\u0062", "unicode_escape", "a\\u0062"),
        (b"a\\u0062", "unicode escape", "a\\u0062"),
        (b"bcher-kva", "-punycode", "bcher-kva"),
        (b"xn--bcher-kva", "idna-", "xn--bcher-kva"),
        ("whole grü".encode()[:-1], "utf-8", "whole gr"),
        (b"\x80\x81 \xff", "us-ascii", "€\ufffd ÿ"),
    ],
)
def test_characters_are_read_as_declared_or_as_likely(data: bytes, charset: str, text: str) -> None:
    assert words.text(data, charset) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?q?gr=C3=BC=C3=9F?=", "grüß"),
        ("=?UTF-8?B?Z3LDvMOf?= dich", "grüß dich"),
        ("=?utf-8?b?Z3LD?= =?utf-8?b?vMOf?=", "grüß"),  # half a character in each word
        ("=?utf-8?q?a?=\r\n =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?nothing?q?x?= =x", "x =x"),
        ("a\r\n\tb\x00c", "a b c"),
        ("\ud800", "?"),
    ],
)
def test_encoded_words_are_read(raw: str, text: str) -> None:
    assert words.line(raw) == text


@pytest.mark.parametrize(
    ("data", "encoding", "plain"),
    [
        (b"aGVs\r\nbG8=", "BASE64", b"hello"),
        (b"aGVsbG", "base64", b"hell"),
        (b"a", "base64", b""),
        (b"gr=C3=BC=\r\n=C3=9F=ZZ", "quoted-printable", "grüß=ZZ".encode()),
        (b"as it is", "x-uuencode", b"as it is"),
    ],
)
def test_what_is_broken_is_decoded_as_far_as_it_goes(data: bytes, encoding: str, plain: bytes) -> None:
    assert words.decoded(data, encoding) == plain


def test_lines_that_flow_are_put_together() -> None:
    flowed = "one \ntwo \nthree\n\n> quoted \nnot quoted\n-- \nname"
    made = "one two three\n\n> quoted \nnot quoted\n-- \nname"
    assert words.unflowed(flowed, delete_space=False) == made
    assert words.unflowed("ab \ncd", delete_space=True) == "abcd"


def test_names_of_files_come_in_pieces() -> None:
    given = {"filename*0*": b"utf-8''gr%C3%BC", "filename*1*": b"%C3%9F", "filename*2": b".txt"}
    assert words.parameters(given) == {"filename": "grüß.txt"}
    assert words.parameters({"name": b"=?utf-8?q?=C3=BC?=", "name2*": b"iso-8859-1'de'%FC"}) == {
        "name": "ü",
        "name2": "ü",
    }


# --- what servers say ---


def test_answers_are_values() -> None:
    said = [
        (b"* 12 FETCH (UID 5 FLAGS (\\Seen $x) BODY[HEADER.FIELDS (FROM TO)]<0> ", b"a\r\n"),
        (b' X NIL Y "q\\"uo\\\\ted" Z ((a)(b c)))\r\n', None),
    ]
    star, number, kind, items = grammar.values(said)
    assert (star, number, kind) == ("*", "12", "FETCH")
    assert grammar.pairs(items) == {
        "UID": "5",
        "FLAGS": ("\\Seen", "$x"),
        "BODY[HEADER.FIELDS (FROM TO)]<0>": b"a\r\n",
        "X": None,
        "Y": b'q"uo\\ted',
        "Z": (("a",), ("b", "c")),
    }


def test_statuses_have_codes() -> None:
    assert grammar.status(b"OK [UIDVALIDITY 7] fine\r\n") == grammar.Status("OK", "UIDVALIDITY 7", "fine")
    assert grammar.status(b"NO [AUTHENTICATIONFAILED] no\r\n") is not None
    assert grammar.status(b"12 EXISTS\r\n") is None


def test_whatever_is_deep_stays_flat_and_whatever_is_broken_is_read() -> None:
    deep = grammar.values([(b"(" * 100_000 + b"x" + b")" * 100_000, None)])
    levels = 0
    while isinstance(deep, tuple):
        levels, deep = levels + 1, deep[0]
    assert (levels, deep) == (grammar.MAX_DEPTH + 1, "x")
    assert grammar.values([(b') ( "open', None)]) == ((b"open",),)
    dice = random.Random(1)
    for _ in range(300):
        grammar.values([(bytes(dice.choices(b'()[]"\\ {}ab\r\n', k=60)), b"x")])


def test_reading_takes_time_in_proportion() -> None:
    began = time.process_time()
    for data in (b'"' * 100_000, b"[" * 100_000, b'"\\' * 50_000, b"a[" * 50_000):
        grammar.values([(data, None)])
    words.line("=?" * 50_000)
    words.line("=?a?q?" * 50_000)
    assert time.process_time() - began < 9


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Entwürfe", "Entw&APw-rfe"),
        ("a&b", "a&-b"),
        ("台北", "&U,BTFw-"),
        ("INBOX", "INBOX"),
        ("💌", "&2D3cjA-"),
    ],
)
def test_folders_have_names_in_utf7(text: str, name: str) -> None:
    assert grammar.folder_name(text) == name
    assert grammar.folder_text(name.encode()) == text


def test_a_folder_whose_name_is_wrong_keeps_it() -> None:
    assert grammar.folder_text(b"a&!!-b&AB-") == "a&!!-b&AB-"


def test_numbers_and_strings_for_commands() -> None:
    assert grammar.ranges([5, 1, 2, 3, 9]) == "1:3,5,9"
    assert grammar.ranges([]) == ""
    assert grammar.string('a"b\\c') == '"a\\"b\\\\c"'
    assert grammar.string("ü\r\n") == "ü\r\n".encode()


# --- heads ---


def head(*lines: str) -> Head:
    return Head("\r\n".join([*lines, "", ""]).encode())


def test_a_head_says_who_and_after_what() -> None:
    made = head(
        "From: =?utf-8?q?Ad=C3=A4?= <Ada@Example.org>",
        'To: "Bob, the" <bob@example.net>, (nobody) eve@example.com',
        "Subject: Re: [2] AW: cake",
        "Message-ID: <3@example.org>",
        "In-Reply-To: <2@example.net>",
        "References: <1@example.org>",
        " <2@example.net>",
        "Date: Sun, 22 Nov 2026 08:00:00 +0100",
    )
    assert (made.sender.address, made.sender.name) == ("ada@example.org", "Adä")
    assert [p.address for p in made.people("To")] == ["bob@example.net", "eve@example.com"]
    assert (made.message_id, made.answers) == ("3@example.org", "2@example.net")
    assert made.before == ("1@example.org", "2@example.net")
    assert (made.subject, made.topic, made.time) == ("Re: [2] AW: cake", "[2] AW: cake", 1795330800.0)


HOSTILE = [
    "From: " + "(" * 20_000 + "a@b",
    "From: " + '"' * 5001 + "<a@b>",
    "To: " + ",".join(f"a{n}@b" for n in range(20_000)),
    "References: " + "<a@b> " * 20_000,
    "Message-ID: " + "x" * 50_000,
    "Message-ID: <\ud83d\ude00@\u202e>",
    "Date: Mon, 99 Xxx 99999999999999999999 99:99:99 +9999999",
    "Subject: " + "=?utf-8?b?" + "A" * 60_000,
    "List-Id: " + "<" * 30_000,
    "Auto-Submitted:",
    "From:",
    "From: nobody",
    "\x00\x00: \x00",
    ": : :",
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_heads_say_something_bounded(line: str) -> None:
    made = Head(line.encode("utf-8", "surrogatepass") + b"\r\n\xff\xfe: \xff\r\n\r\n")
    began = time.process_time()
    assert "@" in made.sender.address
    assert 0 < len(made.message_id) <= 400
    assert len(made.before) <= 100
    assert len(made.people("To", "From", "Cc")) <= 500
    assert len(made.subject) <= 250
    _ = made.list_id, made.list_post, made.is_for_many, made.time, made.topic, made.answers
    made.message_id.encode()
    made.subject.encode()
    assert time.process_time() - began < 6


def test_a_mail_without_an_id_gets_one_and_keeps_it() -> None:
    one, other = head("From: a@b", "Subject: x"), head("From: a@b", "Subject: y")
    assert one.message_id == head("From: a@b", "Subject: x").message_id != other.message_id
    assert one.message_id.endswith(".invalid")


def test_lists_programs_and_people_are_told_apart() -> None:
    listed = head(
        "From: a@b", "List-Id: The garden <garden.example.org>", "List-Post: <mailto:g@example.org?x=1>"
    )
    assert (listed.list_id, listed.list_name, listed.list_post) == (
        "garden.example.org",
        "The garden",
        "g@example.org",
    )
    assert not listed.is_for_many
    assert head("From: a@b", "List-Unsubscribe: <https://x>").is_for_many
    assert head("From: a@b", "Auto-Submitted: auto-generated").is_for_many
    assert head("From: a@b", "Precedence: bulk").is_for_many
    away = head(
        "From: a@b", "Auto-Submitted: auto-replied (vacation)", "In-Reply-To: <1@x>", "Precedence: bulk"
    )
    assert away.is_automatic
    assert not away.is_for_many
    assert not head("From: a@b", "Auto-Submitted: no").is_automatic


# --- structures ---


def structure(text: bytes) -> Body:
    (found,) = grammar.values([(text, None)])
    return body(found)


TEXT = b'("TEXT" "PLAIN" ("CHARSET" "utf-8" "FORMAT" "flowed") NIL NIL "8BIT" 5 1 NIL NIL NIL NIL)'
HTML = b'("TEXT" "HTML" NIL NIL NIL "QUOTED-PRINTABLE" 50 2 NIL NIL NIL NIL)'
FILE = (
    b'("IMAGE" "PNG" NIL "<cid>" NIL "BASE64" 400 NIL ("ATTACHMENT" ("FILENAME" "../../a\\\\b.png")) NIL NIL)'
)
MAIL = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 90 (NIL) ' + TEXT + b' 4 NIL ("ATTACHMENT" NIL) NIL NIL)'


def test_one_part_is_a_text() -> None:
    assert structure(TEXT).texts == (Part("1", "text/plain", "8bit", 5, "utf-8", flowed="yes"),)


def test_of_two_forms_the_plain_one_is_read() -> None:
    both = structure(b"((" + TEXT + HTML + b' "ALTERNATIVE" NIL)' + FILE + MAIL + b' "MIXED" NIL)')
    assert [p.number for p in both.texts] == ["1.1"]
    assert [(p.number, p.kind, p.name) for p in both.files] == [
        ("2", "image/png", "b.png"),
        ("3", "message/rfc822", ""),
    ]


def test_a_disposition_that_was_not_taken_to_pieces_is_read() -> None:
    whole = FILE.replace(
        b'("ATTACHMENT" ("FILENAME" "../../a\\\\b.png"))', b'"attachment; filename=\\"a.png\\""'
    )
    assert whole != FILE
    (part,) = structure(b"(" + TEXT + whole + b' "MIXED" NIL)').files
    assert (part.name, part.is_file) == ("a.png", True)


def test_an_empty_plain_form_gives_way() -> None:
    empty = TEXT.replace(b'"8BIT" 5', b'"8BIT" 0')
    assert [p.kind for p in structure(b"(" + empty + HTML + b' "ALTERNATIVE")').texts] == ["text/html"]


def test_what_is_encrypted_is_no_text() -> None:
    version = b'("APPLICATION" "PGP-ENCRYPTED" NIL NIL NIL "7BIT" 9)'
    assert structure(b"(" + version + FILE + b' "ENCRYPTED")').crypto == "openpgp"
    assert structure(b'("APPLICATION" "PKCS7-MIME" NIL NIL NIL "BASE64" 9)').crypto == "smime"


def test_signatures_are_no_files() -> None:
    signed = structure(b"(" + TEXT + b'("APPLICATION" "PGP-SIGNATURE" NIL NIL NIL "7BIT" 9) "SIGNED")')
    assert (len(signed.texts), signed.files) == (1, ())


def test_structures_without_sense_are_read() -> None:
    dice = random.Random(2)
    pieces = [b"(", b")", b'"TEXT"', b'"MIXED"', b"NIL", b"7", b"{", TEXT, FILE, MAIL]
    for _ in range(200):
        for value in grammar.values([(b" ".join(dice.choices(pieces, k=12)), None)]):
            found = body(value)
            assert all(p.number for p in (*found.texts, *found.files))
    many = structure(b"(" + FILE * 5_000 + b' "MIXED")')
    assert len(many.files) == 100


@pytest.mark.parametrize(
    ("code", "says", "kind", "holds"),
    [
        (451, b"4.7.1 later, says a filter", Limited, "conversation"),
        (450, b"4.7.1 later, says a grey list", Limited, "conversation"),
        (452, b"4.2.2 full", Limited, "conversation"),
        (452, b"4.3.1 no disk", Limited, "account"),
        (450, b"later", Limited, "account"),
        (451, b"4.3.0 an error of the server", Temporary, ""),
        (451, b"", Temporary, ""),
        (421, b"4.7.0 too many", Temporary, ""),
    ],
)
def test_a_mail_that_is_not_taken_now_holds_others_where_the_server_means_them(
    code: int, says: bytes, kind: type[BridgeError], holds: str
) -> None:
    error = error_of(Said(code, (says,)))
    assert type(error) is kind
    assert getattr(error, "scope", "") == holds
