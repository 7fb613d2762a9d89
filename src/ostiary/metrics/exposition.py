"""The counters as Prometheus reads them. Loaded when somebody asks for the first time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from ostiary.metrics.calls import BOUNDS_S, CODES, Calls


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value that is read when the metrics are."""

    name: str
    doc: str
    value: Callable[[], float]


class Exposition(Collector):
    """All metrics as text."""

    def __init__(self, calls: Calls, gauges: Sequence[Gauge]) -> None:
        """``gauges`` beside the calls; memory, CPU and files of the process come from the library."""
        self._calls = calls
        self._gauges = gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """For the library."""
        count = CounterMetricFamily("ostiary_rpc", "Calls by RPC and gRPC code.", labels=("rpc", "code"))
        took = HistogramMetricFamily("ostiary_rpc_seconds", "Time spent in an RPC.", labels=("rpc",))
        for rpc, series in self._calls.series.items():
            for code, number in zip(CODES, series.by_code, strict=True):
                if number:
                    count.add_metric((rpc, code), number)
            if series.sum_s:
                bounds = [*map(str, BOUNDS_S), "+Inf"]
                sums = accumulate(series.buckets)
                took.add_metric((rpc,), list(zip(bounds, map(float, sums), strict=True)), series.sum_s)
        yield count
        yield took
        for gauge in self._gauges:
            yield GaugeMetricFamily(gauge.name, gauge.doc, gauge.value())
