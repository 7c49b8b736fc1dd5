"""Parts that look again by themselves (`static/js/pulse.js`): the stamp in their address names what they show."""

import hashlib

from flask import Response, request

from app.kit.htmx import wants_part


def stamp(*shown: object) -> str:
    """A short name for what a page shows: the same as long as that is."""
    return hashlib.blake2s(repr(shown).encode(), digest_size=8).hexdigest()


def unchanged(stamp: str) -> Response | None:
    """204 for a part that has `seen` this already."""
    return Response(status=204) if wants_part() and request.args.get("seen") == stamp else None
