"""Mailboxes: queues of sealed envelopes on relays, for those who are not there at the moment (spec 30).

    relay = Relay(keys, store, entropy=entropy)          # the machine; a store behind one port
    effects = relay.handle(Received(connection, data), now=now)

    caller = Caller.greeted(hello, relay=record.relay)   # a node's side of one connection
    caller, data = caller.ask(Send(sid, msg_id, bucket, blob), sender_key)
    caller, asked, receipt = caller.hear(answer)         # verified, or an error

What must outlast a crash is in the store before anything that says so leaves (`effects`). The machine is in
`relay`, its port in `store`: they are not among the names here, since a node that is no relay needs neither.
"""

from .answers import (
    Answer,
    Bundle,
    Delivery,
    Displaced,
    Done,
    Error,
    ErrorCode,
    Fetched,
    Gap,
    Hello,
    Info,
    KeyRefused,
    Made,
    Receipt,
    SignedSub,
    read_answer,
)
from .client import Caller, Cursor, check_copy, open_forwarded, seal_send
from .commands import (
    Ack,
    Del,
    Ext,
    Fetch,
    Fwd,
    Inbox,
    Kind,
    MessageId,
    New,
    Off,
    PFwd,
    Pull,
    Put,
    QInfo,
    RecipientId,
    Send,
    SenderId,
    SKey,
    SlotId,
    Sub,
    read_command,
)
from .records import QueueRecord, RelayRecord
from .rendezvous import Place, Rendezvous
from .rotation import QueueControl, Recipient, Seen, Sender, Step, at_recipient, at_sender
from .tickets import slot_id, ticket_hash, tickets

__all__ = [
    "Ack",
    "Answer",
    "Bundle",
    "Caller",
    "Cursor",
    "Del",
    "Delivery",
    "Displaced",
    "Done",
    "Error",
    "ErrorCode",
    "Ext",
    "Fetch",
    "Fetched",
    "Fwd",
    "Gap",
    "Hello",
    "Inbox",
    "Info",
    "KeyRefused",
    "Kind",
    "Made",
    "MessageId",
    "New",
    "Off",
    "PFwd",
    "Place",
    "Pull",
    "Put",
    "QInfo",
    "QueueControl",
    "QueueRecord",
    "Receipt",
    "Recipient",
    "RecipientId",
    "RelayRecord",
    "Rendezvous",
    "SKey",
    "Seen",
    "Send",
    "Sender",
    "SenderId",
    "SignedSub",
    "SlotId",
    "Step",
    "Sub",
    "at_recipient",
    "at_sender",
    "check_copy",
    "open_forwarded",
    "read_answer",
    "read_command",
    "seal_send",
    "slot_id",
    "ticket_hash",
    "tickets",
]
