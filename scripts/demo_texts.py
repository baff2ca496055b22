"""What the demo says, in English and German."""

import os

from swarmnode.texts import language_of

LANGUAGE = language_of(None, os.environ)

TEXTS = {
    "starts": (
        "Two relays and two nodes, each a process of its own, each with an empty folder.",
        "Zwei Relays und zwei Knoten, jeder ein eigener Prozess mit einem leeren Ordner.",
    ),
    "relays": (
        "Relays keep sealed messages for who is away. Ada and Ben both use both of them.",
        "Relays bewahren versiegelte Nachrichten auf, solange jemand fort ist. Ada und Ben nutzen beide.",
    ),
    "meets": (
        "Ada invites Ben. The link is a secret between the two, and good for one person.",
        "Ada lädt Ben ein. Der Link ist ein Geheimnis der beiden und gilt für eine Person.",
    ),
    "verifies": (
        "Both compare words, by voice. The same words: nobody stands in between.",
        "Beide vergleichen Wörter, mit der Stimme. Sind sie gleich, steht niemand dazwischen.",
    ),
    "talks": (
        "They talk. `delivered` means that the other node has stored it.",
        "Sie reden. „zugestellt“ heißt, dass der andere Knoten die Nachricht gespeichert hat.",
    ),
    "kills": (
        "The first relay dies (SIGKILL). Nobody does anything about it. They talk on.",
        "Das erste Relay stirbt (SIGKILL). Niemand tut etwas dagegen. Sie reden weiter.",
    ),
    "same": (
        "Both sides show the same {n} messages, each once, in the same order.",
        "Beide Seiten zeigen dieselben {n} Nachrichten, jede einmal, in derselben Reihenfolge.",
    ),
    "xmpp": (
        "Another network: Ada has an XMPP account. Carl uses an ordinary client, over a real server.",
        "Ein anderes Netz: Ada hat ein XMPP-Konto. Carl nutzt ein gewöhnliches Programm und einen Server.",
    ),
    "inbox": ("Carl's words are in the same inbox.", "Carls Worte sind im selben Posteingang."),
    "carl": ("  carl, in his client, reads: {text}", "  Carl liest in seinem Programm: {text}"),
    "no-xmpp": (
        "An account on another network would follow, but no XMPP server is here: apt-get install prosody",
        "Hier käme ein Konto in einem anderen Netz, aber es fehlt ein XMPP-Server: apt-get install prosody",
    ),
    "stopped": ("All processes have stopped cleanly.", "Alle Prozesse haben sauber angehalten."),
    "try": (
        "They keep running until you press Ctrl-C. Try, in another terminal:",
        "Sie laufen weiter, bis du Strg-C drückst. Probiere in einem anderen Terminal:",
    ),
    "failed": ("The demo failed: {why}", "Die Vorführung ist gescheitert: {why}"),
    "m1": ("Hello Ben! Is this really only between us?", "Hallo Ben! Ist das wirklich nur unter uns?"),
    "m2": ("Yes. The relays see sealed envelopes.", "Ja. Die Relays sehen nur versiegelte Umschläge."),
    "m3": ("And if one of them goes away?", "Und wenn eines davon verschwindet?"),
    "m4": ("Then the other one carries this.", "Dann trägt das andere dies hier."),
    "m5": ("So it does.", "Das tut es."),
    "m6": (
        "Hello Ada, I have no node, I have Jabber.",
        "Hallo Ada, ich habe keinen Knoten, ich habe Jabber.",
    ),
    "m7": ("That will do. My node speaks it.", "Das reicht. Mein Knoten kann es."),
    "anna": (
        "Anna knows Ben from XMPP. She has a node of her own, and no relay. They greet in the clear.",
        "Anna kennt Ben von XMPP. Sie hat einen eigenen Knoten und kein Relay. Sie grüßen sich offen.",
    ),
    "mail": (
        "Ben has e-mail, too. What Dora writes from her mail program comes into the same inbox.",
        "Ben hat auch E-Mail. Was Dora aus ihrem Mailprogramm schreibt, kommt in denselben Posteingang.",
    ),
    "no-mail": (
        "Ben's e-mail would follow; its servers come with: scripts/set_up_mail .venv/servers/mail",
        "Bens E-Mail käme nun; ihre Server bringt: scripts/set_up_mail .venv/servers/mail",
    ),
    "subject": ("The rehearsal", "Die Probe"),
    "letter": ("We meet at seven, in the old school.", "Wir treffen uns um sieben in der alten Schule."),
    "proves": (
        "Each proves that the account is theirs: the node signs it, and the account says so.",
        "Beide beweisen, dass das Konto ihres ist: Der Knoten unterschreibt, und das Konto sagt es.",
    ),
    "finds": (
        "Anna's node has noticed that this account belongs to a node. She asks to talk privately.",
        "Annas Knoten hat bemerkt, dass dieses Konto zu einem Knoten gehört. Sie fragt nach einem Gespräch.",
    ),
    "agrees": (
        "Ben agrees. Question and answer went through XMPP; now the nodes have keys of their own.",
        "Ben ist einverstanden. Frage und Antwort gingen über XMPP; nun haben die Knoten eigene Schlüssel.",
    ),
    "proven": (
        "Both nodes have looked for themselves: account and node name each other.",
        "Beide Knoten haben selbst nachgesehen: Konto und Knoten nennen einander.",
    ),
    "over-relay": (
        "Anna uses the relay that is left. What they say goes over it, and no longer over XMPP.",
        "Anna nutzt das Relay, das übrig ist. Was sie sagen, geht darüber und nicht mehr über XMPP.",
    ),
    "no-relay": (
        "That relay dies too. No relay is left anywhere. They talk on, over XMPP.",
        "Auch dieses Relay stirbt. Nirgends ist mehr eines. Sie reden weiter, über XMPP.",
    ),
    "archive": (
        "What the XMPP server has kept of it all, in its archive and its log:",
        "Was der XMPP-Server von alledem hat, in seinem Archiv und seinem Protokoll:",
    ),
    "kept": ("    {n:3} x {what}", "    {n:3} x {what}"),
    "sealed": ("sealed messages of the nodes", "versiegelte Nachrichten der Knoten"),
    "as-stored": (
        "The last of them, as it is stored: whom it is between, when, and how large it is.",
        "Die letzte davon, wie sie da liegt: zwischen wem, wann, und wie groß sie ist.",
    ),
    "m8": ("Hello Ben, it is Anna, from the choir.", "Hallo Ben, hier ist Anna aus dem Chor."),
    "m9": ("Anna! Nobody need read this but us.", "Anna! Das muss niemand lesen außer uns."),
    "m10": ("The solo is yours, but tell nobody yet.", "Du bekommst das Solo, aber sag es noch keinem."),
    "m11": ("Not a word. How did this get here?", "Kein Wort. Wie kam das hierher?"),
    "m12": ("Over the relay, this time.", "Diesmal über das Relay."),
    "m13": ("And now it is over XMPP again.", "Und jetzt wieder über XMPP."),
}


def t(name: str, **facts: object) -> str:
    """The sentence in the language of the person."""
    return TEXTS[name][LANGUAGE == "de"].format(**facts)


def tell(name: str, **facts: object) -> None:
    """Print a sentence, with room above it."""
    print(f"\n{t(name, **facts)}\n", flush=True)
