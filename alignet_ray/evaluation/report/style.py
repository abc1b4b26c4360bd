"""The report's own rules."""

from alignet_ray.evaluation.report.comparison_section import COMPARISON_STYLE
from alignet_ray.evaluation.report.hierarchy_section import HIERARCHY_STYLE
from alignet_ray.evaluation.report.levels_pictures import LEVELS_STYLE
from alignet_ray.evaluation.report.models_section import MODELS_STYLE
from alignet_ray.evaluation.report.similarity_section import SIMILARITY_STYLE
from alignet_ray.pages.dots import DOTS_STYLE
from alignet_ray.pages.style import stylesheet

_OWN = """\
.absent { color: var(--soft); margin: 16px 0 0; padding-left: 1.2em; }
.legend.lines { margin-top: 14px; gap: 6px 20px; }
.tiles { display: flex; flex-wrap: wrap; }
.tiles > .tile { flex: 1 1 150px; min-width: 0; }
h2.below { margin-top: 48px; }
.lane-row { grid-template-columns: 104px minmax(0, 1fr) 142px; }
"""

_SECTIONS = MODELS_STYLE + LEVELS_STYLE + SIMILARITY_STYLE + HIERARCHY_STYLE + COMPARISON_STYLE

STYLE = stylesheet(DOTS_STYLE + _OWN + _SECTIONS)
