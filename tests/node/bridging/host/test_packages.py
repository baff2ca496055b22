"""Packages are found by their entry points and judged by their manifests; none is imported."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from bridge_packages import bridge, write

from swarmnode.bridging.host import packages
from swarmnode.bridging.host.packages import BadPackage, Reason, discover, load

EXPLODES = "raise RuntimeError('a bridge ran in the node')"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which packages can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    return tmp_path


def reasons(**names: object) -> dict[str, Reason]:
    return {bad.name: bad.reason for bad in discover(**names).bad}  # type: ignore[arg-type]


def test_a_package_is_found_and_not_imported(site: Path) -> None:
    write(site, "pigeon", EXPLODES, more='secrets = ["token"]\nneeds = { egress = ["*.pigeon.example"] }')
    found = discover().found["pigeon"]
    assert (found.module, found.root) == ("pigeon", site)
    assert found.manifest.secrets == ("token",)
    assert found.manifest.needs.egress == ("*.pigeon.example",)
    assert "pigeon" not in sys.modules


def test_our_own_bridges_are_found_first_and_nothing_takes_their_names(site: Path) -> None:
    own = discover()
    assert not own.bad
    for id_, package in own.found.items():
        assert package.module == f"swarm_bridges.networks.{id_}"
    taken = min(own.found)
    write(site, "impostor", EXPLODES, id=taken)
    assert discover().found[taken] == own.found[taken]
    assert reasons() == {taken: Reason.COLLISION}


def test_of_several_with_one_id_none_is_used(site: Path) -> None:
    """The one that comes later must not be given what the owner told the other."""
    for name in ("one", "two", "three"):
        write(site, name, EXPLODES, id="same")
    assert "same" not in discover().found
    assert reasons() == {"same": Reason.COLLISION}
    assert sum(bad.name == "same" for bad in discover().bad) == 3


def test_any_address_is_for_those_who_were_allowed(site: Path) -> None:
    write(site, "reader", EXPLODES, more='needs = { egress = ["any"] }')
    assert reasons() == {"reader": Reason.EGRESS}
    assert "reader" in discover(any_address={"reader"}).found


def test_what_is_announced_and_not_there(site: Path) -> None:
    write(site, "lost", bridge()).joinpath("bridge.toml").unlink()
    info = site / "gone-1.0.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: gone\nVersion: 1.0.0\n")
    info.joinpath("entry_points.txt").write_text("[swarmnode.bridges]\ngone = gone.inner\n")
    assert reasons() == {"gone.inner": Reason.NO_PACKAGE, "lost": Reason.NO_MANIFEST}


def test_an_inner_package_is_found_without_importing_what_is_around_it(site: Path) -> None:
    write(site / "outer", "inner", EXPLODES, announced=False)
    (site / "outer" / "__init__.py").write_text(EXPLODES)
    found = load("outer.inner")
    assert (found.module, found.root) == ("outer.inner", site)
    assert "outer" not in sys.modules


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"id": "Pigeon"}, ""),
        ({"id": "../up"}, ""),
        ({"id": "x"}, ""),
        ({}, "invented = 1"),
        ({}, "needs = { memory_mb = 100000 }"),
        ({}, "needs = { memory_mb = 0 }"),
        ({}, 'needs = { egress = ["*"] }'),
        ({}, 'needs = { egress = ["*.example"] }'),
        ({}, 'needs = { egress = ["https://pigeon.example/"] }'),
        ({}, 'needs = { egress = ["pigeon"] }'),
        ({}, "needs = { sudo = true }"),
        ({}, 'secrets = ["token", "token"]'),
        ({}, 'secrets = "token"'),
        ({}, "= broken"),
        ({}, "#" * 70_000),
    ],
)
def test_a_manifest_that_is_wrong(fields: dict[str, str], more: str, site: Path) -> None:
    write(site, "wrong", EXPLODES, more=more, announced=False, **fields)
    with pytest.raises(BadPackage) as raised:
        load("wrong")
    assert raised.value.reason is Reason.MANIFEST
    assert raised.value.hint


@pytest.mark.parametrize(
    ("versions", "works"),
    [("1", True), ("1.0", True), ("1.7", False), ("2", False), ("0", False), (">=1", False), ("", False)],
)
def test_versions_of_the_contract(versions: str, works: bool, site: Path) -> None:
    folder = write(site, "versioned", EXPLODES)
    manifest = folder / "bridge.toml"
    manifest.write_text(manifest.read_text().replace('api = "1"', f'api = "{versions}"'))
    if works:
        assert load("versioned").manifest.api == versions
    else:
        with pytest.raises(BadPackage) as raised:
            load("versioned")
        assert raised.value.reason is Reason.API


def test_each_reason_has_words_and_advice() -> None:
    assert set(packages._SAYS) == set(Reason)
    assert all(says and hint for says, hint in packages._SAYS.values())
