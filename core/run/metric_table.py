"""The metrics of a run as a table, read from its folder without starting anything."""

from collections.abc import Iterator

from core.run.place import Place
from core.store.folder import RunFolder


def metric_csv(place: Place) -> Iterator[bytes]:
    """All rows as CSV, header first, in parts; with those that a roll back gave up. Raises StoreError."""
    from core.store.metric_csv import csv_pieces  # late, both: numpy
    from core.store.metric_reader import MetricReader

    return csv_pieces(MetricReader(RunFolder(place.folder).metrics))
