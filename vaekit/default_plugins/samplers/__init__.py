"""The kit's own sampler."""
