"""Meeting: how two nodes become contacts (spec 40).

    # ada invites                                          # ben joins
    invite = Invitation.make(...)                          link = InviteLink.parse(text)
    PUT invite.sealed; show invite.link.format()           invitation = Invitation.open(link, fetched)
                                                           draft = draft_request(invitation, key_package, ...)
    request = open_request(invite, hpke, sealed, ...)      asked = seal_request(draft, entropy=entropy)
    accepted = accept(request, key_package, ...)           answer = open_answer(asked.keys, sealed, own=chain)
                                                           started = join(asked.own, asked.keys, answer, ...)
    both: safety_words(safety_material(state, transcript), wordlist), pair_secret(state)

Everything is an immutable value; what raises has changed nothing. Each message is stored before it is sent,
and repeated byte for byte. The tables in `machine` say what becomes of what comes late, twice, or from
somebody else.
"""

from .answer import Accepted, Answer, accept, join, open_answer
from .bundle import Bundle, Invitation, Lent, bundle_hash
from .code import AgreedSecret, Code, CodeOffer, CodeTaken, WrongCode, hear_code, offer_code, take_code
from .group import Started, committer, conversation_of, node_key_package, pair_secret, safety_material
from .link import InviteLink, LinkSecret, RelayAddress, RelayLink
from .machine import (
    CONTACT,
    INVITE,
    JOINING,
    REQUEST_WITHIN_S,
    Contact,
    ContactEvent,
    Invite,
    InviteEvent,
    Joining,
    JoiningEvent,
    request_event,
)
from .offer import Offer
from .rejoin import Rejoin, ask_to_rejoin, join_again, open_rejoin, rejoining
from .request import (
    HPKE,
    Asked,
    Draft,
    MeetingKeys,
    Request,
    draft_request,
    open_request,
    request_invite,
    seal_request,
)
from .safety import QrOutcome, check_qr, safety_digits, safety_qr, safety_words
from .stamp import is_stamp, search_stamp
from .text import LinkKind

__all__ = [
    "CONTACT",
    "HPKE",
    "INVITE",
    "JOINING",
    "REQUEST_WITHIN_S",
    "Accepted",
    "AgreedSecret",
    "Answer",
    "Asked",
    "Bundle",
    "Code",
    "CodeOffer",
    "CodeTaken",
    "Contact",
    "ContactEvent",
    "Draft",
    "Invitation",
    "Invite",
    "InviteEvent",
    "InviteLink",
    "Joining",
    "JoiningEvent",
    "Lent",
    "LinkKind",
    "LinkSecret",
    "MeetingKeys",
    "Offer",
    "QrOutcome",
    "Rejoin",
    "RelayAddress",
    "RelayLink",
    "Request",
    "Started",
    "WrongCode",
    "accept",
    "ask_to_rejoin",
    "bundle_hash",
    "check_qr",
    "committer",
    "conversation_of",
    "draft_request",
    "hear_code",
    "is_stamp",
    "join",
    "join_again",
    "node_key_package",
    "offer_code",
    "open_answer",
    "open_rejoin",
    "open_request",
    "pair_secret",
    "rejoining",
    "request_event",
    "request_invite",
    "safety_digits",
    "safety_material",
    "safety_qr",
    "safety_words",
    "seal_request",
    "search_stamp",
    "take_code",
]
