"""Every rule of `protocol/spec/30-mailbox.md`, by name."""

from __future__ import annotations

from ..rules import Rule
from . import limits


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "30", section, text)


# Frames
FRAME_TYPE = _rule("frame-type", "1", "the type of a frame is known and fits its direction")
FRAME_SIGNED = _rule(
    "frame-signed", "1", "a command has a signature, all but FWD, and no other frame has one"
)
FRAME_NUMBER = _rule("frame-number", "1", "the numbers of a connection's commands rise from 1 on")
HELLO_RELAY = _rule("hello-relay", "1", "a greeting names the relay that was called")

# Commands
COMMAND_KEY = _rule("command-key", "2", "a key that a command names is canonical and not of small order")
NEW_KIND = _rule("new-kind", "2", "the kind of a queue is known")
NEW_SID = _rule("new-sid", "2", "a NEW names the sid of pair queues only")
SEND_BUCKET = _rule("send-bucket", "2", "a blob has the size of its bucket, or is larger than any")

# Answers
GAP_ORDER = _rule("gap-order", "3", "a gap does not end before it starts")
ERROR_FIELDS = _rule("error-fields", "3", "busy says when to come again, and only conflict shows a frame")
RECEIPT_SIGNATURE = _rule(
    "receipt-signature", "3", "the signature of a receipt verifies under the relay's key"
)
RECEIPT_MATCH = _rule("receipt-match", "3", "a receipt is for this queue, this message and this blob")
DELIVERY_BUCKET = _rule("delivery-bucket", "3", "a blob that is delivered has the size of a bucket")
ANSWER_NUMBER = _rule("answer-number", "3", "an answer belongs to a command that waits for one")
NOTICE_QUEUE = _rule("notice-queue", "3", "a notice is about a queue that this connection reads")
COPY_PROOF = _rule(
    "copy-proof",
    "3",
    "a conflict shows a SUB of this queue by its key, from another instance with at least this boot counter",
)

# Forwarding
FORWARD_SEND = _rule("forward-send", "5", "what is forwarded is a SEND or an SKEY")
FORWARD_ANSWER = _rule("forward-answer", "5", "a sealed answer is padded with zeros to 256 bytes")

# Records
RECORD_KEYS = _rule("record-keys", "6", "the keys of a queue record can be used")

# Rotation
STEP_KNOWN = _rule("step-known", "7", "a step of a rotation is known")
CURSOR_AHEAD = _rule("cursor-ahead", "7", f"a message is at most {limits.CURSOR_AHEAD} numbers ahead")
