"""The command line: `swarmnode`. Commands ask the running node over the socket in its home.

- `group`: commands by name, imported when they run, with help from the catalogue; errors become exit codes;
- `session`: home, language and output of one call; `client` asks the node; `terminal` prints safely;
  `secret` finds the passphrase; `app` is what runs a node in this process;
- `commands_*`: the commands; `said` prints a message, `login` goes through a login, `explain` takes bytes
  apart for `inspect`.
"""
