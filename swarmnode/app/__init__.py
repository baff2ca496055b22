"""The composition root: the only place that knows all floors, and builds one process of them."""

from .home import create_home, is_home
from .process import run

__all__ = ["create_home", "is_home", "run"]
