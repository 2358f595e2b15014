"""The kit's priors."""
