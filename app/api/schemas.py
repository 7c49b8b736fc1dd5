"""The vocabulary of bodies and answers: what is an amount, a moment, a text, and how strictly each is read."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, create_model
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from app.kit.money import MOST_CENTS, as_number
from app.kit.text import is_writable, on_one_line
from app.kit.wire import Spelling, as_it_is, camel
from app.promotions.fields import FURTHEST_PLACE, MOST_USES

T = TypeVar("T")

MOST = MOST_CENTS / 100
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:(?P<seconds>\d\d)(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
FURTHEST = 10_000_000
DIGITS = re.compile(r"-?[0-9]{1,20}", re.ASCII)
SPOKEN = {"true": True, "1": True, "false": False, "0": False}


class Body(BaseModel):
    """What others send: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)
    spell: ClassVar[Spelling] = staticmethod(camel)

    def named(self) -> dict[str, Any]:
        """What the sender named, under our names and in their units; what was left out is not in it."""
        return self.model_dump(exclude_unset=True)

    @classmethod
    def public_name(cls, name: str) -> str:
        """What the sender calls this field of ours: `min_amount` is `minPurchase`, `a_part.of_it` is `aPart.ofIt`."""
        first, *inner = name.split(".")
        info = cls.model_fields.get(first)
        return ".".join([info.alias if info and info.alias else cls.spell(first), *map(cls.spell, inner)])


class SnakeBody(Body):
    """A body whose names are spelled as ours are."""

    model_config = ConfigDict(alias_generator=as_it_is)
    spell: ClassVar[Spelling] = staticmethod(as_it_is)


class Query(BaseModel):
    """What comes after the question mark: texts, read as what they stand for."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Data(BaseModel):
    """What we answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class SnakeData(Data):
    """An answer whose names are spelled as ours are."""

    model_config = ConfigDict(alias_generator=as_it_is)


class Success(BaseModel, Generic[T]):
    """The envelope of every good answer."""

    status: Literal["success"] = "success"
    message: str = Field(description="A sentence for people.")
    data: T


class Refusal(BaseModel):
    """The envelope of every refusal."""

    status: Literal["error"] = "error"
    message: str = Field(description="A sentence for people, with the next step.")
    error: str = Field(description="A stable code for programs.")
    fields: dict[str, list[str]] | None = Field(None, description="What is wrong with which field.")
    data: dict[str, Any] | None = Field(None, description="The facts behind the refusal.")


def _to_cents(value: Any) -> int:
    """Whole cents of a JSON number with at most two decimals; the float nearest to such a number is that number."""
    if type(value) not in {int, float}:
        raise PydanticCustomError("float_type", "Please give a number.")
    if not 0 <= value <= MOST:  # NaN and the infinities too
        raise PydanticCustomError("amount_range", "Please give an amount from 0 to 99,999,999.99.")
    cents: int = round(value * 100)
    if cents / 100 != value:
        raise PydanticCustomError("amount_decimals", "Please give at most two decimals.")
    return cents


def _to_moment(value: Any) -> datetime:
    """What is finer than a microsecond is cut off."""
    written = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise PydanticCustomError("moment", "Please give a time with its offset, as 2026-03-01T09:00:00+00:00.")
    if written["seconds"] == "60":
        raise PydanticCustomError("leap_second", "Leap seconds aren't taken.")
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("moment", "There is no such time.") from error
    if not EARLIEST <= moment < LATEST:
        raise PydanticCustomError("moment_range", "Please give a time between the years 1970 and 9998.")
    return moment


def _to_day_or_moment(value: Any) -> date | datetime:
    """A day of the installation's calendar, or an instant with its offset."""
    return _to_day(value) if len(str(value)) == len("2026-03-01") else _to_moment(value)


def _to_day(value: Any) -> date:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise PydanticCustomError("day", "Please give a day such as 2026-03-01.")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("day", "Please give a day such as 2026-03-01.") from error
    if not EARLIEST.date() < day < LATEST.date():
        raise PydanticCustomError("day_range", "Please give a day from 1970 to 9998.")
    return day


