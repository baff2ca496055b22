"""A Prosody that does not do well by what nodes say to each other (`mod_swarm_ill.lua`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xmpp_server import Prosody


class IllProsody(Prosody):
    """It takes messages of 10,000 bytes, the least that a server may, so that much is in fragments."""

    modules = '"swarm_ill",'

    @property
    def options(self) -> Mapping[str, str]:  # type: ignore[override]
        return {
            "plugin_paths": f'{{ "{Path(__file__).parent}" }}',
            "ill_file": f'"{self._file}"',
            "c2s_stanza_size_limit": "10000",
        }

    @property
    def _file(self) -> Path:
        return self.folder / "ill"

    @contextmanager
    def ill(self, illness: str) -> Iterator[None]:
        """Within the block the network is ill in this way; none is an empty text."""
        self._file.write_text(illness)
        try:
            yield
        finally:
            self._file.write_text("")

    def seen(self) -> Counter[str]:
        """How many messages that carry bytes it was given, by whose account."""
        seen = self._file.with_name("ill.seen")
        return Counter(seen.read_text().splitlines() if seen.exists() else ())
