"""A believable small business, for the first start: a module for each room, each with `load(now)`."""

from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from app.accounts.passwords import verify_password
from app.accounts.service import find
from app.kit.db import Base, db

ORDER = (
    "accounts",
    "catalog",
    "promotions",
    "deals",
    "orders",
    "claims",
    "honours",
    "loyalty",
    "redemptions",
    "offers",
    "bonuses",
)
SIGN_INS = ("admin", "coach", "client")
PASSWORD = "laurel-demo"  # noqa: S105 it is printed at every start


def is_wanted() -> bool:
    """Whether this is a first start: nobody has an account yet."""
    users = Base.metadata.tables["users"]
    return db.session.execute(users.select().limit(1)).first() is None


def open_doors() -> list[str]:
    """Accounts that anybody who has read our README could sign in to."""
    found = map(find, SIGN_INS)
    return [
        user.username for user in found if user and user.is_active and verify_password(PASSWORD, user.password_hash)
    ]


def load(now: datetime) -> None:
    """Fill an empty database. Rooms open their own units of work, in an order in which each finds what it needs."""
    for room in ORDER:
        name = f"{__name__}.{room}"
        if find_spec(name) is not None:
            import_module(name).load(now)
