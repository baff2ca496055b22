"""What bridges say in German, and that those which come with the node say all of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from swarm_bridges import api, networks
from swarm_bridges.api import Notice
from swarm_bridges.document import Document
from swarm_bridges.networks.demo import convert as demo
from swarm_bridges.networks.feeds import notices as feeds
from swarm_bridges.networks.mail import bounces
from swarm_bridges.networks.mastodon import convert as mastodon
from swarm_bridges.networks.matrix import rooms
from swarm_bridges.networks.xmpp import omemo_readers
from swarm_bridges.notices import english, fits, in_others
from swarm_bridges.sentences import COMMON, ENGLISH, BadTexts, Sentences, read
from swarm_bridges.testing.journal import Journal
from swarm_bridges.text import from_plain
from swarmnode.bridging.host.packages import discover
from swarmnode.bridging.host.translating import translated

FOLDER = Path(networks.__file__).parent
NETWORKS = sorted(path.parent.name for path in FOLDER.glob("*/bridge.toml"))
SPEECHLESS = frozenset({
    "Bearer {}", "{} {}.", "{} at {}",
    "Sent items", "sent items", "sent messages", "sent mail", "gesendete objekte",
    "deleted items", "deleted messages", "Ticket({})", "Done({})",
    "POST", "GET", "INBOX", "Authorization", "read write follow", "TLS", "STARTTLS",
})  # fmt: skip
"""What stands in a login and is shown to nobody, and names of accounts."""
ERRORS = frozenset(
    name
    for name, thing in vars(api).items()
    if isinstance(thing, type) and issubclass(thing, api.BridgeError)
) | {"_Wrong", "WrongKey", "NotThere", "NoSuchThing"}


def text_of(node: ast.AST) -> str | None:
    """A text as it stands in the code; `{}` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def docstrings(tree: ast.AST) -> set[int]:
    """Which texts are for readers of the code."""
    inside = {id(value) for f in ast.walk(tree) if isinstance(f, ast.JoinedStr) for value in f.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return inside | alone


def shown_by(login: Path) -> Iterator[str]:
    """Sentences and labels in a login: texts with a space in them, or with a capital at their start."""
    tree = ast.parse(login.read_text())
    others = docstrings(tree)
    for node in ast.walk(tree):
        text = None if id(node) in others else text_of(node)
        if text and text not in SPEECHLESS and text.strip("{}@ ") and _is_said(text):
            yield text


def _is_said(text: str) -> bool:
    word = text.isalpha() and text.isascii() and text[0].isupper()
    return word or (" " in text.strip() and text[0] not in "[^(" and not text.startswith("_MISS"))


def behind(module: Path, known: set[Path]) -> set[Path]:
    """A module of a bridge, and those of its package that it needs."""
    known.add(module)
    for node in ast.walk(ast.parse(module.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or node.level > 2:
            continue
        folder = module.parents[node.level - 1]
        names = [node.module.replace(".", "/")] if node.module else [alias.name for alias in node.names]
        for path in (folder / f"{name}.py" for name in names):
            if path.is_file() and FOLDER in path.parents and path.parent != FOLDER and path not in known:
                behind(path, known)
    return known


def raised_in(paths: Iterable[Path]) -> set[str]:
    """What errors of the contract say."""
    trees = (ast.walk(ast.parse(path.read_text())) for path in paths)
    calls = [node for tree in trees for node in tree if isinstance(node, ast.Call) and node.args]
    said = [(getattr(c.func, "id", getattr(c.func, "attr", "")), text_of(c.args[0])) for c in calls]
    return {text for name, text in said if name in ERRORS and text}


def missing(texts: Iterable[str], says: Sentences) -> list[str]:
    said = {text for text in texts if " " in text.strip() or text[0].isupper()}
    # What ends in a colon has its reason put behind it.
    return sorted(text for text in said if not says.knows(f"{text} {{}}." if text.endswith(":") else text))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_login_speaks_german(network: str) -> None:
    says = read("de", [FOLDER / network, COMMON])
    shown = set(shown_by(FOLDER / network / "login.py"))
    assert len(shown) > 5
    assert missing(shown, says) == []
    assert missing(raised_in(behind(FOLDER / network / "login.py", set())), says) == []


SAID = {
    "demo": {demo.HOME.says},
    "feeds": {*feeds.SAYS.values(), feeds.AFTER, feeds.ALL, feeds.TITLE.says},
    "mail": {*bounces.SAYS.values(), *bounces.REASONS.values(), bounces.UNKNOWN},
    "mastodon": {
        *mastodon.SENTENCES.values(),
        mastodon.OTHERWISE,
        *(title.says for title in (*mastodon.TITLES.values(), mastodon.NOTES)),
    },
    "matrix": {rooms.NOTES.says},
    "xmpp": set(omemo_readers.SAYS.values()),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_what_a_bridge_says_in_a_conversation_is_there_in_german(network: str) -> None:
    says = read("de", [FOLDER / network, COMMON])
    assert [text for text in sorted(SAID.get(network, ())) if not says.knows(text)] == []
    modules = [path for path in (FOLDER / network).glob("*.py") if "Notice(" in path.read_text()]
    assert bool(modules) == (network in SAID)


def test_a_notice_is_said_in_other_languages_before_what_stands_below_it() -> None:
    device = Notice(omemo_readers.SAYS["none"], {"who": "ada@example.org"})
    quoted = Document((*english(device).blocks, *from_plain("a quote").blocks))
    where = api.MessageRef(api.ConversationRef("room"), "1")
    event = api.MessageSeen(ref=where, actor=api.Actor("keys"), body=quoted, notice=device)
    assert fits(event)
    wrong = msgspec.structs.replace(event, body=from_plain("something else"))
    with pytest.raises(AssertionError, match="begins with its notice"):
        Journal().applied(api.Batch((wrong,)))
    batch = translated(api.Batch((event,)), lambda language: read(language, [FOLDER / "xmpp"]))
    (said,) = batch.events
    assert isinstance(said, api.MessageSeen)
    assert in_others(said.notice, said.body) == {
        "de": "ada@example.org hat kein Gerät mit OMEMO und kann nicht lesen, was hier geschrieben wird."
        "\n\na quote"
    }
    # Facts are sentences, too; what no client knows stays in English.
    assert read("de", [FOLDER / "feeds"]).filled("{what} {x}", {"what": feeds.SAYS["gone"]}).endswith("{x}")
    (unknown,) = translated(api.Batch((event,)), lambda _: ENGLISH).events
    assert isinstance(unknown, api.MessageSeen)
    assert in_others(unknown.notice, unknown.body) == {}


def test_a_title_that_a_bridge_gives_is_there_in_other_languages() -> None:
    home, words = api.ConversationRef("home"), partial(read, folders=[FOLDER / "mastodon"])
    seen = api.ConversationSeen(conversation=home, kind="timeline", title=Notice("Home"))
    room = api.ConversationSeen(conversation=home, kind="group", title="Home")
    told, as_it_is = translated(api.Batch((seen, room)), words).events
    assert isinstance(told, api.ConversationSeen)
    assert told.title == Notice("Home", others={"de": "Startseite"})
    assert as_it_is == room, "what people call their room is no sentence of the bridge's"
    assert translated(api.Batch((room,)), words).events == (room,)
    Journal().applied(api.Batch((seen, room)))
    with pytest.raises(AssertionError, match="no name"):
        Journal().applied(api.Batch((msgspec.structs.replace(seen, title="Home"),)))


def test_what_all_bridges_say_is_there_in_german() -> None:
    says = read("de", [COMMON])
    host = Path(discover.__code__.co_filename).parent
    said = raised_in([*COMMON.glob("*.py"), *host.glob("*.py")])
    assert len(said) > 20
    assert missing(said, says) == []


def test_mail_is_called_what_germans_call_it() -> None:
    package = discover().found["mail"]
    assert read("de", [package.folder])(package.manifest.name) == "E-Mail"


def test_every_summary_is_there_in_german() -> None:
    for package in discover().found.values():
        if package.module.startswith("swarm_bridges."):
            assert read("de", [package.folder]).knows(package.manifest.summary), package.module


def test_what_is_filled_in_is_looked_up_too() -> None:
    says = Sentences({
        "This did not work: {e}.": "Das ging nicht: {e}.",
        "no connection ({why})": "keine Verbindung ({why})",
        "{a} and {b}": "{a} und {b}",
        "{a} and {b}, too": "{b} und auch {a}",
    })  # fmt: skip
    assert says("This did not work: no connection (TimeoutError).") == (
        "Das ging nicht: keine Verbindung (TimeoutError)."
    )
    assert says("imap.example.org and smtp.example.org") == "imap.example.org und smtp.example.org"
    assert says("x and y, too") == "y und auch x"
    assert says("This did not work: something new.") == "Das ging nicht: something new."
    assert says("nothing known") == ENGLISH("nothing known") == "nothing known"
    assert says("") == ""
    # What comes from a server is no sentence with holes.
    assert says("This did not work: {e}.") == "Das ging nicht: {e}."
    assert says("This did not work.") == "This did not work."


def test_long_and_strange_texts_take_no_time() -> None:
    says = Sentences({"{a} a {b} a {c} b": "{a}{b}{c}"})
    text = "a " * 20_000
    assert says(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '"a" = 1',
        "not toml",
        '"a {b}" = "c {d}"',
        '"{a} {a}" = "x"',
        '"a" = "' + "x" * 300_000 + '"',
        "[a]\nb = 1",
    ],
)
def test_a_file_that_cannot_be_used_says_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "texts.de.toml").write_text(text)
    with pytest.raises(BadTexts):
        read("de", [tmp_path])


def test_a_folder_without_a_file_adds_nothing(tmp_path: Path) -> None:
    assert read("de", [tmp_path, COMMON])("not connected") == "nicht verbunden"
    (tmp_path / "texts.de.toml").write_text('"not connected" = "getrennt"')
    assert read("de", [tmp_path, COMMON])("not connected") == "getrennt"
