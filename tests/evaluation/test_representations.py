"""Common images in one order, transforms, and how many models' vectors are held at once."""

import tracemalloc
import weakref
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation import downstream_material
from alignet_ray.evaluation.comparison_tasks import Question, compare
from alignet_ray.evaluation.hierarchy.distances import _distances
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.references import EvaluatedModel, resolve_models
from alignet_ray.evaluation.representations import (
    ChosenRows,
    Embedded,
    InMemory,
    ReadyVectors,
    on_common_images,
)
from alignet_ray.evaluation.scores import _scores
from alignet_ray.evaluation.similarity_agreement import _agreement
from alignet_ray.evaluation.similarity_domains import Judged
from alignet_ray.evaluation.similarity_tasks import against_people, resampled, runs_of
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.records.teacher_bundle import Transform

NUM_MODELS, NUM_IMAGES, DIM = 6, 400, 64
NUM_READY = 4000
MODEL_BYTES = 4 * NUM_READY * DIM


@dataclass
class Counted:
    """Vectors that are made anew each time they are read; `most` were alive at one time."""

    alive: weakref.WeakSet = field(default_factory=weakref.WeakSet)
    most: int = 0
    reads: list[int] = field(default_factory=list)

    def source(self, seed):
        counted = self

        class Own:
            def read(self):
                vectors = np.random.default_rng(seed).normal(size=(NUM_IMAGES, DIM)).view(Watched)
                counted.reads.append(seed)
                counted.alive.add(vectors)
                counted.most = max(counted.most, len(counted.alive))
                return vectors

        return Own()


class Watched(np.ndarray):
    """An array that can be counted; arrays made from it are not."""

    __hash__ = object.__hash__

    def __array_finalize__(self, obj):
        pass

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return np.asarray(array)


@pytest.fixture
def counted():
    return Counted()


@pytest.fixture
def sources(counted):
    return [counted.source(seed) for seed in range(NUM_MODELS)]


def test_a_task_of_one_model_reads_one_and_a_task_of_two_reads_two(counted, sources):
    random = np.random.default_rng(0)
    triplets = np.sort([random.permutation(NUM_IMAGES)[:3] for _ in range(50)], axis=1)
    judged = Judged(
        triangles=random.normal(size=(1, NUM_IMAGES * (NUM_IMAGES - 1) // 2)),
        num_images=NUM_IMAGES,
        rows=np.arange(NUM_IMAGES),
    )
    against_people(0, sources, judged)
    classes = np.arange(NUM_IMAGES) % 12
    _distances(1, sources, np.stack([classes, classes // 2, classes // 4], axis=1))
    (run, *_) = runs_of(NUM_MODELS, NUM_IMAGES, 3)
    assert len(run[2]) == 4, "and triangles of four models at most"
    resampled(run, sources, judged, 0)
    _agreement(tuple(range(NUM_MODELS)), sources)
    represented = on_common_images([had(own) for own in sources], "here")
    _scores(2, represented.models, triplets, "dot", (1.0,))
    assert counted.most == 1
    question = Question(
        triplets=triplets, counts=np.ones_like(triplets), rows=np.arange(NUM_IMAGES),
        similarity="dot", mean_entropy=0.7, num_shown=2, num_resamples=2, seed=0,
    )  # fmt: skip
    counted.reads.clear()
    compare((3, 5), sources, question)
    assert counted.reads == [3, 5]
    assert counted.most == 1, "each is let go for the space made of it"
    assert not counted.alive


KEYS = tuple(str(number) for number in range(NUM_IMAGES))


def had(source, keys=KEYS, rejects=(), transform=None):
    model = EvaluatedModel(label="m", variant="as it is", embeddings="e", transform=transform)
    return model, Embedded(keys=tuple(keys), source=source, rejects=dict.fromkeys(rejects, "bad"))


def test_probes_are_given_the_vectors_of_one_model(counted, sources):
    rows = np.arange(NUM_IMAGES)
    train = tuple(ChosenRows(source=own, rows=rows[::2]) for own in sources)
    tests = tuple(ChosenRows(source=own, rows=rows[1::2]) for own in sources)
    labels = np.arange(NUM_IMAGES // 2) % 2
    part = downstream_material.TestPart(
        name="t", sources=(None, *tests[1:]), labels=labels, allowed=None
    )
    material = downstream_material.Material(
        name="m",
        classes=("a", "b"),
        train=train,
        labels=labels,
        tests=(part,),
        is_held_out=True,
    )
    for model in range(NUM_MODELS):
        own = material.at_hand(model)
        held = [place for place, it in enumerate(own.train) if isinstance(it, InMemory)]
        assert held == [model]
        assert own.train[(model + 1) % NUM_MODELS] is train[(model + 1) % NUM_MODELS]
        np.testing.assert_array_equal(own.train[model].read(), train[model].read())
    assert material.at_hand(0).tests[0].sources[0] is None
    assert counted.most <= 2, "one that is compared with here"


def test_the_job_s_process_holds_no_more_with_more_models(tmp_path):
    keys = [f"image{number:04d}" for number in range(NUM_READY)]
    for number in range(NUM_MODELS):
        vectors = np.random.default_rng(number).normal(size=(len(keys), DIM)).astype(np.float32)
        np.savez(tmp_path / f"m{number}.npz", names=np.array(keys), embeddings=vectors)
    images = ImageSet(name="set", listing=pa.table({"key": keys, "url": keys}))

    def peak_and_rest(num_models):
        config = EvaluateConfig(
            output=str(tmp_path / "out"),
            models=tuple(f"{tmp_path}/m{number}.npz" for number in range(num_models)),
        )
        bench = Workbench(config=config, models=tuple(resolve_models(config)))
        tracemalloc.start()
        represented = bench.represent(images)
        rest, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert represented.models[-1].read().shape == (len(keys), DIM)
        return peak, rest

    peak_of_one, rest_of_one = peak_and_rest(1)
    peak, rest = peak_and_rest(NUM_MODELS)
    # Row numbers and keys of five more models, not their vectors.
    assert rest - rest_of_one < MODEL_BYTES
    assert peak - peak_of_one < MODEL_BYTES


def test_common_images_come_in_one_order_and_transformed():
    vectors = np.arange(8.0, dtype=np.float32).reshape(4, 2)
    transform = Transform(weight=2 * np.eye(2), bias=np.ones(2), mean=1.0, scale=2.0)
    found = on_common_images(
        [
            had(InMemory(vectors), "abcd", rejects="b"),
            had(InMemory(vectors[::-1]), "dcba", rejects="d", transform=transform),
        ],
        "here",
    )
    assert found.keys == ("a", "c")
    np.testing.assert_array_equal(found.models[0].read(), vectors[[0, 2]])
    np.testing.assert_array_equal(found.models[1].read(), transform.apply(vectors[[0, 2]]))
    np.testing.assert_array_equal(found.subset([1]).models[0].read(), vectors[[2]])


def test_ready_embeddings_that_are_another_file_by_now_are_refused(tmp_path):
    path = tmp_path / "vectors.npz"
    np.savez(path, names=np.array(["a", "b"]), embeddings=np.eye(2))
    source = ReadyVectors(url=str(path), keys=("a", "b"))
    np.testing.assert_array_equal(source.read(), np.eye(2))
    np.savez(path, names=np.array(["a", "c"]), embeddings=np.eye(2))
    with pytest.raises(InputError, match="other rows than when the job began"):
        source.read()
