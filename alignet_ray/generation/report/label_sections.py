"""What the teacher says: a triplet, rows of triplets, label entropy, draws."""

import re
from collections.abc import Iterator, Mapping

from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.generation.label_advice import label_advice
from alignet_ray.generation.report.charts import draws_chart, entropy_histogram
from alignet_ray.generation.report.facts import (
    NEARLY_ONE_HOT,
    NEARLY_UNIFORM,
    EntropyFacts,
    Facts,
    entropy_facts,
)
from alignet_ray.generation.report.overview import splits_table
from alignet_ray.generation.report.samples import HERO_ENTROPY, ShownTriplet, SplitSample
from alignet_ray.generation.report.triplet_figure import odd_position, triplet_figure
from alignet_ray.pages.markup import Markup, count, element, share, shortened, together

_FLAG = re.compile(r"(--[a-z][a-z.-]*)")
_NAMES = ("above", "below left", "below right")


def triplets_section(facts: Facts) -> Markup:
    """One triplet, large, and rows of others from the most certain to the most uncertain."""
    hero, temperature = facts.samples[0].hero, facts.samples[0].teacher_temperature
    return element(
        "section",
        element("h2", "What the teacher says"),
        element(
            "p",
            "A soft label is the teacher's softmax over the three pairs of a triplet, at teacher "
            f"temperature {temperature:g}. The most probable pair stands below; the image that it "
            "leaves out, the ", element("span", "odd one out", class_="odd-word"),
            ", stands above, dashed. Links are as wide as their pair is probable.",
            class_="lead",
        ),
        element("div", triplet_figure(hero, is_small=False), _in_numbers(hero, facts),
                class_="card hero"),
        *(together(*_row(sample)) for sample in facts.samples),
    )  # fmt: skip


def _in_numbers(triplet: ShownTriplet, facts: Facts) -> Markup:
    odd = odd_position(triplet)
    names = dict(zip((odd, *(i for i in range(3) if i != odd)), _NAMES, strict=True))
    order = sorted(range(3), key=lambda pair: -triplet.probabilities[pair])
    return element(
        "div",
        element("h3", "Which two belong together?"),
        element("div", *(_pair_share(triplet, pair, names) for pair in order), class_="shares"),
        element("p", *_caption(triplet, facts), class_="note"),
    )


def _pair_share(triplet: ShownTriplet, pair: int, names: Mapping[int, str]) -> Markup:
    left, right = PAIR_ORDER[pair]
    probability = triplet.probabilities[pair]
    is_pair = odd_position(triplet) not in (left, right)
    words = " and ".join(sorted((names[left], names[right])))
    return element(
        "div",
        element("div", element("span", words), element("span", element("b", f"{probability:.3f}")),
                class_="names"),
        element("div", element("i", style=f"width: {100 * probability:.1f}%"), class_="track"),
        element("div", f"similarity {triplet.similarities[pair]:.5g}", class_="aside"),
        class_="pair" if is_pair else "other",
    )  # fmt: skip


def _caption(triplet: ShownTriplet, facts: Facts) -> Iterator[Markup]:
    sample = next(s for s in facts.samples if s.split == triplet.split)
    yield together(
        f"A {triplet.split} triplet, entropy {triplet.entropy:.2f} nats: of "
        f"{count(len(sample.entropies))} sampled ones the nearest to {HERO_ENTROPY}, where a label "
        "is neither hard nor empty. Similarities are dot products. "
    )
    for number, shown in enumerate(triplet.pictures):
        label = f" ({shortened(shown.label)})" if shown.label else ""
        end = "; " if number < 2 else "."
        yield together(element("code", shortened(shown.key)), label, end)


def _row(sample: SplitSample) -> Iterator[Markup]:
    yield element("div", element("h3", f"{sample.split.capitalize()} triplets"),
                  element("span", "most certain → most uncertain"), class_="row-title")  # fmt: skip
    yield element("div", *(
        element("figure", triplet_figure(shown, is_small=True),
                element("figcaption", f"{shown.entropy:.2f} nats"))
        for shown in sample.triplets
    ), class_="cards")  # fmt: skip


def entropy_section(facts: Facts) -> Markup:
    """How soft the soft labels are, and what to do about it; how often images were drawn."""
    measured = [entropy_facts(sample) for sample in facts.samples]
    first = measured[0]
    times = facts.splits[0].images_by_draws
    entropy_card = element(
        "div",
        element("h3", "Entropy of the soft labels"),
        entropy_histogram({own.split: own.entropies for own in measured}),
        element("p", *_legend(measured), class_="legend"),
        *(element("p", _shares_line(own), class_="note") for own in measured),
        class_="card",
    )
    counts_card = element(
        "div",
        element("h3", f"Counts of the splits, {facts.splits[0].manifest.strategy}"),
        splits_table(facts),
        class_="card",
    )
    return element(
        "section",
        element("h2", "Soft labels and draws"),
        element("p", *_advice(first, facts),
                class_="advice" if first.verdict == "sound" else "advice warn"),
        element("div", entropy_card, counts_card, class_="two"),
        *([] if times is None else [_draws_card(facts)]),
    )  # fmt: skip


def _legend(measured: list[EntropyFacts]) -> Iterator[Markup]:
    for number, own in enumerate(measured):
        swatch = element("i", class_="outlined" if number else None)
        words = f"{own.split}, {count(len(own.entropies))} sampled triplets"
        yield element("span", swatch, words)


def _shares_line(own: EntropyFacts) -> str:
    return (
        f"{own.split}: mean {own.mean:.3f} of at most {MAX_ENTROPY:.4f} nats (ln 3); "
        f"{share(own.one_hot_share)} nearly one-hot (below {NEARLY_ONE_HOT}), "
        f"{share(own.uniform_share)} nearly uniform (above {NEARLY_UNIFORM})."
    )


def _advice(own: EntropyFacts, facts: Facts) -> Iterator[str]:
    """What to do about the labels, as the terminal says it; flags as code."""
    for piece in _FLAG.split(label_advice(own, facts.run.settings.shards)):
        yield element("code", piece, class_="flag") if piece.startswith("--") else piece


def _draws_card(facts: Facts) -> Markup:
    split = facts.splits[0]
    assert split.images_by_draws is not None
    name = split.manifest.split
    never = int(split.images_by_draws[0])
    said = (
        f"{count(never)} of the {count(split.manifest.num_images)} {name} images are in no group; "
        f"the mean is {split.num_draws / split.manifest.num_images:.2f} draws an image. "
        f"{_law(split.manifest.strategy)}More groups (--num-groups) keep these and add to them."
    )
    return element(
        "div",
        element("div", element("h3", f"How often {name} images are drawn"),
                element("p", said, class_="note")),
        draws_chart(split.images_by_draws),
        class_="card hero",
    )  # fmt: skip


def _law(strategy: str) -> str:
    if strategy == "random":
        return ""
    one, many = ("class", "classes") if strategy in CLASS_STRATEGIES else ("cluster", "clusters")
    return f"All {many} are equally likely, so images of a small {one} come more often. "
