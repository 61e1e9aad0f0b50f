"""One pass after another until the next plan is empty: the stages called in a row.

`passes` is a run as a value, `run` drives it through the doors to the nodes.
"""

from __future__ import annotations

from converge.reconcile.charter import End as End
from converge.reconcile.charter import Pass as Pass
from converge.reconcile.charter import Told as Told
from converge.reconcile.leaving import leaving as leaving
from converge.reconcile.planning import decide as decide
from converge.reconcile.planning import kept as kept
from converge.reconcile.planning import of_nodes as of_nodes
from converge.reconcile.planning import remembered as remembered
from converge.reconcile.run import Run as Run
from converge.reconcile.run import plan as plan
