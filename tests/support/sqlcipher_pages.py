"""The pages of an SQLCipher file, decrypted without SQLite: what a thief with the key sees."""

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE = 4096
_RESERVED = 48  # at the end of each page: 16 bytes of IV, 32 of HMAC
_SALT = 16  # at the start of the first page, in clear
_WAL_HEADER, _FRAME_HEADER = 32, 24


def pages(database: Path, key: bytes) -> list[bytes]:
    """All pages of the file and of its WAL, free ones and old ones included."""
    data = database.read_bytes()
    found = [_open(data[at : at + PAGE], key, first=at == 0) for at in range(0, len(data), PAGE)]
    wal = database.with_name(database.name + "-wal")
    frames = wal.read_bytes()[_WAL_HEADER:] if wal.exists() else b""
    for at in range(0, len(frames), _FRAME_HEADER + PAGE):
        first = frames[at : at + 4] == b"\0\0\0\1"
        found.append(_open(frames[at + _FRAME_HEADER : at + _FRAME_HEADER + PAGE], key, first=first))
    return found


def _open(page: bytes, key: bytes, *, first: bool) -> bytes:
    end = PAGE - _RESERVED
    cipher = Cipher(algorithms.AES256(key), modes.CBC(page[end : end + 16])).decryptor()
    return cipher.update(page[_SALT if first else 0 : end]) + cipher.finalize()
