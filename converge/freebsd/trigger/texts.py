"""What each trigger puts where: whole files by its name. Their text is the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from converge.freebsd.trigger.scripts import HAST_EVENT, PERIODIC, RC, WAKE

WAKER = "/usr/local/libexec/converge/wake"
HOOK = "/usr/local/libexec/converge/hast-event"
DEVD_FOLDER = "/usr/local/etc/devd"

RULES = f"""\
# Written by converge. Whatever happened, it only says: look.

# FreeBSD 10 and later: CARP tells of each change, of INIT (no carrier) as well.
notify 100 {{
	match "system"		"CARP";
	match "subsystem"	"[0-9]+@.+";
	match "type"		"(MASTER|BACKUP|INIT)";
	action "{WAKER} devd";
}};

# FreeBSD 9 and earlier: the interface carpN goes up (MASTER) or down (BACKUP, INIT).
notify 100 {{
	match "system"		"IFNET";
	match "subsystem"	"carp[0-9]+";
	match "type"		"(LINK_UP|LINK_DOWN)";
	action "{WAKER} devd";
}};
"""

CRONTAB = f"""\
# Written by converge. Every minute: repairs what devd and hastd did not tell.
SHELL=/bin/sh
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
*	*	*	*	*	root	{WAKER} cron
"""

ROTATION = """\
# Written by converge.
# logfilename		[owner:group]	mode	count	size	when	flags
/var/log/converge.log	root:wheel	640	7	1000	*	JCN
"""


class Text(NamedTuple):
    """One file that is written whole."""

    path: str
    content: str
    mode: str = "0644"


FILES: Mapping[str, tuple[Text, ...]] = {
    "wake": (Text(WAKER, WAKE, "0555"),),
    "devd": (Text(f"{DEVD_FOLDER}/converge.conf", RULES),),
    "hast": (Text(HOOK, HAST_EVENT, "0555"),),
    "cron": (Text("/usr/local/etc/cron.d/converge", CRONTAB),),
    "rc": (Text("/usr/local/etc/rc.d/converge", RC, "0555"),),
    "newsyslog": (Text("/usr/local/etc/newsyslog.conf.d/converge.conf", ROTATION),),
    "periodic": (Text("/usr/local/etc/periodic/daily/500.converge", PERIODIC, "0555"),),
}
"""By the name of the trigger; `wake` is what the first four call."""
