"""What the server counts, for Prometheus."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keras_rnn_zoo.serving.served_models import ServedModels

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128)
_PROTOCOLS = {"v1": "tensorflow", "v2": "inference"}
"""Protocols by the first part of the path; others are "other"."""


class Metrics:
    """The metrics of a server.

    Labels are names of served models, protocols, and statuses, so strangers cannot make more of them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "zoo_requests",
            "Requests by model, protocol and status.",
            ["model", "protocol", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "zoo_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ["model", "protocol"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.rows = Histogram(
            "zoo_batch_rows",
            "Inputs that a model predicted together.",
            ["model"],
            buckets=_ROWS,
            registry=self.registry,
        )
        self.running = Gauge("zoo_requests_running", "Requests that are being answered.", registry=self.registry)
        self.waiting = Gauge(
            "zoo_requests_waiting", "Requests that wait for a model.", ["model"], registry=self.registry
        )
        self.version = Gauge("zoo_model_version", "The version of each model.", ["model"], registry=self.registry)
        self._by_model = {}  # type: dict[str, Histogram]

    def observe_batch(self, model: str, rows: int) -> None:
        """Counts a batch of a model."""
        if model not in self._by_model:
            self._by_model[model] = self.rows.labels(model)
        self._by_model[model].observe(rows)

    def route(self, models: ServedModels) -> BaseRoute:
        """Returns the route `/metrics`."""

        async def metrics(request: Request) -> Response:
            for name in models.names():
                model = models.get(name)
                self.waiting.labels(name).set(model.worker.waiting)
                self.version.labels(name).set(model.version)
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

        return Route("/metrics", metrics)


class Counted:
    """Counts requests, and the time that they take.

    Args:
        app: the application.
        metrics: what to count with.
        models: the models, whose names are labels.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, models: ServedModels) -> None:
        self._app, self._metrics, self._models = app, metrics, models
        self._children = {}  # type: dict[tuple[str, str], Histogram]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 499  # The client went away.

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.running.inc()
        try:
            await self._app(scope, receive, send_counted)
        finally:
            self._metrics.running.dec()
            key = self._labels(scope["path"])
            self._metrics.requests.labels(*key, str(status)).inc()
            if key not in self._children:
                self._children[key] = self._metrics.seconds.labels(*key)
            self._children[key].observe(time.perf_counter() - start)

    def _labels(self, path: str) -> tuple[str, str]:
        parts = path.split("/", 4)
        name = parts[3].partition(":")[0] if len(parts) > 3 and parts[2] == "models" else ""
        return name if name in self._models else "", _PROTOCOLS.get(parts[1] if len(parts) > 1 else "", "other")
