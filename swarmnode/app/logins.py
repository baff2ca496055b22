"""Logins to other networks, and steps of any kind, as screens see them: in the language of who looks.

Kept is what is English.
"""

from __future__ import annotations

from swarm_bridges import api
from swarm_bridges.sentences import ENGLISH, Sentences

from ..bridging.core import logins
from ..domain.bridge_views import FieldView, LoginView, StepView
from ..storage.bridge_shelves import Login


def login_view(
    found: Login | api.AccountId, network: str, says: Sentences = ENGLISH, login: str = ""
) -> LoginView:
    """A login, or the account that came of it; `login` is its id where it is over."""
    if isinstance(found, str):
        return LoginView(login, network, account=found)
    shown, account = logins.shown(found), logins.over(found) or ""
    return LoginView(
        found.id, network, found.turn, None if shown is None else step_view(shown, says), account
    )


def step_view(step: api.Step, says: Sentences) -> StepView:
    """A step as screens see it."""
    return StepView(
        id=step.id,
        kind=step.kind,
        title=says(step.title),
        text=says(step.text),
        fields=tuple(_field(field, says) for field in step.fields),
        show=dict(step.show),
        poll_every_s=step.poll_every_s,
        error=says(step.error),
    )


def _field(field: api.Field, says: Sentences) -> FieldView:
    return FieldView(
        name=field.name,
        kind=field.kind,
        label=says(field.label),
        help=says(field.help),
        pattern=field.pattern,
        options=tuple((value, says(label)) for value, label in field.options),
        default="" if field.kind == "secret" else field.default,
        optional=field.optional,
    )
