"""The report: a run on one page that people pass on."""

from vaekit.report.contents import Contents, gather
from vaekit.report.report import report_page, write_report

__all__ = ["Contents", "gather", "report_page", "write_report"]
