"""What a student's figures ask to be said aloud: on the terminal, on the card and on the page.

All read the same JSON, so that none of them praises what another warns of.
"""

import math
from collections.abc import Iterator

from alignet_ray.plurals import counted
from alignet_ray.records.checkpoints import CHECKPOINTS_FOLDER, step_name
from alignet_ray.records.digests import Json

FEW_TRIPLETS = 300
_LEAST_FALL = 0.02
_SIGMAS = 2.0
_TIE_NATS = 1e-4


def remarks(figures: Json) -> tuple[str, ...]:
    """Sentences without a full stop, in the order in which they matter; none for most students."""
    validation = figures.get("validation")
    found = [_collapse(figures)]
    if validation is not None:
        found.append(_fall(validation["before"], validation["after"]) if not found[0] else None)
        found.append(_head(validation["before"], validation["after"]))
    found.append(skipped(figures))
    if validation is not None:
        found.append(_few(validation["after"]))
    return tuple(own for own in found if own is not None)


def _collapse(figures: Json) -> str | None:
    """Equal similarities everywhere: each triplet is a tie, and its softmax has 1/3 three times."""
    validation = figures.get("validation")
    if validation is None:
        last = figures.get("last_step")
        is_constant = bool(last and last.get("triplets") and last["accuracy"] == 0)
    else:
        after = validation["after"]
        is_uniform = math.log(3) - after["student_entropy"] < _TIE_NATS
        is_constant = after["accuracy"] == 0 and is_uniform
    if not is_constant:
        return None
    return (
        "the student collapsed: its representations are constant and all its answers tie; "
        "lower --learning-rate"
    )


def _fall(before: Json, after: Json) -> str | None:
    """Agreement that fell by more than what as many independent triplets would differ by chance."""
    start, end = before["accuracy"], after["accuracy"]
    variance = (start * (1 - start) + end * (1 - end)) / max(1, after["triplets"])
    if start - end <= max(_LEAST_FALL, _SIGMAS * math.sqrt(variance)):
        return None
    return (
        f"agreement with the teacher fell from {start:.1%} to {end:.1%} of validation triplets; "
        "lower --learning-rate or train longer"
    )


def _head(before: Json, after: Json) -> str | None:
    if "without_head" not in after or "without_head" not in before:
        return None
    start, end = before["without_head"], after["without_head"]
    return (
        "validation is through the linear head, which the exported model lacks; without it agrees "
        f"{start['accuracy']:.1%} -> {end['accuracy']:.1%}, expected "
        f"{start['expected_agreement']:.3f} -> {end['expected_agreement']:.3f}"
    )


def skipped(figures: Json) -> str | None:
    """What was lost with broken shards."""
    number = figures.get("skipped_groups", 0)
    if not number:
        return None
    return f"skipped {counted(number, 'group')} (missing or broken; jobs/verify.py names them)"


def _few(after: Json) -> str | None:
    number = after["triplets"]
    if number >= FEW_TRIPLETS:
        return None
    return (
        f"{counted(number, 'validation triplet')} only: a share of them is uncertain by "
        f"+-{1 / math.sqrt(max(1, number)):.0%}; raise --validation.images or generate more"
    )


def better_checkpoint(figures: Json, output: str) -> Iterator[str]:
    """Words about a kept checkpoint that validated better than what was exported."""
    best = figures.get("best")
    if best is not None and best["step"] != figures["exported_step"]:
        place = f"{output}/{CHECKPOINTS_FOLDER}/{step_name(best['step'])}/trunk.safetensors"
        yield (
            f"KL {best['kl']:.4f} at step {best['step']:,}; exported: step "
            f"{figures['exported_step']:,}, the last"
        )
        yield f"its weights, for timm and --backbone.checkpoint: {place}"
        yield "--export best in another --output exports such a step"
