"""Settings: defaults, what the owner chose, `config.toml`, the environment, flags; the last one wins.

`table` says what there is, `reading` where it comes from, `choosing` how the owner changes it.
"""

from .choosing import choose, choose_again, find, kept, with_value
from .reading import CHOSEN, FILE, Loaded, chosen, load, parse_address
from .table import (
    SETTINGS,
    Change,
    Config,
    Dns,
    Http,
    Link,
    Log,
    Privacy,
    Relay,
    Setting,
    Storage,
    show,
    value_of,
)

__all__ = [
    "CHOSEN",
    "FILE",
    "SETTINGS",
    "Change",
    "Config",
    "Dns",
    "Http",
    "Link",
    "Loaded",
    "Log",
    "Privacy",
    "Relay",
    "Setting",
    "Storage",
    "choose",
    "choose_again",
    "chosen",
    "find",
    "kept",
    "load",
    "parse_address",
    "show",
    "value_of",
    "with_value",
]
