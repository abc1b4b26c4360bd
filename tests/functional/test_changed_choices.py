"""Changes are found, told apart and ordered as a literal loop does it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.changed_choices import changed_choices


def literal_choice(row):
    best = [p for p in range(3) if row[p] == max(row)]
    return best[0] if len(best) == 1 else None


@given(st.integers(0, 30), st.integers(0, 1000))
def test_each_change_is_found_once_on_its_side_in_order(num_triplets, seed):
    random = np.random.default_rng(seed)
    teacher, before, after = random.dirichlet(np.ones(3), size=(3, num_triplets))
    before[: num_triplets // 3] = 1 / 3  # ties agree with nothing
    found = changed_choices(teacher, before, after)
    sides = {"towards": [], "away": []}
    for row in range(num_triplets):
        wanted = int(teacher[row].argmax())
        was, is_now = literal_choice(before[row]) == wanted, literal_choice(after[row]) == wanted
        rise = after[row, wanted] - before[row, wanted]
        if is_now and not was:
            sides["towards"].append((-rise, row))
        if was and not is_now:
            sides["away"].append((rise, row))
    assert found.towards.tolist() == [row for _, row in sorted(sides["towards"])]
    assert found.away.tolist() == [row for _, row in sorted(sides["away"])]
