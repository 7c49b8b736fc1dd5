"""What programs log for clients, and how strictly it is read. The numbers are those of the client's own forms."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.activity import rules
from app.api.schemas import THEIR_ID, Body, Data, Day, Moment, NotBlank, OnOneLine, Printable, Whole
from app.kit.text import JOINERS, is_one_line

Meal = Literal["breakfast", "lunch", "dinner", "snack"]


def _tenths(least: int, most: int, times: int) -> Callable[[Any], int | None]:
    """Reads a number with at most one decimal as a whole number of smaller units, `times` as many."""

    def read(value: Any) -> int | None:
        if value is None:
            return None
        if type(value) not in {int, float}:
            raise PydanticCustomError("float_type", "Please give a number.")
        if not least <= value <= most:  # NaN and the infinities too
            facts = {"least": least, "most": most}
            raise PydanticCustomError("number_range", "Please give a number from {least} to {most}.", facts)
        tenths: int = round(value * 10)
        if tenths / 10 != value:
            raise PydanticCustomError("at_most_one_decimal", "Please give at most one decimal.")
        return tenths * times // 10

    return read


def _printable(text: str) -> str:
    """Marks that nobody sees are no part of an id; the joiners of emoji and of scripts are, between others."""
    if not is_one_line(text) or text.strip(JOINERS) != text:
        raise PydanticCustomError("string_pattern_mismatch", "This has characters that don't belong here.")
    return text


def _described(least: int, most: int) -> WithJsonSchema:
    number = {"type": "number", "minimum": least, "maximum": most, "multipleOf": 0.1}
    return WithJsonSchema({"anyOf": [number, {"type": "null"}]})


Kilograms = Annotated[int | None, BeforeValidator(_tenths(1, 999, 1000)), _described(1, 999)]
"""A weight: kilograms in JSON, grams in here."""

Hours = Annotated[int | None, BeforeValidator(_tenths(0, 24, 60)), _described(0, 24)]
"""A time of sleep: hours in JSON, minutes in here."""

Title = Annotated[Printable, Field(max_length=rules.TITLE_LENGTH), OnOneLine]
Notes = Annotated[Printable, Field(max_length=rules.NOTES_LENGTH)]
ExternalId = Annotated[
    str,
    Field(min_length=1, max_length=rules.EXTERNAL_ID_LENGTH, pattern=THEIR_ID),
    AfterValidator(_printable),
    NotBlank,
]


class Logged(Body):
    """Whose it is, and what the program itself calls it."""

    external_id: ExternalId = Field(
        description="Your own id of it: printable characters, no space at either end. Under the same id it is the same"
        " log, answered with 200, whatever else the body says, which must be well-formed all the same."
    )
    username: Annotated[Printable, Field(min_length=1, max_length=64)] = Field(description="The client.")


class NewWorkout(Logged):
    """A workout."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "externalId": "watch-4711",
                    "username": "ada",
                    "performedAt": "2026-12-24T07:30:00+01:00",
                    "title": "Morning run",
                    "durationMinutes": 35,
                }
            ]
        }
    )
    performed_at: Moment = Field(description="When it was done; at most two of the client's dates back.")
    title: Title | None = Field(None, description="Kept on one line.")
    duration_minutes: Annotated[int, Field(ge=1, le=1440), Whole] | None = None
    notes: Notes | None = None


class NewCheckin(Logged):
    """The check-in of a date."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "externalId": "scale-2026-12-24",
                    "username": "ada",
                    "date": "2026-12-24",
                    "mood": 4,
                    "weight": 71.5,
                    "sleep": 7.5,
                }
            ]
        }
    )
    on: Annotated[Day, Field(alias="date", description="The date on the client's calendar, one check-in each.")]
    mood: Annotated[int, Field(ge=1, le=5), Whole] | None = Field(None, description="From 1 (bad) to 5 (great).")
    weight_grams: Annotated[Kilograms, Field(alias="weight", description="In kg, with at most one decimal.")] = None
    sleep_minutes: Annotated[Hours, Field(alias="sleep", description="In hours, with at most one decimal.")] = None
    notes: Notes | None = None


class NewMeal(Logged):
    """A meal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "externalId": "diary-812",
                    "username": "ada",
                    "eatenAt": "2026-12-24T12:15:00+01:00",
                    "meal": "lunch",
                    "notes": "Lentil soup",
                }
            ]
        }
    )
    eaten_at: Moment = Field(description="When it was eaten; at most two of the client's dates back.")
    meal: Meal
    notes: Notes | None = None


class Taken(Data):
    """It is kept; what it earns follows from a worker."""

    accepted: Literal[True] = True
    id: int = Field(description="The log's, among those of its kind.")
