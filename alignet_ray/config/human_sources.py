"""Where a fit of the teacher finds what people said, and the objects that they said it about."""

from dataclasses import dataclass
from typing import Literal

from alignet_ray.errors import ConfigError

ChoicesLayout = Literal["auto", "triplets", "responses", "table"]


@dataclass(frozen=True, kw_only=True)
class HumanSourcesConfig:
    """One source of judgements, responses to measure with, and images or embeddings of objects."""

    images: str | None = None
    """Folder of object images, `<id>.jpg` or `<id>_01b.jpg`, at any fsspec URL."""
    embeddings: str | None = None
    """Ready embeddings instead: .npz (names, embeddings), .parquet (key, embedding) or .npy. Name
    the backbone that made them: the teacher holds its weights' digest, and generate runs it."""
    embeddings_names: str | None = None
    """Object ids of the rows of an .npy of embeddings, one a line; default those of --names."""
    names: str | None = None
    """Object ids, one a line: what row numbers mean. Not needed where all files hold the ids:
    the objects are then those of the judgements and of the responses."""
    choices: str | None = None
    """Odd-one-out choices of people, to learn from: text, .npy, .csv or .parquet."""
    choices_layout: ChoicesLayout = "auto"
    """`triplets`: anchor positive odd, from 0; `responses`: i j k choice subject, from 1;
    `table`: columns object1, object2, object3, odd with ids."""
    human_embedding: str | None = None
    """Instead: a human embedding of the objects (.npy); probabilities from its dot products."""
    human_scale: str | None = None
    """Standard deviations of the human embedding (.npy of its shape)."""
    human_embedding_names: str | None = None
    """Object ids of the human embedding's rows, one a line; default those of --names."""
    probabilities: str | None = None
    """Instead: pair probabilities, .parquet or .csv: object1, object2, object3, p01, p02, p12."""
    responses: str | None = None
    """Choices of people that the fit never sees, to measure human accuracy before and after."""
    responses_layout: ChoicesLayout = "auto"
    """Layout of the responses, as that of the choices."""
    check_order: bool = True
    """Refuse names whose rows fit the images or responses clearly better in another usual order."""

    @property
    def judgements(self) -> str:
        """The one source that the fit learns from."""
        given = self.choices or self.human_embedding or self.probabilities
        assert given, "checked when the settings were made"
        return given

    def __post_init__(self) -> None:
        given = [
            flag
            for flag, url in (
                ("--choices", self.choices),
                ("--human-embedding", self.human_embedding),
                ("--probabilities", self.probabilities),
            )
            if url
        ]
        if len(given) != 1:
            raise ConfigError(
                f"{' and '.join(given) or 'none of them'} given",
                "exactly one source of human judgements",
                "--choices, --human-embedding, --probabilities",
                "Leave out the others." if given else "Give one of them.",
            )
        if self.images is None and self.embeddings is None:
            raise ConfigError(
                "neither given", "images of the objects, or ready embeddings",
                "--images and --embeddings", "Give one of them.",
            )  # fmt: skip
        self._refuse_companions_alone()
        is_unnamed = not (self.names or self.embeddings_names)
        if is_unnamed and (self.embeddings or "").lower().endswith(".npy"):
            raise ConfigError(
                f"none given, but the rows of {self.embeddings} have no ids",
                "the ids of its rows", "--embeddings-names",
                "Give a file with one object id a line; or save .npz or .parquet with ids.",
            )  # fmt: skip

    def _refuse_companions_alone(self) -> None:
        """A flag that says more of another one means nothing without it."""
        companions = (
            ("--choices-layout", self.choices_layout != "auto", "--choices", self.choices),
            ("--responses-layout", self.responses_layout != "auto", "--responses", self.responses),
            ("--human-scale", self.human_scale, "--human-embedding", self.human_embedding),
            (
                "--human-embedding-names", self.human_embedding_names,
                "--human-embedding", self.human_embedding,
            ),
            ("--embeddings-names", self.embeddings_names, "--embeddings", self.embeddings),
        )  # fmt: skip
        for flag, is_given, other, value in companions:
            if is_given and not value:
                raise ConfigError(
                    f"given without {other}", f"{other} as well", flag, "Give both, or none."
                )
