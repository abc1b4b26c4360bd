"""What a person reads of a fit: before and after, what was left out, what to run next."""

import sys
from collections.abc import Sequence

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.transform_fit import Candidate
from alignet_ray.records.digests import Json
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import BUNDLE_NAME, TeacherBundle
from alignet_ray.stages.progress import note
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.human_accuracy import SIMILARITIES
from alignet_ray.teaching.human_data import HumanData
from alignet_ray.teaching.objects import TaughtObjects
from alignet_ray.teaching.report.job import REPORT_NAME

_NUM_SHOWN = 3
_NUM_CELLS_SHOWN = 5
_COLUMNS = {
    "regularisation": "regularisation",
    "learning_rate": "learning rate",
    "local_weight": "local weight",
    "local_temperature": "local temp.",
}


def announce_fit(material: Material, tried: Sequence[Candidate], config: FitTeacherConfig) -> None:
    """One line before the search, which may take some minutes."""
    if config.resources.progress:
        num_objects, dim = material.vectors.shape
        fitted = min(config.fit.num_components or dim, dim)
        others = "" if material.local is None else f", {len(material.local):,} other images"
        sys.stderr.write(
            f"fit: {_counted(len(tried), 'setting')} x {material.num_folds} folds of "
            f"{num_objects:,} objects, {dim:,} dimensions, W {fitted:,} x {fitted:,}{others}\n"
        )


def announce_inputs(human: HumanData, found: TaughtObjects, *, is_shown: bool) -> None:
    """One line as soon as the files are read: a wrong folder or misspelt ids show here."""
    objects = f"{len(found.names) - len(found.missing):,} of {len(found.names):,} objects found"
    if found.missing:
        objects += f" (not {_some(list(found.missing))})"
    source = human.source
    is_ready = isinstance(source, HumanEmbedding)
    judged = "" if is_ready else f"{_counted(len(source.triplets), 'judgement')}; "
    note(f"{judged}{objects}", is_shown=is_shown)


def print_nothing_to_do(folder: Folder, bundle: TeacherBundle) -> None:
    """The same settings again."""
    print(f"nothing to do: {folder.url} holds the teacher of these settings ({_name(bundle)})")
    print(f"Its figures are in {folder.place(REPORT_NAME)}")


def print_fitted(folder: Folder, bundle: TeacherBundle) -> None:
    """Figures before and after, counts, and the next command."""
    metrics = bundle.metrics
    print(f"teacher {_name(bundle)}")
    print("  " + _objects_line(metrics["counts"]))
    if metrics["counts"].get("left_out_for_responses"):
        left_out = metrics["counts"]["left_out_for_responses"]
        print(f"  {left_out:,} judgements left out: --responses shows their triplets")
    if "vice" in metrics:
        print("  " + _choices_line(metrics["counts"]))
        print("  " + _vice_line(metrics["vice"]))
    print("  " + _triplets_line(metrics["counts"]))
    _print_selection(metrics["selection"])
    _print_unseen_objects(metrics["unseen_objects"])
    if "unseen_responses" in metrics:
        dropped = metrics["counts"]["dropped_responses"]
        _print_human("unseen responses", metrics["unseen_responses"], f"; {dropped:,} left out")
    print(f"The teacher is in {folder.url}; look at {folder.place(REPORT_NAME)}")
    print(f"Next: python jobs/generate.py --teacher {folder.url} --images DIR --output RUN")


def _name(bundle: TeacherBundle) -> str:
    return f"{bundle.backbone.name}, {bundle.digest[:12]}"


def _objects_line(counts: Json) -> str:
    line = f"{counts['embedded_objects']:,} of {counts['objects']:,} objects embedded"
    missing, rejected = counts["missing_images"], counts["rejected_images"]
    if missing:
        line += f"; {len(missing):,} without an image ({_some(missing)})"
    if rejected:
        reasons = [f"{object_id}: {reason}" for object_id, reason in rejected.items()]
        line += f"; {len(rejected):,} rejected ({_some(reasons)})"
    return line


def _some(items: list[str]) -> str:
    return ", ".join(items[:_NUM_SHOWN]) + (", ..." if len(items) > _NUM_SHOWN else "")


def _choices_line(counts: Json) -> str:
    line = f"{counts['choices']:,} choices"
    left_out = counts["choices_without_image"]
    return line + (f"; {left_out:,} show an object without an image" if left_out else "")


