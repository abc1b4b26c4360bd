"""Settings of the representational similarity part of `jobs/evaluate.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SimilarityJudgementsConfig:
    """Human similarity matrices, one or several domains, each with its images.

    Every value may be `DOMAIN=URL`; where there is one domain, its name may be left out.
    """

    matrices: tuple[str, ...] = ()
    """Human similarities or distances of each domain: .npy, .mat, .csv; one matrix, or one per
    participant."""
    images: tuple[str, ...] = ()
    """Folder of the images of each domain; one without a domain serves all."""
    names: tuple[str, ...] = ()
    """Image ids in the order of the matrix's rows, one a line; default those of the matrix file,
    else the images' sorted names."""
