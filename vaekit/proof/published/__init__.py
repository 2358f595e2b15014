"""Figures of papers, and what of the kit repeats them: each row of `rows.toml` is trained anew."""
