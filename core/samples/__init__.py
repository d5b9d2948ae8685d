"""From faces to batches: random streams that are counters, face order, geometry, samples, and the processes that make
them ahead.

Knows faces and settings; knows no torch, no run and no journal. A batch is a pure function of seed, faces and request.
"""
