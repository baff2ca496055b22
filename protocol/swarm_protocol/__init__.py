"""What travels between nodes, and the rules it must keep. No I/O, no clock, no dice.

Time is an argument in Unix seconds, randomness is an `Entropy` that the caller hands over. The rooms:

- `errors`: what can go wrong, sorted by whose fault it is
- `entropy`: the port through which randomness comes in
- `cbor`, `labels`, `rules`: one encoding, one registry of purposes, one way of naming what must hold
- `mls`: Messaging Layer Security (RFC 9420), complete
- `identity`: who is who: personas, their nodes, and chains that say so
- `envelope`: what relays see: sealed, padded, without a sender
- `mailbox`: queues on relays, for those who are not there at the moment
- `content`: what people say, in chains that survive deletion
- `testing`: seeded entropy for tests and simulations
"""
