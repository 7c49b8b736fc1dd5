"""What addresses may hold."""

from werkzeug.routing import IntegerConverter

LARGEST_ID = 999_999_999


class RowId(IntegerConverter):
    """`<int:…>` in ASCII digits, no more of them than an id can have: what is longer is not found.

    Said in the pattern, since a converter that refuses what its pattern took turns a 404 into a 405.
    """

    regex = r"[0-9]{1,9}"
