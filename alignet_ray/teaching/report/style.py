"""The report's own rules: heat maps of the grid, reliability, rows of neighbours."""

from alignet_ray.pages.dots import DOTS_STYLE
from alignet_ray.pages.style import stylesheet

_OWN = """\
header .tiles { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.absent { color: var(--soft); margin: 16px 0 0; padding-left: 1.2em; }
.legend.lines { margin-top: 14px; gap: 6px 20px; }
.legend i.key, td i.key { display: inline-block; width: 20px;
  height: 0; border: 0; border-radius: 0;
  background: none; border-top: 3px solid var(--pair);
  vertical-align: 4px;
  margin-right: 8px; }
i.key.of-before, i.key.of-before-at-best-temperature, i.key.look-3 { border-color: var(--odd)
  !important; }
i.key.of-before-at-best-temperature, i.key.look-1 { border-top-style: dashed !important; }
i.key.of-human-model, i.key.of-other, i.key.of-diagonal { border-color: var(--soft) !important; }
i.key.look-2 { border-top-style: dotted !important; }
i.key.of-diagonal { border-top: 1px dashed !important; }
.card > svg.plot { margin-top: 12px; max-width: 560px; }
.plot .curve.model { stroke-width: 2; }
.plot .curve.of-before, .plot .curve.of-before-at-best-temperature { stroke: var(--odd); }
.plot .curve.of-human-model, .plot .curve.of-other { stroke: var(--soft); }
.plot .curve.of-before-at-best-temperature, .plot .curve.look-1 { stroke-dasharray: 6 4; }
.plot .curve.look-2 { stroke-dasharray: 2 4; }
.plot .curve.look-3, .plot .point.look-3 { stroke: var(--odd); }
.spot { fill: var(--pair); stroke: var(--card); stroke-width: 1; fill-opacity: .85; }
.spot.of-before { fill: var(--odd); }
.spot.of-before-at-best-temperature { fill: var(--card); stroke: var(--odd); stroke-width: 2; }
.spot.of-human-model, .spot.of-other { fill: var(--soft); }
table.models .range { color: var(--soft); white-space: nowrap; display: block; }
table.models th { vertical-align: bottom; }
table.models th, table.models td { padding: 9px 0 9px 12px; }
table.models td:first-child { padding-left: 0; }

.grids { display: grid; grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); gap: 28px;
  margin-top: 18px; }
table.grid-map { border-collapse: separate; border-spacing: 3px; font-size: .85rem; }
table.grid-map caption { text-align: left; color: var(--soft); padding: 0 0 6px 3px; }
table.grid-map th, table.grid-map td { border: 0; padding: 7px 4px; text-align: center; }
table.grid-map thead td { color: var(--soft); padding: 0; font-size: .82rem; }
table.grid-map thead th:first-child { text-align: right; padding-right: 8px; width: 1%; }
table.grid-map tbody th { text-align: right; padding-right: 8px; white-space: nowrap; }
table.grid-map tbody td { border-radius: 6px; color: var(--ink); }
table.grid-map td.won { outline: 2.5px solid var(--ink); font-weight: 680; }
table.grid-map td.none { color: var(--soft); }
table.ranking { margin-top: 12px; }
table.ranking th, table.ranking td { padding: 7px 0 7px 16px; white-space: nowrap; }
table.ranking th:first-child, table.ranking td:first-child { text-align: left; padding-left: 0; }
table.ranking tr.won td { background: var(--pair-soft); }

.near { margin-top: 14px; }
.near-card { display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: 18px;
  padding: 18px; }
.query img { display: block; width: 100%; border-radius: 10px; }
.query span:not(.word) { display: block; color: var(--soft); font-size: .8rem; }
.query-name { display: block; margin-top: 8px; overflow-wrap: anywhere; line-height: 1.3; }
.query > .word { display: none; }
.strips { display: grid; gap: 12px; min-width: 0; }
.which { font-size: .8rem; color: var(--soft); margin-bottom: 4px; }
.strip.six { grid-template-columns: repeat(6, minmax(0, 1fr)); }
.strip.six > div { border-radius: 9px; padding: 2px; border: 2px solid transparent; }
.strip.six > .marked { border-color: var(--pair); }
.words .marked .word { border-color: var(--pair); }
.marked-word { border: 2px solid var(--pair); border-radius: 6px; padding: 0 5px; }
.strips .names, .sheet .names { color: var(--soft); font-size: .76rem; line-height: 1.4;
  margin-top: 3px; overflow-wrap: anywhere; }
.sheet .names { margin-top: 8px; }
.words { display: flex; flex-wrap: wrap; gap: 5px; }
.word { display: inline-block; border: 1px solid var(--line); border-radius: 999px;
  padding: 1px 10px; font-size: .82rem; overflow-wrap: anywhere; max-width: 100%; }
.weighted { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 6px 5px; }
.weighted img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover;
  border-radius: 7px; }
.weighted .weight { display: block; text-align: center; font-size: .74rem; color: var(--soft); }
.weighted .word { border-radius: 7px; width: 100%; padding: 6px; text-align: center; }

@media (max-width: 640px) {
  svg.plot text.tick, svg.plot text.title, svg.plot text.limit-words, svg.plot text.mean-words {
    font-size: 16px; }
  header .tiles > :last-child:nth-child(odd) { grid-column: 1 / -1; }
  table.models { font-size: .76rem; }
  table.models th { font-size: .72rem; }
  main table.models th, main table.models td { padding: 8px 0 8px 8px; }
  main table.models td:first-child { padding-left: 0; }
  table.models i.key { display: block; margin-bottom: 5px; }
  .near-card { grid-template-columns: minmax(0, 1fr); gap: 10px; padding: 14px; }
  .query { display: grid; grid-template-columns: 72px 1fr; gap: 0 12px; align-content: center; }
  .query img { grid-row: 1 / 3; } .query-name { align-self: end; margin: 0; }
  main .strip.six { max-width: none; }
}
"""

STYLE = stylesheet(DOTS_STYLE + _OWN)
