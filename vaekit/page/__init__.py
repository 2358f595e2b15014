"""Pages of HTML that are whole in themselves: one file, which asks no server for anything."""

from vaekit.page.page import render

__all__ = ["render"]
