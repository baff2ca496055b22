"""What travels between nodes, and the rules it must keep. No I/O, no clock, no dice.

Time is an argument in Unix seconds, randomness is an `Entropy` that the caller hands over. The rooms:

- `errors`: what can go wrong, sorted by whose fault it is
- `entropy`: the port through which randomness comes in
- `mls`: Messaging Layer Security (RFC 9420), complete
- `envelope`: what relays see: sealed, padded, without a sender
- `mailbox`: queues on relays, for those who are not there at the moment
- `content`: what people say, in chains that survive deletion
- `testing`: seeded entropy for tests and simulations
"""
