"""The table of all routes."""

from __future__ import annotations

from . import (
    about_book,
    about_bridges,
    about_node,
    about_people,
    about_posts,
    about_private,
    about_proofs,
    about_screens,
    about_talk,
    about_waiting,
)
from .route import Route

ROUTES: tuple[Route, ...] = (
    *about_screens.ROUTES,
    *about_node.ROUTES,
    *about_people.ROUTES,
    *about_book.ROUTES,
    *about_private.ROUTES,
    *about_proofs.ROUTES,
    *about_talk.ROUTES,
    *about_waiting.ROUTES,
    *about_bridges.ROUTES,
    *about_posts.ROUTES,
)
