"""The composition root: the only place that knows all floors, and builds one process of them."""

from typing import TYPE_CHECKING, Any

from .process import run

if TYPE_CHECKING:
    from .home import create_home, is_home

__all__ = ["create_home", "is_home", "run"]


def __getattr__(name: str) -> Any:
    """Load what makes homes when it is wanted: a relay alone has no use for a node's floors."""
    if name in __all__:
        from . import home  # noqa: PLC0415

        return getattr(home, name)
    raise AttributeError(name)
