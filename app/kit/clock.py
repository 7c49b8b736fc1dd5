"""The only place that reads the clock, so that a request has one moment and tests can hold it still."""

from datetime import UTC, datetime

from flask import g, has_request_context


def now() -> datetime:
    """The present instant in UTC; the same one throughout a request."""
    if not has_request_context():
        return datetime.now(UTC)
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment
