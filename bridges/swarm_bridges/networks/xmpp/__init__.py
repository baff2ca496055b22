"""XMPP: chats, rooms, files and what stands around them, over slixmpp (ADR 0024).

stanzas    XML that we send, and all names of XML
heard      messages, out of what they came in; convert is what they mean: pure
stream     a connection and what a server answers; errors sorts what it refuses
archive    what the server keeps; rooms is where the owner is, members with whom, names how people are called
files      uploads, downloads and pictures; opaque is bytes between nodes, claims which persona an account has
keys       what opens and locks messages: omemo_keys for accounts that want it; sealed_files for files
passwords  of rooms, and fingerprints of devices: what is settled with the owner
alive      whether line and rooms are still there
session    what comes, in order, committed before it is acknowledged
account    what the owner wants, and outgoing what of that is said; login, and places where a server may be
"""

from .account import Xmpp as Bridge
from .login import XmppLogin as Login

__all__ = ["Bridge", "Login"]
