"""What a thief, a relay's owner and a listener find (the fifth of eight points).

Canaries are words and bytes that occur nowhere but in what two people tell each other. They are looked for in
every file that the nodes and the relay leave, in what passes to the relay, and, with the relay's own key, in
its store.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from e2e_wire import Wire, records
from e2e_world import Home, Village, contents, eventually, ticket
from sqlcipher3 import dbapi2 as sqlite  # type: ignore[import-untyped]

from swarm_protocol import cbor
from swarm_protocol.envelope import Bucket

NAMES = ("Quittenbrand", "Zwetschgenmus")
TEXTS = ("Wachtelschrei um halb vier", "Feuersalamander unter dem Stein")
DRAFT, NICKNAME = "Siebenschläferversteck", "Haselhuhnfreundin"
FILE = b"Rohrdommel \x00\x01\x02 " * 4000
CANARIES = (*(text.encode() for text in (*NAMES, *TEXTS, DRAFT, NICKNAME)), FILE[:14])


def test_nothing_that_is_said_is_found_on_disk_at_the_relay_or_on_the_wire(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        post = village.relay("post")
        host, port = post.flags[-1].split(":")
        post.stop()
        with Wire((host, int(port))) as wire:
            post.environment["SWARMNODE_LINK__PUBLIC"] = wire.address
            post.start()
            ada, ben = village.home("one"), village.home("two")
            for home, name in ((ada, NAMES[0]), (ben, NAMES[1])):
                home.json("init", "--name", name)
                home.start()
                home.json("relay", "use", ticket(post))
            village.meet(ada, ben)
            attached = tmp_path / "attached"
            attached.write_bytes(FILE)
            ada.json("send", NAMES[1], TEXTS[0], "--file", str(attached), "--wait")
            ben.json("send", NAMES[0], TEXTS[1], "--wait")
            ada.json("draft", NAMES[1], DRAFT)
            ada.json("contacts", "rename", NAMES[1], NICKNAME)
            assert len(ben.json("search", "Wachtelschrei")["items"]) == 1
            identities = [bytes.fromhex(home.json("status")["persona"]) for home in (ada, ben)]
            identities += [bytes.fromhex(home.json("nodes")["items"][0]["id"]) for home in (ada, ben)]
            ben.stop()
            for size in (1, 1200, 6000, 30_000):
                attached.write_bytes(FILE[:size])
                ada.json("send", NICKNAME, TEXTS[0], "--file", str(attached))
            eventually(lambda: all(m.state != "queued" for m in ada.messages("1")))
            attached.unlink()

            found = [_where(village.folder, canary) for canary in CANARIES]
            assert not any(found), "while two of the three run"
            (ada.path / "trial").write_bytes(base64.b64encode(b"x" + CANARIES[0] + b"xx"))
            assert _where(village.folder, CANARIES[0]) == ["one/trial"], "what is there is found"
            (ada.path / "trial").unlink()
            ada.json("search", "Feuersalamander")
            ada.stop()
            post.stop()
            found = [_where(village.folder, canary) for canary in CANARIES]
            assert not any(found), "when all have ended"

            sizes = set[int]()
            for table, column, value in _relay_rows(post):
                data = value if isinstance(value, bytes) else str(value).encode()
                for secret in (*CANARIES, *identities):
                    assert secret not in data, f"{table}.{column}"
                if (table, column) == ("message", "blob") and isinstance(value, bytes):
                    sizes.add(len(value))
            assert len(sizes) > 1
            assert sizes <= set(map(int, Bucket))

        assert sum(map(len, wire.streams)) > len(FILE), "it came this way"
        for stream in wire.streams:
            kinds = list(records(bytes(stream)))
            if "application data" in kinds:  # a call may end before
                assert "handshake" not in kinds[kinds.index("application data") :]
            for secret in (*CANARIES, *identities):
                assert not any(form in stream for form in _forms(secret))


def _where(folder: Path, canary: bytes) -> list[str]:
    """The files that hold it, plain or thinly disguised."""
    forms = _forms(canary)
    found: list[str] = []
    read = 0
    for path, data in contents(folder):
        read += len(data)
        if any(form in data for form in forms):
            found.append(str(path.relative_to(folder)))
    assert read > 100_000, "there were files to look at"
    return found


def _forms(canary: bytes) -> list[bytes]:
    """The bytes, as hex digits, as UTF-16, and in base64 at each of three offsets."""
    encoded = [base64.b64encode(bytes(offset) + canary)[4 if offset else 0 : -4] for offset in range(3)]
    wide = canary.decode("latin-1").encode("utf-16-le")
    return [canary, canary.hex().encode(), canary.hex().upper().encode(), wide, *encoded]


def _relay_rows(relay: Home) -> Iterator[tuple[str, str, object]]:
    """Every value in the relay's store: table, column, value. Its key lies beside it."""
    folder = relay.path / "relay"
    key = cbor.Record.decode((folder / "keys").read_bytes(), "the relay's keys").octets(1)
    store = sqlite.connect(str(folder / "relay.db"))
    try:
        store.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        store.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
        for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = store.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of the schema
            for row in cursor.fetchall():
                for (column, *_), value in zip(cursor.description, row, strict=True):
                    yield table, column, value
    finally:
        store.close()
