"""The report of a student: what it was trained on, how it went, and what it sees otherwise now."""
