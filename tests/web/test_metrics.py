"""Metrics in Prometheus' form, each server's own."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from uniultra.web.metrics import Metrics


def test_text_is_what_prometheus_reads() -> None:
    metrics = Metrics()
    metrics.watch(
        lambda: [("gauge", "images", "Images held.", 3.0), ("counter", "embeddings_made", "Made.", 5.0)]
    )
    metrics.request("POST", "/v1/images", 201, 0.03)
    families = {family.name: family for family in text_string_to_metric_families(metrics.text().decode())}
    assert families["uniultra_images"].samples[0].value == 3
    assert families["uniultra_embeddings_made"].samples[0].value == 5
    requests = families["uniultra_requests"].samples[0]
    assert requests.labels == {"method": "POST", "route": "/v1/images", "status": "201"}


def test_servers_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.request("GET", "/v1/health", 200, 0.01)
    assert b'route="/v1/health"' not in second.text()
