"""Two models side by side: literal divergences and z-scores, people's side, pictures by range."""

import json
import tarfile

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from scipy import stats
from scipy.spatial.distance import jensenshannon

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.levels import LevelsConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.similarity_judgements import SimilarityJudgementsConfig
from alignet_ray.evaluation.comparison import _question as question_of
from alignet_ray.evaluation.comparison import lacking
from alignet_ray.evaluation.comparison_images import (
    ComparedImages,
    Said,
    read_images,
    source_of,
)
from alignet_ray.evaluation.comparison_tasks import Question, compare, probabilities
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.job import evaluate
from alignet_ray.evaluation.representations import InMemory, Representations
from alignet_ray.functional.agreement import choice_entropy, mean_entropy_of_people
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities

NUM_IMAGES = 14


def question(**changes):
    random = np.random.default_rng(0)
    triplets = np.unique(
        np.sort([random.permutation(NUM_IMAGES)[:3] for _ in range(80)], axis=1), axis=0
    )
    given = {
        "triplets": triplets,
        "counts": random.integers(0, 5, size=triplets.shape),
        "rows": np.arange(NUM_IMAGES),
        "similarity": "centred_cosine",
        "mean_entropy": 0.7,
        "num_shown": 6,
        "num_resamples": 30,
        "seed": 0,
    }
    return Question(**{**given, **changes})


def vectors_of(seed):
    return np.random.default_rng(seed).normal(size=(NUM_IMAGES, 5))


def test_probabilities_have_the_mean_entropy_whatever_the_scale():
    asked = question()
    for scale in (1e-3, 1.0, 1e3):
        found = probabilities(scale * vectors_of(1), asked.triplets, 0.7)
        assert stats.entropy(found, axis=1).mean() == pytest.approx(0.7, abs=1e-6)
        expected = pair_similarities(vectors_of(1), asked.triplets).argmax(axis=1)
        assert (found.argmax(axis=1) == expected).all()


def test_the_triplets_shown_are_those_of_the_largest_divergence():
    asked = question()
    vectors = [vectors_of(1), vectors_of(2)]
    answer = compare((0, 1), [InMemory(own) for own in vectors], asked)
    spaces = [as_similarity_space(own, asked.similarity) for own in vectors]
    both = [probabilities(space, asked.triplets, asked.mean_entropy) for space in spaces]
    literal = jensenshannon(*both, axis=1) ** 2
    shown = answer.triplets
    assert shown.divergences == pytest.approx(literal[shown.places])
    assert shown.places[0] == literal.argmax()
    assert (np.diff(shown.divergences) <= 0).all()
    assert shown.first == pytest.approx(both[0][shown.places])
    counted = np.bincount(asked.triplets[shown.places].ravel())
    assert counted.max() <= 2


def test_pairs_are_in_both_directions_and_of_the_rows_asked_about():
    rows = np.arange(2, NUM_IMAGES)
    asked = question(rows=rows, num_shown=4)
    vectors = [vectors_of(1), vectors_of(2)]
    answer = compare((0, 1), [InMemory(own) for own in vectors], asked)
    spaces = [as_similarity_space(own, asked.similarity)[rows] for own in vectors]
    upper = np.triu_indices(len(rows), 1)
    old, new = (stats.zscore((space @ space.T)[upper]) for space in spaces)
    change = new - old
    assert answer.more.differences[0] == pytest.approx(change.max())
    assert answer.less.differences[0] == pytest.approx(change.min())
    best = rows[np.stack(upper, axis=1)[change.argmax()]]
    assert answer.more.pairs[0].tolist() == best.tolist()
    assert len(answer.more.pairs) == len(answer.less.pairs) == 2


def test_people_side_with_one_where_the_two_differ():
    asked = question()
    vectors = [vectors_of(1), vectors_of(2)]
    answer = compare((0, 1), [InMemory(own) for own in vectors], asked)
    first, second = (
        pair_similarities(as_similarity_space(own, asked.similarity), asked.triplets).argmax(axis=1)
        for own in vectors
    )
    is_different = first != second
    assert answer.different.estimate == pytest.approx(is_different.mean())
    counts = asked.counts[is_different]
    rows = np.arange(len(counts))
    shares = [counts[rows, own[is_different]].sum() / counts.sum() for own in (first, second)]
    assert [own.estimate for own in answer.sides] == pytest.approx([*shares, shares[1] - shares[0]])
    assert answer.num_responses == counts.sum()
    nobody = compare(
        (0, 1), [InMemory(own) for own in vectors], question(counts=np.zeros_like(asked.triplets))
    )
    assert nobody.sides is None


def test_a_model_without_differences_cannot_be_compared():
    found = compare(
        (0, 1), [InMemory(np.ones((NUM_IMAGES, 2))), InMemory(vectors_of(2))], question()
    )
    assert "equal" in found.undefined


def test_triplets_of_other_images_are_left_out():
    said = Said(("a", "b", "c", "d"), np.array([[0, 1, 2], [1, 2, 3]]), np.eye(3, dtype=int)[:2])
    triplets, counts = said.among(("d", "c", "b"))
    assert triplets.tolist() == [[2, 1, 0]]
    assert counts.tolist() == [[0, 1, 0]]


