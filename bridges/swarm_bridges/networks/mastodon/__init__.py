"""Mastodon's client API: the home timeline, direct posts as conversations, notifications (ADR 0026).

model      the server's JSON, checked
server     what a server can do, from what it says of itself
client     asking it; errors sorted
convert    JSON as events: pure. words turns content into documents and back
reader     what comes, polled or streamed, committed before more is asked for; past for what came before
account    what the owner wants; login
"""

from .account import Mastodon as Bridge
from .login import MastodonLogin as Login

__all__ = ["Bridge", "Login"]
