"""What the web client shares with the node, and what its lock file may hold."""

import json
from pathlib import Path

import pytest
import web_types

from swarmnode.config import SETTINGS

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"


def test_the_types_are_those_of_the_api() -> None:
    made = (WEB / "src" / "api" / "types.gen.ts").read_text(encoding="utf-8")
    assert made == web_types.write(), "`make web-types` writes them anew"


def test_the_lock_names_no_registry_and_every_package_by_its_hash() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = {name: package for name, package in packages.items() if name}
    assert len(locked) > 40
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if "integrity" not in package] == []


def test_what_is_shipped_is_pinned_and_little() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert len(package["dependencies"]) <= 5
    named = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in named.items() if not version[0].isdecimal()] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_of_the_node_has_its_name_and_whose_it_is(name: str) -> None:
    texts = (WEB / "src" / "text" / "more.en.ts").read_text(encoding="utf-8")
    setting = SETTINGS[name]
    keys = {
        f"settings.{name}",
        f"settings.{name}.help" if setting.is_owners else f"settings.why.{setting.change.value}",
    }
    if setting.is_owners and setting.kind == "choice":
        keys |= {f"settings.{name}.{choice}" for choice in setting.choices}
    assert [key for key in sorted(keys) if f"'{key}':" not in texts] == []