def test_the_first_images_that_are_given_are_looked_at():
    def config(**given):
        return EvaluateConfig(output="o", models=("m",), **given)

    hierarchy = HierarchyConfig(images=("h",))
    domain = SimilarityJudgementsConfig(matrices=("m.npy",), images=("i",))
    assert "no --images with --names" in lacking(config())
    assert lacking(config(hierarchy=hierarchy, num_shown=0)) == "--num-shown is 0"
    assert source_of(config(hierarchy=hierarchy)) == "hierarchy"
    assert source_of(config(hierarchy=hierarchy, similarity=domain)) == "similarity"
    assert source_of(config(similarity=domain, images="i", names="n")) == "objects"


def test_models_are_matched_to_the_corrected_entropy_of_people():
    triplets = question().triplets
    counts = np.random.default_rng(3).multinomial(6, [0.6, 0.3, 0.1], size=len(triplets))
    keys = tuple(f"k{place}" for place in range(NUM_IMAGES))
    images = ImageSet(name="set", listing=pa.table({"key": keys}))
    read_in = ComparedImages(images, Said(keys, triplets, counts))
    represented = Representations(keys=keys, models=(), rejects={})
    config = EvaluateConfig(output="o", models=("m",))
    asked, data = question_of(config, read_in, represented)
    assert asked.mean_entropy == mean_entropy_of_people(counts) > choice_entropy(counts).mean()
    assert (data["responses_per_triplet"], data["mean_responses_per_triplet"]) == ([6, 6], 6.0)
    assert "Miller" in data["mean_entropy_is"]


def levels_line(who, images, odd, kind="exp_trial"):
    paths = [f"stimuli/{name}.JPEG" for name in images]
    return json.dumps(
        {
            "rt": 1500.0, "exp_trial_type": kind, "subject_id": f"set_{who}",
            "file_identifier": who, "catch_trial_correct": True, "image1Path": paths[0],
            "image2Path": paths[1], "image3Path": paths[2], "selected_image": paths[odd],
        }
    )  # fmt: skip


def test_levels_stimuli_are_found_in_folders_of_classes(tmp_path):
    names = ("n00000001_1", "n00000001_2", "n00000002_7")
    for name in names:
        folder = tmp_path / "images" / name.split("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / f"{name}.JPEG")
    (tmp_path / "trials").mkdir()
    for who, odd in (("anna", 2), ("ben", 2), ("cem", 2), ("dora", 0)):
        lines = [levels_line(who, names, odd), levels_line(who, names, 2, "catch_trial")]
        (tmp_path / "trials" / f"{who}.json").write_text("\n".join(lines))
    config = EvaluateConfig(
        output="o",
        models=("m",),
        levels=LevelsConfig(trials=f"{tmp_path}/trials", images=f"{tmp_path}/images"),
    )
    assert source_of(config) == "levels"
    read = read_images(config)
    assert read.images.keys == names
    triplets, counts = read.said.among(names[::-1])
    assert triplets.tolist() == [[2, 1, 0]]
    assert counts.tolist() == [[3, 0, 1]]


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_pictures_come_out_of_a_tar(tmp_path, read_page):
    with tarfile.open(tmp_path / "images.tar", "w") as archive:
        for place in range(NUM_IMAGES):
            name = f"class{place % 2}/{place:02d}.jpg"
            path = tmp_path / f"{place}.jpg"
            Image.new("RGB", (30, 20), (10 * place, 100, 50)).save(path)
            archive.add(path, name)
    keys = [f"images/class{place % 2}/{place:02d}.jpg" for place in range(NUM_IMAGES)]
    for name, seed in (("one", 1), ("two", 2)):
        np.savez(tmp_path / f"{name}.npz", names=np.array(keys), embeddings=vectors_of(seed))
    config = EvaluateConfig(
        only=("comparison",),
        output=str(tmp_path / "out"),
        models=(f"{tmp_path}/one.npz", f"{tmp_path}/two.npz"),
        hierarchy=HierarchyConfig(images=(f"{tmp_path}/images.tar",)),
        num_resamples=10,
        num_shown=4,
        resources=Resources(device="cpu", num_actors=1, progress=False),
    )
    results = evaluate(config)
    part = results["parts"]["comparison"]
    assert part["data"]["num_triplets"] == 14 * 13 * 12 // 6  # of 100,000 draws each comes
    assert part["data"]["triplets"] == "drawn"
    assert part["data"]["mean_entropy"] == 0.776, "corrected, as it is where people are asked"
    assert {row["measure"] for row in part["differences"]} == {
        "share of triplets with another choice"
    }
    (own,) = part["comparisons"]
    assert own["triplets"][0]["people"] is None
    page = (tmp_path / "out" / "report" / "index.html").read_bytes()
    read = read_page(page)
    sources = [value for tag, name, value in read.attributes if (tag, name) == ("img", "src")]
    assert len(sources) == 3 * len(own["triplets"]) + 2 * (
        len(own["more_alike"]) + len(own["less_alike"])
    )
    assert all(source.startswith("data:image/jpeg") for source in sources)
    assert "class1" in read.text
