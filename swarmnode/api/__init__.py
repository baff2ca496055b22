"""The node's HTTP API under `/api/v1`, and its events: a table of routes over one port, `node.Node`.

From the bottom up:

- `node`, what the API asks of a node, and `ports`, where it keeps tokens and answers;
- `access` says who asks (pairing, tokens, scopes), `guard` whether a browser may;
- `problems`, errors as answers; `once`, so that a repeated write is not done twice;
- `route`, a row of the table; `about_node`, `about_people`, `about_talk`, `about_bridges`, `about_screens`:
  the rows with their handlers, and `resolve`, which finds what a person means by a name; `table`, all rows;
- `streams` for what goes on and on, `hooks` for networks that push, `openapi` from the table, `pages` with
  the web client, `landing` where none is built, `server` around it all.
"""

PREFIX = "/api/v1"
"""Of all its paths. The command line needs it, and none of the rest, which is slow to load."""
