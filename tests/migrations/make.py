"""Makes the kept home of the newest version, and while nothing was released, the first step too.

    python tests/migrations/make.py first    write 0001 anew from the tables, then the home
    python tests/migrations/make.py          the home as it is written now, in tests/migrations/<version>/

A released version's home is kept for ever and never made again.
"""

import shutil
import sys
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from swarm_protocol.testing import SeededEntropy
from swarmnode.storage import migrations
from swarmnode.storage.database import Database
from swarmnode.storage.home import LOCK, Home
from swarmnode.storage.keystore import Cost, KeyStore, Passphrase
from swarmnode.storage.schema import metadata

HERE = Path(__file__).parent
VERSIONS = Path(migrations.__file__).parent / "versions"
PASSPHRASE = Passphrase("an old home")
TEXTS = ("an old word", "a shredded word", "a third word")
FIRST_BODY = 63  # the body of message 1 is 64: block 1, slot 0


def make_first() -> None:
    """Write what makes all tables, as SQL: a step must not change with the tables of later versions."""
    dialect = sqlite.dialect()
    statements = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements.extend(str(CreateIndex(index).compile(dialect=dialect)) for index in indexes)
    tidy = "\n".join(line.rstrip() for line in ";\n\n".join(statements).splitlines()).replace("\t", "    ")
    (VERSIONS / "v0001.sql").write_text(tidy + ";\n")


def make_home() -> None:
    """Write a home with three texts, one of them shredded."""
    folder = HERE / migrations.HEAD
    shutil.rmtree(folder, ignore_errors=True)
    entropy = SeededEntropy("kept home")
    with Home(folder) as home:
        root = KeyStore(home.files, entropy=entropy).create(PASSPHRASE, cost=Cost(8, 1, 1))
        database = Database.open(home, root, entropy=entropy)
        with database.write() as tx:
            for msg_id, text in enumerate(TEXTS, 1):
                assert tx.bodies.put(text.encode()) == FIRST_BODY + msg_id
                tx.search.add(msg_id, text)
        with database.write() as tx:
            tx.search.remove(2, TEXTS[1])
            tx.bodies.shred([FIRST_BODY + 2])
        database.close()
    (folder / LOCK).unlink()


if __name__ == "__main__":
    if sys.argv[1:] == ["first"]:
        make_first()
    make_home()
