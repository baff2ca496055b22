"""Search: two FTS5 indexes inside the encrypted file, which forget at once what is removed.

`search_words` finds words, and their beginnings in the query's last place, without regard to case and
accents. Characters of Chinese, Japanese and Korean are words of their own in it.

`search_parts` knows which three characters in a row a text has: for what stands inside words, and for
languages that put no spaces. It does not know where they are (detail=none, which takes a third of the room),
so it may give a text that has all threes of a term apart.

Neither keeps how long each text is (columnsize=0): nothing is ranked, and it would be two more pages for each
message.

The indexes hold no text ("contentless") but they hold its words, so a body is not gone before its words are:
`remove` takes the old text, and with FTS5's option secure-delete the words leave the file's pages at once.
(With contentless_delete=1 they would stay until the index is merged; therefore it is not used.) Whatever the
rules here make of a text must stay the same as long as the index lives, or removing would miss what adding
put.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Connection

REMOTE = 1 << 62
"""Messages of other networks have ids from here on (`bridging.core.words`); all below are the node's own."""
MAX_QUERY = 256
"""Characters of a query that are looked at."""

_MAX_TERMS = 16
_NEWEST = (1 << 63) - 1

_UNSPACED = re.compile(
    "([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)

_CREATE = """
    CREATE VIRTUAL TABLE search_words USING fts5(
        text, content='', columnsize=0, tokenize="unicode61 remove_diacritics 2");
    CREATE VIRTUAL TABLE search_parts USING fts5(
        text, content='', columnsize=0, detail=none, tokenize="trigram remove_diacritics 1");
    INSERT INTO search_words(search_words, rank) VALUES ('secure-delete', 1);
    INSERT INTO search_parts(search_parts, rank) VALUES ('secure-delete', 1)
"""


def create_search(db: Connection) -> None:
    """Make both indexes in a new database."""
    for statement in _CREATE.split(";"):
        db.exec_driver_sql(statement)


class Search:
    """The indexes as one transaction sees them."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._driver: Any = db.connection.driver_connection

    def add(self, msg_id: int, text: str) -> None:
        """Index a text. A message that changes is removed with its old text first."""
        words, parts = _indexed(text)
        self._driver.execute("INSERT INTO search_words(rowid, text) VALUES (?, ?)", (msg_id, words))
        self._driver.execute("INSERT INTO search_parts(rowid, text) VALUES (?, ?)", (msg_id, parts))

    def remove(self, msg_id: int, old_text: str) -> None:
        """Take a text out; `old_text` is what `add` was given, to the letter, and it was given."""
        words, parts = _indexed(old_text)
        for table, text in (("search_words", words), ("search_parts", parts)):
            self._db.exec_driver_sql(
                f"INSERT INTO {table}({table}, rowid, text) VALUES ('delete', ?, ?)",  # noqa: S608
                (msg_id, text),
            )

    def find(self, query: str, limit: int, before: int | None = None, *, above: int = 0) -> list[int]:
        """Messages that hold all words of `query`, newest first: up to `limit` ids from `above` to `before`.

        Where no message at all has the words, those are found that hold the terms anywhere, inside words too.
        Any text is a query; one without letters or digits finds nothing.
        """
        terms = _clean(query)[:MAX_QUERY].split()[:_MAX_TERMS]
        words = _phrases([_spaced(term) for term in terms], prefix=True)
        bound = _NEWEST if before is None else before
        found = self._match("search_words", words, limit, bound)
        threes = [_threes(term) for term in terms]
        # The same answer on each page: whether there are words decides, not whether there are any left.
        if not found and all(threes) and not self._match("search_words", words, 1, _NEWEST):
            found = self._match("search_parts", _phrases(chain(*threes), prefix=False), limit, bound)
        return [msg_id for msg_id in found if msg_id >= above]

    def _match(self, table: str, expression: str, limit: int, before: int) -> list[int]:
        if not expression:
            return []
        rows = self._db.exec_driver_sql(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",  # noqa: S608
            (expression, before, limit),
        )
        return list(rows.scalars())


def _phrases(terms: Iterable[str], *, prefix: bool) -> str:
    """An FTS5 expression that has each term as a quoted string, so that nothing in it is an operator."""
    quoted = " ".join('"' + term.strip().replace('"', '""') + '"' for term in terms)
    return quoted + "*" if quoted and prefix else quoted


def _threes(term: str) -> list[str]:
    """All three characters in a row; accents that are characters of their own are none in the index."""
    plain = "".join(char for char in term if not unicodedata.combining(char))
    return [plain[at : at + 3] for at in range(len(plain) - 2)]


def _indexed(text: str) -> Iterator[str]:
    """What the two indexes are given for a text."""
    clean = _clean(text)
    yield _spaced(clean)
    yield clean


def _clean(text: str) -> str:
    """Composed, and without zero characters and halves of pairs, which SQLite does not take."""
    return unicodedata.normalize("NFC", text.replace("\x00", " ").encode("utf-8", "replace").decode())


def _spaced(text: str) -> str:
    return _UNSPACED.sub(r" \1 ", text)
