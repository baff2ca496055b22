"""Bridges to other networks: what is remembered (`core`), and the processes that translate (`host`; ADR 0023)."""
