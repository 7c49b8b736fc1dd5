"""What Prometheus is told of bonuses."""

from prometheus_client import Counter

claims = Counter("laurel_bonus_claims", "Claims of member bonuses, by what came of them.", ("type", "result"))
