"""What has not left yet, as screens see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RESTORED = "restored"
"""The reason of what waited when a backup was made: nobody here knows whether the lost node has said it."""


@dataclass(frozen=True, slots=True)
class OutboxView:
    """Something of the owner's that is not gone yet, on whatever network."""

    message: str
    """The message that it is, or that it changes."""
    what: str
    """`message`, `post`, `edit`, `delete`, `react`, `mark`, `vote` or `timer`."""
    chat: str
    """Empty for a post that waits for its time."""
    title: str
    """Of the conversation."""
    state: str
    """As `MessageView.state`: `scheduled`, `queued`, `waiting`, `maybe`, `refused` or `expired`."""
    since: int
    network: str = ""
    text: str = field(default="", repr=False)
    reason: str = ""
    """Why it waits: a code, or the network's own words."""
    says: str = ""
    """State and reason as a sentence."""
    send_at: int = 0
    """When it leaves, or is tried again; 0: as soon as there is a way."""
    accounts: tuple[str, ...] = ()
    """Where a post goes."""
    title_translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As `ChatView.title_translations`."""
