"""converge explain: the page of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import color_option, json_option, paint_for
from converge.core.errors import UsageError, near

if TYPE_CHECKING:
    from converge.engine.show.codes import Page


@click.command(epilog="Example: converge explain peer-silent")
@json_option
@color_option
@click.argument("code", required=False, default="")
def command(code: str, color: str, *, as_json: bool) -> int:
    """What CODE means, from what it is judged, what to do, and whether it may be lifted.

    CODE is what stands behind `held by` or `refused by`, or an exit code; without it all are
    listed. No desired file and no node is needed.

    Exit codes: 0; 64 when there is no such code.
    """
    from converge.engine.show.codes import list_text, page_form, page_text

    known = pages()
    meant = code.strip().lower()
    if meant and meant not in known:
        guess = near(meant, known)
        hint = f" Did you mean {guess}?" if guess else ""
        raise UsageError(f"there is no code {code}.{hint}", "`converge explain` lists them.")
    shown = [known[meant]] if meant else list(known.values())
    if as_json:
        from converge.engine.show.json import FORMAT_VERSION, dumps

        form = {"format_version": FORMAT_VERSION, "kind": "codes"}
        click.echo(dumps(form | {"codes": [page_form(one) for one in shown]}), nl=False)
    elif meant:
        click.echo(page_text(shown[0], paint_for(color)), nl=False)
    else:
        click.echo(list_text(shown), nl=False)
    return 0


def pages() -> dict[str, Page]:
    """Of every code: guards and holds by their names, then the exit codes by their numbers."""
    from converge.core.exits import EXITS
    from converge.engine.run.guards import HOLDS, MAINTENANCE_HOLD
    from converge.engine.run.handover import UNFIT_PAIR, unfit
    from converge.engine.show.codes import exit_page, guard_page, hold_page
    from converge.freebsd import kinds

    found = {
        guard.code: guard_page(guard, name)
        for name, kind in kinds().items()
        for guard in kind.guards
    }
    for code, judge in HOLDS.items():
        found[code] = hold_page(code, judge, override=code == MAINTENANCE_HOLD)
    found[UNFIT_PAIR] = hold_page(UNFIT_PAIR, unfit, override=False)
    named = {code: found[code] for code in sorted(found)}
    return named | {str(one.code): exit_page(one) for one in EXITS}
