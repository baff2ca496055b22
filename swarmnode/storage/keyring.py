"""The keyring: the block keys, in a small file beside the database.

    version 1 B | generation 8 B | shreds 8 B | sealed: (number 8 B | block key 32 B), ...

Block keys open the key blocks in the database, and those hold the content keys of bodies (`bodies.py`). The
file is replaced whole, and each time sealed under the key of a new generation. So a block key that the file
leaves out is gone, whatever old pages of the database lie on the disk: that is what makes shredding mean
something.

Numbers rise and are never used again. The database says which one was used last (`KEYS_USED`), in the same
transaction that uses it: keys above are spare, made ahead so that a new block costs no write here; keys up to
it that no block refers to are dead.

`shreds` counts the shredding transactions whose dead keys this file has left out. The database counts those
that committed. If it is ahead, we died in between, and the next start leaves the dead keys out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from swarm_protocol.entropy import Entropy
from swarmnode.errors import StorageError

from .home import Files
from .sealing import KEY_SIZE, KEYRING, DoesNotOpen, RootKey, seal, unseal

NAME = "keyring"
AHEAD = 16
"""Block keys that are made at once: one replacement for 1,024 messages."""

_VERSION = b"\x01"
_HEAD = 17
_ENTRY = 8 + KEY_SIZE


@dataclass(frozen=True, slots=True)
class Keyring:
    """What the file says. Readers keep the one that fits the snapshot they read."""

    generation: int = 0
    shreds: int = 0
    keys: Mapping[int, bytes] = field(default_factory=dict, repr=False)


class KeyringFile:
    """The keyring as it is now, and the file it lies in. Changed by the thread that writes, alone.

    `faults` is called before each replacement: with "keyring-before" where a commit waits for it, with
    "keyring-after" where it makes a shredding final.
    """

    def __init__(
        self, files: Files, root: RootKey, *, entropy: Entropy, faults: Callable[[str], None]
    ) -> None:
        self._files = files
        self._root = root
        self._entropy = entropy
        self._faults = faults
        self.now = self._load()

    def key(self, number: int) -> bytes:
        """A spare key; made with `AHEAD` others, durably, where there is none yet.

        Raises:
            StorageError: it could not be stored.
        """
        if number not in self.now.keys:
            self._faults("keyring-before")
            more = {n: self._entropy(KEY_SIZE) for n in range(number, number + AHEAD)}
            self._save(self.now.shreds, {**self.now.keys, **more})
        return self.now.keys[number]

    def leave_out(self, dead: Collection[int], *, shreds: int) -> None:
        """Make a shredding final.

        Raises:
            StorageError: the dead keys may be there still; call again.
        """
        self._faults("keyring-after")
        self._save(shreds, {n: key for n, key in self.now.keys.items() if n not in dead})

    def _load(self) -> Keyring:
        data = self._files.read(NAME)
        if data is None:
            return Keyring()
        if data[:1] != _VERSION:
            raise StorageError("a newer program wrote the keyring", hint="run that program")
        head, generation = data[:_HEAD], int.from_bytes(data[1:9], "big")
        try:
            plain = unseal(self._root.keyring_key(generation), data[_HEAD:], KEYRING + head)
        except DoesNotOpen:
            raise StorageError(
                "the keyring is damaged, or belongs to another database",
                hint="put back the file `keyring` that belongs to this database",
            ) from None
        entries = (plain[at : at + _ENTRY] for at in range(0, len(plain), _ENTRY))
        keys = {int.from_bytes(entry[:8], "big"): entry[8:] for entry in entries}
        return Keyring(generation, int.from_bytes(data[9:_HEAD], "big"), keys)

    def _save(self, shreds: int, keys: Mapping[int, bytes]) -> None:
        generation = self.now.generation + 1
        head = _VERSION + generation.to_bytes(8, "big") + shreds.to_bytes(8, "big")
        plain = b"".join(number.to_bytes(8, "big") + key for number, key in keys.items())
        sealed = seal(self._root.keyring_key(generation), plain, KEYRING + head, entropy=self._entropy)
        self._files.replace(NAME, head + sealed)
        self.now = Keyring(generation, shreds, keys)
