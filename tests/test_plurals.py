"""A count and its noun agree."""

import pytest

from alignet_ray.plurals import counted, percent


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 shards"), (1, "1 shard"), (2, "2 shards"), (1234, "1,234 shards")]
)
def test_the_noun_follows_the_number(number, said):
    assert counted(number, "shard") == said


def test_a_plural_of_its_own_is_taken():
    assert (counted(1, "class", "classes"), counted(3, "class", "classes")) == (
        "1 class",
        "3 classes",
    )


@pytest.mark.parametrize(
    ("share", "said"), [(0.01, "1 %"), (0.0005, "0.05 %"), (0.125, "12.5 %"), (1, "100 %")]
)
def test_shares_are_said_in_per_cent(share, said):
    assert percent(share) == said
