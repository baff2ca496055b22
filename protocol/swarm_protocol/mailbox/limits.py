"""Every number of the mailbox protocol, with its reason. Bytes and seconds where nothing else is said."""

from __future__ import annotations

BUCKETS = (512, 2048, 8192, 32768)
"""Sizes of what lies in a queue. Four sizes tell about two bits of a message's length."""

MAX_FRAME = 64 * 1024
"""Bytes of one frame: the largest bucket sealed has 33 KiB; a larger one may come to be told `toobig`."""

MAX_BUNDLE = 4 * 1024
"""What an invite or an address lays in its slot: a hybrid key, two queue records, a label."""

MAX_PULL = 64
"""Messages that one PULL asks for: 2 MiB of the largest bucket wait for a slow reader, not more."""

MAX_QUEUES = 1024
"""Queues read over one connection. A person with 300 contacts of three nodes each has 900."""

MAX_FORWARDS = 32
"""SENDs of one connection that are under way to other relays at once."""

MAX_ADDRESS = 256
"""An address: a host of 253 and some, or an onion name, with a port."""

QUOTA_BYTES = 32 * 1024 * 1024
"""What waits in a pair queue."""

QUOTA_MESSAGES = QUOTA_BYTES // BUCKETS[1]
"""16,384 messages: with a text each, in the second bucket, they fill it. Three weeks of 780 a day."""

CONTACT_MESSAGES = 200
"""Strangers share a contact queue; more than this nobody looks through."""

CONTACT_BYTES = 8 * 1024 * 1024
"""As many of the largest bucket, and some. A request has 7 KiB, and 1.5 more for each further node."""

INVITE_MESSAGES = 64
"""An invite's reply queue takes one request, in parts where the chain is long."""

INVITE_BYTES = 2 * 1024 * 1024

REMEMBERED = 65_536
"""Messages of one queue whose receipts are remembered, fetched or not: four quotas in a ttl."""

DAY_BYTES = 256 * 1024 * 1024
"""What one ticket, and so its queue, lets through a day, fetched or not: eight full quotas."""

DAY = 24 * 60 * 60
TTL = 21 * DAY
"""A message waits for three weeks: longer than a holiday."""

UNTIL_STEP = 60 * 60
"""Ends are rounded up to full hours: sweeping once an hour is enough, and a receipt tells less of when."""

LEASE = 90 * DAY
"""A queue lives so long after NEW or EXT. Four times the ttl, so that EXT once a month is early enough."""

INVITE_LEASE = 7 * DAY
"""An invite's queue and slot live for a week."""

TICKETS = 256
"""Tickets of one seed: a person needs one for each queue, two queues for each node of a contact."""

RATE = 1000
"""Commands a second of one connection, in the long run. Checking a signature takes some 60 µs."""

BURST = 4000
"""Commands that a connection may send at once, after some rest."""

BYTES_RATE = 16 * 1024 * 1024
BYTES_BURST = 64 * 1024 * 1024
"""Twice a full queue."""

REFUSAL_COST = 16
"""Commands that a refused one counts for: guessing ends soon, honest errors do not."""

BUSY_RETRY = 60
"""When to come again after `busy` because of the disk. Space appears by fetching, so not at once."""

NO_NEW_PERCENT = 85
"""From this use of the disk on there are no new queues and slots."""

NO_SEND_PERCENT = 92
"""From here on nothing new is stored. Fetching, acknowledging and deleting go on: they make space."""

SWEEP = 256
"""Messages or queues that one sweep ends, so that no other command waits long."""

DRAIN = 7 * DAY
"""An old queue is read on for so long after its successor is in use."""

CURSOR_AHEAD = 2 * QUOTA_MESSAGES
"""How far beyond its contiguous part a recipient's cursor goes: two full queues."""

WEEK = 7 * DAY

RENDEZVOUS_WEEKS = 13
"""A rendezvous queue is looked for no longer than it lives without EXT: a quarter of a year."""

RENDEZVOUS_NUMBERS = 2
"""Queues for one pair, week and relay: a second one, where the first was lost with what its relay knew."""
