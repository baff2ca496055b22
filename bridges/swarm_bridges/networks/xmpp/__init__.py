"""XMPP: chats, rooms, files and what stands around them, over slixmpp (ADR 0024).

stanzas    XML that we send, and all names of XML
convert    XML that we hear, as events: pure; opaque is bytes between nodes
stream     a connection and what a server answers; errors sorts what it refuses
archive, rooms, names     what the server keeps, where the owner is, how people are called
files      uploads and pictures; claims is which persona an account belongs to
alive      whether line and rooms are still there
session    what comes, in order, committed before it is acknowledged
account    what the owner wants; login, and places where a server may be
"""

from .account import Xmpp as Bridge
from .login import XmppLogin as Login

__all__ = ["Bridge", "Login"]
