"""One package for each network; each is found by its entry point, and imported in a process of its own."""
