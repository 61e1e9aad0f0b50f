"""Driving a look by hand: what does a resource see when the programs answer this?"""

from collections.abc import Mapping
from typing import Any

from converge.core.host import Answer, Query, Soon
from converge.core.resource import Around, Resource


def see(resource: Resource[Any], around: Around, answers: Mapping[str, Answer]) -> Any:
    """Observation of `resource`; `answers` by the query's text (`str(query)`). None may lack."""
    look = resource.look(around)
    try:
        query: Query | Soon = next(look)
        while True:
            answer = Answer() if isinstance(query, Soon) else answers[str(query)]
            query = look.send(answer)
    except StopIteration as end:
        return end.value
