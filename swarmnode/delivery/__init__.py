"""What waits: sockets, TLS, timers and threads. It drives the services and performs their effects."""
