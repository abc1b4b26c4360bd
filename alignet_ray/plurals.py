"""Numbers as every job's lines say them, so that none says "1 shards" or "0.01 of them"."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: 1 shard, 2,000 shards, 0 classes (where the plural is given)."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """A share in per cent with as many digits as it takes: 1 %, 0.05 %, 12.5 %."""
    return f"{100 * share:.4g} %"
