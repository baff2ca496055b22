"""What the API asks of a node. Values are those of `domain.views`, errors those of `swarmnode.errors`.

Ids are exact here; what people type is turned into ids by `resolve`. While the store is closed all but
`status`, `doctor` and `unlock` raise Locked; while there is no persona all but those, `create` and `restore`
raise NotReady.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..domain.book import ChangeView, ImportView, PersonView, SuggestionView
from ..domain.bridge_views import AbilitiesView, AccountView, LoginView, NetworkView, PushAnswer, Pushed
from ..domain.consent import ConsentView
from ..domain.post_views import FitView, Picture, PostView
from ..domain.proofs import OwnProofView
from ..domain.views import (
    CarryView,
    ChatView,
    Check,
    ContactView,
    DeletionView,
    Event,
    Found,
    InviteView,
    MessageView,
    Page,
    RelayView,
    SafetyView,
    StatusView,
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes into a message or comes out of one."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    description: str = field(default="", repr=False)
    """What a picture shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A post for accounts on other networks; see `domain.fitting.Wish`."""

    accounts: tuple[str, ...]
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    sensitive: bool = False
    visibility: str = ""
    language: str = ""
    more: str = field(default="", repr=False)
    leave_out: bool = False
    files: tuple[Picture, ...] = field(default=(), repr=False)
    data: tuple[bytes, ...] = field(default=(), repr=False)
    """The bytes of the files; none for a preview."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link or a spoken code is, found out without using it up."""

    kind: str
    """`one-time`, `address`, `code`, `relay` or `safety`."""
    relays: tuple[str, ...] = ()
    """Addresses that using it would contact."""
    expires_at: int = 0
    """Unix seconds; 0 if it does not expire."""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    """One of the persona's nodes."""

    id: str
    label: str
    this: bool
    priority: int
    active: bool


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of what was kept aside."""

    taken: int
    left: int
    """Led to an error again, and is kept further."""


class Node(Protocol):
    """A running node, ready or not."""

    # How it is, and whose

    async def status(self, language: str = "en") -> StatusView:
        """How the node is, with hints in this language; works in every state."""
        ...

    async def doctor(self, language: str = "en") -> tuple[Check, ...]:
        """Check everything that can be checked, in this language; may take seconds."""
        ...

    async def retry(self) -> Retried:
        """Take once more what was kept aside because taking it led to an error of this program."""
        ...

    async def nodes(self) -> tuple[NodeView, ...]:
        """The persona's nodes."""
        ...

    def trace(self, peer: str) -> AsyncIterator[str]:
        """Tell what passes from now on between this node and a contact or relay (by id), a line each."""
        ...

    async def create(
        self, name: str, passphrase: str | None, key_file: Path | None, words: Sequence[str] | None
    ) -> tuple[str, ...]:
        """Make a persona, from these words if given. The 24 words come back once."""
        ...

    async def check_words(self, words: Mapping[int, str]) -> bool:
        """Whether the words at these places (from 1) are right; then that is remembered.

        All 24 can be tried at any time, some of them only right after they were made.
        """
        ...

    async def restore(
        self, words: Sequence[str], backup: Path | None, passphrase: str | None, *, uploaded: bool = False
    ) -> StatusView:
        """Bring a persona back on an empty home; `uploaded` uses up the backup of `take_backup`."""
        ...

    async def take_backup(self, pieces: AsyncIterator[bytes]) -> int:
        """Keep a sealed backup for `restore`, in the empty home; its size. Conflict if there is a persona."""
        ...

    async def unlock(self, passphrase: str) -> None:
        """Open the store. AccessDenied for a wrong passphrase; nothing happens if it is open."""
        ...

    async def lock(self) -> None:
        """Close the store and forget its key. Relays keep what comes meanwhile."""
        ...

    async def rename_self(self, name: str) -> None:
        """Change the persona's own name."""
        ...

    # Relays

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        """Links with which others may make queues on this relay."""
        ...

    async def relay_use(self, link: str) -> RelayView:
        """Use somebody's relay."""
        ...

    async def relays(self) -> tuple[RelayView, ...]:
        """The relays that this node uses."""
        ...

    async def relay_remove(self, relay: str) -> None:
        """Use a relay no longer; queues move elsewhere."""
        ...

    # People

    async def invite(self, kind: str, label: str, note: str) -> InviteView:
        """Make an invite of a kind of `InviteView`. `label` is shown to who gets it, `note` is ours."""
        ...

    async def invites(self) -> tuple[InviteView, ...]:
        """All invites, open ones first."""
        ...

    async def revoke_invite(self, invite: str) -> None:
        """Make an invite worthless."""
        ...

    async def accept(self, text: str, note: str) -> InviteView:
        """Answer an invite: a link, or a spoken code."""
        ...

    async def inspect_link(self, text: str) -> LinkView:
        """Say what a link is. UsageError if it is none; nothing is sent."""
        ...

    async def contacts(self) -> tuple[ContactView, ...]:
        """All contacts and requests."""
        ...

    async def contact(self, contact: str) -> ContactView:
        """One contact."""
        ...

    async def rename(self, contact: str, name: str) -> ContactView:
        """Call a contact something else, here."""
        ...

    async def answer_request(self, contact: str, *, accept: bool) -> ContactView:
        """Answer a stranger. Nothing is sent back when it is declined."""
        ...

    async def safety(self, contact: str) -> SafetyView:
        """What to compare with a contact."""
        ...

    async def verify(self, contact: str, qr: str | None) -> ContactView:
        """Mark a contact verified: after comparing, or by their QR text; Conflict if that is another's."""
        ...

    async def settle_alert(self, contact: str, *, trust: bool) -> ContactView:
        """Decide about a contact whose keys are in doubt."""
        ...

    async def block(self, contact: str, *, on: bool) -> ContactView:
        """Hear nothing of a contact, or hear again."""
        ...

    async def remove_contact(self, contact: str) -> None:
        """Forget a contact and the conversation."""
        ...

    # The address book

    async def names(self) -> tuple[tuple[str, str], ...]:
        """All people by name: ids and names."""
        ...

    async def persons(self, *, after: str = "", limit: int = 50) -> tuple[tuple[PersonView, ...], str]:
        """People by name, from the first one or behind another (by id); and where it goes on."""
        ...

    async def person(self, person: str) -> PersonView:
        """One person, with the ways to reach them."""
        ...

    async def change_person(self, person: str, *, name: str | None, preferred: str | None) -> PersonView:
        """Call a person something else, here; write to them on one of their accounts. Empty takes it back."""
        ...

    async def private(self, person: str, via: str) -> InviteView:
        """Ask somebody, in a conversation on another network, to talk privately; or agree, where they asked.

        Conflict where they are a contact; NotReady where no such conversation carries private messages.
        """
        ...

    async def carry(self, person: str, via: str, *, on: bool) -> PersonView:
        """Let a conversation on another network carry what is said to a contact in private, or not."""
        ...

    async def forget_person(self, person: str) -> None:
        """Forget what was imported of a person. Conflict if they are here by other ways alone."""
        ...

    async def talk_with(self, person: str, *, before: str = "", after: str = "", limit: int = 50) -> Page:
        """Messages with a person, from all networks, in one order: the last ones, or those at a cursor."""
        ...

    async def say_to(
        self,
        person: str,
        text: str,
        *,
        via: str = "",
        reply_to: str = "",
        attachments: Sequence[File] = (),
        expire_s: int | None = None,
        key: str,
    ) -> MessageView:
        """Say something to a person: `via` a conversation, account or network, or as the rule says.

        Where there is no conversation yet, one is opened if an account of the owner's can.
        ChooseWay: that would be less private than where the two last talked. As `send` else.
        """
        ...

    async def mark_talk_read(self, person: str, up_to: str) -> PersonView:
        """Mark as read what stands before this cursor, or everything."""
        ...

    async def merge(self, into: str, other: str) -> ChangeView:
        """Two people are one. Conflict if they are already."""
        ...

    async def split(self, person: str, links: Sequence[str]) -> ChangeView:
        """These accounts of a person are somebody else's."""
        ...

    async def changes(
        self, *, person: str = "", before: str = "", limit: int = 50
    ) -> tuple[tuple[ChangeView, ...], str]:
        """Merges and splits, of one person or all, the last one first; and a cursor for earlier ones."""
        ...

    async def undo(self, change: str) -> ChangeView:
        """Make a change undone, or (`last`) the last one. Conflict if a later one has touched its people."""
        ...

    async def suggestions(
        self, *, after: str = "", limit: int = 50
    ) -> tuple[tuple[SuggestionView, ...], str]:
        """Who may be one person; and where it goes on."""
        ...

    async def accept_suggestion(self, suggestion: str) -> ChangeView:
        """They are one."""
        ...

    async def refuse_suggestion(self, suggestion: str) -> None:
        """They are not, for good."""
        ...

    async def import_cards(self, data: bytes, *, dry_run: bool) -> ImportView:
        """Take an address book in (vCard 3.0 or 4.0); or say what that would do."""
        ...

    async def import_contacts(self, account: str, *, dry_run: bool) -> ImportView:
        """Take in the contact list of an account's network; or say what that would do."""
        ...

    # Conversations

    async def chats(self) -> tuple[ChatView, ...]:
        """All conversations, the latest first."""
        ...

    async def chat(self, chat: str) -> ChatView:
        """One conversation."""
        ...

    async def messages(
        self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> Page:
        """Messages in the order of the screen: the last ones, or those next to a cursor or a message."""
        ...

    async def message(self, message: str) -> MessageView:
        """One message."""
        ...

    async def messages_like(self, prefix: str) -> tuple[str, ...]:
        """Ids that start so, at most 3: enough to know whether there is one."""
        ...

    async def send(
        self,
        chat: str,
        text: str,
        *,
        reply_to: str = "",
        attachments: Sequence[File] = (),
        expire_s: int | None = None,
        key: str,
    ) -> MessageView:
        """Say something; it is stored when this returns.

        The same key again gives the same message; an empty one is none.
        """
        ...

    async def edit(self, message: str, text: str) -> MessageView:
        """Say it differently."""
        ...

    async def react(self, message: str, symbol: str) -> MessageView:
        """React; an empty symbol takes the reaction back."""
        ...

    async def delete(self, messages: Sequence[str], *, everywhere: bool) -> DeletionView:
        """Destroy messages here, and ask the others to if they are ours."""
        ...

    async def resend(self, message: str) -> MessageView:
        """Try an expired message again, under its old name."""
        ...

    async def cancel(self, message: str) -> MessageView:
        """Take a message back that has not left yet. Conflict if it has."""
        ...

    async def wait_delivered(self, message: str, timeout_s: float) -> MessageView:
        """Wait until the other side has stored it; after `timeout_s` seconds give it as it is then."""
        ...

    async def attachment(self, message: str, index: int) -> File:
        """A file of a message."""
        ...

    async def mark_read(self, chat: str, up_to: str) -> ChatView:
        """Mark all up to this message as read."""
        ...

    async def set_timer(self, chat: str, seconds: int) -> ChatView:
        """Let later messages disappear after so long; 0 lets them stay."""
        ...

    async def draft(self, chat: str) -> str:
        """The draft, or an empty text."""
        ...

    async def set_draft(self, chat: str, text: str) -> None:
        """Keep a draft; an empty text destroys it."""
        ...

    async def search(self, text: str, *, chat: str = "", limit: int = 20, cursor: str = "") -> Found:
        """Find messages; any text is allowed."""
        ...

    # Other networks

    async def networks(self) -> tuple[NetworkView, ...]:
        """The bridges that are installed."""
        ...

    async def reload_network(self, network: str) -> NetworkView:
        """Look for a bridge anew, and start it again; other bridges do not notice."""
        ...

    async def accounts(self, language: str = "en") -> tuple[AccountView, ...]:
        """The owner's accounts on other networks, with sentences in this language."""
        ...

    async def account(self, account: str, language: str = "en") -> AccountView:
        """One account."""
        ...

    async def pause_account(self, account: str, language: str = "en") -> AccountView:
        """Let nothing of an account run."""
        ...

    async def resume_account(self, account: str, language: str = "en") -> AccountView:
        """Let an account run again: a paused one, one that was used elsewhere, one that crashed."""
        ...

    async def remove_account(self, account: str) -> None:
        """Forget an account, with all that it brought here."""
        ...

    async def begin_login(
        self, network: str, account: str, why: str, *, at_home: bool = False, language: str = "en"
    ) -> LoginView:
        """Begin to add an account on a network, or (`reauth`, `reconfigure`) a login for one that is there.

        `at_home`: the owner says that the server is in their own network.
        """
        ...

    async def login(self, login: str) -> LoginView:
        """What a login shows."""
        ...

    async def answer_login(
        self, login: str, turn: str, answers: Mapping[str, str], language: str = "en"
    ) -> LoginView:
        """Answer what is shown; UsageError where it asks for more, or shows something else by now."""
        ...

    async def tick_login(self, login: str, language: str = "en") -> LoginView:
        """Look whether what a login waits for has happened."""
        ...

    async def end_login(self, login: str) -> None:
        """Give a login up."""
        ...

    async def open_chat(self, account: str, address: str, *, room: bool = False) -> ChatView:
        """The conversation with somebody, or in a room, by what people type there to reach it."""
        ...

    async def pushed(self, account: str, request: Pushed) -> PushAnswer:
        """Hand over what a network's server sent; what it told is stored when this returns.

        NotFound: no such account runs. AccessDenied: its bridge does not believe who calls.
        """
        ...

    async def abilities(self, chat: str) -> AbilitiesView:
        """What can be done in a conversation of a network."""
        ...

    async def mark(self, message: str, name: str, *, on: bool) -> MessageView:
        """Set or take away a `favourite`, `boost` or `bookmark`."""
        ...

    async def vote(self, message: str, choices: Sequence[str]) -> MessageView:
        """Vote in a poll of a network, by ids of its choices."""
        ...

    async def leave_chat(self, chat: str) -> ChatView:
        """Go out of a room of a network; what was said stays here. Unreachable: its account does not run."""
        ...

    async def typing(self, chat: str, *, on: bool) -> None:
        """Tell those in a conversation of a network that the owner types, or stopped; nobody may hear it."""
        ...

    async def confirm(self, message: str) -> MessageView:
        """Say that a message which may have been sent is there. Conflict if that is known."""
        ...

    async def timeline(self, *, before: str = "", limit: int = 50) -> Page:
        """Posts of all networks by time: the last ones, or those before a cursor."""
        ...

    # Posts for several networks, and whose words may go where

    async def preview_post(self, post: Posting, language: str = "en") -> tuple[FitView, ...]:
        """What would stand on each network, or why nothing would; nothing is stored."""
        ...

    async def make_post(self, post: Posting, language: str = "en", *, key: str) -> PostView:
        """Post; the same `key` again gives the same post. UsageError where no network takes it."""
        ...

    async def posts(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[PostView, ...], str]:
        """The last posts, or those before a cursor, without answers; and a cursor for more."""
        ...

    async def post(self, post: str, language: str = "en") -> PostView:
        """A post, how it stands on each network, and what was answered on all."""
        ...

    async def edit_post(self, post: str, text: str, language: str = "en") -> PostView:
        """Let a post say something else, on all networks that let it."""
        ...

    async def delete_post(self, post: str, language: str = "en") -> PostView:
        """Take a post back, on all networks that let it; here its text is destroyed at once."""
        ...

    async def resend_post(self, post: str, account: str, language: str = "en") -> PostView:
        """Try again on one network. Conflict where it is there, or on its way."""
        ...

    async def forward(self, message: str, chat: str) -> MessageView:
        """Say in a conversation what a message says. NoConsent where its author did not let it go there."""
        ...

    async def consents(self) -> tuple[ConsentView, ...]:
        """What people said about their words going elsewhere, the latest first."""
        ...

    async def put_consent(
        self, *, person: str, message: str, chat: str, scope: str, allowed: bool, own_word: bool
    ) -> tuple[ConsentView, ...]:
        """Write down what a person, or the author of a message, said; what the ledger says of them now."""
        ...

    # Proofs of accounts

    async def proofs(self) -> tuple[OwnProofView, ...]:
        """Accounts that are claimed, and what stands there."""
        ...

    async def plan_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """What `make_proof` would do, with `known_to` whom it would be opened. Conflict where it is there."""
        ...

    async def make_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """Claim an account, for contacts who know it and for these, and have it say so."""
        ...

    async def open_proof(self, proof: str, open_to: Sequence[str]) -> OwnProofView:
        """Let these contacts know which account is meant, too."""
        ...

    async def drop_proof(self, proof: str) -> None:
        """Claim an account no longer, and take back what it says."""
        ...

    async def check_person(self, person: str) -> PersonView:
        """Look now at the accounts that a person claims. Unreachable where that was done too often."""
        ...

    # Files

    async def carry_out(self, path: Path, contact: str) -> CarryView:
        """Write what waits (for one contact, or an empty id) to a bundle file."""
        ...

    async def carry_in(self, path: Path) -> CarryView:
        """Take in a bundle file."""
        ...

    async def backup(self, path: Path) -> int:
        """Write a sealed backup, give its size in bytes."""
        ...

    async def backup_file(self) -> File:
        """A sealed backup, which only the words open."""
        ...

    async def export_file(self) -> File:
        """Everything that can be read. It never lies on the disk."""
        ...

    async def export(self, path: Path) -> int:
        """Write everything readable for other programs, not encrypted; give its size in bytes."""
        ...

    async def wipe(self, confirm: str) -> None:
        """Destroy the key at once, then the files. UsageError unless `confirm` is the persona's name."""
        ...

    # What happens

    def events(self, after: int | None) -> AsyncIterator[Event]:
        """What happened after an event, and what happens from now on; None: only that.

        The first is of type `resync` when the log does not go back so far: then look at everything anew.
        """
        ...
