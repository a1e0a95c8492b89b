"""The metrics that processes count themselves. Their labels have few values, whatever clients send.

Source: Prometheus documentation, "Metric and label naming" and "Histograms and summaries".
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from metrics import slots

slots.share()

# Seconds. MONITOR_LATENCY and the alert on it have their limit at one of them, which makes the
# comparison with it exact.
ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.8, 3.0, 10.0)
STORE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

REQUESTS = Counter(
    "dashboard_requests",
    "Requests that were answered, without health checks.",
    ("view", "method", "status"),
)
LATENCY = Histogram(
    "dashboard_request_seconds",
    "Time from a request to its response in this process.",
    ("view",),
    buckets=ANSWER_BUCKETS,
)
IN_PROGRESS = Gauge(
    "dashboard_requests_in_progress",
    "Requests that are being worked on.",
    multiprocess_mode="livesum",
)
STORED = Histogram(
    "dashboard_report_stored_seconds",
    "Time from the receipt of a report until it is stored.",
    buckets=STORE_BUCKETS,
)
TASK_FAILURES = Counter(
    "dashboard_task_failures", "Attempts to store a report that failed, by exception.", ("error",)
)
