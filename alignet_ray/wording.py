"""Words that every job's lines share, so that no line says "1 shards"."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: 1 shard, 2,000 shards, 0 classes (where the plural is given)."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
