"""What nobody waits for wakes nobody: a node on a small machine sleeps when all is said."""

from node_world import World


def test_when_all_is_answered_and_confirmed_nothing_is_looked_at_soon() -> None:
    world = World("hub")
    ada, ben = world.person("ada", "hub"), world.person("ben", "hub")
    world.meet(inviter=ada, joiner=ben)
    world.run(3600)
    ada.say("hello")
    within = {name for name, _ in ada.node.timers if name in {"line", "outbox"}}
    assert within == {"line", "outbox"}, "the relay owes an answer and a receipt"
    world.run(20)
    assert ada.states() == ["delivered"]
    soon = {name for (name, _), at in ada.node.timers.items() if at < world.tick + 300}
    assert soon.isdisjoint({"line", "outbox", "pump", "resend", "receipts"})
