"""The page's style sheet: one column of calm paper, light and dark, from phone to desktop."""

from alignet_ray.pages.pictures import SCALE_COLOURS

_LIGHT = """
  --paper: #faf8f3; --card: #ffffff; --ink: #22262b; --soft: #666c74; --line: #e6e1d6;
  --pair: #17756f; --pair-soft: #d9ebe7; --link: #c9c6bd; --odd: #c4512d; --odd-soft: #fbe9e1;
  --shadow: 0 1px 2px rgb(40 30 10 / .05), 0 6px 20px rgb(40 30 10 / .05);
"""
_DARK = """
  --paper: #14171a; --card: #1c2024; --ink: #e9e6df; --soft: #9da3aa; --line: #2e343a;
  --pair: #63c6b8; --pair-soft: #1e3b3a; --link: #4a5057; --odd: #f0906b; --odd-soft: #40281f;
  --shadow: none;
"""

_SHELL = (
    f":root {{ color-scheme: light dark; {_LIGHT} --scale: {', '.join(SCALE_COLOURS)}; }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}\n"
    """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans",
    Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1160px; margin: 0 auto; padding: clamp(24px, 5vw, 64px) clamp(18px, 4vw, 40px); }
h1, h2, h3, p, dl, dd, figure, table { margin: 0; }
h1 { font-size: clamp(2rem, 5vw, 3rem); line-height: 1.1; letter-spacing: -.025em; font-weight: 680;
  overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; letter-spacing: -.015em; line-height: 1.25; font-weight: 650; }
h3 { font-size: 1rem; font-weight: 620; }
section { margin-top: clamp(48px, 7vw, 84px); }
.lead { margin-top: 8px; max-width: 68ch; color: var(--soft); }
.eyebrow { color: var(--pair); font-size: .78rem; font-weight: 650; letter-spacing: .09em;
  text-transform: uppercase; margin-bottom: 10px; }
.note { color: var(--soft); font-size: .875rem; max-width: 72ch; margin-top: 12px; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace;
  font-size: .86em; }
code { overflow-wrap: anywhere; }
code.flag { white-space: nowrap; }

.chain { display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; margin-top: 18px;
  color: var(--soft); font-size: .85rem; }
.chain span { background: var(--card); border: 1px solid var(--line); border-radius: 999px;
  padding: 3px 12px; white-space: nowrap; }
.chain code { color: var(--ink); }

.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1px; margin-top:
  32px;
  background: var(--line); border: 1px solid var(--line); border-radius: 16px; overflow: hidden; }
.tile { background: var(--card); padding: 18px 20px; }
.tile dt { color: var(--soft); font-size: .85rem; }
.tile .figure { font-size: clamp(1.35rem, 3vw, 1.8rem); font-weight: 640; letter-spacing: -.02em;
  line-height: 1.25; }
.tile .aside { color: var(--soft); font-size: .85rem; line-height: 1.4; }
.tile.warn .figure { color: var(--odd); }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 18px;
  box-shadow: var(--shadow); padding: clamp(16px, 2.4vw, 28px); margin-top: 22px; min-width: 0; }
.hero { display: grid; grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); align-items: center;
  gap: clamp(20px, 4vw, 56px); }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 22px; margin-top:
  22px; }
.two > .card { margin-top: 0; }
.two > :last-child:nth-child(odd) { grid-column: 1 / -1; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font-family: inherit; }

"""
)

