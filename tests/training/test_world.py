"""A lone rank agrees with itself at once; several are tested with whole training runs."""

from alignet_ray.training.world import Agreement, World


def test_a_lone_rank_has_its_wish_at_once() -> None:
    agreement = Agreement(World())
    assert [agreement.reached(wish) for wish in (False, True, False)] == [False, True, False]
    assert agreement.close() is False
