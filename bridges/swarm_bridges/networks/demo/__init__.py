"""A network that does not exist and shows every feature: what to copy from.

login.py      logging in, in two steps
account.py    the bridge: one account
convert.py    the network's JSON to events and back; pure
fake.py       the network itself, for the kit
"""

from .account import Bridge
from .login import Login

__all__ = ["Bridge", "Login"]
