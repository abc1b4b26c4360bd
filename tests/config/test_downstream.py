"""Which test set goes with which training set, and what cannot be meant."""

import pytest

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import ConfigError


def test_sets_have_the_names_that_they_are_given():
    config = DownstreamConfig(
        train=("pets=/a", "birds=gs://b/x=1/train", "pets=/c"),
        test=("birds=/t", "pets:sketches=/s"),
    )
    assert config.train_sets() == {"pets": ("/a", "/c"), "birds": ("gs://b/x=1/train",)}
    assert config.test_sets() == {"pets": {"sketches": ("/s",)}, "birds": {"birds": ("/t",)}}


def test_one_training_set_needs_no_name():
    config = DownstreamConfig(train=("/data/flowers.tar",), test=("/data/test", "imagenet-a=/a"))
    assert config.train_sets() == {"flowers": ("/data/flowers.tar",)}
    assert config.test_sets() == {"flowers": {"flowers": ("/data/test",), "imagenet-a": ("/a",)}}
    plain = DownstreamConfig(train=("gs://bucket/a=b/c",))
    assert plain.train_sets() == {"c": ("gs://bucket/a=b/c",)}
    assert plain.test_sets() == {"c": {}}


def test_one_name_of_two_training_sets_is_told_apart():
    config = DownstreamConfig(
        train=("a=/a", "b=/b", "c=/c"), test=("a:val=/x", "b:val=/y", "b:c=/z", "b:own=/o"),
        test_labels=("a:val=/x.txt", "b:val=/y.txt"),
    )  # fmt: skip
    assert config.test_sets() == {
        "a": {"a:val": ("/x",)},
        "b": {"b:val": ("/y",), "b:c": ("/z",), "own": ("/o",)},
        "c": {},
    }
    assert config.labels_of("b:val", is_test=True) == "/y.txt"
    with pytest.raises(ConfigError, match="NAME one of a:val, b:val"):
        DownstreamConfig(
            train=("a=/a", "b=/b"), test=("a:val=/x", "b:val=/y"), test_labels=("val=/l",)
        )


def test_labels_are_each_set_s_own_or_all_sets_one():
    config = DownstreamConfig(
        train=("a=/a", "b=/b"), test=("b=/tb",), labels=("b=/own.txt", "/all.txt"),
        test_labels=("/tests.txt",),
    )  # fmt: skip
    found = [config.labels_of(name, is_test=False) for name in "ab"]
    assert found == ["/all.txt", "/own.txt"]
    assert config.labels_of("b", is_test=True) == "/tests.txt"
    shared = DownstreamConfig(train=("/a",), source=SourceConfig(labels="/l.txt"))
    assert shared.labels_of("a", is_test=True) == "/l.txt"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"test": ("/t",)}, "without training images"),
        ({"breeds": "/h"}, "--downstream.breeds"),
        ({"train": ("a=/a", "b=/b"), "test": ("/t",)}, "X one of a, b"),
        ({"train": ("a=/a", "b=/b"), "test": ("c:d=/t",)}, "X one of a, b"),
        ({"train": ("/a",), "labels": ("/l", "/m")}, "--downstream.labels"),
        ({"train": ("/a",), "test_labels": ("b=/l",)}, "--downstream.test-labels"),
        ({"shots": (1, 1)}, "one twice"),
        ({"shots": (0,)}, "--downstream.shots"),
        ({"num_seeds": 1}, "--downstream.num-seeds"),
        ({"held_out": 1}, "--downstream.held-out"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        DownstreamConfig(**given)
