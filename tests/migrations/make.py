"""Makes the kept home of the newest version, in tests/migrations/<version>/.

    python tests/migrations/make.py

Tables are changed by a new step in `storage/migrations/versions/`; the homes of earlier steps are
kept for ever and never made again.
"""

import shutil
from pathlib import Path

from swarm_protocol.testing import SeededEntropy
from swarmnode.storage import migrations
from swarmnode.storage.database import Database
from swarmnode.storage.home import LOCK, Home
from swarmnode.storage.keystore import Cost, KeyStore, Passphrase

HERE = Path(__file__).parent
PASSPHRASE = Passphrase("an old home")
TEXTS = ("an old word", "a shredded word", "a third word")
FIRST_BODY = 63  # the body of message 1 is 64: block 1, slot 0


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
    make_home()
