"""What the tests of the client's codes and offers have in common."""

import re
from datetime import datetime
from html import unescape
from typing import Any

from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.offers import editing
from app.offers.models import OfferCode
from tests.make_kit import NOW


def hours(start: str, end: str, zone: str = "Europe/Riga", weekdays: list[int] | None = None) -> dict[str, Any]:
    """Active hours as an admin sets them."""
    return {"enabled": True, "start_time": start, "end_time": end, "timezone": zone, "weekdays": weekdays or []}


def changed(code: OfferCode, now: datetime = NOW, **fields: Any) -> None:
    """An admin has changed the code since."""
    with unit_of_work():
        editing.update(code.id, fields, actor=SYSTEM, now=now)


def part_of(page: str, start: str, tag: str) -> str:
    """What the page says from the element that begins so to its end, as it is read."""
    found = re.search(rf"<{tag}\b[^>]*{start}.*?</{tag}>", page, re.DOTALL)
    assert found is not None, f"{start} isn't on the page"
    return read(found[0])


def read(html: str) -> str:
    """The words alone."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def card(page: str, code: str) -> str:
    """What the client's page says of one code on the account, without the question behind its last button."""
    cards = re.findall(r'<li class="card held.*?</li>', page, re.DOTALL)
    found = [read(each.split('<details class="confirm"')[0]) for each in cards]
    return next(each for each in found if each.startswith(f"{code} "))


def codes_on(page: str) -> list[str]:
    """The codes that the client's page shows, in its order."""
    return re.findall(r'<p class="code-text held-code">([^<]+)<', page)
