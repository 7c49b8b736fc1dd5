"""What Prometheus is told of completed offers."""

from prometheus_client import Counter

conversions = Counter("laurel_conversions", "Completed offers, by what came of them.", ("result",))
