"""The node's settings as its owner sees and changes them.

What the owner chose lies in a file of its own, outside of the store: it counts before that is open. The file
is replaced whole, and then counts what is to count at once. A crash in between does no harm: the next start
reads it.
"""

from __future__ import annotations

import asyncio

from ..api.node import SettingView
from ..bridging.core import proofs
from ..config import (
    CHOSEN,
    SETTINGS,
    Change,
    Config,
    Setting,
    choose,
    choose_again,
    chosen,
    find,
    show,
    value_of,
    with_value,
)
from ..services.news import tell
from ..services.node import Node
from ..services.step import Step
from .opened import Opened


class Settings(Opened):
    """The part of `api.node.Node` that is about settings."""

    async def settings(self) -> tuple[SettingView, ...]:
        """See `api.node.Node`."""
        return tuple(self._views().values())

    async def change_setting(self, name: str, value: str | None) -> SettingView:
        """See `api.node.Node`."""
        setting = find(name)
        async with self._turn:
            data, found = choose(self.config, name, value)
            await asyncio.to_thread(self.place.files.replace, CHOSEN, data)
            if setting.change is Change.AT_ONCE:
                self.config = with_value(self.config, name, found)
            await self._take_effect(name)
        return self._views()[name]

    def choose_again(self, step: Step, node: Node, texts: dict[str, str]) -> Config:
        """Let settings be what the owner chose on a home that is lost, in the step that restores from it.

        The file is written before the commit: what is lost then is a restore that is done again. Nothing
        leaves before they count.
        """
        config = self.config
        data, values = choose_again(config, texts)
        if values:
            self.place.files.replace(CHOSEN, data)
        for name, value in values.items():
            if find(name).change is Change.AT_ONCE and name not in config.fixed:
                config = with_value(config, name, value)
        node.options = self._options(config)
        if proofs.notices(step) != config.privacy.notice:
            proofs.set_noticing(step, on=config.privacy.notice)
        return config

    async def _take_effect(self, name: str) -> None:
        if self._runner is None:
            return
        notice = self.config.privacy.notice

        def change(step: Step, _: Node) -> None:
            if proofs.notices(step) != notice:
                proofs.set_noticing(step, on=notice)
            tell(step, "settings.changed", setting=name)

        await self._runner.use(self._options(self.config))
        await self._runner.do(change)

    def _views(self) -> dict[str, SettingView]:
        owners = {name: value for name, (value, _) in chosen(self.config.home).items()}
        return {name: self._view(setting, owners) for name, setting in SETTINGS.items()}

    def _view(self, setting: Setting, owners: dict[str, object]) -> SettingView:
        name, fixed = setting.name, self.config.fixed.get(setting.name, "")
        now = show(value_of(self.config, name))
        wanted = (
            now if fixed or setting.change is not Change.AT_START else show(owners.get(name, setting.default))
        )
        least, most = setting.limits
        return SettingView(
            name=name,
            value=wanted,
            default=show(setting.default),
            values=setting.values,
            kind=setting.kind,
            choices=setting.choices,
            least=least,
            most=most,
            change=setting.change.value,
            by="keeper" if fixed else "owner" if name in owners else "nobody",
            place=fixed,
            waits=wanted != now,
        )
