"""A random life of some days, from one seed: people talk, things go wrong, all is healed and looked at."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sim_chat import SIZES
from sim_faults import CHAT_FAULTS, FAULTS, heal
from sim_relay import frame_name
from sim_time import DAY, HOUR, MINUTE
from sim_world import PEOPLE, RELAYS, World

PATIENCE = 36 * HOUR
"""Within this time after the last fault all must have arrived. A line is tried each hour at least, and what
was not confirmed is repeated each six hours at least."""

REUNION = 72 * HOUR
"""So long where several relays are gone for good. Who has confirmed nothing for a day is looked for once a
day, and found where a queue was made an hour after the deaths; then all goes on as above."""

QUIET = 12 * HOUR
"""So long everybody is watched when all has arrived: nobody may go on chattering."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one seed. `wrong` is empty where all is well."""

    seed: int
    wrong: str
    trace: str
    hours: float
    messages: int
    sent: int
    """Envelopes that relays were asked to take, repetitions included."""
    faults: int
    digest: str


def run_seed(seed: int, *, keep: int | None = 150) -> Outcome:
    """Live through the life of a seed; `keep` is how many lines of the trace to hold, None for all."""
    world, faults = World(seed, *_cast(seed), keep=keep, chat=_chat(seed)), 0
    try:
        faults = live(world, world.time.dice("life"))
        wrong = ""
    except AssertionError as error:
        wrong = str(error) or traceback.format_exc()
    except Exception:  # noqa: BLE001 - whatever it is, it is a fault of the product, and found by this seed
        wrong = traceback.format_exc()
    finally:
        world.close()
    trace = "\n".join(line.text(frame_name) for line in world.time.lines)
    hours, said = world.time.now / HOUR, len(world.model.said)
    return Outcome(seed, wrong, trace, hours, said, world.sent, faults, world.time.digest)


def _cast(seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    dice = Random(f"cast {seed}")
    return PEOPLE[: dice.choice((2, 2, 3, 4))], RELAYS[: dice.choice((2, 2, 3))]


def _chat(seed: int) -> int:
    """In every sixth world there is another network: what its messages carry, 0 where there is none."""
    dice = Random(f"chat {seed}")
    return dice.choice(SIZES) if dice.random() < 1 / 6 else 0


def live(world: World, dice: Random) -> int:
    """Meet, talk while things go wrong, heal, wait, and look at everything; how many faults there were."""
    world.meet_all()
    days = dice.choice((0.5, 2, 4, 10))
    end = world.time.now + days * DAY
    faults = _plan_faults(world, dice, end, pause=days * HOUR)
    for person in world.people:
        _plan_life(world, dice, person, end, pause=(2 + days) * HOUR)
    world.time.run(end)
    heal(world)
    deaths = sum(relay.dead for relay in world.relays.values())
    world.settle(REUNION if deaths > 1 else PATIENCE)
    world.stay_quiet(QUIET)
    return faults


def _plan_faults(world: World, dice: Random, end: float, *, pause: float) -> int:
    """Some hours are bad, others are good; in bad ones faults come every few minutes."""
    all_of = FAULTS if world.chat is None else {**FAULTS, **CHAT_FAULTS}
    kinds, weights = list(all_of), list(all_of.values())
    count, at = 0, world.time.now
    while at < end:
        at += dice.expovariate(1 / pause)
        for _ in range(dice.choice((1, 1, 2, 5))):
            at += dice.expovariate(1 / (5 * MINUTE))
            fault = dice.choices(kinds, weights)[0]
            if at < end:
                count += 1
                world.time.at(at, _happen(world, dice, fault))
    return count


def _happen(world: World, dice: Random, fault: Callable[[World, Random], None]) -> Callable[[], None]:
    def happen() -> None:
        world.time.note("world", f"fault: {fault.__name__}")
        fault(world, dice)

    return happen


def _plan_life(world: World, dice: Random, person: str, end: float, *, pause: float) -> None:
    """Talk in bouts of some minutes, a few times a day."""
    at = world.time.now
    while at < end:
        at += dice.expovariate(1 / pause)
        for _ in range(dice.randint(1, 8)):
            at += dice.expovariate(1 / (0.5 * MINUTE))
            if at < end:
                world.time.at(at, lambda: act(world, dice, person))


def act(world: World, dice: Random, person: str) -> None:
    """One thing that a person does: mostly to say something."""
    other = dice.choice([name for name in world.people if name != person])
    luck = dice.random()
    if not world.is_there(person):
        return
    if luck < 0.6:
        world.say(person, other)
        return
    screen = [shown for shown in world.screen(person, other) if not shown.deleted]
    mine = [shown.id for shown in screen if shown.mine]
    if luck < 0.7 and screen:
        world.say(person, other, reply_to=dice.choice(screen).id)
    elif luck < 0.78 and mine:
        world.edit(person, dice.choice(mine))
    elif luck < 0.86 and screen:
        world.react(person, dice.choice(screen).id, dice.choice(("+", "!", "")))
    elif luck < 0.9 and mine:
        world.delete(person, dice.choice(mine))
    else:
        world.look(person, other)
