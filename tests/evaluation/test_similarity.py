"""Representational similarity: literal correlations, several domains, people one by one."""

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import scipy.io
from PIL import Image
from scipy import stats

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.similarity_judgements import Domain, SimilarityJudgementsConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation import similarity
from alignet_ray.evaluation.given_images import Objects
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.job import evaluate
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import InMemory, Representations, Represented
from alignet_ray.evaluation.similarity import Given, lacking
from alignet_ray.evaluation.similarity_agreement import MEAN_AGREEMENT, sides_of
from alignet_ray.evaluation.similarity_domains import Judged, JudgedDomain, row_names
from alignet_ray.evaluation.similarity_rows import (
    LOWER,
    UPPER,
    WITH_EACH,
    WITH_PEOPLE,
    ceilings,
    with_each,
    with_people,
)
from alignet_ray.evaluation.similarity_tasks import (
    DomainFigures,
    against_people,
    people_against_people,
    resampled,
)
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.similarity_matrices import upper_triangle
from alignet_ray.records.similarity_matrix import HumanMatrices

NUM_IMAGES = 9
CONFIG = EvaluateConfig(output="unused", models=("m",), num_resamples=40)


def people_of(num, seed=0):
    """Symmetric similarities of each participant, NaN on the diagonal."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=(NUM_IMAGES, NUM_IMAGES))
    matrices = shared + random.normal(size=(num, NUM_IMAGES, NUM_IMAGES))
    matrices = np.round(matrices + matrices.transpose(0, 2, 1), 1)
    matrices[:, np.arange(NUM_IMAGES), np.arange(NUM_IMAGES)] = np.nan
    return matrices


def judged_of(matrices, rows=None):
    triangles = np.stack([upper_triangle(own) for own in matrices])
    kept = np.arange(NUM_IMAGES) if rows is None else np.array(rows)
    return Judged(triangles=triangles, num_images=NUM_IMAGES, rows=kept)


def vectors_of(seed, num=NUM_IMAGES):
    return np.random.default_rng(seed).normal(size=(num, 4))


def pearson(vectors):
    return upper_triangle(np.corrcoef(vectors))


def measured(vectors, judged, num_resamples=40):
    sources = [InMemory(own) for own in vectors]
    places = tuple(range(len(vectors)))
    models = [against_people(place, sources, judged) for place in places]
    samples = resampled((0, num_resamples, places), sources, judged, 0)
    return DomainFigures(models, samples, *people_against_people(judged))


@pytest.fixture(scope="module")
def represented(resolved):
    def make(label, variant, vectors):
        model = EvaluatedModel(label=label, variant=variant, backbone=BackboneConfig())
        return Represented(model=model, backbone=resolved(), source=InMemory(vectors))

    return make


def test_a_model_is_correlated_with_what_was_judged_of_the_images_that_are_there():
    matrices = people_of(1)
    matrices[0, 2, 5] = matrices[0, 5, 2] = np.nan
    rows = [0, 2, 3, 5, 6, 8]
    vectors = vectors_of(1, len(rows))
    found = against_people(0, [InMemory(vectors)], judged_of(matrices, rows))
    human = upper_triangle(matrices[0][np.ix_(rows, rows)])
    kept = np.isfinite(human)
    expected = stats.spearmanr(pearson(vectors)[kept], human[kept]).statistic
    assert found.value == pytest.approx(expected)
    assert (found.num_pairs, found.undefined) == (kept.sum(), None)
    assert kept.sum() == 15 - 1


def test_figures_are_paired_and_have_intervals(represented):
    judged = judged_of(people_of(1))
    vectors = [vectors_of(1), vectors_of(2), vectors_of(1)]
    models = [
        represented("s", "before", vectors[0]),
        represented("s", "after", vectors[1]),
        represented("plain", "as it is", vectors[2]),
    ]
    own, changed = with_people(models, measured(vectors, judged), "animals")
    assert [row["estimate"] for row in own] == pytest.approx(
        [stats.spearmanr(pearson(v), judged.triangles[0]).statistic for v in vectors], abs=1e-6
    )
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in own)
    assert {(row["num"], row["unit"], row["data"]) for row in own} == {(36, "pairs", "animals")}
    assert [(row["label"], row["from"]) for row in changed] == [
        ("s", "before"), ("plain", "s after")
    ]  # fmt: skip
    first, second = changed
    assert first["estimate"] == pytest.approx(own[1]["estimate"] - own[0]["estimate"], abs=2e-6)
    # The third model is the first again: paired, the two changes mirror each other exactly.
    assert (second["low"], second["high"]) == pytest.approx((-first["high"], -first["low"]))


def test_without_resamples_there_is_an_estimate_alone(represented):
    judged = judged_of(people_of(1))
    vectors = [vectors_of(1), vectors_of(2)]
    models = [represented(label, "as it is", v) for label, v in zip("ab", vectors, strict=True)]
    many = measured(vectors, judged)._replace(samples=None)
    own, changed = with_people(models, many, "many")
    assert all(row["estimate"] is not None for row in own + changed)
    assert {row[key] for row in own + changed for key in ("low", "high")} == {None}


def test_each_participant_counts_and_ceilings_bound_them(represented):
    judged = judged_of(people_of(4))
    vectors = [vectors_of(1), vectors_of(2)]
    models = [represented("s", v, x) for v, x in zip(("before", "after"), vectors, strict=True)]
    figures = measured(vectors, judged)
    own, changed = with_each(models, figures, "animals", CONFIG)
    literal = [
        np.mean([stats.spearmanr(pearson(v), person).statistic for person in judged.triangles])
        for v in vectors
    ]
    assert [row["estimate"] for row in own] == pytest.approx(literal, abs=1e-6)
    assert changed[0]["estimate"] == pytest.approx(literal[1] - literal[0], abs=1e-6)
    assert {(row["measure"], row["num"], row["unit"]) for row in own + changed} == {
        (WITH_EACH, 4, "participants")
    }
    limits = {row["measure"]: row["estimate"] for row in ceilings(figures, "animals", CONFIG)}
    assert limits[LOWER] < limits[UPPER]
    assert max(literal) <= limits[UPPER]


def test_one_participant_has_no_ceiling_and_no_one_by_one(represented):
    figures = measured([vectors_of(1)], judged_of(people_of(1)))
    assert ceilings(figures, "animals", CONFIG) == []
    models = [represented("a", "as it is", vectors_of(1))]
    assert with_each(models, figures, "animals", CONFIG) == ([], [])


def test_what_is_constant_is_undefined_and_says_why(represented):
    matrices = people_of(3)
    matrices[1] = np.where(np.isnan(matrices[1]), np.nan, 5.0)
    vectors = [np.ones((NUM_IMAGES, 4)), vectors_of(2)]
    models = [represented("s", v, x) for v, x in zip(("before", "after"), vectors, strict=True)]
    figures = measured(vectors, judged_of(matrices))
    own, changed = with_people(models, figures, "animals")
    assert own[0]["estimate"] is None
    assert own[0]["undefined"] == "all similarities of the model are equal"
    assert own[1]["estimate"] is not None
    assert changed[0]["undefined"] == own[0]["undefined"]
    each, _ = with_each(models, figures, "animals", CONFIG)
    assert each[0]["undefined"] == own[0]["undefined"]
    # The participant whose judgements are all equal is left out of the mean, and of the ceilings.
    assert (each[1]["num"], each[1]["unit"]) == (2, "participants")
    assert {row["num"] for row in ceilings(figures, "animals", CONFIG)} == {2}


def test_it_lacks_matrices_unless_objects_let_models_be_compared():
    assert lacking(CONFIG) == "no --similarity.matrices, --similarity.images"
    objects = EvaluateConfig(output="o", models=("m",), images="i", names="n")
    assert lacking(objects) is None


def rows_of_images(folder, files, own=None, listed=None):
    for file in files:
        (folder / file).touch()
    domain = Domain(
        name="animals", matrix="animals.npy", images=str(folder), names=listed,
        kind="similarity", variable=None,
    )  # fmt: skip
    triangles = np.zeros((1, len(files) * (len(files) - 1) // 2))
    return row_names(domain, HumanMatrices(names=own, num_images=len(files), triangles=triangles))


def test_rows_without_names_are_the_sorted_images_where_their_order_is_sure(tmp_path):
    found = rows_of_images(tmp_path, ["b.jpg", "a10.jpg", "a.jpg", "a02.jpg"])
    assert found == (("a", "a02", "a10", "b"), "sorted image names")


def test_rows_without_names_are_refused_where_numbers_make_another_order(tmp_path):
    files = ["1.jpg", "2.jpg", "10.jpg"]
    with pytest.raises(InputError, match=r"'10\.jpg' sorted as text .*--similarity\.names"):
        rows_of_images(tmp_path, files)
    own = ("1", "2", "10")
    assert rows_of_images(tmp_path, files, own=own) == (own, "matrix")
    listed = tmp_path / "names.txt"
    listed.write_text("2.jpg\n10\n1\n")
    found = rows_of_images(tmp_path, files, own=own, listed=str(listed))
    assert found == (("2", "10", "1"), "names file")


@pytest.fixture
def agreements_of(monkeypatch, tmp_path, represented):
    """Names of what models are compared on, and what was left out; without Ray, domains as given.

    Every set has the keys 0, 1 and 2 in a folder of its own.
    """

    def image_set(name, folder):
        urls = [f"{tmp_path}/{folder}/{key}.jpg" for key in range(3)]
        return ImageSet(name=name, listing=pa.table({"key": list("012"), "url": urls}))

    def make(domains, objects=None, num_models=2):
        models = tuple(
            represented(f"m{n}", "as it is", vectors_of(n, 3)) for n in range(num_models)
        )
        embedded = []

        class Bench(Workbench):
            def represent(self, images, *, representation=None):
                embedded.append(images.name)
                return Representations(keys=images.keys, models=models, rejects={})

        own = HumanMatrices(names=None, num_images=3, triangles=np.zeros((1, 3)))
        read_in = Given(
            tuple(
                JudgedDomain(
                    name=name, kind="similarity", names=tuple("012"), rows_named_by="matrix",
                    images=image_set(name, folder), missing=(), matrices=own, sha256="0",
                )
                for name, folder in domains.items()
            ),
            Objects(tuple("012"), image_set(*objects), ()) if objects else None,
        )  # fmt: skip
        nothing = {"figures": [], "differences": [], "ceilings": []}
        monkeypatch.setattr(similarity, "_measure_domain", lambda *_: nothing)
        monkeypatch.setattr(similarity, "agreement_of", lambda name, _: ({"data": name}, []))
        bench = Bench(config=CONFIG, models=tuple(own.model for own in models))
        part = similarity.measure(bench, read_in)
        assert part["data"]["most_resampled"] == CONFIG.similarity.most_resampled
        assert set(part["data"]["intervals"]) == {
            WITH_PEOPLE, WITH_EACH, LOWER, UPPER, MEAN_AGREEMENT,
        }  # fmt: skip
        return [found["data"] for found in part["agreement"]], embedded, bench.left_out

    return make


def test_models_are_compared_on_every_domain_whatever_its_images_are_called(agreements_of):
    domains = {"animals": "animals", "cars": "cars"}
    assert agreements_of(domains)[0] == ["animals", "cars"]
    # The objects are images of their own, even with a domain's name, unless they are its files.
    for objects, name in ((("things", "t"), "things"), (("cars", "t"), "cars (objects)")):
        assert agreements_of(domains, objects)[0] == ["animals", "cars", name]
    assert agreements_of(domains, ("things", "cars"))[0] == ["animals", "cars"]


def test_one_model_is_not_embedded_to_be_compared_with_none(agreements_of):
    alone = {"what": "agreement between models", "reason": "one model"}
    found, embedded, left_out = agreements_of({}, ("things", "t"), num_models=1)
    assert (found, embedded) == ([], [])
    assert alone in left_out
    found, embedded, left_out = agreements_of({"cars": "cars"}, ("things", "t"), num_models=1)
    assert (found, embedded) == ([], ["cars"])
    assert alone in left_out
    assert alone not in agreements_of({}, ("things", "t"))[2]


def test_before_and_after_are_of_the_same_labels():
    names = [
        ("s", "before"), ("s", "after"), ("plain", "as it is"), ("t", "untransformed"),
        ("t", "transformed"), ("lost", "after"), ("other", "as it is"),
    ]  # fmt: skip
    sides = sides_of([{"label": label, "variant": variant} for label, variant in names])
    assert sides == ([0, 3], [1, 4], [2, 6])
    assert sides_of([{"label": "plain", "variant": "as it is"}]) == ([], [], [0])


def put_domains(folder):
    """`animals`: three participants in a .mat, an image missing; `cars`: distances in a .csv."""
    for domain in ("animals", "cars"):
        (folder / domain).mkdir()
        for place in range(NUM_IMAGES):
            if (domain, place) != ("animals", 4):
                colour = (20 * place, 90, 200 - 20 * place)
                path = folder / domain / f"{domain}{place}_01b.jpg"
                Image.new("RGB", (20, 16), colour).save(path)
    (folder / "boats").mkdir()  # of which no model has embeddings
    for place in range(3):
        Image.new("RGB", (20, 16), (0, 0, 90 * place)).save(folder / "boats" / f"boat{place}.png")
    np.save(folder / "boats.npy", np.array([0.1, 0.2, 0.3]))
    scipy.io.savemat(folder / "animals.mat", {"RSM": people_of(3), "other": np.eye(3)})
    # Rows of the matrix are in an order of their own.
    order = [f"animals{place}.jpg" for place in reversed(range(NUM_IMAGES))]
    (folder / "animals.txt").write_text("\n".join(order))
    names = [f"cars{place}" for place in range(NUM_IMAGES)]
    distances = -people_of(1, seed=5)[0]
    lines = [",".join(["", *names])]
    lines += [
        ",".join([name, *("" if np.isnan(v) else repr(float(v)) for v in line)])
        for name, line in zip(names, distances, strict=True)
    ]
    (folder / "cars.csv").write_text("\n".join(lines))


def put_ready_models(folder):
    """Ready embeddings: `one` and `two` of all images, `flat` of equal ones."""
    keys = [f"{domain}{place}" for domain in ("animals", "cars") for place in range(NUM_IMAGES)]
    ready = {"one": vectors_of(1, 18), "two": vectors_of(2, 18), "flat": np.ones((18, 3))}
    for name, vectors in ready.items():
        np.savez(folder / f"{name}.npz", names=np.array(keys), embeddings=vectors)
    return ready


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_domains_of_every_format_with_ready_embeddings(tmp_path, capsys, read_page):
    put_domains(tmp_path)
    ready = put_ready_models(tmp_path)
    config = EvaluateConfig(
        output=str(tmp_path / "out"),
        models=tuple(f"{name}={tmp_path}/{name}.npz" for name in ready),
        similarity=SimilarityJudgementsConfig(
            matrices=(
                f"animals={tmp_path}/animals.mat",
                f"cars={tmp_path}/cars.csv",
                f"{tmp_path}/boats.npy",
            ),
            images=tuple(f"{own}={tmp_path}/{own}" for own in ("animals", "cars", "boats")),
            names=(f"animals={tmp_path}/animals.txt",),
            kinds=("cars=dissimilarity",),
            variables=("animals=RSM",),
            most_resampled=8,
        ),
        num_resamples=20,
        num_shown=4,
        resources=Resources(device="cpu", num_actors=1, progress=False),
    )
    results = evaluate(config)
    part = results["parts"]["similarity"]
    rows = {
        (row["data"], row["label"]): row for row in part["figures"] if row["measure"] == WITH_PEOPLE
    }
    there = [place for place in reversed(range(NUM_IMAGES)) if place != 4]
    at = [NUM_IMAGES - 1 - place for place in there]
    ranks = [
        stats.rankdata(upper_triangle(own[np.ix_(at, at)])) for own in people_of(3)
    ]  # fmt: skip
    expected = stats.spearmanr(
        pearson(ready["one"].astype(np.float32)[there]), np.round(np.mean(ranks, axis=0), 9)
    ).statistic
    assert rows["animals", "one"]["estimate"] == pytest.approx(expected)
    assert rows["animals", "one"]["low"] is not None
    human = upper_triangle(people_of(1, seed=5)[0])
    expected = stats.spearmanr(pearson(ready["two"][9:]), human).statistic
    assert rows["cars", "two"]["estimate"] == pytest.approx(expected)
    assert rows["cars", "two"]["low"] is None  # nine images are more than eight
    assert rows["cars", "flat"]["undefined"] == "all similarities of the model are equal"

    left_out = {own["what"]: own["reason"] for own in results["left_out"]}
    assert left_out["1 of 9 images of animals"] == "no image: 'animals4'"
    assert "most-resampled" in left_out["intervals of cars"]
    assert left_out["boats"] == "no model that has its images"
    assert [own["name"] for own in part["data"]["domains"]] == ["animals", "cars"]
    assert [own["num_participants"] for own in part["data"]["domains"]] == [3, 1]
    named_by = [own["rows_named_by"] for own in part["data"]["domains"]]
    assert named_by == ["names file", "matrix"]
    assert {row["measure"] for row in part["ceilings"]} == {LOWER, UPPER}

    cars = next(own for own in part["agreement"] if own["data"] == "cars")
    expected = stats.spearmanr(pearson(ready["one"][9:]), pearson(ready["two"][9:])).statistic
    assert cars["matrix"][0][1] == pytest.approx(expected, abs=1e-6)
    assert cars["matrix"][2] == [None, None, None]
    assert [own["label"] for own in cars["undefined"]] == ["flat"]
    means = [row for row in part["figures"] if row["measure"] == MEAN_AGREEMENT]
    assert {(row["data"], row["variant"], row["num"]) for row in means} == {
        (data, "as it is", 1) for data in ("animals", "cars")
    }
    # Two models are compared on the first domain; the one without any differences is left out.
    compared = results["parts"]["comparison"]["comparisons"]
    assert [(own["from"], own["label"]) for own in compared] == [("one as it is", "two")]
    assert len(compared[0]["triplets"]) == 4
    assert any("flat" in what and "equal" in reason for what, reason in left_out.items())

    text = (tmp_path / "out" / "results.json").read_bytes()
    assert str(tmp_path) not in text.decode()
    evaluate(config)
    assert (tmp_path / "out" / "results.json").read_bytes() == text
    assert json.loads(text) == results
    printed = capsys.readouterr().out
    assert re.search(r"animals +people +a participant with the mean", printed), "their ceilings"
    assert "(no interval)" in printed
    page = (tmp_path / "out" / "report" / "index.html").read_bytes()
    assert b"http" not in page
    read = read_page(page)
    for said in ("animals, one by one", "Do models agree with each other?", "Where models disagree",
                 "All models at a glance", "all similarities of the model are equal"):  # fmt: skip
        assert said in read.text
    unnamed = SimilarityJudgementsConfig(
        matrices=(f"animals={tmp_path}/animals.mat",),
        images=(f"{tmp_path}/animals",),
        variables=("RSM",),
    )
    with pytest.raises(InputError, match="8 names for the 9 rows"):
        evaluate(replace(config, similarity=unnamed))
