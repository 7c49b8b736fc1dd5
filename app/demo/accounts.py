"""The people of the demo: one of each role to sign in as, and a few more clients."""

from datetime import datetime, timedelta

from app import demo
from app.accounts import passwords
from app.accounts import service as accounts
from app.kit.db import unit_of_work

CLIENTS = (  # name, shown as, days since they came (before their first order), whose client they are, who brought them
    ("client", "Casey Morgan", 205, "coach", None),
    ("mali", "Mali Srisuk", 198, "coach", "client"),
    ("jonas", "Jonas Weber", 186, "coach", None),
    ("amara", "Amara Okafor", 177, "coach", "client"),
    ("sofia", "Sofia Rossi", 168, "coach2", None),
    ("liam", "Liam Byrne", 161, "coach2", "jonas"),
    ("nok", "Nok Chaiyaphum", 152, None, None),
)
OPENED = timedelta(days=240)
ZONES = {"mali": "Asia/Bangkok", "nok": "Asia/Bangkok", "jonas": "Europe/Berlin", "liam": "Europe/Dublin"}


def load(now: datetime) -> None:
    """Everybody's password is the demo's."""
    staff = (("admin", "Robin Hale", "admin"), ("coach", "Dana Reyes", "coach"), ("coach2", "Priya Nair", "coach"))
    password_hash = passwords.hash_password(demo.PASSWORD)
    with unit_of_work():
        for name, shown_as, role in staff:
            accounts.create_user(
                username=name,
                email=f"{name}@example.com",
                display_name=shown_as,
                role=role,
                password_hash=password_hash,
                now=now - OPENED,
            )
        for name, shown_as, days, coach, friend in CLIENTS:
            accounts.create_user(
                username=name,
                email=f"{name}@example.com",
                display_name=shown_as,
                coach_id=_id_of(coach),
                referred_by_id=_id_of(friend),
                timezone=ZONES.get(name),
                password_hash=password_hash,
                now=now - timedelta(days=days),
            )


def _id_of(username: str | None) -> int | None:
    user = accounts.find(username) if username else None
    return user.id if user else None
