"""How the HTML report looks: one sheet, light and dark, for a screen, a telephone and paper."""

from __future__ import annotations

from converge.core.drift import Is

COLOURS = {
    "light": {
        "page": "#f6f7f9", "sheet": "#ffffff", "text": "#1b1f24", "quiet": "#57606a",
        "line": "#d5dae0", "edge": "#aab2bc",
        "good": "#0a5c33", "good-back": "#e4f5eb", "bad": "#8f1414", "bad-back": "#fdeaea",
        "other": "#6b4300", "other-back": "#fff2d1", "blind": "#134a86", "blind-back": "#e4effc",
    },
    "dark": {
        "page": "#101316", "sheet": "#191d22", "text": "#e6e9ec", "quiet": "#a3acb6",
        "line": "#343b44", "edge": "#5b6570",
        "good": "#86dcab", "good-back": "#12301f", "bad": "#ffa6a6", "bad-back": "#3d1718",
        "other": "#f3c873", "other-back": "#35280c", "blind": "#a3ccff", "blind-back": "#14273f",
    },
}  # fmt: skip
"""Each of good, bad, other, blind is text upon its own background; the others upon page, sheet."""

KINDS: dict[Is, str] = {
    "in_sync": "good",
    "different": "other",
    "ignored": "plain",
    "unknown": "blind",
}
"""The class of a status; lost redundancy is `bad`."""

_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);line-height:1.5;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.1rem;margin:2.2rem 0 .7rem}
h3{font-size:1rem;margin:0 0 .5rem}
p{margin:.25rem 0}
code,.mono{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.quiet{color:var(--quiet)}
.banner{margin-top:.9rem;border-radius:.6rem;padding:1rem 1.2rem;border:1px solid currentColor}
.banner p{color:inherit}
.big{font-size:1.25rem;font-weight:650}
.good{color:var(--good);background:var(--good-back)}
.bad{color:var(--bad);background:var(--bad-back)}
.other{color:var(--other);background:var(--other-back)}
.blind{color:var(--blind);background:var(--blind-back)}
.plain{color:var(--text);background:var(--page)}
.sheet{background:var(--sheet);border:1px solid var(--line);border-radius:.6rem;padding:1rem}
.cards{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));
align-items:start;padding:0;margin:0;list-style:none}
.cards>li{border-left:.35rem solid}
.cards>.bad,.cards>.other,.cards>.blind{background:var(--sheet);color:inherit}
.cards>.bad{border-left-color:var(--bad)}
.cards>.other{border-left-color:var(--other)}
.cards>.blind{border-left-color:var(--blind)}
.mark{display:inline-block;min-width:1.6em;text-align:center;border-radius:.3em;font-weight:700;
font-family:ui-monospace,Menlo,Consolas,monospace}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--sheet)}
th,td{text-align:left;overflow-wrap:break-word;
vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
thead th{color:var(--quiet);font-weight:600;font-size:.9rem}
tbody th{font-weight:600}
tbody tr:last-child>*{border-bottom:0}
dl{margin:.4rem 0 0;display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem}
dt{color:var(--quiet)}
dd{margin:0}
summary{cursor:pointer}
figure{margin:0}
.two{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,34rem),1fr))}
svg{display:block;width:100%;min-width:34rem;height:auto}
svg text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:currentColor}
svg rect{fill:var(--back);stroke:currentColor}
svg .good{--back:var(--good-back)}
svg .bad{--back:var(--bad-back)}
svg .other{--back:var(--other-back)}
svg .blind{--back:var(--blind-back)}
svg .plain{--back:var(--page);color:var(--quiet)}
svg path{fill:none;stroke:var(--edge)}
.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;padding:0;margin:.8rem 0 0;list-style:none}
footer{margin-top:2.5rem;font-size:.9rem}
@media(max-width:40rem){
.pair tr{display:grid;grid-template-columns:1fr 1fr}
.pair thead th:first-child{display:none}
.pair tbody th{grid-column:1/-1;border:0;padding-bottom:0}
.pair td{overflow-wrap:anywhere}
.history thead{display:none}
.history tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
.history th,.history td{display:block;border:0;padding:.1rem .6rem}
}
@media print{
:root{--page:#fff;--sheet:#fff}
main{max-width:none;padding:0}
.cards>li,figure,tr{break-inside:avoid}
.two{display:block}
svg{min-width:0;max-width:18cm}
}
"""


def _variables(scheme: str) -> str:
    return "".join(f"--{name}:{value};" for name, value in COLOURS[scheme].items())


def sheet() -> str:
    """The whole of it."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables('dark')}}}}}"
    return f":root{{color-scheme:light dark;{_variables('light')}}}\n{dark}\n{_RULES.strip()}"
