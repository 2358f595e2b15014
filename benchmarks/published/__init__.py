"""Published figures, repeated by the kit: `python -m benchmarks.published ROW`."""
