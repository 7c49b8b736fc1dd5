"""What names and passwords must be, and who may stand where. Pure."""

import re
import string
from zoneinfo import available_timezones

ROLES = ("admin", "coach", "client")
LOCALES = {"en": "English", "th": "ไทย"}
USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
REFERRAL_LETTERS = "".join(letter for letter in string.ascii_uppercase + string.digits if letter not in "0O1IL")
REFERRAL_LENGTH = 8


def is_username(text: str) -> bool:
    """3 to 32 ASCII letters, digits, `_ . -`; a shopper's name obeys the same."""
    return USERNAME.fullmatch(text) is not None


def is_timezone(name: str) -> bool:
    """Whether the name is an IANA zone that this machine knows."""
    return name in available_timezones()


def home_of(role: str) -> str:
    """The page to which a person of that role is led after signing in."""
    return f"/{role}"
