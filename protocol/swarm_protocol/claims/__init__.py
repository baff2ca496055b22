"""Claims: which accounts on other networks are a persona's, and how others see that it is so (spec 42).

claim = Claim.make("xmpp", "anna@example.org", entropy=entropy)
chain = add_claim(chain, root, claim.hash)              # signed by the persona
publish(claim.text(chain.persona_id))                   # said by the account
tell(contact, encode_opened([claim]))                   # and known to those whom it is for

(claim,) = decode_opened(data)
if claim.stands_in(chain):
    state = judge(claim, chain.persona_id, Shown(handle, texts), proven=False)

A `Challenge` shows the same to the two of them alone, over a conversation of their accounts.
"""

from .challenge import (
    ANSWER_SIZE,
    Agree,
    Ask,
    Challenge,
    Refuse,
    Side,
    Stage,
    decode_word,
    encode_word,
)
from .checks import Look, NoAnswer, NotThere, Shown, State, judge
from .claim import PREFIX, Claim, decode_opened, encode_opened, read_text
from .rules import CHALLENGE_S

__all__ = [
    "ANSWER_SIZE",
    "CHALLENGE_S",
    "PREFIX",
    "Agree",
    "Ask",
    "Challenge",
    "Claim",
    "Look",
    "NoAnswer",
    "NotThere",
    "Refuse",
    "Shown",
    "Side",
    "Stage",
    "State",
    "decode_opened",
    "decode_word",
    "encode_opened",
    "encode_word",
    "judge",
    "read_text",
]
