"""Verify: whether every record is what its digests, its settings and other records say."""
