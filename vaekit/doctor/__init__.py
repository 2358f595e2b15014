"""`vaekit doctor`: whether what is installed works, and what to do where it doesn't."""

from vaekit.doctor.examine import examine
from vaekit.doctor.finding import Finding

__all__ = ["Finding", "examine"]