_BLOCKS = """.cards { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 14px;
  margin-top: 14px; }
.cards figure { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 10px 10px 8px; min-width: 0; }
.cards figcaption { color: var(--soft); font-size: .82rem; text-align: center; margin-top: 6px; }
.row-title { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px;
  margin-top: 28px; }
.row-title span { color: var(--soft); font-size: .85rem; }

.shares { display: grid; gap: 14px; margin-top: 20px; }
.shares .names { display: flex; justify-content: space-between; gap: 12px; font-size: .92rem; }
.shares .names b { font-weight: 620; }
.shares .aside { color: var(--soft); font-size: .82rem; margin-top: 3px; }
.track { height: 8px; border-radius: 8px; background: var(--line); margin-top: 5px; overflow:
  hidden; }
.track i { display: block; height: 100%; border-radius: 8px; background: var(--link); }
.shares .pair .track i { background: var(--pair); }
.shares .pair b { color: var(--pair); }
.odd-word { color: var(--odd); font-weight: 600; }

.plot .grid { stroke: var(--line); } .plot .axis { stroke: var(--soft); }
.plot .tick { font-size: 13px; fill: var(--soft); } .plot .title { font-size: 12.5px; fill:
  var(--soft); }
.plot .bar { fill: var(--pair); opacity: .82; } .plot .area { fill: var(--pair-soft); }
.plot .curve { fill: none; stroke: var(--pair); stroke-width: 2.5; stroke-linejoin: round; }
.plot .point { fill: var(--card); stroke: var(--pair); stroke-width: 2.5; }
.plot .outline { fill: none; stroke: var(--odd); stroke-width: 2; }
.plot .limit { stroke: var(--soft); stroke-dasharray: 4 4; }
.plot .mean { stroke: var(--ink); stroke-width: 1.5; }
.plot .limit-words { font-size: 13px; fill: var(--soft); }
.plot .mean-words { font-size: 13px; font-weight: 620; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .85rem; color: var(--soft);
  margin-top: 6px; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 7px;
  background: var(--pair); vertical-align: -1px; }
.legend i.outlined { background: none; border: 2px solid var(--odd); }
.advice { border-left: 4px solid var(--pair); background: var(--pair-soft); padding: 12px 16px;
  border-radius: 0 12px 12px 0; margin-top: 18px; max-width: 80ch; }
.advice.warn { border-color: var(--odd); background: var(--odd-soft); }

.group { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr));
  gap: clamp(20px, 3vw, 40px); align-items: start; }
.blocks { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px 22px; }
.blocks .name, .sheet .name { font-size: .82rem; color: var(--soft); white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis; margin-bottom: 4px; }
.blocks .name b, .sheet .name b { color: var(--ink); font-weight: 620; }
.strip { display: grid; gap: 4px; }
.strip img, .strip .missing, .mosaic img, .mosaic .missing { display: block; width: 100%;
  aspect-ratio: 1; object-fit: cover; border-radius: 7px; background: var(--line); }
.heat { border-radius: 10px; overflow: hidden; }
.heat image { image-rendering: pixelated; }
.heat .own { fill: none; stroke: #ffffff; stroke-opacity: .55; }
.ramp { height: 10px; border-radius: 6px; margin-top: 12px;
  background: linear-gradient(90deg, var(--scale)); }
.ramp-ends { display: flex; justify-content: space-between; font-size: .82rem; color: var(--soft);
  margin-top: 4px; gap: 12px; }

.sheets { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 18px;
  margin-top: 22px; }
.sheet { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding:
  14px; }
.sheet .name { display: flex; justify-content: space-between; gap: 10px; margin-bottom: 8px; }
.sheet .label { font-size: .82rem; color: var(--soft); margin-top: 8px; overflow-wrap: anywhere; }
.sheet .label b { color: var(--ink); font-weight: 620; }
.mosaic { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 4px; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; color: var(--soft); font-weight: 550; font-size: .85rem; }
th, td { padding: 9px 18px 9px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: break-word; }
td.key { overflow-wrap: anywhere; min-width: 12em; }
.counts td:first-child { color: var(--soft); }
.counts th, .counts td { padding: 7px 0 7px 12px; }
.counts th:first-child, .counts td:first-child { padding-left: 0; }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 22px;
  font-size: .95rem; margin-top: 16px; }
dl.facts dt { color: var(--soft); }
dl.facts dd { overflow-wrap: anywhere; }
details { margin-top: 18px; }
summary { cursor: pointer; font-weight: 600; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px
  16px;
  overflow-x: auto; line-height: 1.5; margin: 12px 0 0; }
footer { margin-top: 72px; padding-top: 18px; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .85rem; }

@media (max-width: 900px) {
  .hero, .group { grid-template-columns: minmax(0, 1fr); }
  .cards { grid-template-columns: repeat(5, 210px); overflow-x: auto; padding-bottom: 8px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 640px) {
  .two { grid-template-columns: minmax(0, 1fr); }
  .tile { padding: 14px; }
  .sheets { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  .mosaic { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .blocks { grid-template-columns: minmax(0, 1fr); }
  .strip { max-width: 300px; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.facts dd { margin-bottom: 10px; }
  th, td { padding-right: 12px; }
}
@media print { .card, .sheet, figure { break-inside: avoid; } }
"""


def stylesheet(own: str = "") -> str:
    """The sheet, with a report's own rules where later rules for narrow screens still hold."""
    return _SHELL + own + _BLOCKS
