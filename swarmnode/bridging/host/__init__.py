"""Processes of bridges: finding packages, starting them, connecting for them, doing what the outbox holds."""
