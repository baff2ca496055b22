"""Feeds: RSS, Atom and JSON Feed as conversations to read (ADR 0028).

charset, tree      bytes to text to elements, for documents of strangers; mends what is often wrong
rss, atom, jsonfeed, parse      elements to a feed (`model`); words, dates
discover, opml     feeds that pages and lists name
known              which entries were told; a feed's own ids cannot be trusted
convert            entries to events; pure
schedule           when a feed is asked again; pure
fetch, reader      asking for one, telling what is new
websub             hubs, which tell what is new
subscriptions, notices, account, login
fake               a site for the kit
"""

from .account import Bridge
from .login import Login

__all__ = ["Bridge", "Login"]
