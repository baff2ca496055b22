"""The node's encrypted store: tables, bodies under their own keys, search, and the relay's store."""
