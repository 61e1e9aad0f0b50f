"""The child processes of a host: one thread hears them all, side by side.

Knows programs and deadlines; what they are for is the business of local and ssh.
"""

from __future__ import annotations

import selectors
import signal
from collections.abc import Callable, Collection, Mapping
from functools import partial

from converge.core.host import Answer, Clock, Command, Ticket
from converge.hosts.answers import ENVIRONMENT, KEEP
from converge.hosts.child import Child, close, start


class Children:
    """The programs that run now, and the answers of those that ended, by ticket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._running: dict[Ticket, Child] = {}
        self._ended: dict[Ticket, Answer] = {}
        self._last = Ticket(0)

    def done(self, answer: Answer) -> Ticket:
        """A ticket for what has its answer already."""
        ticket = self._next()
        self._ended[ticket] = answer
        return ticket

    def start(
        self,
        command: Command,
        then: Callable[[Answer], Answer],
        keep: int = KEEP + 1,
        env: Mapping[str, str] = ENVIRONMENT,
    ) -> Ticket:
        """Start a program; its answer goes through `then`. One that cannot start is lost.

        `keep`: bytes that are kept of each output; the rest is read and dropped.
        """
        try:
            child = start(command, then, keep, env, self._clock.elapsed())
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return self.done(then(Answer(lost=f"{command.argv[0]} could not be started: {why}")))
        for ear in child.ears:
            self._selector.register(ear, selectors.EVENT_READ, partial(self._hear, child))
        if child.mouth is not None:
            self._selector.register(
                child.mouth, selectors.EVENT_WRITE, partial(self._speak, child)
            )
        ticket = self._next()
        self._running[ticket] = child
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        """Wait until one of these ends or `elapsed` reaches `until_s`; those that ended.

        What has been handed out is forgotten; where nothing is left to wait for it is {} at once.
        """
        self._turn(0.0)
        while True:
            ended = {t: self._ended.pop(t) for t in sorted(tickets) if t in self._ended}
            waiting = any(ticket in self._running for ticket in tickets)
            if ended or not waiting or self._clock.elapsed() >= until_s:
                return ended
            self._turn(until_s)

    def close(self) -> None:
        """End what still runs, without waiting for it."""
        for child in self._running.values():
            child.strike(signal.SIGTERM)
            self._forget(child)
        self._running.clear()
        self._selector.close()

    def _next(self) -> Ticket:
        self._last = Ticket(self._last + 1)
        return self._last

    def _turn(self, until_s: float) -> None:
        """Sleep until somebody says something or it is time to look; then see who is over."""
        now_s = self._clock.elapsed()
        naps_s = [child.nap_s() for child in self._running.values()]
        for key, _ in self._selector.select(max(0.0, min([until_s - now_s, *naps_s]))):
            key.data(key.fd)
        now_s = self._clock.elapsed()
        for ticket, child in tuple(self._running.items()):
            if child.step(now_s):
                del self._running[ticket]
                self._forget(child)
                self._ended[ticket] = child.then(child.answer())

    def _forget(self, child: Child) -> None:
        for ear in tuple(child.ears):
            self._stop_hearing(child, ear)
        self._stop_speaking(child)

    def _hear(self, child: Child, ear: int) -> None:
        if not child.hear(ear):
            self._stop_hearing(child, ear)

    def _speak(self, child: Child, mouth: int) -> None:
        if not child.speak(mouth):
            self._stop_speaking(child)

    def _stop_hearing(self, child: Child, ear: int) -> None:
        del child.ears[ear]
        self._selector.unregister(ear)
        close(ear)

    def _stop_speaking(self, child: Child) -> None:
        if child.mouth is not None:
            self._selector.unregister(child.mouth)
            close(child.mouth)
            child.mouth = None
