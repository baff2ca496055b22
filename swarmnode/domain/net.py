"""Which addresses are public: what others may make this node connect to; and which are one's own network."""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HIDING = tuple(
    map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
)
"""IPv6 in which IPv4 hides: compatible, mapped, local NAT64, Teredo, 6to4. No server has such an address."""

_LEADS_IN = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20"))
)
"""Taken for public by some versions of Python: addresses of protocols, where some clouds tell a machine about
itself; where Azure does so; relays of 6to4; documentation (RFC 9637)."""


_AT_HOME = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "fc00::/7",
            "::1/128",
        ),
    )
)
"""This machine, private networks (RFC 1918, RFC 4193), and those of providers and tunnels (RFC 6598)."""


def is_at_home(address: IPAddress) -> bool:
    """Whether an address may be a server in one's own network; link-local ones, as clouds use, are not."""
    return any(address in network for network in _AT_HOME)


def is_public(address: IPAddress) -> bool:
    """Whether an address is one of the public net, and leads nowhere else."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(address.packed[12:]))
        if address.scope_id or address.is_site_local or any(address in net for net in _HIDING):
            return False
    if any(address in network for network in _LEADS_IN):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_private)
