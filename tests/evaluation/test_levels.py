"""Levels end to end: files in the released layout by simulated people, against a literal reading.

The people follow a hidden embedding, with noise; their answers and times are written as the
experiment does, and read by a second, slow reading of the same files in this module.
"""

import csv
import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from PIL import Image

from alignet_ray.cli import parse_config
from alignet_ray.config.backbone import PreprocessingConfig
from alignet_ray.config.evaluate import EvaluateConfig, EvaluatedBackboneConfig
from alignet_ray.config.levels import LevelsConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation.job import evaluate
from alignet_ray.evaluation.levels import lacking
from alignet_ray.evaluation.levels_catch import CATCH_ACCURACY, catch_rows, read_catch, shown_catch
from alignet_ray.evaluation.levels_figures import (
    ACCURACY,
    AGAINST_ENTROPY,
    AGAINST_TIME,
    SOFT_ACCURACY,
    Chosen,
    items_of,
    joined,
    rows_of_item,
)
from alignet_ray.evaluation.levels_people import described, on_represented, read_people
from alignet_ray.evaluation.odd_one_out import MAJORITY_SHARE, ONE_AGAINST_OTHERS
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.report.levels_section import levels_section
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.representations import InMemory, Representations, Represented
from alignet_ray.functional.odd_one_out import as_similarity_space
from alignet_ray.functional.triplet_scores import score_triplets

RESOURCES = Resources(device="cpu", num_actors=1, progress=False)
NOISE = 0.8
LEVEL_OF = {1: "fine", 2: "class_boundary", 3: "coarse"}
FIVE_WITH_THE_SAME_TRIPLETS = ("participant_5", "participant_6", "participant_7", "participant_8",
                               "participant_9")  # fmt: skip


def class_of(name):
    return name.partition("_")[0]


def tiny_triplets():
    """Twelve triplets of each level, of six classes with four images each."""
    names = [f"n{number:08d}_{i}" for number in range(1, 7) for i in range(1, 5)]
    of_level = {"coarse": [], "fine": [], "class_boundary": []}
    for triplet in combinations(names, 3):
        of_level[LEVEL_OF[len({class_of(name) for name in triplet})]].append(triplet)
    random = np.random.default_rng(0)
    chosen = [random.choice(len(own), 12, replace=False) for own in of_level.values()]
    return names, [
        own[row] for own, rows in zip(of_level.values(), chosen, strict=True) for row in rows
    ]


def hidden_vectors(names, seed=0):
    """Images of a class are alike."""
    random = np.random.default_rng(seed)
    centres = {own: random.normal(size=6) for own in sorted({class_of(name) for name in names})}
    return {name: centres[class_of(name)] + random.normal(size=6) * 0.7 for name in names}


def jspsych_line(images, odd, seconds, who, subject, kind="exp_trial", **more):
    paths = [f"stimuli/some_version/{name}.JPEG" for name in images]
    return {
        "rt": None if odd is None else 1000 * seconds, "exp_trial_type": kind,
        "subject_id": subject, "file_identifier": who, "catch_trial_correct": None,
        "image1Path": paths[0], "image2Path": paths[1], "image3Path": paths[2],
        "selected_image": "No image selected" if odd is None else paths[odd], **more,
    }  # fmt: skip


def answers(triplets, vectors, who, subject, seed):
    """A participant's lines: noisy choices, slower where the three are as alike."""
    random = np.random.default_rng([seed, 7])
    for triplet in random.permutation(np.array(triplets)).tolist():
        shown = random.permutation(triplet).tolist()
        x, y, z = (vectors[name] for name in shown)
        alike = np.array([x @ y, x @ z, y @ z])
        pair = int((alike + random.normal(size=3) * NOISE).argmax())
        seconds = float(np.exp(0.8 - 0.1 * (alike.max() - np.median(alike)) + random.normal() / 3))
        yield jspsych_line(shown, 2 - pair, seconds, who, subject)


