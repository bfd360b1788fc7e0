"""One self-contained HTML page about a finished build; see `cmtmed.report.writer.write_report`."""
