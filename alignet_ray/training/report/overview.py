"""What the student is, and the figures that matter most."""

from collections.abc import Iterator

from alignet_ray.pages.markup import Markup, count, counted, element, share
from alignet_ray.pages.parts import tile
from alignet_ray.training.remarks import remarks
from alignet_ray.training.report.curves import median
from alignet_ray.training.report.view import View


def header(view: View) -> Markup:
    """Name, backbone and tiles."""
    return element(
        "header",
        element("p", "AligNet student", class_="eyebrow"),
        element("h1", view.name),
        element("p", *_lead(view), class_="lead"),
        element("dl", *_tiles(view), class_="tiles"),
        *(element("p", f"Note: {own}.", class_="lead") for own in remarks(view.figures)),
    )


def _lead(view: View) -> Iterator[str]:
    student = view.student.aligned
    start = "random" if view.student.initial.random_init else "pretrained"
    runs = view.data.get("runs", ())
    yield "The backbone "
    yield element("b", student.name)
    yield (
        f" ({student.representation}, {student.preprocessing.resolution} px, {student.dim:,} "
        f"dimensions), trained from {start} weights on the soft labels of "
        f"{counted(len(runs), 'run') if runs else 'a teacher'}."
    )


def _tiles(view: View) -> Iterator[Markup]:
    if view.measured is not None:
        before, after = view.measured
        yield tile("KL from the teacher", f"{after['kl']:.4f}",
                   f"nats on validation triplets; {before['kl']:.4f} before")  # fmt: skip
        yield tile("agrees", share(after["accuracy"]),
                   f"on the teacher's odd one out; {share(before['accuracy'])} before")  # fmt: skip
        yield tile("expected agreement", share(after["expected_agreement"]),
                   f"of at most {share(after['expected_ceiling'])}; "
                   f"{share(before['expected_agreement'])} before")  # fmt: skip
        yield tile("entropy", f"{after['student_entropy']:.3f}",
                   f"nats; the teacher's {after['teacher_entropy']:.3f}, "
                   f"{before['student_entropy']:.3f} before")  # fmt: skip
    elif last := view.figures.get("last_step"):
        yield tile("last step's loss", f"{last['loss']:.4f}", "on training triplets")
        yield tile("agrees", share(last["accuracy"]), "with the teacher, on training triplets")
    yield from _amount_tiles(view)


def _amount_tiles(view: View) -> Iterator[Markup]:
    data = view.data
    if data:
        yield tile("steps", count(data["steps"]), f"{data['epochs']:.2f} epochs")
        yield tile("groups", count(data["groups_seen"]), "as often as they came")
        yield tile("images", count(data["images_seen"]), "forward passes of training")
    speed = [own["images_per_second"] for own in view.steps]
    if speed:
        yield tile("images a second", f"{median(speed):,.3g}", "median of all steps")
