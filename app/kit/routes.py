"""What addresses may hold."""

from werkzeug.routing import BaseConverter, IntegerConverter

LARGEST_ID = 999_999_999


class RowId(IntegerConverter):
    """`<int:…>` in ASCII digits, no more of them than an id can have: what is longer is not found.

    Said in the pattern, since a converter that refuses what its pattern took turns a 404 into a 405.
    """

    regex = r"[0-9]{1,9}"


class TheirId(BaseConverter):
    """`<their_id:…>`: what another program calls something, slashes at any place included.

    A rule with one says `merge_slashes=False`, or two of them in a row would be one.
    """

    regex = ".+"
    part_isolating = False
    weight = 200
