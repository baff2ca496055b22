"""German for errors and hints that people meet, by what the node says in English.

What is not in here is shown in English, after a German sentence for its kind (`error.CODE`): programs, logs
and the node itself know errors by their codes and one text. A test looks that each of these texts exists.
"""

from __future__ import annotations

from collections.abc import Mapping

SAID: Mapping[str, str] = {
    # Was geschah
    "a code is looked for at relays, and none is known here": (
        "Codes liegen bei Relais, und hier ist keines bekannt"
    ),
    "a code needs a relay of yours that holds it": "ein Code braucht ein Relais von dir, das ihn bereithält",
    "a copy of this home is running, or has run, elsewhere": (
        "eine Kopie dieses Zuhauses läuft oder lief anderswo"
    ),
    "this setting is changed on the machine alone": "diese Einstellung wird nur am Rechner selbst geändert",
    "whoever runs this node has said what this setting is": (
        "wer diesen Knoten betreibt, hat diese Einstellung festgelegt"
    ),
    "there is no such setting": "diese Einstellung gibt es nicht",
    "`swarmnode config show` says where.": "`swarmnode config show` sagt, wo.",
    "`swarmnode config show` lists all settings.": "`swarmnode config show` zeigt alle Einstellungen.",
    "Write it into config.toml, and start the node anew.": (
        "Schreib sie in config.toml und starte den Knoten neu."
    ),
    "rolled back": "auf einen alten Stand zurückgesetzt",
    "a home needs a passphrase": "ein Zuhause braucht eine Passphrase",
    "a name has 1 to 64 printable characters": "ein Name hat 1 bis 64 druckbare Zeichen",
    "an answer needs a relay of yours": "eine Antwort braucht ein Relais von dir",
    "an invite needs a relay that keeps it": "eine Einladung braucht ein Relais, das sie aufbewahrt",
    "no relay has this invite any more": "kein Relais hat diese Einladung noch",
    "no relay that you know has this code": "kein Relais, das du kennst, hat diesen Code",
    "this relay has no room for one more contact": "auf diesem Relais ist kein Platz für noch einen Kontakt",
    "nobody waits for an answer there": "niemand wartet dort auf eine Antwort",
    "only what you said yourself can be deleted on the other side": (
        "nur was du selbst gesagt hast, kann auf der anderen Seite vernichtet werden"
    ),
    "only what you said yourself can be edited": "nur was du selbst gesagt hast, kannst du ändern",
    "somebody else has opened this invite before": "jemand anders hat diese Einladung schon geöffnet",
    "the disk is full; nothing was changed": "die Platte ist voll; nichts wurde geändert",
    "the keys of this contact are in doubt": "die Schlüssel dieses Kontakts sind zweifelhaft",
    "the name does not match": "der Name stimmt nicht",
    "the passphrase is wrong": "die Passphrase ist falsch",
    "there is a persona already": "es gibt schon eine Persona",
    "there is a persona here already": "hier gibt es schon eine Persona",
    "there is no persona yet": "es gibt noch keine Persona",
    "there is no such conversation": "dieses Gespräch gibt es nicht",
    "there is no such contact": "diesen Kontakt gibt es nicht",
    "there is no such file in this message": "diese Datei gibt es in der Nachricht nicht",
    "there is no such invite": "diese Einladung gibt es nicht",
    "there is no such message": "diese Nachricht gibt es nicht",
    "there is no such relay": "dieses Relais gibt es nicht",
    "there is nothing to back up yet": "es gibt noch nichts zu sichern",
    "there is nothing to say": "es gibt nichts zu sagen",
    "these are not the words, and the code is used up now": (
        "das sind nicht die Wörter, und der Code ist jetzt verbraucht"
    ),
    "these words do not belong together": "diese Wörter gehören nicht zusammen",
    "these words do not open this backup": "diese Wörter öffnen diese Sicherung nicht",
    "this backup is of another persona": "diese Sicherung ist von einer anderen Persona",
    "this code is not that of this contact": "dieser Code ist nicht der dieses Kontakts",
    "their keys have changed since": "die Schlüssel haben sich inzwischen geändert",
    "this code is your own": "dieser Code ist dein eigener",
    "this contact has not been met yet": "mit diesem Kontakt bist du noch nicht verbunden",
    "this contact is blocked": "dieser Kontakt ist blockiert",
    "this file is no backup": "diese Datei ist keine Sicherung",
    "this home has no passphrase": "dieses Zuhause hat keine Passphrase",
    "this home is in use already": "dieses Zuhause wird schon benutzt",
    "this invite has ended": "diese Einladung ist abgelaufen",
    "this invite has led to a contact": "aus dieser Einladung ist ein Kontakt geworden",
    "this invite is your own": "diese Einladung ist deine eigene",
    "this is no code of a contact": "das ist kein Code eines Kontakts",
    "this is no invite": "das ist keine Einladung",
    "this is no link of a relay": "das ist kein Link zu einem Relais",
    "this message does not stand any more": "diese Nachricht gibt es nicht mehr",
    "this message has left": "diese Nachricht ist schon fort",
    "this message was not given up": "diese Nachricht war nicht aufgegeben",
    "this node is locked": "dieser Knoten ist verschlossen",
    "this process is a relay alone": "dieser Prozess ist nur ein Relais",
    "this process is no relay": "dieser Prozess ist kein Relais",
    "Only one of --address, --code, --list and --revoke.": (
        "Nur eines von --address, --code, --list und --revoke."
    ),
    "Out of the node, or into it?": "Aus dem Knoten, oder in ihn?",
    "The node went away before it answered.": "Der Knoten verschwand, bevor er antwortete.",
    "There are no recovery words.": "Es fehlen die Wiederherstellungswörter.",
    "There is no passphrase.": "Es fehlt die Passphrase.",
    "This destroys everything.": "Das vernichtet alles.",
    "This destroys the conversation too.": "Das vernichtet auch das Gespräch.",
    "This is neither a file nor hex digits nor a link.": (
        "Das ist weder eine Datei noch Hex-Ziffern noch ein Link."
    ),
    # Was zu tun ist
    "All of them, in their order.": "Alle, in ihrer Reihenfolge.",
    "Ask for a new code, or for a link: `swarmnode invite`.": (
        "Bitte um einen neuen Code, oder um einen Link: `swarmnode invite`."
    ),
    "Ask for a new one, over a better way.": "Bitte um eine neue, auf einem besseren Weg.",
    "Ask for a new one.": "Bitte um eine neue.",
    "Ask who runs it for a new link: `swarmnode relay use LINK`.": (
        "Bitte den, dem es gehört, um einen neuen Link: `swarmnode relay use LINK`."
    ),
    "Block or remove the contact instead.": "Blockiere oder entferne stattdessen den Kontakt.",
    "Call `swarmnode relay use LINK` first, or ask for a link in place of the code.": (
        "Rufe zuerst `swarmnode relay use LINK`, oder bitte um einen Link statt des Codes."
    ),
    "Call `swarmnode relay use LINK`: then it goes on by itself.": (
        "Rufe `swarmnode relay use LINK`: dann geht es von selbst weiter."
    ),
    "Capitals count. Try once more.": "Großbuchstaben zählen. Versuch es noch einmal.",
    "Choose another folder with --home.": "Wähle einen anderen Ordner mit --home.",
    "Choose another folder: --home DIR.": "Wähle einen anderen Ordner: --home DIR.",
    "Compare once more.": "Vergleicht noch einmal.",
    "Compare words: `swarmnode verify CONTACT`. Or go on without, with `--trust`.": (
        "Vergleicht Wörter: `swarmnode verify CONTACT`. Oder es geht ohne weiter, mit `--trust`."
    ),
    "Copy the whole line, from `swarm:` on.": "Kopiere die ganze Zeile, von `swarm:` an.",
    "Delete it here alone: leave out --everywhere.": "Vernichte sie nur hier: ohne --everywhere.",
    "Delete it on the other side: `swarmnode delete`.": "Vernichte sie auch drüben: `swarmnode delete`.",
    "For example 30m, 12h, 7d, 4w or off.": "Zum Beispiel 30m, 12h, 7d, 4w oder off.",
    "Get a relay's link and call `swarmnode relay use LINK`.": (
        "Lass dir einen Link zu einem Relais geben, und rufe `swarmnode relay use LINK`."
    ),
    "Give --passphrase-file FILE, or set SWARMNODE_PASSPHRASE.": (
        "Gib --passphrase-file FILE, oder setze SWARMNODE_PASSPHRASE."
    ),
    "Give --words-file FILE.": "Gib --words-file FILE.",
    "Give all 24.": "Gib alle 24.",
    "Give more of the name, or the id.": "Gib mehr vom Namen, oder die ID.",
    "Give the persona's name to confirm.": "Gib den Namen der Persona, zur Bestätigung.",
    "It is for somebody else to accept.": "Sie ist für jemand anderen.",
    "It is of another persona, or words are wrong.": (
        "Sie ist von einer anderen Persona, oder Wörter sind falsch."
    ),
    "It may have ended; or you share no relay: then ask for a link, `swarmnode invite`.": (
        "Er ist vielleicht abgelaufen; oder ihr habt kein Relais gemeinsam: dann hilft ein Link, "
        "`swarmnode invite`."
    ),
    "Look at how it is written.": "Sieh nach, wie es geschrieben wird.",
    "Make one: `swarmnode init`.": "Lege eine an: `swarmnode init`.",
    "Name a new file.": "Nenne eine neue Datei.",
    "One of them is wrong, or two are swapped.": "Eines ist falsch, oder zwei sind vertauscht.",
    "Restore into an empty home: --home DIR.": "Komm in ein leeres Zuhause zurück: --home DIR.",
    "Restore into another home.": "Komm in ein anderes Zuhause zurück.",
    "Say so with --confirm and the persona's name.": "Sag es mit --confirm und dem Namen der Persona.",
    "Say so with --yes.": "Sag es mit --yes.",
    "See its log.": "Sieh in sein Log.",
    "Somebody may stand in between.": "Vielleicht steht jemand dazwischen.",
    "Start it with `swarmnode run --role relay`.": "Starte es mit `swarmnode run --role relay`.",
    "There is nobody yet: `swarmnode invite`, or `swarmnode accept LINK`.": (
        "Es gibt noch niemanden: `swarmnode invite`, oder `swarmnode accept LINK`."
    ),
    "This home can be read, not used: see `swarmnode doctor`.": (
        "Dieses Zuhause ist nur zum Lesen: siehe `swarmnode doctor`."
    ),
    "Unblock it first: `swarmnode block CONTACT --off`.": (
        "Gib ihn erst frei: `swarmnode block CONTACT --off`."
    ),
    "Unlock it: `swarmnode unlock`.": "Öffne ihn: `swarmnode unlock`.",
    "Use the words that belong to it.": "Nimm die Wörter, die dazu gehören.",
    "Wait until the invite is answered.": "Warte, bis die Einladung beantwortet ist.",
    "`swarmnode carry out FILE` or `swarmnode carry in FILE`": (
        "`swarmnode carry out FILE` oder `swarmnode carry in FILE`"
    ),
    "`swarmnode conversations` lists them.": "`swarmnode conversations` zeigt sie.",
    "`swarmnode contacts` lists requests.": "`swarmnode contacts` zeigt Anfragen.",
    "`swarmnode contacts` lists them.": "`swarmnode contacts` zeigt sie.",
    "`swarmnode read CONVERSATION` shows ids.": "`swarmnode read CONVERSATION` zeigt IDs.",
    "`swarmnode relay ticket` lends it. A node of yours has another home: `--home DIR`.": (
        "`swarmnode relay ticket` verleiht es. Dein Knoten hat ein anderes Zuhause: `--home DIR`."
    ),
    "free some room, then try again": "schaffe Platz, dann versuch es noch einmal",
    "stop that process, or choose another home with --home": (
        "halte jenen Prozess an, oder wähle mit --home ein anderes Zuhause"
    ),
    # Andere Netze
    "this server is in a private network": "dieser Server ist in einem privaten Netz",
    "If that is your own, begin again and say so: `--at-home`.": (
        "Wenn es dein eigenes ist, beginne neu und sage es dazu: `--at-home`."
    ),
    "there is no such account": "dieses Konto gibt es nicht",
    "this account is there already": "dieses Konto ist schon da",
    "Log in to it again instead.": "Melde dich stattdessen dort neu an.",
    "this is the login of another account": "das ist die Anmeldung eines anderen Kontos",
    "Add it as an account of its own.": "Füge es als eigenes Konto hinzu.",
    "this account does not run now": "dieses Konto läuft gerade nicht",
    "you are not in this conversation": "du bist nicht in diesem Gespräch",
    "nobody asks you in here any more": "hierher lädt dich niemand mehr ein",
    "this account was not connected yet": "dieses Konto war noch nicht verbunden",
    "it is known what became of this message": "es ist bekannt, was aus dieser Nachricht wurde",
    "nobody is known under this address there": "unter dieser Adresse ist dort niemand bekannt",
    "Nobody is there to be asked.": "Es ist niemand da, der gefragt werden kann.",
    "Give the answers in a file: --answers FILE.": "Gib die Antworten in einer Datei: --answers FILE.",
    "Look at the answers file.": "Sieh die Datei mit den Antworten an.",
    "the bridge has crashed too often": "die Brücke ist zu oft abgestürzt",
    "bridges cannot be started now": "Brücken können gerade nicht gestartet werden",
    # Menschen
    "this would go a less private way than the last word": (
        "das ginge einen weniger privaten Weg als das letzte Wort"
    ),
    "Say which way: `--via`. `swarmnode people show` lists the ways.": (
        "Sage, welchen Weg: `--via`. `swarmnode people show` zeigt die Wege."
    ),
    "there is no such person": "diesen Menschen gibt es nicht",
    "`swarmnode people list` shows them.": "`swarmnode people list` zeigt sie.",
    "they are one person already": "sie sind schon ein Mensch",
    "`swarmnode people show` says since when and why.": "`swarmnode people show` sagt, seit wann und warum.",
    "this person has no such account": "dieser Mensch hat kein solches Konto",
    "`swarmnode people show` lists a person's accounts.": (
        "`swarmnode people show` zeigt die Konten eines Menschen."
    ),
    "somebody has to keep an account, and somebody to get one": (
        "jemand muss ein Konto behalten, und jemand eines bekommen"
    ),
    "this is undone already": "das ist schon zurückgenommen",
    "Undo that one first: `swarmnode people undo`.": "Nimm erst jene zurück: `swarmnode people undo`.",
    "there is nothing to undo": "es gibt nichts zurückzunehmen",
    "there is no such change": "diese Änderung gibt es nicht",
    "there is no such suggestion": "diesen Vorschlag gibt es nicht",
    "`swarmnode people suggestions` lists them.": "`swarmnode people suggestions` zeigt sie.",
    "this suggestion is settled already": "dieser Vorschlag ist schon erledigt",
    "there is no such way to this person": "so einen Weg gibt es zu diesem Menschen nicht",
    "`swarmnode people show` lists the ways.": "`swarmnode people show` zeigt die Wege.",
    "there is no way to this person yet": "zu diesem Menschen führt noch kein Weg",
    "Invite them: `swarmnode invite`; or add an account where they are: `swarmnode bridge add`.": (
        "Lade ihn ein: `swarmnode invite`; oder nimm ein Konto hinzu, wo er ist: `swarmnode bridge add`."
    ),
    "no way to this person can take this at the moment": "zu diesem Menschen führt dafür gerade kein Weg",
    "`swarmnode people show` says why.": "`swarmnode people show` sagt, warum.",
    "this file holds no vCard": "diese Datei enthält keine vCard",
    "Export your contacts as vCard 3.0 or 4.0.": "Exportiere deine Kontakte als vCard 3.0 oder 4.0.",
    "Cut the file into several.": "Teile die Datei in mehrere.",
    "The node's log says why.": "Das Protokoll des Knotens sagt, warum.",
    # Belege
    "this account is proven to be yours already": "dass dieses Konto deins ist, ist schon belegt",
    "`swarmnode proofs list` shows it.": "`swarmnode proofs list` zeigt es.",
    "there is no such proof": "einen solchen Beleg gibt es nicht",
    "`swarmnode proofs list` shows yours.": "`swarmnode proofs list` zeigt deine.",
    "another node of yours signs for you": "ein anderer Knoten von dir unterschreibt für dich",
    "Make and drop proofs there.": "Belege und nimm zurück auf ihm.",
    "no more can be signed into your chain": "mehr lässt sich in deine Kette nicht schreiben",
    "It has 32 claims at once, and an end.": "Sie fasst 32 Belege zugleich, und hat ein Ende.",
    "too much was looked at within an hour": "in einer Stunde wurde zu viel angesehen",
    "It goes on by itself, a little later.": "Es geht von selbst weiter, etwas später.",
    "Everybody will see that there is a node.": "Alle werden sehen, dass es einen Knoten gibt.",
    "Who knows of this account will be told.": "Wer von diesem Konto weiß, erfährt es.",
    # Beiträge, und wessen Worte wohin dürfen
    "the author has not let these words go there": "der Verfasser hat diese Worte nicht dorthin gelassen",
    "this can be posted on none of these networks": "das lässt sich in keinem dieser Netze veröffentlichen",
    "this post was taken back": "dieser Beitrag wurde zurückgenommen",
    "this post is not there": "dieser Beitrag ist dort nicht",
    "this network does not take the post": "dieses Netz nimmt den Beitrag nicht",
    "it is there, or on its way": "er ist dort oder unterwegs",
    "there is no such post": "diesen Beitrag gibt es nicht",
    "the files of this post are no longer here": "die Dateien dieses Beitrags sind nicht mehr hier",
    "only words can be passed on": "nur Worte lassen sich weitergeben",
    "it stands in this conversation already": "es steht schon in diesem Gespräch",
    "they have said no, which stands until they themselves say otherwise": (
        "sie haben Nein gesagt, und das gilt, bis sie selbst etwas anderes sagen"
    ),
    "your own words need nobody's leave": "deine eigenen Worte brauchen niemandes Erlaubnis",
    "`swarmnode post --dry-run` shows for each network what would stand there, or why nothing would.": (
        "`swarmnode post --dry-run` zeigt für jedes Netz, was dort stünde, oder warum nichts."
    ),
    "Take it back: `swarmnode post delete`.": "Nimm ihn zurück: `swarmnode post delete`.",
    "`swarmnode post list` shows them.": "`swarmnode post list` zeigt sie.",
    "Post it anew.": "Veröffentliche ihn neu.",
    "Files: save them, and send them yourself.": "Dateien: speichere sie und sende sie selbst.",
    "Answer it: `--reply`.": "Antworte darauf: `--reply`.",
    "If they have told you so: `--they-said-so`.": "Wenn sie es dir gesagt haben: `--they-said-so`.",
}
