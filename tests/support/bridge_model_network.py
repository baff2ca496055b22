"""A network as small as one can be, which knows the truth: what a node shows of it is compared with this.

It imports nothing of the node. Messages are in the order of their numbers, everything that happens is told as
an event, and events can be told again from any place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from swarm_bridges import api
from swarm_bridges.text import from_plain, to_plain


@dataclass
class Said:
    """A message, as the network has it now."""

    number: int
    actor: api.Actor
    text: str
    key: str = ""
    revision: int = 0
    gone: bool = False
    reactions: dict[str, frozenset[str]] = field(default_factory=dict)


class Network:
    """One room. `echo` says how it hands back what a bridge sent: `key`, `id` or `copy`."""

    def __init__(self, room: api.ConversationRef, echo: str, *, keyed: bool) -> None:
        self.room, self.echo, self.keyed = room, echo, keyed
        self.messages: list[Said] = []
        self.events: list[api.Event] = []

    def ref(self, said: Said) -> api.MessageRef:
        return api.MessageRef(self.room, str(said.number))

    def say(self, actor: api.Actor, text: str, key: str = "") -> Said:
        """Somebody says something; under a key that is known, it is said already."""
        if key and self.keyed:
            for said in self.messages:
                if said.key == key:
                    return said
        said = Said(len(self.messages), actor, text, key)
        self.messages.append(said)
        self._tell(said)
        return said

    def edit(self, said: Said, text: str) -> None:
        if not said.gone:
            said.text, said.revision = text, said.revision + 1
            self._tell(said)

    def delete(self, said: Said) -> None:
        if not said.gone:
            said.gone = True
            self.events.append(api.MessageGone(target=self.ref(said), actor=said.actor))

    def react(self, actor: api.Actor, said: Said, values: frozenset[str]) -> None:
        if not said.gone:
            said.reactions[actor.remote_id] = values
            self.events.append(api.ReactionsNow(target=self.ref(said), actor=actor, values=values))

    def by_ref(self, ref: api.MessageRef) -> Said:
        return self.messages[int(ref.remote_id)]

    def do(self, verb: str, arguments: dict[str, object], owner: api.Actor) -> api.Accepted:
        """Do what a bridge is called for; what the network answers, if it is heard."""
        match verb, arguments:
            case "send", {"out": api.Outgoing() as out}:
                (part,) = out.parts
                said = self.say(owner, to_plain(part.body), out.key)
                return api.Accepted((self.ref(said),) if self.echo != "copy" else (), str(said.revision))
            case "edit", {"target": api.MessageRef() as target, "out": api.Outgoing() as out}:
                said = self.by_ref(target)
                self.edit(said, to_plain(out.parts[0].body))
                return api.Accepted((), str(said.revision))
            case "delete", {"target": api.MessageRef() as target}:
                self.delete(self.by_ref(target))
            case "react", {"target": api.MessageRef() as target, "values": frozenset() as values}:
                self.react(owner, self.by_ref(target), values)
            case _:
                raise AssertionError(verb)
        return api.Accepted(())

    def find(self, key: str) -> api.Accepted | api.Absent:
        """Whether something was said under a key."""
        for said in self.messages:
            if said.key == key:
                return api.Accepted((self.ref(said),), str(said.revision))
        return api.Absent()

    def _tell(self, said: Said) -> None:
        echoed = api.IntentId(said.key) if said.key and self.echo == "key" else None
        self.events.append(
            api.MessageSeen(
                ref=self.ref(said),
                actor=said.actor,
                body=from_plain(said.text),
                revision=str(said.revision),
                order=f"{said.number:06}",
                echo_of=echoed,
            )
        )
