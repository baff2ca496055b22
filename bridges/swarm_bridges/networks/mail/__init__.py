"""E-mail: any mailbox that speaks IMAP and SMTP (ADR 0027).

line, grammar, imap, smtp     connections, and what is said over them
words, headers, structure     what senders have written, as text and values: pure
names, convert, bounces       what it means: pure
autocrypt, openpgp, sealed    keys, and what is encrypted: pure; keys is what is remembered of them
reading, threads, session     what comes, in order; what was, and to whom an answer goes
dkim, claims                  who answers for a mail: pure; which persona an account belongs to
tidying                       what is changed in the mailbox after that
compose, sending, account     what the owner wants; settings, discover, login
"""

from .account import Mailbox as Bridge
from .login import MailLogin as Login

__all__ = ["Bridge", "Login"]
