"""The shell in front of converge: what devd, hastd, cron, rc and periodic call. POSIX sh only."""

WAKE = r"""#!/bin/sh
# wake devd|hast|cron|boot: look at this node, soon. Written by converge.
#
# It returns at once: beside it, never in it, is one run, and at most one more follows. The mark
# says that somebody called. Who runs takes it away before he looks. Who has left it tries the
# lock; if he does not get it, somebody has it who looks for the mark once more when it is free
# again. So no call is lost, and a thousand calls are two runs.

run=${CONVERGE_RUN_DIR:-/var/run/converge}
program=${CONVERGE_PROGRAM:-/usr/local/bin/converge}
PATH=$PATH:/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
export PATH
umask 077

look()
{
	"$program" apply --wait --trigger "$1" --lock-timeout 600s
	code=$?
	[ "$code" -eq 0 ] || logger -t converge "apply --trigger $1: exit code $code"
}

turn()	# under the lock
{
	found=
	while mv -f "$run/wake" "$run/woken" 2>/dev/null; do
		found=yes
		by=
		read -r by <"$run/woken"
		case $by in
		devd|hast|cron|boot) ;;
		*) by=cron ;;
		esac
		look "$by"
	done
	[ "$found" ] || sleep 1	# a mark that cannot be taken away must not keep us spinning
}

turns()
{
	while [ -e "$run/wake" ]; do
		lockf -k -s -t 0 "$run/wake.lock" /bin/sh "$0" turn || return 0
	done
}

case ${1-} in
turn)
	turn
	;;
turns)
	turns
	;;
devd|hast|cron|boot)
	[ -d "$run" ] || mkdir -p "$run"
	echo "$1" >"$run/wake"
	if [ "$1" = cron ]; then
		turns	# cron waits for nobody, and mails what is said
	else
		daemon -f /bin/sh "$0" turns
	fi
	;;
*)
	echo "usage: wake devd|hast|cron|boot" >&2
	exit 64
	;;
esac
"""

HAST_EVENT = r"""#!/bin/sh
# `exec` of hast.conf(5): hastd calls it with an event and a resource. Written by converge.

case ${1-} in
role|connect|disconnect|syncdone|split-brain)
	exec /bin/sh "${0%/*}/wake" hast
	;;
esac
"""

RC = r"""#!/bin/sh
# Written by converge.

# PROVIDE: converge
# REQUIRE: NETWORKING hastd
# KEYWORD: nojail shutdown

. /etc/rc.subr

name="converge"
desc="Looks at this node after a boot, and gives its service up before a shutdown"
rcvar="converge_enable"
start_cmd="converge_start"
stop_cmd="converge_stop"

load_rc_config $name
: "${converge_enable:=NO}"

PATH=$PATH:/usr/local/sbin:/usr/local/bin
export PATH

converge_start()
{
	rm -f "${CONVERGE_RUN_DIR:-/var/run/converge}/shutdown"
	/usr/local/libexec/converge/wake boot
}

# rc.shutdown says faststop. Before hastd stops, which takes the disks away from under whatever is
# mounted, the database is stopped, the volume unmounted, the role given up.
converge_stop()
{
	if [ -z "${rc_fast}" ]; then
		echo "converge: nothing runs that could be stopped. What this node has is given up by"
		echo "  converge apply --trigger shutdown"
		return 0
	fi
	echo "Giving up what follows HAST."
	converge apply --trigger shutdown
}

run_rc_command "$1"
"""

PERIODIC = r"""#!/bin/sh
# What differs from the desired file, in the daily mail. Written by converge.

if [ -r /etc/defaults/periodic.conf ]; then
	. /etc/defaults/periodic.conf
	source_periodic_confs
fi
PATH=$PATH:/usr/local/sbin:/usr/local/bin
export PATH

case ${daily_converge_enable:-YES} in
[Nn][Oo])
	exit 0
	;;
esac

said=$(converge drift -q 2>&1)
code=$?
[ "$code" -eq 0 ] && exit 0
echo ""
echo "What differs from the desired file (converge drift):"
echo "$said"
[ "$code" -eq 2 ] && exit 1
exit 2
"""
