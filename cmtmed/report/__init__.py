"""One self-contained HTML page about a finished build; see `cmtmed.report.corpus.write_report`."""
