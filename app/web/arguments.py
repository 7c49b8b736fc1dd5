"""What the address and forms of a page say, read with care."""

import re

from flask import request

MOST_PAGES = 100_000
WHOLE = re.compile(r"-?[0-9]{1,9}")


def whole_number(text: str | None) -> int | None:
    """The number that ASCII digits write, and nothing else."""
    trimmed = (text or "").strip()
    return int(trimmed) if WHOLE.fullmatch(trimmed) else None


def page_number() -> int:
    """Which page of a list is asked for; the first if the address doesn't say it well."""
    return min(max(whole_number(request.args.get("page")) or 1, 1), MOST_PAGES)
