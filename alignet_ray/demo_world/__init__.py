"""A small procedural world for `make demo`: pictures with known meaning and known surface, and people who judge them.

AligNet says that vision models group images by surface while people group them by meaning. Here both are known by
construction, so that the whole path from judgements to an aligned student runs offline, in minutes, and can be checked.
"""
