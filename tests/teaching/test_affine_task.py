"""One fit is counted in steps, however many of them an epoch of its triplets has."""

import itertools

import numpy as np

from alignet_ray.teaching.affine_task import fit_for, fit_on


def test_a_fit_goes_on_for_so_many_steps(small):
    material = small.material(fit={"batch_size": 1_500})
    outside = material.folds != 1
    begun = fit_on(outside, "1", small.candidate, material)
    assert begun.steps_per_epoch == 3, "4,000 triplets in batches of 1,500 at most"
    fourth = next(itertools.islice(begun.maps, 3, None))
    expected = begun.space.transform(fourth)
    assert fit_for(outside, "1", small.candidate, 4, material).sha256 == expected.sha256
    longer = fit_for(outside, "1", small.candidate, 5, material)
    assert not np.array_equal(longer.weight, expected.weight)