def caught(who, subject, num_right, num_wrong):
    for is_right in [True] * num_right + [False] * num_wrong:
        odd = 2 if is_right else 0
        yield jspsych_line(
            ("n00000001_1", "n00000001_2", "n00000002_1"), odd, 1.0, who, subject,
            "catch_trial", catch_trial_correct=is_right,
        )  # fmt: skip


def missed(who, subject, num):
    for _ in range(num):
        images = ("apple", "pear", "car")
        yield jspsych_line(images, None, 0.0, who, subject, "training_trial")


def put_people(folder, triplets, vectors):
    """Six that count, of whom the last had the set of the first; one inattentive; one absent."""
    folder.mkdir()
    subjects = ["a", "b", "c", "d", "e", "a", "f", "g"]
    for number, subject in enumerate(subjects):
        who = f"session {number}"
        lines = [{"rt": 5.0, "exp_trial_type": None, "stimulus": "consent"}]
        lines += answers(triplets, vectors, who, f"participant_{subject}", number)
        lines += caught(who, f"participant_{subject}", *((8, 2) if number == 6 else (10, 0)))
        lines += missed(who, f"participant_{subject}", 11 if number == 7 else number)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"2024-0{number + 1}.json").write_text(text)


def put_images(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        random = np.random.default_rng(number)
        pixels = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize((40, 30), Image.Resampling.BICUBIC)
        image.save(folder / f"{name}.jpg")


class Literal:
    """The files of `put_people` read a second time, slowly, by the rules as they are written."""

    def __init__(self, folder, has_image, least_responses=4):
        people = {}
        for path in sorted(folder.iterdir()):
            for text in path.read_text().splitlines():
                line = json.loads(text)
                if line["exp_trial_type"] is not None:
                    people.setdefault(line["file_identifier"], []).append(line)
        kept, sets = [], set()
        self.said = {}
        for who, lines in people.items():
            caught_now = [
                bool(line["catch_trial_correct"])
                for line in lines if line["exp_trial_type"] == "catch_trial"
            ]  # fmt: skip
            num_missed = sum(line["selected_image"] == "No image selected" for line in lines)
            if (caught_now and np.mean(caught_now) < 0.9) or num_missed > 10:
                continue
            kept.append(who)
            is_own = lines[0]["subject_id"] not in sets
            sets.add(lines[0]["subject_id"])
            for line in lines:
                if line["exp_trial_type"] == "exp_trial":
                    shown = [line[f"image{i}Path"].split("/")[-1].split(".")[0] for i in (1, 2, 3)]
                    odd = line["selected_image"].split("/")[-1].split(".")[0]
                    own = self.said.setdefault(frozenset(shown), [])
                    own.append((odd, line["rt"] / 1000, is_own))
        self.kept = kept
        self.said = {
            triplet: own
            for triplet, own in self.said.items()
            if len(own) >= least_responses and all(name in has_image for name in triplet)
        }

    def at(self, level):
        return [
            (sorted(triplet), own)
            for triplet, own in self.said.items()
            if level in ("all", LEVEL_OF[len({class_of(name) for name in triplet})])
        ]

    def accuracies(self, level, space):
        hard, soft = [], []
        for triplet, own in self.at(level):
            odds = [odd for odd, _, _ in own]
            most = max(odds.count(name) for name in triplet)
            winners = [name for name in triplet if odds.count(name) == most]
            choice = self.choice(triplet, space)
            hard.append(1 / len(winners) if choice in winners else 0)
            soft.append(odds.count(choice) / len(odds))
        return np.mean(hard), np.mean(soft)

    def ceilings(self, level):
        agree, most_share = [], []
        for triplet, own in self.at(level):
            odds = [odd for odd, _, _ in own]
            credits = []
            for place, odd in enumerate(odds):
                others = odds[:place] + odds[place + 1 :]
                most = max(others.count(name) for name in triplet)
                winners = [name for name in triplet if others.count(name) == most]
                credits.append(1 / len(winners) if odd in winners else 0)
            agree.append(np.mean(credits))
            most_share.append(max(odds.count(name) for name in triplet) / len(odds))
        return np.mean(agree), np.mean(most_share)

    def uncertainties(self, level, space, temperature):
        model, times, doubts = [], [], []
        for triplet, own in self.at(level):
            logits = np.array(self.alike(triplet, space)) / temperature
            model.append(scipy.stats.entropy(np.exp(logits - logits.max())))
            quick = [np.log(seconds) for _, seconds, is_own in own if is_own and seconds <= 10]
            times.append(np.mean(quick))
            odds = [odd for odd, _, is_own in own if is_own]
            shares = [odds.count(name) / len(odds) for name in triplet]
            doubts.append(round(scipy.stats.entropy(shares), 12))
        return (
            scipy.stats.spearmanr(model, times).statistic,
            scipy.stats.spearmanr(model, doubts).statistic,
        )

    def alike(self, triplet, space):
        x, y, z = (space[name] for name in triplet)
        return [x @ y, x @ z, y @ z]

    def choice(self, triplet, space):
        alike = self.alike(triplet, space)
        return triplet[2 - int(np.argmax(alike))]


def in_space(keys, vectors, similarity):
    return dict(zip(keys, as_similarity_space(vectors, similarity), strict=True))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The files of a tiny study; two stimuli have no image."""
    folder = tmp_path_factory.mktemp("levels")
    names, triplets = tiny_triplets()
    vectors = hidden_vectors(names)
    put_people(folder / "trials", triplets, vectors)
    put_images(folder / "stimuli", names[:-2])
    return folder, names, triplets, vectors


def settings(folder, **changes):
    places = {"trials": str(folder / "trials"), "images": str(folder / "stimuli")}
    return LevelsConfig(**{**places, **changes})


def represented(keys, vectors, seed=1, temperature=100.0):
    """A student whose end is the hidden embedding and whose start is worse, and another."""
    matrix = np.stack([vectors[key] for key in keys])
    noise = np.random.default_rng(seed).normal(size=(2, *matrix.shape))
    models = [("s", "before", matrix + noise[0]), ("s", "after", matrix),
              ("other", "as it is", matrix + 2 * noise[1])]  # fmt: skip
    return Representations(
        keys=tuple(keys),
        models=tuple(
            Represented(
                model=EvaluatedModel(
                    label=label, variant=variant, embeddings="unused",
                    temperature=temperature if label == "s" else None,
                ),
                backbone=None,
                source=InMemory(own),
            )
            for label, variant, own in models
        ),
        rejects={},
    )  # fmt: skip


def all_rows(people, shown, *, similarities=("dot", "centred_cosine"), temperatures=(1.0,)):
    """Rows of everything as the job's tasks make them, one after the other."""
    judged = on_represented(people, shown)
    scores = {
        name: [
            score_triplets(
                as_similarity_space(own.read(), name), judged.triplets,
                (*temperatures, own.model.temperature) if own.model.temperature else temperatures,
            )
            for own in shown.models
        ]
        for name in similarities
    }  # fmt: skip
    chosen = Chosen(
        models=shown.models, scores=scores, judged=judged, temperatures=temperatures,
        num_resamples=8, seed=0,
    )  # fmt: skip
    return joined([rows_of_item(item, chosen) for item in items_of(chosen)])


@pytest.fixture(scope="module")
def everything(world):
    """The people, three models, and all rows of them."""
    folder, names, _, vectors = world
    people, shown = read_people(settings(folder)), represented(names[:-2], vectors)
    return people, shown, all_rows(people, shown)


def found(rows, **of):
    return [row for row in rows if all(row.get(key) == value for key, value in of.items())]


def the_one(rows, **of):
    (row,) = found(rows, **of)
    return row


def test_every_figure_is_the_literal_one(world, everything):
    folder, names, _, _ = world
    people, shown, rows = everything
    assert people.missing == tuple(names[-2:])
    literal = Literal(folder / "trials", set(names[:-2]))
    assert len(literal.kept) == 6
    for similarity in ("dot", "centred_cosine"):
        for own in shown.models:
            space = in_space(shown.keys, own.read(), similarity)
            of = {"similarity": similarity, **own.name}
            for level in ("coarse", "fine", "class_boundary", "all"):
                figures = found(rows["figures"], level=level, **of)
                hard, soft = literal.accuracies(level, space)
                accuracy = the_one(figures, measure=ACCURACY)
                assert accuracy["estimate"] == pytest.approx(hard, abs=1e-6)
                assert accuracy["low"] <= accuracy["estimate"] <= accuracy["high"]
                assert (accuracy["num"], accuracy["unit"]) == (len(literal.at(level)), "triplets")
                share = the_one(figures, measure=SOFT_ACCURACY)["estimate"]
                assert share == pytest.approx(soft, abs=1e-6)
                for temperature in (1.0, 100.0) if own.model.temperature else (1.0,):
                    time, doubt = literal.uncertainties(level, space, temperature)
                    for measure, expected in ((AGAINST_TIME, time), (AGAINST_ENTROPY, doubt)):
                        row = the_one(figures, measure=measure, temperature=temperature)
                        assert row["estimate"] == pytest.approx(expected, abs=1e-6)
    assert not found(rows["figures"], label="other", temperature=100.0)
    for level in ("coarse", "fine", "class_boundary", "all"):
        for measure, value in zip(
            (ONE_AGAINST_OTHERS, MAJORITY_SHARE), literal.ceilings(level), strict=True
        ):
            assert the_one(rows["ceilings"], measure=measure, level=level)[
                "estimate"
            ] == pytest.approx(value)


def test_differences_are_of_the_same_triplets_and_say_between_whom(everything):
    rows = {kind: found(own, similarity="dot") for kind, own in everything[2].items()}
    for measure in (ACCURACY, SOFT_ACCURACY, AGAINST_TIME, AGAINST_ENTROPY):
        for temperature in (None,) if measure in (ACCURACY, SOFT_ACCURACY) else (1.0, 100.0):
            of = {"measure": measure, "level": "coarse", "label": "s", "temperature": temperature}
            change = the_one(rows["differences"], **of, to="after")
            before, after = (
                the_one(rows["figures"], **of, variant=variant)["estimate"]
                for variant in ("before", "after")
            )
            assert change["from"] == "before"
            assert change["estimate"] == pytest.approx(after - before, abs=2e-6)
    across = found(rows["differences"], label="other", **{"from": "s after"})
    assert {row["level"] for row in across} == {"coarse", "fine", "class_boundary", "all"}
    assert {row.get("temperature") for row in across} == {None, 1.0}, "no temperature it has not"


def test_all_that_is_left_out_is_counted(world, everything):
    folder, names, triplets, _ = world
    people, shown, _ = everything
    data = described(people, on_represented(people, shown), shown)
    assert data["participants"] == {
        "num_participants": 8, "num_below_catch_accuracy": 1, "num_above_missed_trials": 1,
        "num_kept": 6, "num_kept_with_a_set_of_their_own": 5,
    }  # fmt: skip
    has_image = set(names[:-2])
    num_shown = sum(set(triplet) <= has_image for triplet in triplets)
    assert data["triplets"] == {
        "num_triplets": num_shown, "num_responses": 6 * num_shown, "num_with_few_responses": 0,
        "num_without_an_image": 36 - num_shown,
        "num_responses_without_an_image": 6 * (36 - num_shown),
    }  # fmt: skip
    assert 0 < num_shown < 36
    assert data["trials"]["num_trials"] == 8 * 36
    assert data["trials"]["num_trials_of_left_out_participants"] == 2 * 36
    assert (data["images"]["num_missing"], data["images"]["missing"]) == (2, names[-2:])
    assert sum(own["num_triplets"] for own in data["levels"].values()) == 2 * num_shown
    assert "1 / t" in data["rules"]["ties"]
    # The same trials in one file are the same trials.
    whole = folder / "one.jsonl"
    whole.write_text("".join(p.read_text() for p in sorted((folder / "trials").iterdir())))
    again = read_people(settings(folder, trials=str(whole)))
    assert described(again, on_represented(again, shown), shown) == data


def put_few(folder, lines):
    folder.mkdir()
    path = folder / "trials.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    names = sorted({line[f"image{i}Path"].split("/")[-1].split(".")[0]
                    for line in lines for i in (1, 2, 3)})  # fmt: skip
    put_images(folder / "stimuli", names)
    return path, names


