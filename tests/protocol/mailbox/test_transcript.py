"""The conversation of `conversation.txt` is what a relay and its people say."""

from __future__ import annotations

from pathlib import Path

from mailbox_world import START, TICKETS, Driver, Node, msg_id, sending

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mailbox.store import Change, DropMessage, PutMessage

TEXT = Path(__file__).with_name("conversation.txt")


class Stage:
    def __init__(self) -> None:
        self.driver = Driver()
        self.people: dict[str, Node] = {}

    def play(self, at: int, who: str, words: list[str]) -> str:
        self.driver.now = START + at
        before = len(self.driver.log)
        if words == ["timer"]:
            effects = self.driver.step(fx.TimerFired())
        elif words == ["opens"]:
            self.people[who] = Node(self.driver, who)
            effects = self.driver.log[before:]
        else:
            node = self.people[who]
            node.caller, data = node.caller.ask(self.command(node, words), node.key)
            effects = self.driver.step(fx.Received(node.connection, data))
        return " ".join(map(self.show, effects))

    def command(self, node: Node, words: list[str]) -> CommandBody:
        match words:
            case ["NEW", "pair"]:
                return mbx.New(mbx.Kind.PAIR, node.key.public, TICKETS[0])
            case ["SKEY"]:
                return mbx.SKey(self.made.sid, node.key.public)
            case ["SEND", number]:
                return sending(self.made.sid, int(number))
            case ["SUB", boot]:
                return mbx.Sub(self.made.rid, int(boot), b"i" * 16)
            case ["PULL", after, count]:
                return mbx.Pull(self.made.rid, int(after), int(count))
            case ["ACK", n]:
                return mbx.Ack(self.made.rid, int(n), msg_id(int(n)))
            case ["ACK", n, "gap"]:
                return mbx.Ack(self.made.rid, int(n))
        raise AssertionError(words)

    def show(self, effect: fx.Effect) -> str:
        match effect:
            case fx.Store(changes):
                return f"Store({' '.join(map(change, changes))})"
            case fx.Send(connection, _, data):
                (who,) = (name for name, node in self.people.items() if node.connection == connection)
                return f"Send({who}: {self.frame(data)})"
            case fx.Wake(at):
                return f"Wake(+{at - START})"
        raise AssertionError(effect)

    def frame(self, data: bytes) -> str:
        said = mbx.read_answer(data)[1]
        match said:
            case mbx.Made():
                self.made = said
            case mbx.Error(code):
                return f"ERROR {code.name}"
            case mbx.Receipt() | mbx.Delivery():
                return f"{said.type.name}@{said.n}"
            case mbx.Gap(_, first, last):
                return f"GAP {first}-{last}"
        return said.type.name


def change(value: Change) -> str:
    name = type(value).__name__
    if isinstance(value, PutMessage):
        return f"{name}@{value.message.n}"
    return f"{name}@{value.n}" if isinstance(value, DropMessage) else name


def test_the_conversation_is_as_it_is_written() -> None:
    stage, said, written = Stage(), list[str](), list[str]()
    for line in TEXT.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        left, _, right = line.partition("->")
        at, who, *words = left.split()
        written.append(f"{' '.join(left.split())} -> {right.partition('#')[0].strip()}")
        said.append(f"{' '.join(left.split())} -> {stage.play(int(at), who, words)}")
    assert said == written
    assert {line.split()[2] for line in said} >= {"NEW", "SKEY", "SEND", "SUB", "PULL", "ACK"}
