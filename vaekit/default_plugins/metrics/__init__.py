"""The kit's own metrics."""
