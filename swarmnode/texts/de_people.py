"""Deutsch, von Menschen."""

TEXTS = {
    "help.people": "Menschen zeigen, gleich in welchen Netzen; sie zusammenführen und trennen",
    "help.people.list": "Menschen nach Namen auflisten",
    "help.people.show": "einen Menschen zeigen: Konten, warum sie seine sind, und die Wege zu ihm",
    "help.people.merge": "sagen, dass zwei Menschen einer sind",
    "help.people.split": "sagen, dass einige Konten eines Menschen jemand anderem gehören",
    "help.people.undo": "eine Zusammenführung oder Trennung zurücknehmen; ohne ID die letzte",
    "help.people.changes": "Zusammenführungen und Trennungen auflisten, alle oder die eines Menschen",
    "help.people.suggestions": "auflisten, wer einer sein könnte, und was dafür spricht",
    "help.people.accept": "einen Vorschlag annehmen: sie sind einer",
    "help.people.refuse": "einen Vorschlag für immer ablehnen: sie sind es nicht",
    "help.people.import": "ein Adressbuch einlesen: eine Datei (vCard) oder die Kontaktliste eines Netzes",
    "help.people.rename": "einen Menschen hier anders nennen; ein leerer Name nimmt es zurück",
    "help.people.prefer": "einem Menschen an dieses Konto schreiben, oder (--off) nach der Regel",
    "help.people.forget": "vergessen, was von einem Menschen aus einer Datei kam",
    "help.people.private": "jemanden in einem anderen Netz bitten, vertraulich zu reden",
    "help.people.invite": "jemandem ohne Knoten eine Einladung schicken, als Nachricht, die du vorher siehst",
    "help.people.carry": "ein Gespräch in einem anderen Netz Vertrauliches tragen lassen, oder (--off) nicht",
    "more.people.split": "ACCOUNTS sind IDs, Adressen oder Netze, wie `swarmnode people show` sie zeigt.",
    "more.people.import": (
        "Dadurch wird niemand zusammengeführt: Was nach einem Menschen aussieht, wird vorgeschlagen. "
        "--dry-run "
        "sagt, was geschehen würde."
    ),
    "more.send": (
        "WHO ist ein Mensch, ein Gespräch oder dessen ID. An einen Menschen geht es dorthin, wo du es am "
        "liebsten hast, wo das letzte Wort fiel, oder wo es am sichersten ist; es fragt, bevor es einen "
        "weniger "
        "privaten Weg nimmt als das letzte Wort."
    ),
    "opt.via": "an einen Menschen: dieses Gespräch, Netz oder `node`",
    "opt.account": "die Kontaktliste vom Netz dieses Kontos",
    "opt.dry-run": "sagen, was geschehen würde, und nichts ändern",
    "opt.people.prefer.off": "nichts vorziehen",
    "opt.people.private.via": "dieses Gespräch oder Netz",
    "opt.people.invite.via": "dieses Gespräch oder Netz",
    "opt.people.carry.via": "dieses Gespräch oder Netz",
    "opt.people.carry.off": "dort nichts mehr tragen",
    "opt.people.invite.text": "was vor dem Link steht",
    "opt.people.invite.edit": "die Nachricht vorher im Editor ändern",
    "private.offered": (
        "{name} ist gefragt. Nach der Zusage seid ihr in Verbindung, und alles geht von Knoten zu Knoten."
    ),
    "private.agreed": "{name} hat dich schon gefragt: du hast zugesagt, gleich seid ihr in Verbindung.",
    "private.between": (
        "Bis ihr Wörter verglichen habt, könnte der Betreiber jenes Netzes dazwischen stehen: "
        "`swarmnode verify {name}`."
    ),
    "private.invitation": (
        "Ich möchte vertraulich mit dir reden. Installiere swarmnode und nimm damit diese Einladung an:"
    ),
    "private.send": "So senden?",
    "private.invited": "{name} hat die Einladung. Wer mitlas, könnte sie nutzen: vergleicht danach Wörter.",
    "carry.off": "Dort wird für {name} nichts Vertrauliches mehr getragen.",
    "carry.probing": "Es wird ausprobiert. Auch {name} wird gefragt, wenn noch keine Zusage da ist.",
    "carry.in-use": "Vertrauliches für {name} darf dort gehen, wo kein Relais erreichbar ist.",
    "carries.meeting": "dort wird gerade Verbindung aufgenommen",
    "carries.asked": "es soll Vertrauliches tragen, wünscht die andere Seite: `swarmnode people carry`",
    "carries.probing": "es wird für Vertrauliches ausprobiert",
    "carries.in use": "es trägt Vertrauliches",
    "carries.off": "es trägt nichts Vertrauliches",
    "people.heads": "ID|NAME|NETZE|UNGELESEN|ZULETZT",
    "people.none": (
        "Noch niemand: Wen du triffst oder sprichst, steht hier. `swarmnode people import` bringt weitere."
    ),
    "people.node": "node",
    "people.links": "ID|NETZ|ADRESSE|WARUM|",
    "people.preferred": "am liebsten hier",
    "people.way": "  {chat}  {network}: {state}",
    "people.no-way": "Noch kein Gespräch: `swarmnode bridge open` oder `swarmnode invite`.",
    "people.renamed": "Hier ist der Name jetzt {name}.",
    "people.prefers": "{name} wird von jetzt an über {network} geschrieben.",
    "people.prefers-nothing": "{name} wird geschrieben, wie die Regel sagt.",
    "people.merged": (
        "Sie sind jetzt einer: `swarmnode people show {name}`. `swarmnode people undo {id}` nimmt es zurück."
    ),
    "people.split": (
        "{name} ist jetzt ohne es; {other} hat es. `swarmnode people undo {id}` nimmt es zurück."
    ),
    "people.undone": "Änderung {id} ({what}) ist zurückgenommen.",
    "people.importing": "Lese das Adressbuch …",
    "people.really": "Vergessen, was von {name} aus einer Datei kam?",
    "people.forgotten": "Was von {name} aus einer Datei kam, ist vergessen.",
    "reason.known": "darüber kennst du ihn",
    "reason.proven-both-ways": "beidseitig bewiesen",
    "reason.proven-one-way": "einseitig bewiesen",
    "reason.signed": "von seiner Persona unterschrieben",
    "reason.said": "du sagst es",
    "reason.suggested": "vorgeschlagen",
    "cause.owner": "von dir",
    "cause.suggestion": "Vorschlag angenommen",
    "cause.card": "ein Eintrag eines Adressbuchs",
    "cause.same-address": "die gleiche Adresse",
    "cause.moved": "beide Konten sagen, dass sie umgezogen sind",
    "cause.met": "darüber kennengelernt; vergleicht Wörter, um sicher zu sein",
    "privacy.e2e": "niemand liest mit",
    "privacy.carried": "niemand liest mit; ein Netz trägt es und sieht, dass ihr redet",
    "privacy.operator_reads": "der Betreiber des Netzes kann mitlesen",
    "privacy.public": "alle können mitlesen",
    "privacy.unknown": "wer mitlesen kann, ist noch nicht bekannt",
    "way.gone": "zu: du bist nicht mehr darin",
    "way.paused": "zu: das Konto ruht",
    "way.needs-owner": "zu: melde dich neu an",
    "way.blocked": "zu: blockiert",
    "way.key-alert": "zu: Schlüssel im Zweifel",
    "way.read-only": "dort kann nichts gesagt werden",
    "change.heads": "ID|WANN|WAS|WARUM|KONTEN|",
    "change.none": "Noch niemand wurde zusammengeführt oder getrennt.",
    "change.merge": "zusammengeführt",
    "change.split": "getrennt",
    "change.undone": "zurückgenommen",
    "suggestion.heads": "ID|DIESER|UND DIESER|WARUM",
    "suggestion.none": "Keine Vorschläge.",
    "suggestion.accepted": "Sie sind jetzt einer. `swarmnode people undo {id}` nimmt es zurück.",
    "suggestion.refused": "Sie sind nicht einer, und es wird nicht wieder vorgeschlagen.",
    "import.heads": "NAME|ERGEBNIS|ADRESSEN",
    "import.line": "Zeile {line}",
    "import.new": "neu",
    "import.known": "bekannt",
    "import.suggested": "ein Vorschlag: vielleicht einer mit jemand Bekanntem",
    "import.skipped": "ausgelassen",
    "import.why.no-address": "ausgelassen: keine Adresse, die sich nutzen lässt",
    "import.why.version": "ausgelassen: nicht vCard 3.0 oder 4.0",
    "import.why.broken": "ausgelassen: der Eintrag ist kaputt",
    "import.would": (
        "Es wären: {new} neu, {known} bekannt, {suggested} vorgeschlagen, {skipped} ausgelassen."
    ),
    "import.done": "{new} neu, {known} bekannt, {suggested} vorgeschlagen, {skipped} ausgelassen.",
    "import.look": "Sieh die Vorschläge an: `swarmnode people suggestions`.",
    "choose.why": "Das letzte Wort fiel dort, wo weniger mitlesen können. Noch ist nichts gesendet.",
    "choose.was": "(das letzte Wort, oder am liebsten)",
    "choose.would": "(dorthin ginge es)",
    "choose.which": "Welcher Weg",
}
