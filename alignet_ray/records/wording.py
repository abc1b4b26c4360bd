"""How errors speak of many rows: the first few by number or name, and how many more there are."""

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from jaxtyping import Int

NUM_SHOWN = 5


def numbered(unit: str, numbers: Sequence[int] | Int[np.ndarray, "numbers"]) -> str:
    """`row 3`, or `rows 1, 2, 3, 4, 5 and 4 more`."""
    shown = ", ".join(str(number) for number in numbers[:NUM_SHOWN])
    more = f" and {len(numbers) - NUM_SHOWN:,} more" if len(numbers) > NUM_SHOWN else ""
    return f"{unit}{'s' if len(numbers) > 1 else ''} {shown}{more}"


def quoted(items: Iterable[str]) -> str:
    """The first few of them in quotes."""
    some = list(islice(items, NUM_SHOWN + 1))
    return ", ".join(map(repr, some[:NUM_SHOWN])) + (", ..." if len(some) > NUM_SHOWN else "")
