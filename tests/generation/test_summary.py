"""What generate says in the end: counts, warnings, and what comes next."""

from dataclasses import replace

import pytest

from alignet_ray.generation.job import GenerateSummary
from alignet_ray.generation.splits import SplitSummary
from alignet_ray.generation.summary import summary_lines

TRAIN = SplitSummary(
    split="train", num_images=900, num_groups=1000, num_triplets=12_000, num_draws=4000,
    num_shards=5, num_new_shards=5, num_bytes=2_500_000, num_asked_shards=5,
    worst_eligible_share=1.0, teacher_temperature=2.5, has_new_manifest=True,
)  # fmt: skip
SUMMARY = GenerateSummary(
    root="/run", num_images=1000, rejects={"a.jpg": "empty file", "b.jpg": "empty file"},
    num_clusters=25, num_new_parts=2, splits=(TRAIN,), device="cpu",
    fitted_on="cpu", warnings=(), num_new_images=800,
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
        ({"worst_eligible_share": 0.5}, "warning: in some shards only 50% of the images"),
        ({"num_asked_shards": 2}, "2 shards were asked for; more are there and stay"),
    ],
)
def test_what_a_user_should_know_is_said(fields, said):
    assert said in text(**fields)


def test_a_run_that_wrote_nothing_says_so():
    said = "nothing was written"
    assert said in text(replace(SUMMARY, num_new_parts=0), has_new_manifest=False)
    assert said not in text(has_new_manifest=False)
    assert said not in text(replace(SUMMARY, num_new_parts=0))


def test_warnings_stand_before_the_splits():
    lines = list(summary_lines(replace(SUMMARY, warnings=("2 clusters are empty",))))
    place = next(i for i, line in enumerate(lines) if "2 clusters are empty" in line)
    assert lines[place].strip().startswith("warning:")
    assert lines[place + 1].startswith("train:")
