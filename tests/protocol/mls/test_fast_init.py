"""Values that are made often are made faster, and are as frozen as others."""

from __future__ import annotations

import gc
import inspect
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from swarm_protocol.mls.fast_init import fast_init


@fast_init
@dataclass(frozen=True, slots=True)
class Berry:
    """With each kind of field."""

    name: str
    seeds: int = 3
    ripe_on: list[str] = field(default_factory=list)


def test_it_is_made_like_any_dataclass() -> None:
    assert Berry("currant") == Berry(name="currant", seeds=3, ripe_on=[])
    assert Berry("currant").ripe_on is not Berry("currant").ripe_on
    assert list(inspect.signature(Berry).parameters) == ["name", "seeds", "ripe_on"]


@pytest.mark.parametrize("name", ["name", "unknown"])
def test_it_stays_as_it_is(name: str) -> None:
    berry = Berry("currant")
    with pytest.raises(FrozenInstanceError, match=name):
        setattr(berry, name, "sloe")
    with pytest.raises(FrozenInstanceError, match=name):
        delattr(berry, name)
    assert berry == Berry("currant")


def test_the_class_without_slots_is_gone() -> None:
    gc.collect()
    assert [o for o in gc.get_objects() if type(o) is type and o.__qualname__ == "Berry"] == [Berry]


def test_what_does_more_than_set_its_fields_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Counted:
        name: str
        size: int = field(init=False, default=0)

    with pytest.raises(TypeError, match="Counted"):
        fast_init(Counted)