def test_one_response_has_no_ceiling_and_nobody_in_time_has_no_correlation(tmp_path):
    triplets = [("n00000001_1", "n00000002_1", f"n00000003_{i}") for i in range(1, 6)]
    lines = [jspsych_line(own, 0, 12.0, "one", "p") for own in triplets]
    path, names = put_few(tmp_path / "few", lines)
    config = settings(tmp_path / "few", trials=str(path), least_responses=1)
    people = read_people(config)
    shown = represented(names, hidden_vectors(names))
    rows = all_rows(people, shown, similarities=("dot",))
    assert {row["level"] for row in rows["figures"]} == {"coarse", "all"}
    ceiling = the_one(rows["ceilings"], measure=ONE_AGAINST_OTHERS, level="coarse")
    assert (ceiling["estimate"], ceiling["num"]) == (None, 0)
    assert ceiling["undefined"] == "no triplet that two people or more judged"
    for measure in (AGAINST_TIME, AGAINST_ENTROPY):
        row = the_one(rows["figures"], measure=measure, level="coarse", label="other")
        assert row["estimate"] is None
        assert row["undefined"].startswith("0 items have both values")
    data = described(people, on_represented(people, shown), shown)
    assert data["levels"]["coarse"] == {
        "num_triplets": 5, "num_responses": 5, "responses_per_triplet": [1, 1],
        "mean_responses_per_triplet": 1.0,
        "num_with_one_response": 5, "num_without_time": 5, "num_without_entropy": 5,
    }  # fmt: skip
    with pytest.raises(InputError, match=r"no triplet with 4 responses \(5 triplets with fewer\)"):
        read_people(replace(config, least_responses=4))


