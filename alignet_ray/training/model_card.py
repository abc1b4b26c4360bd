"""`README.md` beside an exported student: a model card as the Hugging Face hub shows it.

Written from `student.json`'s own contents, so it names no time, host or path.
"""

import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, Preprocessing, ResolvedBackbone
from alignet_ray.config.layers import block_number
from alignet_ray.models.timm_config import Library, library_of
from alignet_ray.records.digests import Json
from alignet_ray.records.student import WEIGHTS_NAME, Student
from alignet_ray.records.student_head import HEAD_NAME
from alignet_ray.training.remarks import remarks

CARD_NAME = "README.md"
PAPER = (
    "Muttenthaler, Greff, Born et al., *Aligning machine and human visual representations across "
    "abstraction levels*, Nature 647, 349-355 (2025)"
)

_SHORT_DIGEST = 12
_WIDTH = 99
_NOT_HYPER_PARAMETERS = ("student", "runs", "validation")
_FIGURES = (
    ("kl", "KL divergence from the teacher, nats", "{:.4f}"),
    ("accuracy", "odd one out agrees with the teacher's", "{:.1%}"),
    ("expected_agreement", "teacher's probability of the student's choice", "{:.3f}"),
    ("student_entropy", "mean entropy of the student, nats", "{:.3f}"),
)


def model_card(student: Student) -> str:
    """The card in Markdown with YAML front matter."""
    parts = (
        _front_matter(student),
        _what(student),
        _how_to_load(student.aligned),
        _how_to_apply_the_head(student),
        _data(student.training.get("data", {})),
        _figures(student.training.get("figures", {}).get("validation")),
        _notes(student.training.get("figures", {})),
        _hyper_parameters(student.initial, student.training),
        _limits(student),
        _citation(),
    )
    return "\n".join(line for part in parts for line in part)


def _front_matter(student: Student) -> Iterator[str]:
    library = library_of(student.aligned.name)
    yield "---"
    if library != "plug-in":
        yield f"library_name: {library}"
    yield "pipeline_tag: image-feature-extraction"
    initial = student.initial
    is_from_hub = not initial.random_init and initial.checkpoint is None and "." in initial.name
    if library == "timm" and is_from_hub:
        yield f"base_model: timm/{initial.name}"
    yield "tags:"
    for tag in ("image-feature-extraction", *_library_tags(library), "alignet", "human-alignment"):
        yield f"- {tag}"
    yield from ("---", "")


def _library_tags(library: Library) -> tuple[str, ...]:
    return () if library == "plug-in" else (library,)


def _what(student: Student) -> Iterator[str]:
    aligned = student.aligned
    start = "from random weights" if student.initial.random_init else "from pretrained weights"
    whose = "this model's representations"
    if _has_head(student):
        whose += " behind a linear head, which the model itself lacks,"
    yield f"# {aligned.name}, aligned with human similarity judgements"
    yield ""
    yield from _paragraph(
        f"An image encoder ({aligned.dim:,} dimensions), fine-tuned {start} by AligNet's "
        "distillation: a surrogate teacher of human similarity judgements says of triplets of "
        f"images how likely each pair is to belong together, and the dot products of {whose} "
        "were trained to say the same."
    )


def _how_to_load(aligned: ResolvedBackbone) -> Iterator[str]:
    yield from ("## Use", "", "With `alignet_ray`, where `student` is this folder or its URL:", "")
    yield from _code(
        "import alignet_ray",
        "from PIL import Image",
        "",
        f'student = alignet_ray.load_student("student"{_plugin_argument(aligned)})',
        'vectors = student.embed([Image.open("one.jpg"), Image.open("two.jpg")])',
        "similarity = vectors[0] @ vectors[1]",
    )
    library = library_of(aligned.name)
    if library == "open_clip":
        yield from _load_by_open_clip(aligned)
    else:
        yield from _load_by_timm(aligned, is_plugin=library == "plug-in")
    yield from _pixels(aligned)


def _plugin_argument(aligned: ResolvedBackbone) -> str:
    return ', plugins=["my_models.py"]' if library_of(aligned.name) == "plug-in" else ""


