"""What to do about soft labels that teach little: the same on the terminal and in the report.

A raw backbone's dot products can be so large that its labels are nearly one-hot; nothing fails
then, and a student is trained on single choices.
"""

from alignet_ray.generation.report.facts import HUMAN_ENTROPY, EntropyFacts, entropy_facts
from alignet_ray.generation.report.samples import sample_split
from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.run import Settings
from alignet_ray.records.store import Folder
from alignet_ray.stages.tasks import run_task

TEMPERATURE_FLAG = "--shards.teacher-temperature"
TEMPERATURE_FLAG_OF_CONVERT = "--teacher-temperature"


def label_warning(root: Folder, shards: Settings) -> str | None:
    """What the report says of the training labels, where they are too hard or too soft.

    A task reads the same sample of groups as the report does, at most 64 MB.
    """
    manifest = read_manifest(root, "train")
    assert manifest is not None
    own = entropy_facts(run_task(sample_split, manifest, root, shards.get("seed", 0)))
    return None if own.verdict == "sound" else label_advice(own, shards, root.url)


def label_advice(own: EntropyFacts, shards: Settings, run: str = "RUN") -> str:
    """What to do about the labels, and people's own entropy beside them; `run` is their root."""
    flag = TEMPERATURE_FLAG_OF_CONVERT if "converted" in shards else TEMPERATURE_FLAG
    now = f"{own.teacher_temperature:g}"
    if own.verdict == "hard":
        share, way = own.one_hot_share, "above"
        said = "nearly one-hot: a student would learn single choices"
    elif own.verdict == "soft":
        share, way = own.uniform_share, "below"
        said = "nearly uniform: a student could learn little"
    else:
        return (
            f"With a {flag} of {now} the labels are neither hard nor empty: nothing needs to be "
            f"changed.{_for_comparison(own)}"
        )
    return (
        f"{share:.0%} of the labels are {said}. Another temperature needs another --output: make "
        f"a run with a {flag} {way} {now} there; with --images-from {run} nothing is embedded "
        f"again.{_for_comparison(own)}"
    )


def _for_comparison(own: EntropyFacts) -> str:
    if own.human_temperature is None:
        return ""
    return (
        f" For comparison: at {own.human_temperature:.3g} their mean entropy would be "
        f"{HUMAN_ENTROPY} nats, that of people's choices on THINGS."
    )