def _vice_line(vice: Json) -> str:
    """The embedding that was fitted, and what it foretells of choices that were held out."""
    held_out = vice["held_out"]
    line = (
        f"vice: {vice['num_live']} live dimensions of {vice['num_objects']:,} objects after "
        f"{_counted(vice['num_epochs'], 'epoch')}; {held_out['num_choices']:,} held-out choices: "
        f"accuracy {held_out['accuracy']:.4f}, negative log-likelihood "
        f"{held_out['negative_log_likelihood']:.4f}"
    )
    return (
        line
        if vice["is_stable"]
        else line
        + ("; its dimensions still change: fit in another --output with more --vice.max-epochs")
    )


def _triplets_line(counts: Json) -> str:
    if "triplets" not in counts:
        unknown = counts.get("objects_without_human_vector", 0)
        line = "triplets drawn from the human embedding; their probabilities are its own"
        return line + (f"; it lacks {unknown:,} embedded objects" if unknown else "")
    return (
        f"{counts['triplets']:,} triplets; left out {counts['dropped_without_image']:,} "
        "for want of an image"
    )


def _print_selection(selection: Json) -> None:
    """The winner and the best few of the grid."""
    cells, winner = selection["cells"], selection["winner"]
    num_folds = len(selection["winner_curves"])
    shown = ", ".join(f"{_COLUMNS[name]} {winner[name]:g}" for name in _varied([winner]))
    print(
        f"  chosen of {_counted(len(cells), 'setting')} over {num_folds} folds of objects: "
        f"{shown}, {_counted(selection['num_epochs'], 'epoch')}"
    )
    if len(cells) == 1:
        return
    names = _varied(cells)
    ranked = sorted(cells, key=lambda cell: (cell["mean_cross_entropy"] is None, _loss(cell)))
    heads = (*(_COLUMNS[name] for name in names), "cross-entropy", "epochs")
    print("    " + "  ".join(f"{head:>14}" for head in heads))
    for cell in ranked[:_NUM_CELLS_SHOWN]:
        loss = "diverged" if cell["mean_cross_entropy"] is None else f"{_loss(cell):.4f}"
        row = (*(_number(cell[name]) for name in names), loss, str(cell["num_epochs"]))
        print("    " + "  ".join(f"{value:>14}" for value in row))
    for name in names:
        _warn_of_edge(name, [cell[name] for cell in cells], winner[name])


def _warn_of_edge(name: str, tried: list[float | None], chosen: float | None) -> None:
    """The best value may lie beyond those that were tried."""
    values = sorted({value for value in tried if value is not None})
    if len(values) > 2 and chosen in (values[0], values[-1]):
        flag = f"--grid.{name.replace('_', '-')}"
        print(
            f"    the chosen {_COLUMNS[name]} is the last of its grid: try more with {flag} "
            f"(delete {BUNDLE_NAME} first; finished fits are kept)"
        )


def _varied(cells: Sequence[Json]) -> list[str]:
    """Settings worth a column: those of the local loss only where there is one."""
    has_local = any(cell["local_weight"] for cell in cells)
    return [name for name in _COLUMNS if has_local or not name.startswith("local")]


def _loss(cell: Json) -> float:
    return cell["mean_cross_entropy"] or 0.0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _print_unseen_objects(unseen: Json) -> None:
    accuracies = ", ".join(
        f"{name} {own['before']:.4f} -> {own['after']:.4f} (of {own['oracle']:.4f})"
        for name, own in unseen["expected_accuracy"].items()
    )
    loss = "{before:.4f} -> {after:.4f} (of {oracle:.4f})".format(**unseen["cross_entropy"])
    print(
        f"  unseen objects, {unseen['num_triplets']:,} triplets: expected accuracy {accuracies}; "
        f"cross-entropy {loss}"
    )
    if "human" in unseen:
        _print_human("responses on unseen objects", unseen["human"])


def _print_human(label: str, human: Json, dropped: str = "") -> None:
    ceiling = human.get("leave_one_out_majority")
    people = (
        f" ({human['num_repeated_triplets']:,} of them with two responses or more: too few to say "
        "how far people agree)"
        if ceiling is None
        else f" (a person against the others' majority: {ceiling:.4f})"
    )
    responses, triplets = human["num_responses"], human["num_triplets"]
    print(f"  {label}: {responses:,} to {triplets:,} triplets{dropped}{people}")
    for name in SIMILARITIES:
        before, after, difference = (human[name][key] for key in ("before", "after", "difference"))
        print(
            f"    {name}: {_interval(before)} -> {_interval(after)}, "
            f"difference {_interval(difference, '+')}"
        )


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}" + ("" if count == 1 else "s")


def _interval(interval: Json, sign: str = "") -> str:
    numbers = (format(interval[key], f"{sign}.4f") for key in ("estimate", "low", "high"))
    estimate, low, high = numbers
    return f"{estimate} [{low}, {high}]"
