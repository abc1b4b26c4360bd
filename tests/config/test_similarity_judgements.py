"""Domains of human similarities: what belongs together is told by names."""

import pytest

from alignet_ray.config.similarity_judgements import SimilarityJudgementsConfig
from alignet_ray.errors import ConfigError


def test_one_domain_needs_no_name():
    (own,) = SimilarityJudgementsConfig(
        matrices=("/d/cichy.mat",), images=("/d/images",), kinds=("dissimilarity",)
    ).domains()
    assert (own.name, own.matrix, own.images) == ("cichy", "/d/cichy.mat", "/d/images")
    assert (own.names, own.kind, own.variable) == (None, "dissimilarity", None)


def test_values_of_a_domain_win_over_those_for_all():
    animals, cars = SimilarityJudgementsConfig(
        matrices=("animals=/d/a.mat", "gs://b/run=3/cars.npy"),
        images=("animals=/i/a", "/i/all"),
        names=("cars=/n/c.txt",),
        variables=("animals=RDM",),
        kinds=("animals=dissimilarity",),
    ).domains()
    assert (animals.name, animals.images, animals.names) == ("animals", "/i/a", None)
    assert (animals.kind, animals.variable) == ("dissimilarity", "RDM")
    assert (cars.name, cars.matrix) == ("cars", "gs://b/run=3/cars.npy")
    assert (cars.images, cars.names) == ("/i/all", "/n/c.txt")
    assert (cars.kind, cars.variable) == ("similarity", None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"matrices": ("/a/x.npy", "/b/x.npy")}, "two domains called 'x'"),
        ({"matrices": ("x=/a.npy",), "images": ("y=/i",)}, "domain 'y'"),
        ({"matrices": ("x=/a.npy", "y=/b.npy"), "images": ("y=/i",)}, "no images of x"),
        ({"matrices": ("x=/a.npy",), "kinds": ("distance",)}, "'distance'"),
        ({"matrices": ("x=/a.npy",), "images": ("/i", "/j")}, "two values without a domain"),
        ({"names": ("x=/n",)}, "domain 'x'"),
        ({"most_resampled": -1}, "--similarity.most-resampled"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        SimilarityJudgementsConfig(**given)


def test_matrices_without_images_are_left_to_the_part():
    assert SimilarityJudgementsConfig(matrices=("/a/x.npy",)).images == ()
