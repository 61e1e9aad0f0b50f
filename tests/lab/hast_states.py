"""Which world a HAST recording begins in, for those that do not go by a common beginning."""

from collections.abc import Callable
from functools import partial

from converge.lab.fresh import recorded_pair
from converge.lab.world import World
from tests.lab import hast_crashes as crashes
from tests.lab import hast_daemons as daemons
from tests.lab import hast_worlds as w
from tests.lab.fs_worlds import later, then

Worlds = dict[str, Callable[[], World]]

SINGLE: Worlds = {
    "compiledin-svc-hastd-restart": daemons.compiled_in,
    "hast-conf-quoted-exec-status": daemons.quoted,
    "hast-create": w.uncreated,
    "hast-create-again": recorded_pair,
    "hast-create-peer": w.uncreated,
    "hast-create-while-primary": w.connected,
    "hast-dd-local-disk-secondary": w.connected,
    "hast-diskinfo": w.connected,
    "hast-dual-primary-back-to-secondary": w.both_primary_later,
    "hast-dual-primary-fsck-b": w.both_primary_unchecked,
    "hast-dump-created-never-used": recorded_pair,
    "hast-dump-primary-complete": w.written_once,
    "hast-dump-while-primary": w.create_while_primary,
    "hast-dump-while-secondary": w.connected,
    "hast-list-all": w.connected,
    "hast-log-first-connect-a": daemons.first_series,
    "hast-log-first-connect-b": daemons.first_series,
    "hast-midsync-mount": crashes.checked_mid_sync,
    "hast-midsync-promoted-dump": crashes.promoted_mid_sync,
    "hast-midsync-promoted-list": crashes.promoted_mid_sync,
    "hast-midsync-return-dump": crashes.first_primary_back,
    "hast-midsync-return-log": crashes.first_primary_refused,
    "hast-midsync-return-secondary": crashes.first_primary_back,
    "hast-mount-local-disk-primary": w.connected,
    "hast-nometa-dump": w.uncreated,
    "hast-nometa-log": w.promoted_in_vain,
    "hast-nometa-log-secondary": w.demoted_in_vain,
    "hast-nometa-role-init": w.promoted_in_vain,
    "hast-nometa-role-primary": w.uncreated,
    "hast-nometa-role-secondary": w.uncreated,
    "hast-nometa-status-0s": w.promoted_in_vain,
    "hast-option-before-command": recorded_pair,
    "hast-reconnect-role-secondary": w.peer_back,
    "hast-role-primary-again": w.connected,
    "hast-role-primary-all": w.connected,
    "hast-role-primary-first": w.waiting,
    "hast-role-primary-first-0s": w.first_primary,
    "hast-role-secondary": recorded_pair,
    "hast-role-secondary-again": w.waiting,
    "hast-stale-socket-status": daemons.stale_pid,
    "hast-stat-dev": w.connected,
    "hast-stat-dev-secondary": w.connected,
    "hast-stat-f-dev": w.connected,
    "hast-status-after-start": lambda: then(recorded_pair(), "service hastd restart"),
    "hast-status-all": w.connected,
    "hast-usage": recorded_pair,
    "failover-manual-hastlog": crashes.returned_and_promoted,
    "failover-role-primary-no-device": crashes.promoted_alone,
    "failover-status-at-master": crashes.peer_just_died,
    "hastd-bad-conf-direct": lambda: daemons.stopped_with("syntax"),
    "hastd-keyword-conf-direct": lambda: daemons.stopped_with("keyword"),
    "hastd-missing-conf-direct": lambda: daemons.stopped_with("missing"),
    "hastd-noremote-conf-direct": lambda: daemons.stopped_with("noremote"),
    "log-hastd-resync-b": w.resynced,
    "log-hastd-role-changes-a": w.changed_roles,
    "mounted-role-secondary": crashes.database_on_b,
    "rejoin-daemon-log": crashes.called_again,
    "svc-hastd-bogus": recorded_pair,
    "svc-hastd-enabled-no": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-log-reload-late": daemons.first_series,
    "svc-hastd-missing-disk-note": recorded_pair,
    "svc-hastd-onestart-disabled": lambda: then(
        daemons.disabled(daemons.stopped()), "kldunload geom_gate"
    ),
    "svc-hastd-onestart-running": recorded_pair,
    "svc-hastd-onestatus-disabled": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-onestatus-running-disabled": lambda: daemons.disabled(recorded_pair()),
    "svc-hastd-onestop": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-onestop-stopped": daemons.stopped,
    "svc-hastd-pid-after-onestop": daemons.stopped,
    "svc-hastd-pidfile": recorded_pair,
    "svc-hastd-rcvar": recorded_pair,
    "svc-hastd-rcvar-no": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-reload": recorded_pair,
    "svc-hastd-reload-bad-conf": daemons.bad_file,
    "svc-hastd-restart": recorded_pair,
    "svc-hastd-start": daemons.stopped,
    "svc-hastd-start-bad-conf": lambda: then(daemons.stopped_with("syntax"), daemons.SPOIL),
    "svc-hastd-start-disabled": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-start-no-conf": lambda: then(daemons.stopped(), "rm /etc/hast.conf"),
    "svc-hastd-start-running": recorded_pair,
    "svc-hastd-start-stale-pid": daemons.stale_pid,
    "svc-hastd-status-after-bad-reload": lambda: then(daemons.bad_file(), "service hastd reload"),
    "svc-hastd-status-after-stop-bad-conf": daemons.not_stopped,
    "svc-hastd-status-disabled": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-status-running": recorded_pair,
    "svc-hastd-status-running-disabled": lambda: daemons.disabled(recorded_pair()),
    "svc-hastd-status-stale-pid": daemons.stale_pid,
    "svc-hastd-status-stopped": daemons.stopped,
    "svc-hastd-stop-bad-conf": daemons.bad_file,
    "svc-hastd-stop-disabled": lambda: daemons.disabled(daemons.stopped()),
    "svc-hastd-stop-primary-mounted": daemons.database,
    "svc-hastd-stop-primary-mounted-after-8s": crashes.stopped_under_database,
    "svc-hastd-stop-running-disabled": lambda: daemons.disabled(recorded_pair()),
    "svc-hastd-stop-secondary": w.connected,
    "svc-hastd-stop-stopped": daemons.stopped,
    "worker-killed-primary": daemons.database,
    "worker-killed-primary-7s": lambda: later(daemons.worker_killed(), 7.0),
    "worker-killed-primary-end": lambda: later(daemons.worker_killed(), 12.0),
    "worker-killed-primary-log": lambda: later(daemons.worker_killed(), 12.0),
    "worker-killed-primary-write": lambda: later(daemons.worker_killed(), 7.0),
}

for _name in daemons.CONFIGS:
    SINGLE[f"hast-conf-{_name}-dump"] = partial(daemons.configured, _name)
    SINGLE[f"hast-conf-{_name}-status"] = partial(daemons.configured, _name)
for _nth, _seconds in enumerate((0.0, 0.2, 0.8, 7.8, 13.2, 14.1)):
    for _node in ("hasta", "hastb"):
        SINGLE[f"hast-resync-sample{_nth}-list-{_node}"] = (
            partial(w.until_connected, w.resyncing(), _seconds) if _nth else w.resyncing
        )
