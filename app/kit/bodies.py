"""The rest of a request's body, when its answer is known already."""

import time

from flask import Request

MOST_BYTES = 64 * 1024 * 1024
LONGEST = 5.0
AT_ONCE = 64 * 1024


def read_off(request: Request) -> None:
    """Take in what is still being sent, up to a limit, and drop it.

    Who is cut off while sending may never get to read the answer. Only where the server tells where the body ends.
    """
    if not request.environ.get("wsgi.input_terminated"):
        return
    body, over_at, taken = request.environ["wsgi.input"], time.monotonic() + LONGEST, 0
    while taken < MOST_BYTES and time.monotonic() < over_at:
        read = len(body.read(AT_ONCE))
        if not read:
            return
        taken += read