def _load_by_timm(aligned: ResolvedBackbone, *, is_plugin: bool) -> Iterator[str]:
    yield "With timm alone" + (
        ", once the module that registers the model is imported:" if is_plugin else ":"
    )
    yield ""
    # A model whose output was trained keeps its head; of any other the classifier goes.
    headless = ", num_classes=0" if aligned.representation == "pre_logits" else ""
    yield from _code(
        "import timm, torch",
        "from PIL import Image",
        "",
        f'model = timm.create_model("local-dir:student", pretrained=True{headless}).eval()',
        "data = timm.data.resolve_model_data_config(model)",
        "transform = timm.data.create_transform(**data, is_training=False)",
        'image = transform(Image.open("one.jpg").convert("RGB"))[None]',
        "with torch.no_grad():",
        f"    vector = {_vector_of_timm(aligned)}",
    )
    architecture = aligned.name.partition(".")[0]
    arguments = [f"{key}={value!r}" for key, value in aligned.as_config().arguments().items()]
    path = f'checkpoint_path="student/{WEIGHTS_NAME}"'
    yield "or from the weights' file:"
    yield ""
    yield from _code(
        f'model = timm.create_model("{architecture}", {", ".join((path, *arguments))})',
        *(("model.reset_classifier(0)",) if headless else ()),
    )


def _vector_of_timm(aligned: ResolvedBackbone) -> str:
    block = block_number(aligned.representation)
    if block is None:
        return "model(image)"
    return f"model.forward_intermediates(image, [{block}], intermediates_only=True)[0].mean((2, 3))"


def _load_by_open_clip(aligned: ResolvedBackbone) -> Iterator[str]:
    name = aligned.name.removeprefix(OPEN_CLIP_PREFIX).partition("/")[0]
    given = [f"{key}={value!r}" for key, value in aligned.as_config().arguments().items()]
    arguments = ", ".join((f'"{name}"', *given))
    yield "With open_clip alone; the text tower is not part of the student:"
    yield ""
    yield from _code(
        "import open_clip, safetensors.torch, torch",
        "from PIL import Image",
        "from torchvision import transforms",
        "",
        f"model = open_clip.create_model({arguments}).eval()",
        f'model.visual.load_state_dict(safetensors.torch.load_file("student/{WEIGHTS_NAME}"))',
        *_torchvision_transform(aligned.preprocessing),
        "with torch.no_grad():",
        '    image = transform(Image.open("one.jpg").convert("RGB"))[None]',
        f"    vector = {_vector_of_open_clip(aligned)}",
    )
    yield from _paragraph(
        "There is no `config.json`, which timm and the hub read, beside weights of open_clip: "
        "`local-dir:` and `hf-hub:` names do not load them."
    )


def _torchvision_transform(pixels: Preprocessing) -> Iterator[str]:
    """The same pixels as ours, in torchvision's words."""
    shorter = math.floor(pixels.resolution / pixels.crop_fraction)
    size = f"({shorter}, {shorter})" if pixels.resize == "squash" else f"{shorter}"
    filter_name = f"transforms.InterpolationMode.{pixels.interpolation.upper()}"
    yield "transform = transforms.Compose(["
    yield f"    transforms.Resize({size}, {filter_name}),"
    yield f"    transforms.CenterCrop({pixels.resolution}),"
    yield "    transforms.ToTensor(),"
    yield f"    transforms.Normalize({pixels.mean}, {pixels.std}),"
    yield "])"


def _how_to_apply_the_head(student: Student) -> Iterator[str]:
    if not _has_head(student):
        return
    yield from _paragraph(
        "The loss saw these vectors through a linear head, which is no part of the model. Its dot "
        "products are those that were trained:"
    )
    yield from _code(
        "import safetensors.torch",
        "",
        f'head = safetensors.torch.load_file("student/{HEAD_NAME}")',
        'seen = vectors @ head["weight"].T + head["bias"]',
    )


def _has_head(student: Student) -> bool:
    loss: Json = student.training.get("settings", {}).get("loss", {})
    return loss.get("head", "none") != "none"


def _vector_of_open_clip(aligned: ResolvedBackbone) -> str:
    block = block_number(aligned.representation)
    if block is None:
        return "model.encode_image(image, normalize=False)"
    inside = f"model.visual.forward_intermediates(image, [{block}], intermediates_only=True)"
    return f'{inside}["image_intermediates"][0].mean((2, 3))'


