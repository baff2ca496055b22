"""Parts of what has not left yet can be left out one by one."""

from bridge_core_world import Core

from swarmnode.bridging.core import decisions, outbox


def test_a_part_can_be_left_out() -> None:
    core = Core(max_text=10)
    core.say("first one. second one. third.")
    texts, views = core.sees(), core.views()
    assert len(texts) > 2
    core.do(lambda step: outbox.delete(step, views[1].id))
    core.do(lambda step: outbox.edit(step, views[2].id, "changed"))
    parts = core.call().arguments["out"].parts
    assert [part.text for part in parts] == [texts[0], "changed", *texts[3:]]


def test_all_parts_are_taken_back_together() -> None:
    core = Core(max_text=10)
    said = core.say("first one. second one. third.")
    core.do(lambda step: decisions.cancel(step, said))
    assert set(core.sees()) == {"(deleted)"}
    assert core.take() is None
