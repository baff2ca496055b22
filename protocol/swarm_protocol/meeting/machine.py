"""The states of an invite, on both sides, and of a contact, as tables (spec 40 §8).

Every pair of state and event has an entry; one that leads back to its state changes nothing, and is what
makes each step safe to repeat. Tables say what becomes of something; what to send, store and show for it is
the node's. What came too early (a Hello while the invite is suspect) the node keeps, and feeds again after
the next step.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar


class Invite(Enum):
    """An invite as its inviter sees it, or one request to an address, which starts in CREATED too."""

    CREATED = "created"
    FETCHED = "fetched"
    REQUESTED = "requested"
    """A request waits for the person."""
    ACCEPTED = "accepted"
    """The answer is stored, and sent as often as needed."""
    CONFIRMED = "confirmed"
    """The joiner's Hello came: the contact is there."""
    SUSPECT = "suspect"
    """Somebody else may have the link. Only the person goes on, after talking to who was invited."""
    DECLINED = "declined"
    EXPIRED = "expired"


class InviteEvent(Enum):
    """What happens to an invite."""

    FETCHED = "fetched"
    """A relay says that the bundle was fetched, by the key that is known already or the first one."""
    FETCHED_BY_OTHER = "fetched-by-other"
    """By a second key: on the other relay."""
    OVERDUE = "overdue"
    """No request came within `REQUEST_WITHIN_S` of the fetch."""
    REQUEST = "request"
    """The first request that holds."""
    SAME_REQUEST = "same-request"
    """Again one by the same leaf: it gets the same answer, if there is one."""
    OTHER_REQUEST = "other-request"
    """One by another leaf, or the relay refused a second sender's key."""
    ACCEPT = "accept"
    """The person says yes, in SUSPECT to one of the requests."""
    DECLINE = "decline"
    """The person says no, or takes the invite back. Nothing is sent."""
    HELLO = "hello"
    """The first message of the conversation."""
    EXPIRE = "expire"


REQUEST_WITHIN_S = 3600
"""A node asks as soon as it has the bundle; an hour later something is wrong."""


