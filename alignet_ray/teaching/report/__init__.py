"""The report of a teacher: one HTML page that shows what was learned from people, and how well."""
