"""What Prometheus is told of promotions: uses taken, refusals by reason, and the time it takes to judge."""

from prometheus_client import Counter, Histogram

uses = Counter("laurel_promotion_uses", "Uses taken.", ("kind",))
refusals = Counter(
    "laurel_promotion_refusals", "Codes that did not apply, each time one was judged.", ("kind", "reason")
)
seconds = Histogram(
    "laurel_promotion_seconds",
    "Time to judge a promotion, its statements included.",
    ("kind",),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5),
)
