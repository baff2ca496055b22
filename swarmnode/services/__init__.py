"""The node's logic: a function for each thing that a person wants, an engine for what arrives (ADR 0014)."""