def test_a_collapsed_model_scores_nothing_and_has_no_doubt(everything):
    people, shown, _ = everything
    flat = replace(shown.models[0], source=InMemory(np.ones((len(shown.keys), 3))))
    rows = all_rows(people, replace(shown, models=(flat,)), similarities=("dot",))
    for measure in (ACCURACY, SOFT_ACCURACY):
        assert the_one(rows["figures"], measure=measure, level="all")["estimate"] == 0.0
    for row in found(rows["figures"], measure=AGAINST_TIME):
        assert row["undefined"] == "all values of the model are equal"


def test_no_participant_and_no_image_are_refused(tmp_path):
    triplet = ("n00000001_1", "n00000002_1", "n00000003_1")
    lines = [jspsych_line(triplet, 0, 2.0, "one", "p"), *missed("one", "p", 11)]
    path, _ = put_few(tmp_path / "few", lines)
    config = settings(tmp_path / "few", trials=str(path), least_responses=1)
    with pytest.raises(InputError, match=r"no participant is kept of 1 .*1 with more than 10"):
        read_people(config)
    path.write_text(json.dumps(lines[0]))
    people = read_people(config)
    nothing = represented(["n00000001_1"], hidden_vectors(["n00000001_1"]))
    with pytest.raises(InputError, match="no triplet has its three images"):
        on_represented(people, nothing)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image of the 3 objects"):
        read_people(replace(config, images=str(tmp_path / "empty")))


