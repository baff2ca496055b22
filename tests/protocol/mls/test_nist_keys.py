"""Public keys of the NIST curves, as the library writes them too."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from swarm_protocol.mls.nist_keys import private_key, public_point

# The first scalars whose points have an x that begins with a zero byte.
SHORT = [(ec.SECP256R1(), 379), (ec.SECP384R1(), 197), (ec.SECP521R1(), 1)]


@pytest.mark.parametrize(("curve", "short"), SHORT, ids=lambda it: getattr(it, "name", str(it)))
def test_a_point_has_the_same_length_whatever_its_coordinates(curve: ec.EllipticCurve, short: int) -> None:
    for scalar in (short, short + 1, curve.group_order - 1):
        private = scalar.to_bytes((curve.key_size + 7) // 8, "big")
        key = private_key(curve, private).public_key()
        assert public_point(curve, private) == key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert public_point(curve, short.to_bytes(66, "big"))[1] == 0


def test_zero_is_no_key() -> None:
    with pytest.raises(ValueError, match="positive"):
        private_key(ec.SECP256R1(), bytes(32))
