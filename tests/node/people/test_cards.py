"""Address books come in: what is read of a card, what becomes of it, and files that mean harm."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from book_world import Anna
from bridge_core_world import Core
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges import api
from swarmnode.bridging.core import accounts, people, persons
from swarmnode.domain.book import ImportView, PersonView
from swarmnode.errors import Conflict, UsageError
from swarmnode.services import book, book_changes, book_import, book_suggestions, vcard
from swarmnode.services.vcard import Broken, Card


def card(*lines: str, version: str = "4.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def one(*lines: str, version: str = "4.0") -> Card:
    (found,) = vcard.read(card(*lines, version=version).encode())
    assert isinstance(found, Card)
    return found


READ = {
    "4.0": (
        ("FN:Ada Lovelace", "EMAIL;TYPE=work:Ada@Example.org", "IMPP:xmpp:ada@x.example"),
        ("Ada Lovelace", (("mail", "ada@example.org"), ("xmpp", "ada@x.example")), ()),
    ),
    "groups, quoted parameters with colons and semicolons": (
        ("FN:Ada", 'item1.EMAIL;X="a:b;c";TYPE="home,work":ada@x'),
        ("Ada", (("mail", "ada@x"),), ()),
    ),
    "folded in the middle of a word": (
        ("FN:Ada Love", " lace", "EMAIL:ada@ex", "\tample.org"),
        ("Ada Lovelace", (("mail", "ada@example.org"),), ()),
    ),
    "escapes, and controls that are none of a name": (
        (r"FN:Love\, Ada\nthe \;First\\", "EMAIL:ada@x"),
        ("Love, Ada the ;First\\", (("mail", "ada@x"),), ()),
    ),
    "no FN: given and family name": (
        ("N:Lovelace;Ada;;;", "EMAIL:mailto:ada@x"),
        ("Ada Lovelace", (("mail", "ada@x"),), ()),
    ),
    "nothing but a company": (
        ("ORG:Analytical Engines", "EMAIL:ada@x"),
        ("Analytical Engines", (("mail", "ada@x"),), ()),
    ),
    "older ways to say XMPP": (
        ("FN:Ada", "X-JABBER:Ada@X.example/phone", "IMPP;X-SERVICE-TYPE=Jabber:xmpp:ada%40x.example"),
        ("Ada", (("xmpp", "ada@x.example"),), ()),
    ),
    "Matrix, as a link and as an id": (
        ("FN:Ada", "IMPP:matrix:u/ada:x.example", "X-MATRIX:@ada:x.example"),
        ("Ada", (("matrix", "@ada:x.example"),), ()),
    ),
    "Mastodon by a handle: its ids are others": (
        ("FN:Ada", "URL:https://social.example/@Ada", "IMPP:acct:ada@other.example"),
        ("Ada", (), ("ada@social.example", "ada@other.example")),
    ),
    "what is no address is passed over": (
        ("FN:Ada", "EMAIL:nobody", "IMPP:skype:ada", "TEL:+49", "EMAIL:a b@c", "URL:https://x.example"),
        ("Ada", (), ()),
    ),
}


@pytest.mark.parametrize("version", ["3.0", "4.0"])
@pytest.mark.parametrize("case", READ)
def test_what_is_read_of_a_card(case: str, version: str) -> None:
    lines, (name, accounts_, handles) = READ[case]
    found = one(*lines, version=version)
    assert (found.name, found.accounts, found.handles) == (name, accounts_, handles)


def test_what_is_broken_is_named_with_its_line_and_the_rest_is_read() -> None:
    text = (
        card("FN:Old", "EMAIL:a@x", version="2.1")
        + "BEGIN:VCARD\nVERSION:4.0\nFN:never ends\n"
        + card("FN:Ada", "EMAIL:ada@x")
        + "BEGIN:VCARD\nVERSION:3.0\n"
    )
    found = list(vcard.read(b"\xef\xbb\xbf" + text.encode()))
    assert [(item.why, item.line) for item in found if isinstance(item, Broken)] == [
        ("version", 1),
        ("broken", 6),
        ("broken", 14),
    ]
    assert [item.name for item in found if isinstance(item, Card)] == ["Ada"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no vCard"),
        (b"\x89PNG\r\n", "not UTF-8 in line 1"),
        (b"BEGIN:VCARD\nFN:\xff", "not UTF-8 in line 2"),
        (b" " * (vcard.MAX_BYTES + 1), "8 MiB"),
        (card("FN:x").encode() * (vcard.MAX_CARDS + 1), "more than 5000 cards"),
    ],
)
def test_files_that_are_none_say_so(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(vcard.read(data))


HOSTILE = {
    "one line of 4 MB": b"BEGIN:VCARD\nFN:" + b"a" * 4_000_000,
    "folded often": b"BEGIN:VCARD\nFN:a" + b"\n a" * 200_000,
    "quotes that do not end": b"BEGIN:VCARD\nVERSION:4.0\nEMAIL" + b';X="' * 20_000 + b"\nEND:VCARD\n",
    "a line of semicolons": b"BEGIN:VCARD\nVERSION:4.0\nN:" + b";" * 60_000 + b"\nEND:VCARD\n",
    "a line of backslashes": b"BEGIN:VCARD\nVERSION:4.0\nFN:" + b"\\" * 60_000 + b"\nEND:VCARD\n",
    "addresses without end": b"BEGIN:VCARD\nVERSION:4.0\n"
    + b"".join(b"EMAIL:%d@x\n" % n for n in range(40_000))
    + b"END:VCARD\n",
    "begins in begins": b"BEGIN:VCARD\n" * 4_999,
    "percent signs": b"BEGIN:VCARD\nVERSION:4.0\nIMPP:xmpp:" + b"%25" * 20_000 + b"\nEND:VCARD\n",
    "an address of at signs": b"BEGIN:VCARD\nVERSION:4.0\nEMAIL:" + b"@" * 60_000 + b"\nEND:VCARD\n",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_costs_little_time_and_memory(case: str) -> None:
    data = HOSTILE[case]
    tracemalloc.start()
    began = time.process_time()
    for item in vcard.read(data):
        if isinstance(item, Card):
            assert len(item.accounts) <= vcard.MAX_ADDRESSES
    used, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 10, "seconds, under tracing and beside other work"
    assert peak < 40 * len(data) + 4_000_000


@given(st.lists(st.one_of(
    st.sampled_from(["BEGIN:VCARD", "END:VCARD", "VERSION:4.0", "FN:a", " b", "EMAIL:a@b", ""]),
    st.text(max_size=30),
), max_size=30))  # fmt: skip
def test_any_text_is_read_or_refused(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    try:
        found = list(vcard.read(data))
    except UsageError:
        return
    assert all(isinstance(item, Card | Broken) for item in found)


# What becomes of them


def take(core: Core, *cards: str, dry_run: bool = False) -> ImportView:
    entries = list(vcard.read("".join(cards).encode()))
    if dry_run:
        return core.do(lambda step: book_import.tried(step, lambda: book_import.cards(step, entries)))
    return core.do(lambda step: book_import.summary(list(book_import.cards(step, entries)), dry_run=False))


def listed(core: Core) -> list[PersonView]:
    return core.do(lambda step: list(persons.everybody(step)))


ADA = card("FN:Ada", "EMAIL:ada@x.example", "IMPP:xmpp:ada@y.example")


def test_an_entry_of_which_nothing_is_known_is_one_person() -> None:
    core = Core()
    view = take(core, ADA, card("FN:Nobody"))
    assert (view.new, view.skipped) == (1, 1)
    (ada,) = listed(core)
    assert (ada.name, ada.named) == ("Ada", True)
    assert [(link.network, link.remote_id, link.reason, link.cause) for link in ada.links] == [
        ("mail", "ada@x.example", "known", "card"),
        ("xmpp", "ada@y.example", "said", "card"),
    ]
    again = take(core, ADA)
    assert (again.known, again.items[0].people) == (1, (ada.id,))
    assert len(listed(core)) == 1


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    core = Core()
    told = len(core.told)
    dry = take(core, ADA, ADA, dry_run=True)
    assert listed(core) == []
    assert core.told[told:] == []
    assert [item.people for item in dry.items] == [(), ()], "nobody is there yet who could be named"
    real = take(core, ADA, ADA)
    assert (dry.new, dry.known) == (real.new, real.known) == (1, 1)


def test_an_entry_never_merges_people_it_suggests_once_and_refused_is_refused() -> None:
    core = Core()
    core.do(lambda step: book.enter(step, "mail", "ada@x.example", "ada"))
    core.do(lambda step: book.enter(step, "mail", "lovelace@z.example", "A. L."))
    wide = card("FN:Ada", "EMAIL:ada@x.example", "EMAIL:lovelace@z.example", "IMPP:xmpp:ada@y.example")
    view = take(core, wide)
    assert (view.suggested, len(listed(core))) == (1, 3)
    found, _ = core.do(persons.suggestions)
    assert [(s.reason, s.cause, s.one.name, s.other.name) for s in found] == [
        ("suggested", "card", "ada", "A. L."),
        ("suggested", "card", "ada", "Ada"),
    ]
    core.do(lambda step: book_suggestions.refuse(step, found[0].id))
    with pytest.raises(Conflict, match="settled"):
        core.do(lambda step: book_suggestions.refuse(step, found[0].id))
    change = core.do(lambda step: book_changes.accept(step, found[1].id))
    assert take(core, wide).suggested == 0, "refused for good, and accepted"
    assert core.do(persons.suggestions)[0] == []
    assert len(listed(core)) == 2
    core.do(lambda step: book_changes.undo(step, str(change)))
    assert [s.id for s in core.do(persons.suggestions)[0]] == [found[1].id]


def test_who_was_imported_is_suggested_for_the_same_address_elsewhere_and_not_for_a_name() -> None:
    anna = Anna("xmpp", seed="alike")
    anna.do(lambda step: book.enter(step, "mail", "ben@same.example", "Somebody"))
    anna.talk("xmpp", "ben@same.example", "Ben")
    anna.talk("xmpp", "ben@other.example", "Ben")
    found, _ = anna.do(persons.suggestions)
    assert [(s.cause, {s.one.name, s.other.name}) for s in found] == [("same-address", {"Somebody", "Ben"})]


def test_a_contact_list_comes_in_and_stays_as_long_as_the_account() -> None:
    core = Core()
    events = [
        api.ActorSeen(actor=api.Actor(f"u{n}"), name=f"Person {n}", handle=f"p{n}@demo") for n in range(3)
    ]

    def bring(step: object) -> ImportView:
        row = accounts.find(step, core.account)  # type: ignore[arg-type]
        for event in events:
            people.seen(step, row.id, event)  # type: ignore[arg-type]
        listed_ = [(e.actor.remote_id, e.name, e.handle) for e in events]
        return book_import.summary(list(book_import.contact_list(step, "demo", listed_)), dry_run=False)  # type: ignore[arg-type]

    assert core.do(bring).new == 3
    assert [p.links[0].handle for p in listed(core)] == ["p0@demo", "p1@demo", "p2@demo"]
    core.tell(api.ActorSeen(actor=api.Actor("u1"), name="Renamed", handle="p1@demo"))
    core.do(lambda step: book.rename(step, listed_id(step, "u2"), "Mine"))
    core.tell(api.ActorSeen(actor=api.Actor("u2"), name="Theirs", handle="p2@demo"))
    assert [p.name for p in listed(core)] == ["Mine", "Person 0", "Renamed"]
    take(core, card("FN:Kept", "EMAIL:kept@x"))
    core.do(lambda step: accounts.remove(step, core.account))
    assert [p.name for p in listed(core)] == ["Kept"]


def listed_id(step: object, remote_id: str) -> str:
    row = book.account(step, "demo", remote_id)  # type: ignore[arg-type]
    assert row is not None
    return book.person_id(row.person_id)


def test_what_was_imported_can_be_forgotten_and_who_is_known_otherwise_stays() -> None:
    anna = Anna("xmpp", seed="forget")
    anna.talk("xmpp", "ada@y.example", "Ada")
    person = anna.person("xmpp", "ada@y.example")
    with pytest.raises(Conflict):
        anna.do(lambda step: book.forget_imported(step, person))
    entries = list(vcard.read(ADA.encode()))
    anna.do(lambda step: list(book_import.cards(step, entries)))
    mail = anna.person("mail", "ada@x.example")
    anna.merge(person, mail)
    anna.do(lambda step: book.forget_imported(step, person))
    assert [link.network for link in anna.view(person).links] == ["xmpp"]
    assert anna.view(mail).id == person, "who asks for the one that was merged finds the other"


def test_a_new_handle_is_a_new_address() -> None:
    core = Core()
    core.tell(api.ActorSeen(actor=api.Actor("u1"), name="Ada", handle="@ada@old.example"))
    core.do(lambda step: book.enter(step, "demo", "u1", "Ada", handle="@ada@old.example"))
    core.tell(api.IdentityMoved(old="@ada@old.example", new="@ada@new.example", proof="same_id"))
    (ada,) = listed(core)
    assert ada.links[0].handle == "@ada@new.example"
    row = core.do(lambda step: book.account(step, "demo", "u1"))
    assert row is not None
    assert row.address == "ada@new.example"


def test_who_moves_and_says_so_from_both_sides_stays_one_person() -> None:
    core = Core()
    ref = api.ConversationRef("with ada")
    members = (api.Actor("ada"), api.Actor("me", is_owner=True))
    core.tell(api.ConversationSeen(conversation=ref, kind="direct", members=members))
    core.tell(api.IdentityMoved(old="ada", new="ada2", proof="one_way"))
    assert len(listed(core)) == 1
    core.tell(api.IdentityMoved(old="ada", new="ada2", proof="mutual"))
    (ada,) = listed(core)
    assert [(link.remote_id, link.reason, link.cause) for link in ada.links] == [
        ("ada", "known", ""),
        ("ada2", "proven-both-ways", "moved"),
    ]
    (change,) = core.do(lambda step: book_changes.changes(step)[0])
    assert (change.kind, change.cause) == ("merge", "moved")
