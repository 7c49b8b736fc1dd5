"""The page on which a CSV file of things is looked at and brought in: the same for products and for codes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.config import settings
from app.errors import DomainError, Overtaken, SheetRefused
from app.kit import clock, sheets
from app.kit.db import unit_of_work
from app.kit.flaws import sentence
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.intake import MOST_BYTES, MOST_ROWS, Plan, Sheet
from app.kit.sheets import Cell, Flaw

P = TypeVar("P", bound=Plan[Any, Any])
SHOWN_FLAWS = 50
SHOWN_THINGS = 10
CHECK = "check"


@dataclass(frozen=True, slots=True)
class Difference:
    """One column of a thing before and after, as the file writes it."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Named:
    """A thing by its name and its key, with what is told of it: cells of a new one, Differences of a changed one."""

    name: str
    key: str
    told: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Generic[P]):
    """What sets the files of one sort of thing apart.

    `page` is its template, `listed_at` the endpoint of its list, `words` what may be wrong with a file. `told` says
    what was done, `nothing` that so many are as the file says already. `new` and `changed` show some things of a plan;
    `headings` stand above what is told of new ones.
    """

    page: str
    listed_at: str
    words: Mapping[str, Any]
    headings: Sequence[Any]
    read: Callable[[bytes], Sheet]
    plan: Callable[[Sheet], P]
    carry_out: Callable[[Sheet, P], P]
    told: Callable[[P], str]
    nothing: Callable[[int], str]
    new: Callable[[P, int], Sequence[Named]]
    changed: Callable[[P, int], Sequence[Named]]


def bring_in(desk: Desk[P]) -> ResponseReturnValue:
    """Check the chosen file or import it, whichever button was pressed."""
    is_check = request.form.get("do") == CHECK
    try:
        plan = _carry_out(desk, desk.read(_uploaded()), is_check=is_check)
    except (SheetRefused, Overtaken) as refusal:
        return answer(desk, refusal=refusal)
    if is_check or plan.is_nothing or wants_part():
        return answer(desk, plan=plan, is_done=not is_check)
    toast(desk.told(plan))
    return see_other(url_for(desk.listed_at))


def answer(
    desk: Desk[P], *, plan: P | None = None, refusal: DomainError | None = None, is_done: bool = False
) -> Response:
    """The page, or only what came of the file."""
    flaws = refusal.flaws if isinstance(refusal, SheetRefused) else ()
    return page(
        desk.page,
        "admin/_import_outcome.html",
        refusal.status if refusal else 200,
        desk=desk,
        plan=plan,
        is_done=is_done,
        refusal=refusal,
        flaws=[(flaw, sentence(flaw, desk.words)) for flaw in flaws[:SHOWN_FLAWS]],
        more_flaws=max(0, len(flaws) - SHOWN_FLAWS),
        shown=SHOWN_THINGS,
        most_rows=MOST_ROWS,
        most_megabytes=MOST_BYTES // 1024 // 1024,
        zone=settings().timezone,
    )


def exported(columns: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> Response:
    """Rows as a file of the visitor's day, sent while they are read."""
    today = clock.now().astimezone(ZoneInfo(str(get_timezone() or "UTC"))).date()
    return csv_file(columns, rows, f"{name}-{today}.csv")


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> Response:
    """Rows as a file of this name."""
    content = stream_with_context(sheets.chunks(sheets.lines(columns, rows)))
    answer = Response(content, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The cells, by column, in which two rows differ."""
    return [Difference(name, str(before[name]), str(after[name])) for name in before if before[name] != after[name]]


def _uploaded() -> bytes:
    """The chosen file, from its start also where the request is run again. Raises SheetRefused."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise SheetRefused([Flaw(0, "", "no_file")])
    file.stream.seek(0)
    return file.stream.read(MOST_BYTES + 1)


def _carry_out(desk: Desk[P], read: Sheet, *, is_check: bool) -> P:
    """What is wrong, or needs nothing done, is found out without keeping anybody waiting."""
    planned = desk.plan(read)
    if is_check or planned.is_nothing:
        return planned
    with unit_of_work():
        return desk.carry_out(read, planned)
