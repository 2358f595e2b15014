"""Runs side by side: what differs, what can be ranked and what can't, and a page of it."""

from vaekit.comparison.comparison import Comparison, Row, compare_runs
from vaekit.comparison.ranking import Cell

__all__ = ["Cell", "Comparison", "Row", "compare_runs"]
