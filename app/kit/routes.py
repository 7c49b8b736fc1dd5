"""What addresses may hold."""

from typing import Any

from werkzeug.routing import IntegerConverter

LARGEST_ID = 2**31 - 1


class RowId(IntegerConverter):
    """`<int:…>` no larger than an id can be: a larger one is not found, rather than too much for the database."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST_ID, **options})
