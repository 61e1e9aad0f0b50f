"""Has it lasted? Guards that only ask the clock: after a boot, a change of MASTER, a promotion."""

from __future__ import annotations

from converge.core.guard import Guard, Situation
from converge.core.plan import Action, Allow, Hold, Verdict
from converge.freebsd.hast.evidence import address_of, moment, silent, takes_over
from converge.freebsd.hast.memory import promotions
from converge.freebsd.hast.standing import peer_id, seen_of

DWELL_S = 5.0
"""So long MASTER must last before it is believed, beside a peer that answers (F01)."""

FLAPS, FLAP_S = 3, 600.0
"""So many promotions in so many seconds, and a person must look (F10)."""


def boot_delay(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion right after a boot: when the room has lost its power, the node that is
    back first must not lead before it could have heard of the other (F01, F02, F64). Without
    `--wait` the run ends as held (exit 4); run it again later.

    Seen: The uptime of this node from `sysctl kern.boottime`, and `boot_delay` of the desired
    file.
    To do: Wait: it lifts by itself; `apply --wait` waits for it. It does not hold where the peer
    is seen as secondary.
    Shown: scenarios/events/both-boot-together.txt
    """
    node = situation.pair.nodes[action.id.node]
    ours = seen_of(action.id, situation)
    if action.verb != "promote" or not node.boot_delay_s or ours is None:
        return Allow()
    theirs = seen_of(peer_id(action.id, situation), situation)
    if theirs is not None and theirs.role == "secondary":
        return Allow()
    if ours.uptime_s is None:
        return Hold("boot-delay", f"it cannot be seen how long {node.name} has been up")
    left_s = node.boot_delay_s - ours.uptime_s
    if left_s <= 0:
        return Allow()
    why = f"{node.name} is up for {ours.uptime_s:g} s; boot_delay is {node.boot_delay_s:g} s"
    return Hold("boot-delay", why, again_s=left_s, sure=True)


def carp_settled(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion until MASTER has lasted 5 s: a node may be it for a moment, at boot or in
    a duel (F01, F12, F13, F19). Beside a silent peer the proof of its death takes longer than that
    anyway.

    Seen: Since when the runs of this node have seen the address as MASTER, from the ledger.
    To do: Wait: it lifts by itself. If it comes back again and again, CARP flaps: look at the
    link, the switch and the announcements.
    Shown: plans/lab-address-pushed/plan.txt
    """
    if not takes_over(action, situation) or silent(action.id, situation):
        return Allow()
    followed = address_of(action.id, situation)
    assert followed
    known = situation.notes(followed)
    if not known:
        return Allow()  # of a node that this run does not act on: its own run counts the seconds
    at = moment(known, "master_at")
    lasted_s = situation.now.elapsed_s - at if at is not None else 0.0
    if lasted_s >= DWELL_S:
        return Allow()
    why = f"{followed} has been seen as MASTER for {lasted_s:.1f} s; {DWELL_S:g} s are waited for"
    return Hold("carp-settled", why, again_s=DWELL_S - lasted_s, sure=True)


def flap_damping(action: Action, situation: Situation) -> Verdict:
    """Holds a fourth promotion within ten minutes: a service that fails on both nodes in turn must
    not travel for ever (F10, F12).

    Seen: The moments of the last promotions, from the ledger.
    To do: Find out why the service moves: read `converge history` and the log of mysqld on both
    nodes. When it is mended: wait, or `--override flap-damping --reason TEXT`.
    Shown: scenarios/events/flapping.txt
    """
    if action.verb != "promote":
        return Allow()
    moments = promotions(situation.notes(action.id))
    recent = [at for at in moments if situation.now.elapsed_s - at < FLAP_S]
    if len(recent) < FLAPS:
        return Allow()
    left_s = FLAP_S - (situation.now.elapsed_s - recent[-FLAPS])
    why = f"{action.id} was promoted {len(recent)} times in the last {FLAP_S:g} s"
    return Hold("flap-damping", why, again_s=left_s, sure=True)


GUARDS = (
    Guard("boot-delay", boot_delay, behind=(("S3", "promote-needs-known-sync"),)),
    Guard("carp-settled", carp_settled),
    Guard("flap-damping", flap_damping, (), override=True),
)
