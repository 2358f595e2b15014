"""The report: a run on one page that people pass on."""

from vaekit.report.contents import Contents, gather
from vaekit.report.report import (
    page_path,
    report_page,
    write_first_report,
    write_page,
    write_report,
)

__all__ = [
    "Contents",
    "gather",
    "page_path",
    "report_page",
    "write_first_report",
    "write_page",
    "write_report",
]
