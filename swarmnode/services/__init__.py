"""The node's logic: one function for each thing that a person wants, and the engine for what arrives (ADR 0014)."""
