"""The store in memory keeps the contract of all stores."""

from __future__ import annotations

from mailbox_contract import CrashingStore, StoreContract
from mailbox_store import MemoryStore


class TestMemoryStore(StoreContract):
    def open(self) -> CrashingStore:
        return MemoryStore()