def _to_line(value: Any) -> Any:
    return on_one_line(value) if isinstance(value, str) and is_writable(value) else value


def _not_blank(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("blank", "Please fill this in.")
    return value


def _to_whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _to_number(value: Any) -> Any:
    if isinstance(value, str) and DIGITS.fullmatch(value):
        return int(value)
    raise PydanticCustomError("int_type", "Please give a whole number.")


def _to_answer(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in SPOKEN:
        return SPOKEN[value.lower()]
    raise PydanticCustomError("bool_type", "Please say true or false.")


NUMBER = {"type": "number", "minimum": 0, "maximum": MOST, "multipleOf": 0.01}

Cents = Annotated[
    int,
    BeforeValidator(_to_cents, json_schema_input_type=float),
    PlainSerializer(as_number, return_type=float | int),
    WithJsonSchema(NUMBER),
]
"""An amount: a number in JSON, whole cents in here."""

CentsOut = Annotated[int, PlainSerializer(as_number, return_type=float | int), WithJsonSchema({"type": "number"})]
"""An amount that we answer."""

Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""An amount that we answer, a number already."""

Moment = Annotated[datetime, BeforeValidator(_to_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant: ISO 8601 with offset in JSON, UTC in here."""

Day = Annotated[date, BeforeValidator(_to_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A date on somebody's calendar."""

DayOrMoment = Annotated[
    date | datetime,
    BeforeValidator(_to_day_or_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""A day, or an instant with its offset, where a period begins or ends."""

Printable = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""A text that every database can keep."""

OneLine = Annotated[Printable, Field(json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"})]
"""A text in which nothing controls anything; the rooms check it."""

OnOneLine = BeforeValidator(_to_line)
"""Marks a text whose words are kept on one line, as in the forms. Stands behind the bounds."""

CONTROL = r"\x00-\x1f\x7f-\x9f"
THEIR_ID = rf"^[^\s{CONTROL}]([^{CONTROL}]*[^\s{CONTROL}])?$"
"""What a program's own id of something looks like."""

NotBlank = BeforeValidator(_not_blank)
"""Marks a text that says something. Stands behind the bounds."""

Whole = BeforeValidator(_to_whole)
"""Marks a whole number, of which 5.0 is one too. Stands behind the bounds, so that they are described."""

Count = Annotated[int, Field(ge=1, le=MOST_USES), Whole]
"""A limit."""

Place = Annotated[int, Field(ge=-FURTHEST_PLACE, le=FURTHEST_PLACE), Whole]
"""A place in lists."""

FromText = BeforeValidator(_to_number)
"""Marks a whole number that comes as text, in a query. Stands behind the bounds."""

YesOrNo = Annotated[bool, BeforeValidator(_to_answer)]


class Paged(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100), FromText] = Field(20, description="How many at most.")
    page: Annotated[int, Field(ge=1, le=FURTHEST), FromText] | None = Field(
        None, description="The page, counted from 1, of `limit` each."
    )

    @property
    def first(self) -> int:
        """The place of the first item, counted from 0."""
        return ((self.page or 1) - 1) * self.limit


class Listing(Paged):
    """Which part of a list."""

    offset: Annotated[int, Field(ge=0, le=FURTHEST), FromText] | None = Field(
        None, description="How many to leave out: the other way to say it."
    )

    @property
    def first(self) -> int:
        """The place of the first item, counted from 0."""
        return super().first if self.offset is None else self.offset


def partial(model: type[Body]) -> type[Body]:
    """The same fields, each of which may be left out: for the body of a PUT. Read it with `named()`."""
    optional: dict[str, Any] = {
        each: (info.rebuild_annotation(), _optional(info)) for each, info in model.model_fields.items()
    }
    partly: type[Body] = create_model(f"Partial{model.__name__}", __base__=model, **optional)
    return partly


def _optional(info: FieldInfo) -> Any:
    """What is only described, such as a pattern that the rooms check, is described here too."""
    told = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}

    def describe(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        schema.update(told)

    return Field(
        default=None,
        alias=info.alias,
        description=info.description,
        examples=info.examples,
        json_schema_extra=describe,
    )
