"""The TLS presentation language as MLS uses it: strict, one reading of any bytes (RFC 9420 §2.1).

Vectors carry their length in bytes in front, in the shortest of three forms (§2.1.2). A `Reader` walks
over bytes that it never copies whole; the functions at the end write. Whoever decodes a whole message
calls `Struct.decode`, which also refuses trailing bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self, TypeVar

from ..errors import DecodeError, LimitError

T = TypeVar("T")

MAX_VECTOR = (1 << 30) - 1
"""Longest vector that the length prefix can say, in bytes (RFC 9420 §2.1.2)."""


class Reader:
    """A position in bytes, moving forward; every read checks the end first."""

    __slots__ = ("data", "end", "memo", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0
        self.end = len(data)
        self.memo: tuple[bytes, object] = (b"", None)
        """The bytes and the value of something that is likely to follow again, for who reads it."""

    def take(self, n: int) -> bytes:
        """Read exactly `n` bytes.

        Raises:
            DecodeError: fewer are left.
        """
        stop = self.pos + n
        if stop > self.end:
            raise DecodeError(f"{n} bytes wanted at {self.pos}, {self.end - self.pos} left")
        out = self.data[self.pos : stop]
        self.pos = stop
        return out

    def u8(self) -> int:
        """Read a uint8."""
        pos = self.pos
        if pos >= self.end:
            raise DecodeError(f"1 byte wanted at {pos}, none left")
        self.pos = pos + 1
        return self.data[pos]

    def u16(self) -> int:
        """Read a uint16."""
        pos = self.pos
        if pos + 2 > self.end:
            raise DecodeError(f"2 bytes wanted at {pos}, {self.end - pos} left")
        self.pos = pos + 2
        return self.data[pos] << 8 | self.data[pos + 1]

    def u32(self) -> int:
        """Read a uint32."""
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        """Read a uint64."""
        return int.from_bytes(self.take(8), "big")

    def length(self) -> int:
        """Read the length in front of a vector.

        Raises:
            DecodeError: the prefix 11, a longer form than needed, or more than is left.
        """
        pos = self.pos
        if pos >= self.end:
            raise DecodeError(f"1 byte wanted at {pos}, none left")
        self.pos = pos + 1
        first = self.data[pos]
        if first < 64:
            return first
        size = first >> 6
        if size == 1:
            n = (first & 0x3F) << 8 | self.u8()
            if n < 1 << 6:
                raise DecodeError(f"length {n} is not in its shortest form")
        elif size == 2:
            n = (first & 0x3F) << 24 | int.from_bytes(self.take(3), "big")
            if n < 1 << 14:
                raise DecodeError(f"length {n} is not in its shortest form")
        else:
            raise DecodeError("a vector length cannot begin with the bits 11")
        return n

    def opaque(self) -> bytes:
        """Read `opaque value<V>`."""
        # The hottest lines of a join: keys and hashes have a length of one byte, signatures of two. Whatever
        # is not as it should be goes the long way, which says what is wrong.
        data, start, end = self.data, self.pos + 1, self.end
        if start < end:
            n = data[start - 1]
            if n >= 64:
                n = (n & 0x3F) << 8 | data[start] if n < 128 else 0
                start += 1
                if n < 64:
                    return self.take(self.length())
            stop = start + n
            if stop <= end:
                self.pos = stop
                return data[start:stop]
        return self.take(self.length())

    def vector(self, item: Callable[[Reader], T]) -> tuple[T, ...]:
        """Read `T values<V>`: items until the stated length in bytes is used up exactly."""
        if self.pos < self.end and self.data[self.pos] == 0:
            self.pos += 1
            return ()
        n = self.length()
        stop = self.pos + n
        if stop > self.end:
            raise DecodeError(f"a vector of {n} bytes at {self.pos}, {self.end - self.pos} left")
        outer, self.end = self.end, stop
        out = []
        while self.pos < stop:
            out.append(item(self))
        self.end = outer
        return tuple(out)

    def skip(self, vectors: int) -> bytes:
        """Pass over so many vectors; give their bytes, lengths included.

        Raises:
            DecodeError: as `length`, or the end of one lies beyond ours.
        """
        start = self.pos
        for _ in range(vectors):
            n = self.length()
            if n > self.end - self.pos:
                raise DecodeError(f"{n} bytes wanted at {self.pos}, {self.end - self.pos} left")
            self.pos += n
        return self.data[start : self.pos]

    def optional(self, item: Callable[[Reader], T]) -> T | None:
        """Read `optional<T>`: a byte 0, or a byte 1 and the value."""
        return item(self) if self.flag() else None

    def flag(self) -> bool:
        """Read whether an optional value is there."""
        present = self.u8()
        if present > 1:
            raise DecodeError(f"an optional value begins with 0 or 1, not {present}")
        return present == 1

    def finish(self) -> None:
        """Refuse trailing bytes.

        Raises:
            DecodeError: something is left.
        """
        if self.pos != self.end:
            raise DecodeError(f"{self.end - self.pos} bytes too many")


class Struct:
    """A thing that can be read and encoded. Subclasses are frozen values."""

    __slots__ = ()

    @classmethod
    def read(cls, r: Reader) -> Self:
        """Read one from where the reader stands."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The bytes that `decode` reads back to an equal value."""
        raise NotImplementedError

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode all of `data`.

        Raises:
            DecodeError: it is anything else than one value of this type.
        """
        r = Reader(data)
        value = cls.read(r)
        r.finish()
        return value


def read_u16(r: Reader) -> int:
    """`Reader.u16` as an item of a vector."""
    return r.u16()


def read_opaque(r: Reader) -> bytes:
    """`Reader.opaque` as an item of a vector."""
    return r.opaque()


def u8(n: int) -> bytes:
    """Write a uint8."""
    return n.to_bytes(1, "big")


def u16(n: int) -> bytes:
    """Write a uint16."""
    return n.to_bytes(2, "big")


def u32(n: int) -> bytes:
    """Write a uint32."""
    return n.to_bytes(4, "big")


def u64(n: int) -> bytes:
    """Write a uint64."""
    return n.to_bytes(8, "big")


_SHORT = tuple(bytes([n]) for n in range(64))


def length(n: int) -> bytes:
    """The shortest prefix for a vector of `n` bytes.

    Raises:
        LimitError: no prefix can say so many.
    """
    if n < 64:
        return _SHORT[n]
    if n < 1 << 14:
        return (n | 0x4000).to_bytes(2, "big")
    if n <= MAX_VECTOR:
        return (n | 0x8000_0000).to_bytes(4, "big")
    raise LimitError(f"a vector holds {MAX_VECTOR} bytes at most, not {n}")


def opaque_size(n: int) -> int:
    """How many bytes `opaque` makes of `n`."""
    return n + (1 if n < 64 else 2 if n < 1 << 14 else 4)


def opaque(data: bytes) -> bytes:
    """Write `opaque value<V>`."""
    n = len(data)
    return (_SHORT[n] if n < 64 else length(n)) + data


def vector(items: Iterable[bytes]) -> bytes:
    """Write a vector of items that are encoded already."""
    return opaque(b"".join(items))


def u16_vector(values: Iterable[int]) -> bytes:
    """Write `uint16 values<V>`."""
    return opaque(b"".join([v.to_bytes(2, "big") for v in values]))


def optional(data: bytes | None) -> bytes:
    """Write `optional<T>` of a value that is encoded already."""
    return b"\x00" if data is None else b"\x01" + data
