"""The kit's own trackers."""
