"""Makes the test vectors of our own protocol anew: `make vectors`. The same bytes come out each time.

A vector is a file: a header (`expect`, `rule`, `comment`), an empty line, bytes. `README.md` beside this file
says what the bytes of each folder are.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from .carrying import beacons, direct_frames, fragments, offers
from .carrying import bundles as carried
from .chains import changes, good_chains, keys, links, places
from .claims import challenges, claims
from .contents import addresses, author_chains, forks, messages, orders
from .contents import changes as content_changes
from .copies import copies, credentials, kits
from .encoding import encoding
from .envelopes import envelopes, frames, parts
from .forge import Made
from .mailbox import around, commands, rendezvous, replies, sealed
from .meeting import answers, bundles, codes, conversations, rejoins, requests, safety, stamps
from .meeting import links as invite_links
from .repairs import repair_copies, repair_haves, repair_requests

HERE = Path(__file__).parent
FOLDERS = (
    "encoding",
    "identity",
    "envelope",
    "content",
    "mailbox",
    "sync",
    "meeting",
    "carry",
    "nearby",
    "claims",
    "carriage",
)
PARTS: tuple[Callable[[Made], None], ...] = (
    encoding,
    good_chains,
    links,
    places,
    keys,
    changes,
    copies,
    credentials,
    kits,
    envelopes,
    frames,
    parts,
    messages,
    author_chains,
    forks,
    orders,
    content_changes,
    addresses,
    commands,
    replies,
    sealed,
    around,
    rendezvous,
    invite_links,
    bundles,
    requests,
    answers,
    conversations,
    rejoins,
    safety,
    codes,
    stamps,
    claims,
    challenges,
    repair_haves,
    repair_requests,
    repair_copies,
    carried,
    beacons,
    direct_frames,
    fragments,
    offers,
)


def make() -> Made:
    """All vectors, by path."""
    made: Made = {}
    for part in PARTS:
        part(made)
    return made


def write(target: Path) -> int:
    """Write all vectors below `target`, in place of those that are there; give their number."""
    made = make()
    for folder in FOLDERS:
        shutil.rmtree(target / folder, ignore_errors=True)
    for name, data in made.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(made)


if __name__ == "__main__":
    sys.stdout.write(f"{write(HERE)} vectors of our own\n")