class Joining(Enum):
    """An invite as its joiner sees it."""

    READ = "read"
    """The link is read, and the key to fetch with is stored."""
    FETCHED = "fetched"
    ASKED = "asked"
    """The request is stored, and sent as often as needed."""
    CONFIRMED = "confirmed"
    """The answer held and the group is joined; the Hello is stored."""
    TAKEN = "taken"
    """Somebody else opened the link before: ask for another one, over a better way."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class JoiningEvent(Enum):
    """What happens to a joiner."""

    BUNDLE = "bundle"
    """A relay gave the bundle, and it holds."""
    CONFLICT = "conflict"
    """A relay says that another key was first, or the reply queue has another sender."""
    ASK = "ask"
    """The request is made and stored."""
    ANSWER = "answer"
    """An answer that holds, and the group is joined."""
    WITHDRAW = "withdraw"
    """The person does not want to any more."""
    EXPIRE = "expire"


class Contact(Enum):
    """A contact. All but the last are those of `identity.Standing`, by the same names.

    That a contact is blocked is said beside this: it is no doubt about keys, so who is let in again stands as
    before, and what is learnt of the keys meanwhile counts as at any time.
    """

    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    KEY_ALERT = "key-alert"
    DELETED = "deleted"


class ContactEvent(Enum):
    """What happens to a contact."""

    COMPARED = "compared"
    """A person compared codes, and they are the same."""
    DIFFERED = "differed"
    """They are not, or an alert asks the person to look (`identity.standing_after`)."""
    TRUSTED = "trusted"
    """A person has looked, and goes on without comparing."""
    DELETE = "delete"


S = TypeVar("S", bound=Enum)
V = TypeVar("V", bound=Enum)
Table = Mapping[tuple[S, V], S]


def _table(states: type[S], events: type[V], moves: Mapping[V, Mapping[S, S]]) -> Table[S, V]:
    """All pairs: those of `moves`, and for the rest the state itself."""
    return {(state, event): moves[event].get(state, state) for state in states for event in events}


_I, _IE = Invite, InviteEvent
INVITE: Table[Invite, InviteEvent] = _table(
    Invite,
    InviteEvent,
    {
        _IE.FETCHED: {_I.CREATED: _I.FETCHED},
        _IE.FETCHED_BY_OTHER: {
            _I.CREATED: _I.SUSPECT,
            _I.FETCHED: _I.SUSPECT,
            _I.REQUESTED: _I.SUSPECT,
            _I.ACCEPTED: _I.SUSPECT,
        },
        _IE.OVERDUE: {_I.FETCHED: _I.SUSPECT},
        _IE.REQUEST: {_I.CREATED: _I.REQUESTED, _I.FETCHED: _I.REQUESTED},
        _IE.SAME_REQUEST: {},
        _IE.OTHER_REQUEST: {_I.REQUESTED: _I.SUSPECT, _I.ACCEPTED: _I.SUSPECT},
        _IE.ACCEPT: {_I.REQUESTED: _I.ACCEPTED, _I.SUSPECT: _I.ACCEPTED},
        _IE.DECLINE: {
            _I.CREATED: _I.DECLINED,
            _I.FETCHED: _I.DECLINED,
            _I.REQUESTED: _I.DECLINED,
            _I.SUSPECT: _I.DECLINED,
        },
        _IE.HELLO: {_I.ACCEPTED: _I.CONFIRMED},
        _IE.EXPIRE: {
            _I.CREATED: _I.EXPIRED,
            _I.FETCHED: _I.EXPIRED,
            _I.REQUESTED: _I.EXPIRED,
            _I.SUSPECT: _I.EXPIRED,
        },
    },
)
"""An accepted invite does not expire: the Hello may come through the new queues for as long as those live."""

_J, _JE = Joining, JoiningEvent
JOINING: Table[Joining, JoiningEvent] = _table(
    Joining,
    JoiningEvent,
    {
        _JE.BUNDLE: {_J.READ: _J.FETCHED},
        _JE.CONFLICT: {_J.READ: _J.TAKEN, _J.FETCHED: _J.TAKEN, _J.ASKED: _J.TAKEN},
        _JE.ASK: {_J.FETCHED: _J.ASKED},
        _JE.ANSWER: {_J.ASKED: _J.CONFIRMED},
        _JE.WITHDRAW: {_J.READ: _J.WITHDRAWN, _J.FETCHED: _J.WITHDRAWN, _J.ASKED: _J.WITHDRAWN},
        _JE.EXPIRE: {_J.READ: _J.EXPIRED, _J.FETCHED: _J.EXPIRED, _J.ASKED: _J.EXPIRED},
    },
)

_C, _CE = Contact, ContactEvent
CONTACT: Table[Contact, ContactEvent] = _table(
    Contact,
    ContactEvent,
    {
        _CE.COMPARED: {_C.CONFIRMED: _C.VERIFIED, _C.KEY_ALERT: _C.VERIFIED},
        _CE.DIFFERED: {_C.CONFIRMED: _C.KEY_ALERT, _C.VERIFIED: _C.KEY_ALERT},
        _CE.TRUSTED: {_C.KEY_ALERT: _C.CONFIRMED},
        _CE.DELETE: {
            _C.CONFIRMED: _C.DELETED,
            _C.VERIFIED: _C.DELETED,
            _C.KEY_ALERT: _C.DELETED,
        },
    },
)


def request_event(before: bytes | None, leaf: bytes) -> InviteEvent:
    """What a request that holds is to a one-time invite, by the leaf keys of the first one and of this."""
    if before is None:
        return InviteEvent.REQUEST
    return InviteEvent.SAME_REQUEST if leaf == before else InviteEvent.OTHER_REQUEST
