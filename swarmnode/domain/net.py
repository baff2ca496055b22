"""Which addresses are public: what others may make this node connect to."""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HIDING = tuple(
    map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
)
"""IPv6 in which IPv4 hides: compatible, mapped, local NAT64, Teredo, 6to4. No server has such an address."""


def is_public(address: IPAddress) -> bool:
    """Whether an address is one of the public net, and leads nowhere else."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(address.packed[12:]))
        if address.scope_id or address.is_site_local or any(address in net for net in _HIDING):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_private)
