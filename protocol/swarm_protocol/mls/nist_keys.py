"""Keys of the NIST curves as they travel: big-endian scalars, and uncompressed points (SEC 1 §2.3.3).

The library could write the points itself, with a module that knows every format of keys there is. A node that
has no use for the NIST curves would have it in memory all the same.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec


def private_key(curve: ec.EllipticCurve, private: bytes) -> ec.EllipticCurvePrivateKey:
    """The library's key of a scalar between 1 and the group's order; ValueError for another."""
    return ec.derive_private_key(int.from_bytes(private, "big"), curve)


def public_point(curve: ec.EllipticCurve, private: bytes) -> bytes:
    """The public key of a scalar: 4, then x and y, each as long as the field's elements."""
    at, size = private_key(curve, private).public_key().public_numbers(), (curve.key_size + 7) // 8
    return b"\x04" + at.x.to_bytes(size, "big") + at.y.to_bytes(size, "big")
