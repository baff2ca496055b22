"""Bridges to other networks: `core` remembers, `host` runs the processes that translate (ADR 0023)."""
