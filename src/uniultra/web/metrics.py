"""What can be counted about the server, in Prometheus' form. No label holds anything that a client chose."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
State = Callable[[], Iterable[tuple[str, str, str, float]]]
"""Gives (gauge or counter, name, help, value) of each when asked."""


class _Now(Collector):
    """Values read at the moment they are requested."""

    def __init__(self, state: State) -> None:
        self.state = state

    def collect(self) -> Iterable[Metric]:
        for kind, name, help, value in self.state():
            family = GaugeMetricFamily if kind == "gauge" else CounterMetricFamily
            yield family(f"uniultra_{name}", help, value=value)


class Metrics:
    """One server's own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "uniultra_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "uniultra_request_seconds",
            "From a request's header to its answer's end.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.work = Histogram(
            "uniultra_work_seconds",
            "Computing alone, by job.",
            ("job",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.prompts = Counter("uniultra_prompts", "Prompts answered with a mask.", registry=self.registry)
        ProcessCollector(registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def watch(self, state: State) -> None:
        """Adds values that are read on request."""
        self.registry.register(_Now(state))

    def text(self) -> bytes:
        return generate_latest(self.registry)
