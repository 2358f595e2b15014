"""The kit's latents."""
