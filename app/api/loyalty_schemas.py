"""What is said of a client's loyalty over the API."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from app.api.schemas import Data

Status = Literal["pending", "fulfilled", "rejected"]


class LevelOut(Data):
    """The level that they are on."""

    number: int
    name: str


class NextLevelOut(LevelOut):
    """The level that comes next, and the XP of a lifetime that it takes."""

    xp_required: int


class EarnedOut(Data):
    """An achievement that they have earned."""

    name: str
    earned_at: datetime


class RedeemedOut(Data):
    """A reward that they have redeemed, and what it cost then."""

    reward: str
    status: Status
    points_spent: int


class LoyaltyOut(Data):
    """How far a client has come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "totalXp": 480,
                    "availablePoints": 230,
                    "level": {"number": 3, "name": "Steady Mover"},
                    "nextLevel": {"number": 4, "name": "Strong Habit", "xpRequired": 900},
                    "xpToNext": 420,
                    "streakDays": 9,
                    "achievements": [{"name": "A week in a row", "earnedAt": "2026-12-24T07:31:02Z"}],
                    "redemptions": [{"reward": "Protein shake", "status": "fulfilled", "pointsSpent": 250}],
                }
            ]
        }
    )
    total_xp: int
    available_points: int
    level: LevelOut | None = Field(description="Null below the first.")
    next_level: NextLevelOut | None = Field(description="Null at the top.")
    xp_to_next: int | None = Field(description="Null at the top.")
    streak_days: int = Field(description="Dates in a row with a check-in; today's may still come.")
    achievements: list[EarnedOut] = Field(description="What they have earned, newest first.")
    redemptions: list[RedeemedOut] = Field(description="The last 100, newest first.")
