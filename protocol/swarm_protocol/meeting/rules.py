"""Every rule of `protocol/spec/40-meeting.md`, by name, and its bounds.

What does not open has no rule: it raises `CannotOpen`, whatever the reason.
"""

from __future__ import annotations

from ..mls.ciphersuite import MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519
from ..rules import Rule

SUITE = MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519
"""The one suite of a conversation of two: hybrid, so that recordings stay closed."""

MAX_TEXT = 512
"""Characters of a link: an invite on two onion relays has 400."""

CHECK_SIZE = 4
"""Bytes of a link's checksum: one typo in four thousand million passes, and opens nothing then."""

ID_SIZE, KEY_SIZE, BUNDLE_HASH_SIZE = 16, 32, 16
MAX_FETCH, MAX_QUEUES, MAX_TICKETS = 2, 2, 4
"""Relays of a link, queues of one end, and tickets for a joiner who has no relay yet."""

BUNDLE_SIZE = 4096
"""Every sealed bundle has these bytes, all that a slot takes: the relay learns nothing from the length."""

MAX_LABEL = 64
"""Bytes of the name that an inviter may put into the bundle."""

MAX_STAMP_BITS = 16
"""The work that an address may ask for: 2^16 evaluations are half an hour of one core."""

NOTE_CHARACTERS = 200
"""Of a note to somebody who invited us."""

NOTE_BYTES = 1024
"""Of a note to a contact address."""

MAX_CHAIN = 264 * 1024
"""Bytes of a sigchain at its bounds (spec 10)."""

MAX_KEY_PACKAGE = 8 * 1024
"""A key package of the hybrid suite has 3 KiB."""

MAX_WELCOME = 32 * 1024
"""A Welcome into a group of two has 6 KiB."""

MAX_MESSAGE = 320 * 1024
"""A request or an answer: a chain at its bounds, and the rest. Parts carry 510 KiB (spec 20)."""

NAMEPLATES = 9999
"""Spoken codes that one relay holds at once."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "40", section, text)


# Links
TEXT_FORM = _rule("text-form", "1", "a link is its scheme, version, kind and the base64url of its bytes")
TEXT_VERSION = _rule("text-version", "1", "the version and the kind of a link are known")
TEXT_COMPLETE = _rule("text-complete", "1", "a link is not cut off")
TEXT_CHECK = _rule("text-check", "1", "the checksum of a link is that of its kind and fields")
TEXT_KIND = _rule("text-kind", "1", "a link is of the kind that is wanted")
INVITE_FETCH = _rule("invite-fetch", "1", "an invite names one or two relays")
INVITE_EXPIRY = _rule("invite-expiry", "1", "a one-time invite says when it ends, and an address does not")

# Bundles
BUNDLE_HASH = _rule("bundle-hash", "2", "a bundle is the one that its link names")
BUNDLE_KEY = _rule("bundle-key", "2", "the key of a bundle is an X-Wing key")
BUNDLE_TICKETS = _rule("bundle-tickets", "2", "a bundle lends one to four tickets of 32 bytes, or none")
QUEUE_COUNT = _rule("queue-count", "2", "a bundle, a request and an answer each name one or two queues")

# Requests
REQUEST_INVITE = _rule("request-invite", "3", "a request is for the invite that it names")
REQUEST_NOTE = _rule(
    "request-note",
    "3",
    f"a note has at most {NOTE_CHARACTERS} characters, or {NOTE_BYTES} bytes where it goes to an address",
)
REQUEST_SIGNATURE = _rule("request-signature", "3", "a request is signed by the leaf of its key package")
REQUEST_STAMP = _rule("request-stamp", "3", "a request has done the work that the bundle asks for")
MEETING_OTHER = _rule("meeting-other", "3", "who asks and who answers are two personas")

# Answers
ANSWER_REQUEST = _rule("answer-request", "4", "an answer is to the request that was sent")
ANSWER_NODE = _rule("answer-node", "4", "an answer is by a node that its chain trusts")
ANSWER_SIGNATURE = _rule("answer-signature", "4", "the signature of an answer verifies under its node's key")

# Conversations
CONVERSATION_START = _rule(
    "conversation-start", "5", "a conversation starts in epoch 1, in a group whose id has 32 bytes"
)
CONVERSATION_EXTENSIONS = _rule(
    "conversation-extensions",
    "5",
    "its group has an id of 32 bytes, requires that, and has no other extension",
)
CONVERSATION_MEMBERS = _rule(
    "conversation-members", "5", "its members are the node that answered and the one that asked"
)
CONVERSATION_PSK = _rule("conversation-psk", "5", "its group starts with the PSK of its meeting and no other")

# Codes
CODE_FORM = _rule("code-form", "7", "a code is a number and two words of the list")
CODE_MESSAGE = _rule(
    "code-message", "7", "a message of SPAKE2 is by the other side, and a point of the group"
)
CODE_RIGHT = _rule("code-right", "7", "both sides have the same code")