def test_a_design_names_levels_that_trials_do_not(tmp_path):
    triplets = [("a", "b", "c"), ("a", "b", "d"), ("a", "c", "d")]
    lines = [jspsych_line(own, 0, 2.0, who, who) for own in triplets for who in "wxyz"]
    path, _ = put_few(tmp_path / "few", lines)
    design = tmp_path / "design.csv"
    kinds = ("between_class", "within_class", "class_border")
    header = "image1,image2,image3,triplet_class\n"
    rows = [
        f"{c}.JPEG,x/{a}.JPEG,{b}.png,{kind}\n"
        for (a, b, c), kind in zip(triplets, kinds, strict=True)
    ]
    design.write_text(header + "".join(rows))
    config = settings(tmp_path / "few", trials=str(path))
    with pytest.raises(InputError, match="no triplet_class, and no WordNet ids"):
        read_people(config)
    people = read_people(replace(config, design=str(design)))
    assert people.judged.level.tolist() == [0, 1, 2]
    design.write_text(header + "".join(rows[:2]))
    with pytest.raises(InputError, match="or a design that does"):
        read_people(replace(config, design=str(design)))
    told = [{**line, "triplet_class": "fine"} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    with pytest.raises(InputError, match="triplet_class 'fine'; expected coarse, as the design"):
        read_people(replace(config, design=str(design)))


CATCH = [
    ("n00000001_1", "n00000001_2", "n00000002_1", 2),
    ("n00000003_1", "n00000001_2", "n00000001_3", 0),
    ("n00000002_1", "n00000003_2", "n00000002_3", 1),
    ("n00000004_1", "n00000004_2", "n00000005_9", 2),
]


def put_catch(path, rows=CATCH):
    with path.open("w") as file:
        csv.writer(file).writerows([("image1", "image2", "image3", "odd_position"), *rows])
    return str(path)


def test_catch_trials_are_counted_one_by_one(world, tmp_path):
    folder = world[0]
    config = LevelsConfig(
        catch_trials=put_catch(tmp_path / "catch.csv", [*CATCH, CATCH[0]]),
        catch_images=str(folder / "stimuli"),
    )
    catch = read_catch(config)
    assert catch.missing == ("n00000005_9",)
    # The first model knows classes; the second has all images alike.
    knows = np.eye(6)[[int(class_of(name)[1:]) - 1 for name in catch.images.keys]]
    shown = represented(catch.images.keys, dict(zip(catch.images.keys, knows, strict=True)))
    models = [
        replace(own, source=InMemory(vectors))
        for own, vectors in zip(shown.models, (knows, knows[::-1] * 0 + 1, knows), strict=True)
    ]
    trials = shown_catch(catch, replace(shown, models=tuple(models)))
    assert len(trials.triplets) == 3, "one lacks an image, one is there twice"
    scores = {"dot": [score_triplets(own.read(), trials.triplets, ()) for own in models]}
    rows = catch_rows(models, scores, trials, num_resamples=10, seed=0)
    estimates = {row["variant"]: row["estimate"] for row in rows["figures"]}
    assert estimates == {"before": 1.0, "after": 0.0, "as it is": 1.0}
    right = the_one(rows["figures"], variant="before")
    assert (right["high"], right["num"]) == (1.0, 3)
    assert right["low"] == pytest.approx(0.025 ** (1 / 3)), "not 1: three trials are few"
    change = the_one(rows["differences"], label="s")
    assert (change["estimate"], change["low"], change["high"]) == (-1.0, -1.0, -1.0)
    doubtful = put_catch(tmp_path / "two.csv", [CATCH[0], (*CATCH[0][:3], 1)])
    with pytest.raises(InputError, match="two odd ones of the triplet n00000001_1, n00000001_2"):
        read_catch(replace(config, catch_trials=doubtful))


def page_of(rows, data, backbone):
    models = [
        {"label": "s", "variant": "before", "backbone": {"name": backbone}},
        {"label": "s", "variant": "after", "backbone": {"name": backbone}},
        {"label": "other", "variant": "as it is", "backbone": None},
    ]
    results = {
        "models": models,
        "settings": {"similarities": ["dot"], "temperatures": [1.0]},
        "parts": {"levels": {"data": data, **rows}},
    }
    return levels_section(View(results=results, shown={"levels": {"failed": []}}))


def test_the_page_shows_levels_side_by_side_with_the_paper_s_beside(everything, read_page):
    people, shown, rows = everything
    data = {"people": described(people, on_represented(people, shown), shown)}
    text = read_page(page_of(rows, data, "vit_base_patch16_224.augreg_in21k").encode()).text
    for said in (
        "Coarse", "Fine", "Class boundary", "paper: ViT-B, base", "36.1", "paper: ViT-B, aligned",
        "65.7", "aligned 0.48 to 0.51", "6 of 8; 5 of them", "1 / t", "after, T 100",
    ):  # fmt: skip
        assert said in text
    for row in found(rows["figures"], measure=ACCURACY, level="coarse", similarity="dot"):
        assert f"{100 * row['estimate']:.1f}" in text
    other = read_page(page_of(rows, data, "resnet50").encode()).text
    assert "paper: ViT-B" not in other
    catch = {"catch": {"num_triplets": 22}}
    alone = page_of({"figures": [], "differences": [], "ceilings": []}, catch, "resnet50")
    assert "No model fails one of them." in read_page(alone.encode()).text


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ((), "no --levels.trials, --levels.images"),
        (("--levels.trials", "t"), "no --levels.images"),
        (("--levels.trials", "t", "--levels.images", "i"), None),
        (("--levels.catch-trials", "c"), "no --levels.catch-images"),
        (("--levels.catch-trials", "c", "--levels.catch-images", "i"), None),
        (("--levels.catch-trials", "c", "--levels.images", "i"), None),
    ],
)
def test_either_half_can_be_measured(flags, reason):
    config = parse_config(EvaluateConfig, ["--output", "o", "--models", "m", *flags])
    assert lacking(config) == reason


