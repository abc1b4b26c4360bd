"""The report of a run: one HTML page that shows what was made, read from the records alone."""
