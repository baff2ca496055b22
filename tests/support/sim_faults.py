"""What can go wrong in a simulated world: each fault begins, lasts a while and ends; `heal` ends them all.

A fault takes the world and dice, does its harm, and sets a timer for its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

from sim_chat import GOOD, Habits
from sim_node import QUICK_DISK as NODE_QUICK
from sim_node import SLOW_DISK as NODE_SLOW
from sim_node import NodeHost
from sim_relay import HONEST, QUICK_DISK, SLOW_DISK, Mischief, RelayHost
from sim_time import DAY, HOUR, MINUTE
from sim_world import World

YEAR = 365 * DAY

Fault: TypeAlias = Callable[[World, Random], None]


def _somebody(world: World, dice: Random) -> NodeHost:
    return dice.choice(list(world.people.values()))


def _relay(world: World, dice: Random) -> RelayHost:
    """One that lives, or of those that are gone, to which nothing happens any more."""
    return dice.choice(
        [relay for relay in world.relays.values() if not relay.dead] or [*world.relays.values()]
    )


def _while(world: World, dice: Random, least: float, most: float, end: Callable[[], None]) -> None:
    """End after some time, short times as likely as long ones, if all has not been healed before."""
    world.time.after(least * (most / least) ** dice.random(), lambda: None if world.healed else end())


# People's machines


def die(world: World, dice: Random) -> None:
    _somebody(world, dice).kill()


def die_at_a_point(world: World, dice: Random) -> None:
    """Die between two of the next durable steps and effects."""
    node = _somebody(world, dice)
    node.die_at = node.points + dice.randint(1, 40)


def sleep(world: World, dice: Random) -> None:
    _somebody(world, dice).sleep(10 * MINUTE * 144 ** dice.random())


def offline(world: World, dice: Random) -> None:
    node = _somebody(world, dice)
    node.set_online(False)
    _while(world, dice, MINUTE, DAY, lambda: node.set_online(True))


def full_disk(world: World, dice: Random) -> None:
    node = _somebody(world, dice)
    node.full = True
    _while(world, dice, MINUTE, 6 * HOUR, lambda: setattr(node, "full", False))


def slow_disk(world: World, dice: Random) -> None:
    node = _somebody(world, dice)
    node.disk_s = NODE_SLOW
    _while(world, dice, MINUTE, HOUR, lambda: setattr(node, "disk_s", NODE_QUICK))


def wrong_clock(world: World, dice: Random) -> None:
    """The wall clock jumps by seconds, days or a year, and is put right later."""
    node = _somebody(world, dice)
    jump = dice.choice((2.0, HOUR, DAY, 30 * DAY, YEAR)) * dice.choice((-1, 1))
    node.clock.offset_s += jump

    def right() -> None:
        node.clock.offset_s -= jump

    _while(world, dice, MINUTE, DAY, right)


# The network


def snap(world: World, dice: Random) -> None:
    if wires := [wire for wire in world.network.wires if not wire.gone]:
        dice.choice(wires).snap()


def silence(world: World, dice: Random) -> None:
    if wires := [wire for wire in world.network.wires if not wire.gone]:
        dice.choice(wires).fall_silent()


def partition(world: World, dice: Random) -> None:
    hosts = [*world.people, *(relay.address for relay in world.relays.values())]
    world.network.change(islands={host: dice.randint(0, 1) for host in hosts})
    _while(world, dice, MINUTE, 6 * HOUR, lambda: world.network.change(islands={}))


def refusals(world: World, dice: Random) -> None:
    world.network.refuse = 0.5
    _while(world, dice, MINUTE, HOUR, lambda: setattr(world.network, "refuse", 0.0))


# Relays


def relay_crash(world: World, dice: Random) -> None:
    _relay(world, dice).crash(back_in=HOUR ** dice.random())


def relay_down(world: World, dice: Random) -> None:
    _relay(world, dice).crash(back_in=HOUR * 24 ** dice.random())


def relay_full(world: World, dice: Random) -> None:
    relay = _relay(world, dice)
    relay.set_full(True)
    _while(world, dice, MINUTE, 6 * HOUR, lambda: relay.set_full(False))


def relay_slow(world: World, dice: Random) -> None:
    relay = _relay(world, dice)
    relay.disk = SLOW_DISK
    _while(world, dice, MINUTE, HOUR, lambda: setattr(relay, "disk", QUICK_DISK))


def relay_fails(world: World, dice: Random) -> None:
    """Nothing can be made durable for a while."""
    relay = _relay(world, dice)
    relay.fails = True
    _while(world, dice, 1.0, 10 * MINUTE, lambda: setattr(relay, "fails", False))


def relay_goes_back(world: World, dice: Random) -> None:
    """Half an hour to half a day later the relay has the disk of now."""
    relay = _relay(world, dice)
    relay.remember()
    _while(world, dice, HOUR / 2, DAY / 2, relay.roll_back)


def relay_mischief(world: World, dice: Random) -> None:
    """Deliveries come twice, late or not at all; answers do not come."""
    relay = _relay(world, dice)
    relay.mischief = Mischief(*(dice.choice((0.0, 0.1, 0.3)) for _ in range(4)))
    _while(world, dice, MINUTE, 6 * HOUR, lambda: setattr(relay, "mischief", HONEST))


def relay_forgets(world: World, dice: Random) -> None:
    """Senders' keys are taken, and not known when something is sent: it loses them, or lies."""
    relay = _relay(world, dice)
    relay.forgetful = True
    _while(world, dice, MINUTE, 6 * HOUR, lambda: setattr(relay, "forgetful", False))