@pytest.mark.parametrize("flag", ["--levels.design", "--levels.catch-images"])
def test_a_setting_that_nothing_reads_is_refused(flag):
    with pytest.raises(ConfigError, match="which nothing reads"):
        parse_config(EvaluateConfig, ["--output", "o", "--models", "m", flag, "x"])


def put_embeddings(path, vectors):
    names = sorted(vectors)
    np.savez(path, names=np.array(names), embeddings=np.stack([vectors[name] for name in names]))
    return f"{path.stem}={path}"


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_tiny_study_is_evaluated(world, tmp_path, capsys, read_page):
    folder, names, _, vectors = world
    put_images(tmp_path / "stimuli", names[:-1])
    broken = names[-2]
    (tmp_path / "stimuli" / f"{broken}.jpg").write_bytes(b"no image")
    hidden = {name: vector.astype(np.float32) for name, vector in vectors.items()}
    config = EvaluateConfig(
        levels=LevelsConfig(
            trials=str(folder / "trials"), images=str(tmp_path / "stimuli"),
            catch_trials=put_catch(tmp_path / "catch.csv"),
        ),
        models=(put_embeddings(tmp_path / "hidden.npz", hidden),),
        backbone=EvaluatedBackboneConfig(
            name="test_efficientnet", random_init=True,
            preprocessing=PreprocessingConfig(resolution=32, resize="squash"),
        ),
        output=str(tmp_path / "out"), num_resamples=20, resources=RESOURCES,
    )  # fmt: skip
    results = evaluate(config)
    assert str(tmp_path) not in (tmp_path / "out" / "results.json").read_text()
    part = results["parts"]["levels"]
    literal = Literal(folder / "trials", set(names[:-2]))
    keys = sorted(names[:-2])
    space = in_space(keys, np.stack([hidden[key] for key in keys]), "centred_cosine")
    of = {"label": "hidden", "similarity": "centred_cosine", "level": "coarse"}
    accuracy = the_one(part["figures"], measure=ACCURACY, **of)
    assert accuracy["estimate"] == pytest.approx(literal.accuracies("coarse", space)[0])
    times = the_one(part["figures"], measure=AGAINST_TIME, temperature=1.0, **of)
    assert times["estimate"] == pytest.approx(literal.uncertainties("coarse", space, 1.0)[0])
    assert len(found(part["figures"], measure=CATCH_ACCURACY)) == 2 * 2
    assert part["data"]["catch"]["num_rows_without_an_image"] == 1
    left_out = {own["what"]: own["reason"] for own in results["left_out"]}
    assert left_out["Levels: 2 of 8 participants"].startswith("1 below 90 % of the catch trials")
    assert left_out["Levels: 1 image"].startswith(f"rejected: {broken!r}")
    assert "odd one out" in left_out
    assert f"{ACCURACY}, Levels" in capsys.readouterr().out
    page = read_page((tmp_path / "out" / "report" / "index.html").read_bytes())
    assert "At which levels does it choose as people do?" in page.text
    assert "Does it pass people's catch trials?" in page.text
    assert f"{100 * accuracy['estimate']:.1f}" in page.text
    assert all(value.startswith("data:") for _, name, value in page.attributes if name == "src")


