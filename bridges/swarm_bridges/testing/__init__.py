"""The kit for authors of bridges: a network that does not exist, a small core, and checks by tiers.

network.py faults.py    a fake network to derive one's own from, and what goes wrong in it
by_hand.py              runs it for people
proxy.py                breaks lines before a network that is too large to fake
journal.py desk.py      what a core remembers, in memory; the desk over it
core.py                 the port to a core, and a small one
world.py                what each check stands in
bronze.py silver.py gold.py platinum.py    the checks
runner.py               runs them: `contract` in pytest, `bridge check` on the command line
demo_network.py         the server of the demo network
"""

from .by_hand import by_hand
from .core import Core, LoginFailed, SmallCore, small_core
from .desk import MemoryDesk
from .faults import Fault, Faults
from .network import OWNER, PEER, FakeMessage, FakeNetwork, FakeRoom
from .proxy import FaultProxy
from .runner import contract, grade, report, run_checks, up_to
from .world import CHECKS, Check, CheckFailed, Subject, Tier, World, check, new_world

__all__ = [
    "CHECKS",
    "OWNER",
    "PEER",
    "Check",
    "CheckFailed",
    "Core",
    "FakeMessage",
    "FakeNetwork",
    "FakeRoom",
    "Fault",
    "FaultProxy",
    "Faults",
    "LoginFailed",
    "MemoryDesk",
    "SmallCore",
    "Subject",
    "Tier",
    "World",
    "by_hand",
    "check",
    "contract",
    "grade",
    "new_world",
    "report",
    "run_checks",
    "small_core",
    "up_to",
]