def _pixels(aligned: ResolvedBackbone) -> Iterator[str]:
    pixels = aligned.preprocessing
    side = f"{pixels.resolution} x {pixels.resolution}"
    how = (
        f"the whole image squashed to {side}"
        if pixels.resize == "squash" and pixels.crop_fraction == 1
        else f"resized ({pixels.resize}, {pixels.crop_fraction:g} kept) to {side}"
    )
    yield from _paragraph(
        f"Pixels: {how}, {pixels.interpolation}, mean {_triple(pixels.mean)}, standard deviation "
        f"{_triple(pixels.std)} of pixels in [0, 1]. Compare representations by dot products."
    )


def _triple(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _code(*lines: str) -> Iterator[str]:
    yield from ("```python", *lines, "```", "")


def _data(data: Json) -> Iterator[str]:
    runs: list[Json] = data.get("runs", [])
    if not runs:
        return
    yield from ("## Training data", "")
    yield from _table(
        ("run", "strategy", "groups", "triplets", "teacher temperature"),
        [
            (
                f"`{run['digest'][:_SHORT_DIGEST]}`", run["strategy"], f"{run['groups']:,}",
                f"{run['triplets']:,}", f"{run['teacher_temperature']:g}",
            )
            for run in runs
        ],
    )  # fmt: skip
    yield from _paragraph(
        f"{data['steps']:,} steps ({data['epochs']:.2f} epochs) over {data['groups_seen']:,} "
        f"groups, {data['images_seen']:,} images drawn. Runs are named by the digest of their "
        "labels."
    )


def _figures(validation: Json | None) -> Iterator[str]:
    if not validation:
        return
    before, after = validation["before"], validation["after"]
    yield from ("## Results on validation triplets of the same runs", "")
    rows: list[tuple[str, ...]] = []
    if "without_head" in before and "without_head" in after:
        for name, words, form in _FIGURES:
            if name in after["without_head"]:
                values = (own["without_head"][name] for own in (before, after))
                rows.append(("all, without the head", words, *map(form.format, values)))
    for strategy, own in after["by_strategy"].items():
        base = before["by_strategy"].get(strategy)
        if base is None:  # its shards were lost when training began
            continue
        for name, words, form in _FIGURES:
            rows.append((strategy, words, form.format(base[name]), form.format(own[name])))
    yield from _table(("triplets", "figure", "before", "after"), rows)
    yield from _paragraph(
        f"{after['triplets']:,} validation triplets. The teacher's own "
        f"mean entropy is {after['teacher_entropy']:.3f} nats, and its mean probability of its own "
        f"choice {after['expected_ceiling']:.3f}: no student's choice has more. Agreement with "
        "people is what `jobs/evaluate.py` measures."
    )


def _notes(figures: Json) -> Iterator[str]:
    found = remarks(figures)
    if found:
        yield from ("## Notes", "")
        for remark in found:
            yield from textwrap.wrap(
                f"- {remark}.", _WIDTH, subsequent_indent="  ", break_on_hyphens=False
            )
        yield ""


def _hyper_parameters(initial: ResolvedBackbone, training: Json) -> Iterator[str]:
    settings = training.get("settings", {})
    rows = [
        ("initial weights", f"{initial.name}, SHA-256 `{initial.weights_sha256}`"),
        *(
            (f"`{name}`", f"{value}")
            for name, value in flattened(settings)
            if name.partition(".")[0] not in _NOT_HYPER_PARAMETERS
        ),
    ]
    temperature = training.get("figures", {}).get("student_temperature")
    if temperature is not None:
        rows.append(("student temperature used", f"{temperature:.6g}"))
    yield from ("## Hyper-parameters", "")
    yield from _table(("setting", "value"), rows)


def flattened(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of nested settings, in order."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _limits(student: Student) -> Iterator[str]:
    yield from ("## Limits", "")
    classifier = ""
    if student.aligned.representation == "pre_logits":
        classifier = (
            "A classifier in the weights is the initial model's: it was not trained along, and its "
            "logits mean little now. "
        )
    block = block_number(student.aligned.representation)
    if block is not None:
        classifier = f"What lies behind block {block} was not trained along. "
    yield from _paragraph(
        f"{classifier}The teacher predicts the judgements of the people whom it was fitted to, on "
        "their kind of images; what it gets wrong, this model learned too. Biases of the initial "
        "weights and of the training images remain. Licence: that of the initial weights and of "
        "the images."
    )


def _citation() -> Iterator[str]:
    yield from ("## Citation", "", f"{PAPER}.", "")


def _paragraph(text: str) -> Iterator[str]:
    yield from (*textwrap.wrap(text, _WIDTH), "")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
