"""Deutsch, von Belegen."""

TEXTS = {
    "help.proofs": "sagen, welche Konten in anderen Netzen deine sind, und ansehen, was andere sagen",
    "help.proofs.list": "deine Belege auflisten, was bei den Konten steht, und wer davon weiß",
    "help.proofs.make": "belegen, dass ein Konto deins ist: Persona und Konto nennen einander",
    "help.proofs.open": "Kontakte wissen lassen, um welches Konto es geht",
    "help.proofs.drop": "ein Konto nicht mehr beanspruchen und zurücknehmen, was es sagt",
    "help.proofs.check": "jetzt die Konten ansehen, die jemand beansprucht",
    "help.proofs.ask": "einander, und sonst niemandem, zeigen, dass zwei Konten eure sind",
    "help.proofs.refuse": "einem Kontakt, der fragt, ob ein Konto deins ist, nein sagen",
    "more.proofs.ask": (
        "WHO ist ein Kontakt, mit dem du ein Netz teilst. Auch er muss ja sagen, mit demselben Befehl; dann "
        "sagen eure Konten einander, was nur eure Knoten wissen. Öffentlich steht nichts davon, und jeder "
        "sagt dem anderen, welches Konto es ist."
    ),
    "more.proofs.make": (
        "ACCOUNT ist eines aus `swarmnode bridge list`. Alle können sehen, dass das Konto einen Knoten "
        "hat, und niemand, wessen. Kontakte, die du auch in jenem Netz kennst, erfahren, welches Konto "
        "es ist; andere nur durch --to."
    ),
    "opt.proofs.ask.via": "dieses Gespräch oder Netz",
    "opt.to": "auch diesen Kontakt wissen lassen; mehrmals möglich",
    "proofs.heads": "ID|NETZ|ADRESSE|STAND|BEKANNT BEI",
    "proofs.none": "Noch ist nichts belegt: `swarmnode proofs make ACCOUNT`.",
    "proofs.nobody": "niemand",
    "proofs.state.there": "da, seit {at}",
    "proofs.state.waiting": "wird noch dort hingestellt",
    "proofs.state.refused": "NICHT DA",
    "proofs.state.withdrawing": "wird noch zurückgenommen",
    "proofs.why.offline": "das Konto läuft gerade nicht",
    "proofs.why.no-account": "das Konto wurde entfernt; melde es neu an, oder nimm den Beleg zurück",
    "proofs.why.needs-owner": "melde dich beim Konto neu an",
    "proofs.why.refused": "das Netz hat abgelehnt",
    "proofs.why.limited": "das Netz will, dass wir warten",
    "proofs.place.profile": "Im Profil von {address} ({network}) werden alle lesen:",
    "proofs.place.item": "Programme, die nach {address} ({network}) fragen, werden finden:",
    "proofs.place.header": "Im Kopf jeder Mail von {address} wird stehen:",
    "proofs.place.page": "Auf der Seite {address} werden alle finden:",
    "proofs.page.later": "    (was du selbst dort hinstellst: du erfährst es gleich)",
    "proofs.page.put": (
        "Stell das in den Kopf der Seite; bei reinem Text, was mit swarm: beginnt, in eine eigene Zeile. "
        "Es wird etwa einmal in der Woche angesehen; derselbe Befehl sieht sofort nach:"
    ),
    "proofs.why.not-yet": "die Seite sagt es noch nicht",
    "proofs.means": "Das sagt, dass das Konto einen Knoten hat, und nicht, wessen.",
    "proofs.known": "Wer weiß, dass das Konto dir gehört: {names}.",
    "proofs.really": "Belegen?",
    "proofs.making": "Frage das Netz …",
    "proofs.looking": "Sehe nach …",
    "proofs.asking": "Es wird gefragt …",
    "proofs.really-drop": "{address} nicht mehr beanspruchen?",
    "proofs.dropped": "Du beanspruchst {address} nicht mehr. Wer wusste, dass es deins ist, weiß es noch.",
    "proofs.claims-nothing": "{name} hat dir von keinem Konto gesagt.",
    "proof.heads": "NETZ|BEANSPRUCHT|STAND|ZULETZT GESEHEN|",
    "proof.unchecked": "noch nicht angesehen",
    "proof.ok": "belegt",
    "proof.ok.private": "beidseitig belegt, unter euch",
    "proof.changed": "NENNT JETZT JEMAND ANDEREN",
    "proof.gone": "nicht belegt",
    "proof.unreachable": "konnte nicht angesehen werden",
    "proof.never": "nie",
    "proof.why.unsigned": "die Persona hat es nicht unterschrieben",
    "proof.why.no-account": "du hast dort kein Konto",
    "proof.why.offline": "dein Konto dort läuft gerade nicht",
    "proof.why.needs-owner": "melde dich bei deinem Konto dort neu an",
    "proof.why.refused": "das Netz hat abgelehnt",
    "proof.why.limited": "in einer Stunde wurde zu viel angesehen",
    "proof.why.as-they-write": "zeigt sich, wenn sie schreiben",
    "proof.why.not-there": "ein solches Konto gibt es jetzt nicht",
    "proof.why.says-nothing": "das Konto sagt es nicht",
    "proof.why.says-other": "das Konto nennt jemand anderen",
    "proof.why.unvouched": "es sagt es, und niemand steht dafür ein, dass sie es waren",
    "proof.why.asked": "du hast unter euch gefragt; noch keine Antwort",
    "proof.why.wanted": "sie fragen, ob dein Konto dort deins ist: `swarmnode proofs ask` sagt ja",
    "proof.why.under-way": "ihr habt beide ja gesagt; ihr Konto hat noch zu antworten",
    "proof.why.not-said": "ihr habt beide ja gesagt; das Netz hat deine Antwort nicht genommen",
    "proof.why.no-answer": "es kam rechtzeitig keine Antwort",
    "proof.why.refused-by-them": "sie sagen, dass es nicht ihres ist",
    "proof.why.refused-by-you": "du hast zu ihrer Frage nein gesagt",
    "people.has-node": (
        "Hat einen Knoten. Um zu reden, ohne dass jemand mitliest: `swarmnode people private {name}`."
    ),
    "cause.proof": "Persona und Konto nennen einander",
    "cause.challenge": "eure Konten haben es einander gezeigt",
    "cause.was-proven": "war früher belegt",
    "cause.claim": "ihre Persona beansprucht es",
    "alert.account-changed": "EIN BELEGTES KONTO NENNT JETZT JEMAND ANDEREN",
}
