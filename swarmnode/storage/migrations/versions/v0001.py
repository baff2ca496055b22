"""The first tables."""

from pathlib import Path

from alembic import op

from swarmnode.storage.search import create_search

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them all, and the search index."""
    made = Path(__file__).with_suffix(".sql").read_text()
    for statement in made.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    create_search(op.get_bind())
