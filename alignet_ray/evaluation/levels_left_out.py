"""What was left out of Levels, in the lines that the table and the page end with."""

from collections.abc import Sequence

from alignet_ray.evaluation.levels_people import IMAGES_NAME, PeopleOnLevels, levels_shown
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.levels import LEAST_CATCH_ACCURACY, LEVELS, MOST_MISSED, JudgedTriplets
from alignet_ray.plurals import counted, percent
from alignet_ray.records.wording import quoted


def say_people(
    bench: Workbench, people: PeopleOnLevels, judged: JudgedTriplets, represented: Representations
) -> None:
    """Participants, triplets, stimuli and levels; `judged` are the triplets measured on."""
    counts = people.excluded.counts()
    num_out = counts["num_participants"] - counts["num_kept"]
    if num_out:
        bench.leave_out(
            f"{IMAGES_NAME}: {num_out:,} of {counted(counts['num_participants'], 'participant')}",
            f"{counts['num_below_catch_accuracy']:,} below {percent(LEAST_CATCH_ACCURACY)} of the "
            f"catch trials, {counts['num_above_missed_trials']:,} with more than {MOST_MISSED} "
            "missed trials",
        )
    num_few = people.judged.num_triplets_with_few_responses
    if num_few:
        reason = f"fewer than {counted(people.least_responses, 'response')}"
        bench.leave_out(f"{IMAGES_NAME}: {counted(num_few, 'triplet')}", reason)
    say_images(bench, IMAGES_NAME, people.missing, represented)
    num_unseen = len(people.judged.triplets) - len(judged.triplets)
    if num_unseen:
        what = f"{IMAGES_NAME}: {counted(num_unseen, 'triplet')}"
        bench.leave_out(what, "one of their images is missing or was rejected")
    for level in (own for own in LEVELS if own not in levels_shown(judged)):
        bench.leave_out(f"{IMAGES_NAME}, {level.replace('_', ' ')}", "no triplet of this level")


def say_images(
    bench: Workbench, name: str, missing: Sequence[str], represented: Representations
) -> None:
    """Images that are not there, and those that could not be embedded, with the first reasons."""
    rejects = represented.rejects
    if missing:
        bench.leave_out(f"{name}: {counted(len(missing), 'image')}", f"missing: {quoted(missing)}")
    if rejects:
        key, reason = min(rejects.items())
        bench.leave_out(f"{name}: {counted(len(rejects), 'image')}", f"rejected: {key!r}: {reason}")
