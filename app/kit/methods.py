"""PATCH, PUT and DELETE for plain forms: a POST that says so in its field `_method`."""

from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException

OVERRIDES = {"PUT", "PATCH", "DELETE"}
FIELDS_ONLY = "application/x-www-form-urlencoded"
FORMS = {FIELDS_ONLY, "multipart/form-data"}


def override(request: Request, config: dict[str, Any]) -> None:
    """Turn a form's POST into the method that it names, before the address is matched.

    No app is at hand yet, so the limits of what may be sent are put on the request first. A form without files holds
    nothing but fields, so it may be no larger than these.
    """
    if request.method != "POST" or request.mimetype not in FORMS:
        return
    limit = "MAX_FORM_MEMORY_SIZE" if request.mimetype == FIELDS_ONLY else "MAX_CONTENT_LENGTH"
    request.max_content_length = config[limit]
    request.max_form_memory_size = config["MAX_FORM_MEMORY_SIZE"]
    try:
        named = request.form.get("_method", "").upper()
    except HTTPException as error:  # too large, or cut off: told once the app is there to tell it
        request.routing_exception = error
        return
    if named in OVERRIDES:
        request.method = request.environ["REQUEST_METHOD"] = named
