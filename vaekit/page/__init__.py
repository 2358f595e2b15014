"""Pages of HTML that are whole in themselves: one file, which asks no server for anything."""

from vaekit.page.page import render
from vaekit.page.values import data_url, finite, float_text

__all__ = ["data_url", "finite", "float_text", "render"]