def put_design(folder, design, names, num_triplets):
    """Participants of the real design whose sets hold the same triplets, each in a file."""
    vectors = hidden_vectors(names)
    folder.mkdir()
    for number, subject in enumerate(FIVE_WITH_THE_SAME_TRIPLETS):
        shown = [images for who, images in design if who == subject and set(images) <= set(names)]
        assert len(shown) == num_triplets
        lines = [
            {**line, "triplet_class": None}
            for line in answers(shown, vectors, f"session {number}", subject, number)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{subject}.json").write_text(text)
    return vectors


@pytest.mark.real
@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_the_real_design_and_the_real_catch_trials(real_data, tmp_path):
    """Responses and stimuli are made up; the design and the catch trials with images are real."""
    table = real_data / "levels" / "design_first_20_participants.csv"
    with table.open() as file:
        design = [
            (row["id"], tuple(row[f"image{i}"].rpartition("/")[2].removesuffix(".JPEG")
                              for i in (1, 2, 3)))
            for row in csv.DictReader(file)
        ]  # fmt: skip
    chosen = [images for who, images in design if who == FIVE_WITH_THE_SAME_TRIPLETS[0]][:60]
    names = sorted({name for images in chosen for name in images})
    vectors = put_design(tmp_path / "trials", design, names, 60)
    put_images(tmp_path / "stimuli", names)
    results = evaluate(
        EvaluateConfig(
            levels=LevelsConfig(
                trials=str(tmp_path / "trials"), images=str(tmp_path / "stimuli"),
                design=str(table), catch_trials=str(real_data / "levels" / "catch_trials.csv"),
                catch_images=str(real_data / "levels" / "catch_trials"),
            ),
            models=(put_embeddings(tmp_path / "hidden.npz", vectors),),
            backbone=EvaluatedBackboneConfig(
                name="mobilenetv1_025", model_args=("num_classes=1001", "pad_type=same"),
                checkpoint=str(
                    real_data / "weights" / "mobilenetv1_025.imagenet_128.safetensors"
                ),
                preprocessing=PreprocessingConfig(
                    resolution=128, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
                ),
            ),
            plugins=(str(real_data / "backbones.py"),),
            similarities=("dot",), output=str(tmp_path / "out"), num_resamples=20,
            resources=RESOURCES,
        )
    )  # fmt: skip
    part = results["parts"]["levels"]
    levels = part["data"]["people"]["levels"]
    assert list(levels) == ["coarse", "fine", "class_boundary", "all"]
    assert levels["all"]["num_responses"] == 5 * 60
    literal = Literal(tmp_path / "trials", set(names))
    ceiling = the_one(part["ceilings"], measure=ONE_AGAINST_OTHERS, level="all")
    assert ceiling["estimate"] == pytest.approx(literal.ceilings("all")[0], abs=1e-6)
    accuracy = the_one(part["figures"], measure=ACCURACY, level="all", label="hidden")
    space = {name: vector.astype(np.float32).astype(np.float64) for name, vector in vectors.items()}
    assert accuracy["estimate"] == pytest.approx(literal.accuracies("all", space)[0], abs=1e-6)
    assert accuracy["estimate"] > ceiling["estimate"], "it is what the people follow"
    caught = the_one(part["figures"], measure=CATCH_ACCURACY)
    assert caught["label"] == "mobilenetv1_025"
    assert (caught["num"], caught["estimate"] >= 0.9) == (22, True)
    assert "hidden on catch trials" in [own["what"] for own in results["left_out"]]
