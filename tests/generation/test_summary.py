"""What generate says in the end: counts, warnings, and what comes next."""

from dataclasses import replace

import pytest

from alignet_ray.generation.job import GenerateSummary
from alignet_ray.generation.splits import SplitSummary
from alignet_ray.generation.summary import summary_lines

TRAIN = SplitSummary(
    split="train", strategy="cluster_border", blocks=(2, 2), num_images=900, num_drawable=900,
    num_remade=0, num_groups=1000, num_triplets=12_000, num_draws=4000,
    num_shards=5, num_new_shards=5, num_bytes=2_500_000, num_asked_shards=5,
    worst_eligible_share=1.0, teacher_temperature=2.5, has_new_manifest=True,
)  # fmt: skip
SUMMARY = GenerateSummary(
    root="/run", num_images=1000, rejects={"a.jpg": "empty file", "b.jpg": "empty file"},
    num_clusters=25, num_classes=None, num_new_parts=2, splits=(TRAIN,), device="cpu",
    fitted_on="cpu", warnings=(), label_warning=None, num_new_images=800,
    seconds={"list": 1.0, "embed": 8.0, "cluster": 2.0, "label": 4.0},
)  # fmt: skip


def text(summary=SUMMARY, **split):
    return "\n".join(summary_lines(replace(summary, splits=(replace(TRAIN, **split),))))


def test_counts_are_said():
    said = text()
    for part in (
        "1,000 images (2 rejected)", "25 clusters", "1,000 groups", "12,000 triplets",
        "4,000 image draws over 900 images", "(about 99% covered)", "5 shards (5 new)", "2.5 MB",
        "teacher temperature 2.5", "k-means on cpu",
    ):  # fmt: skip
        assert part in said


def test_seconds_and_rate_are_said():
    assert "took list 1 s, embed 8 s, cluster 2 s, label 4 s; embedded 100.0 images/s" in text()


def test_rejects_are_counted_by_reason():
    assert "rejected: 2 x empty file" in text()


def test_the_next_command_names_the_run():
    assert text().splitlines()[-1].startswith("Next: python jobs/train.py --runs /run ")


def test_a_sound_run_has_no_warning():
    assert "warning" not in text()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"num_draws": 899}, "warning: fewer draws than images"),
        (
            {"worst_eligible_share": 0.5},
            "warning: in some train shards only 50% of the images are in clusters with 2 images",
        ),
        ({"worst_eligible_share": 0.5}, "smaller K in --shards.group, or fewer --clusters.num-c"),
        (
            {"worst_eligible_share": 0.5, "strategy": "class_border"},
            "labelled images are in classes with ",
        ),
        (
            {"worst_eligible_share": 0.5, "split": "validation", "blocks": (2, 1)},
            "set more images aside by --shards.num-validation-images",
        ),
        ({"num_drawable": 700, "strategy": "class_border"}, "over 700 of 900 images (about 78% c"),
        (
            {"num_drawable": 700, "strategy": "class_border"},
            "200 of these 900 images have no label or are in a class with fewer than 2 images",
        ),
        ({"num_asked_shards": 2}, "2 shards asked for; more are there and stay"),
        ({"num_remade": 2}, "5 shards (3 new)"),
        ({"num_remade": 2}, "2 shards were missing or broken and were made again"),
        ({"num_remade": 1}, "1 shard was missing or broken and was made again"),
    ],
)
def test_what_a_user_should_know_is_said(fields, said):
    assert said in text(**fields)


def test_a_run_that_wrote_nothing_says_so():
    said, quiet = "nothing was written", {"has_new_manifest": False, "num_new_shards": 0}
    none_new = replace(SUMMARY, num_new_parts=0)
    assert said in text(none_new, **quiet)
    assert said not in text(**quiet)
    assert said not in text(none_new, **{**quiet, "has_new_manifest": True})
    # Shards that were made again to the same bytes leave the manifest as it was.
    assert said not in text(none_new, **{**quiet, "num_new_shards": 2, "num_remade": 2})
    assert "took list" in text(none_new, **{**quiet, "num_new_shards": 2, "num_remade": 2})


def test_classes_are_counted_where_groups_are_drawn_from_them():
    assert "class" not in text()
    assert "25 clusters, 4 classes, device cpu" in text(replace(SUMMARY, num_classes=4))


def test_a_warning_of_the_labels_stands_just_before_what_comes_next():
    lines = text(replace(SUMMARY, label_warning="94% of the labels are hard")).splitlines()
    assert lines[-2] == "warning: 94% of the labels are hard"


def test_warnings_stand_before_the_splits():
    lines = list(summary_lines(replace(SUMMARY, warnings=("2 clusters are empty",))))
    place = next(i for i, line in enumerate(lines) if "2 clusters are empty" in line)
    assert lines[place].strip().startswith("warning:")
    assert lines[place + 1].startswith("train:")
