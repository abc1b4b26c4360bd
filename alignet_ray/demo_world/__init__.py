"""A small procedural world for `make demo`: pictures whose meaning and surface are known.

AligNet says that vision models group images by surface while people group them by meaning. Here
both are known by construction, and simulated people judge by meaning, so that the whole path from
judgements to an aligned student runs offline, in minutes, and can be checked.
"""