def relay_death(world: World, dice: Random) -> None:
    """A relay is gone for good, or at once all but one: who used the others has to meet there.

    Where there is another network, all of them.
    """
    alive = [relay for relay in world.relays.values() if not relay.dead]
    if world.chat is not None and alive:
        for relay in alive:
            world.time.note("world", f"{relay.name} dies for good")
            relay.die()
        return
    if len(alive) > 1:
        for relay in dice.sample(alive, dice.choice((1, len(alive) - 1))):
            world.time.note("world", f"{relay.name} dies for good")
            relay.die()


# The other network


def chat_misbehaves(world: World, dice: Random) -> None:
    """What is carried is lost, repeated, late, cut or refused, much of it."""
    if (chat := world.chat) is not None:
        chat.habits = Habits(*(dice.choice((0.0, 0.1, 0.35)) for _ in range(5)))
        _while(world, dice, MINUTE, 12 * HOUR, lambda: setattr(chat, "habits", GOOD))


def chat_away(world: World, dice: Random) -> None:
    if (chat := world.chat) is not None:
        chat.up = False
        _while(world, dice, MINUTE, 12 * HOUR, lambda: setattr(chat, "up", True))


FAULTS: Mapping[Fault, int] = {
    die: 6,
    die_at_a_point: 12,
    sleep: 4,
    offline: 4,
    full_disk: 4,
    slow_disk: 3,
    wrong_clock: 3,
    snap: 8,
    silence: 4,
    partition: 4,
    refusals: 2,
    relay_crash: 8,
    relay_down: 3,
    relay_full: 3,
    relay_slow: 3,
    relay_fails: 3,
    relay_goes_back: 2,
    relay_mischief: 4,
    relay_forgets: 2,
    relay_death: 1,
}
"""Every fault, and how often it comes compared with others."""
CHAT_FAULTS: Mapping[Fault, int] = {chat_misbehaves: 8, chat_away: 4}
"""Those of worlds with another network, besides."""


def heal(world: World) -> None:
    """End all faults; what is dead for good stays so."""
    world.time.note("world", "all faults end")
    world.healed = True
    world.network.change(offline=set(), islands={})
    world.network.refuse = 0.0
    if world.chat is not None:
        world.chat.habits, world.chat.up = GOOD, True
    for relay in world.relays.values():
        relay.fails, relay.disk, relay.mischief = False, QUICK_DISK, HONEST
        relay.forgetful = False
        relay.set_full(False)
        relay.forget_copy()
        relay.start()
    for node in world.people.values():
        node.full, node.disk_s, node.die_at = False, NODE_QUICK, None
        node.clock.offset_s = 0.0
        node.wake()
        node.set_online(True)
        node.start()
