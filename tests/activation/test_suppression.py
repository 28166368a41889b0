"""Over any history of joining, leaving, opting out and coming back, nobody who opted out is ever sent."""

import psycopg
from activation.destinations.scenario import BEST, LAPSING, People, day, execute
from activation.memory import MemoryDestination
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennial.activation.ledger import migrate, open_ledger
from perennial.activation.send import Sender

PEOPLE = [f"p{n}@example.com" for n in range(6)]
AUDIENCES = st.sets(st.sampled_from(["best", "lapsing"]))
PERSON = st.tuples(AUDIENCES, st.integers(1, 3))
DAY = st.tuples(
    st.dictionaries(st.sampled_from(PEOPLE), PERSON),
    st.sets(st.sampled_from(PEOPLE), max_size=3),
    st.sets(st.sampled_from(PEOPLE), max_size=1),
)
"""Members, who opts out before the run, and who asks to be taken back before it."""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(DAY, min_size=1, max_size=6), at_once=st.integers(1, 6))
def test_who_opted_out_is_sent_zero_times(
    store_url: str, history: list[tuple[dict[str, tuple[set[str], int]], set[str], set[str]]], at_once: int
) -> None:
    migrate(store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("TRUNCATE activation.run, activation.list CASCADE")
    destination = MemoryDestination()
    with open_ledger(store_url, "memory", "email") as ledger:
        sender = Sender(ledger, destination, sleep=lambda seconds: None, at_once=at_once)
        for number, (members, opts_out, back) in enumerate(history, start=1):
            destination.opted_out = (destination.opted_out | opts_out) - back
            people: People = {k: {"in": sorted(a), "decile": d} for k, (a, d) in members.items()}
            destination.given.clear()
            execute(sender, people, day(number))
            assert not destination.opted_out & set(destination.given)
            for name, audience in ((BEST, "best"), (LAPSING, "lapsing")):
                wanted = {key for key, (audiences, _) in members.items() if audience in audiences}
                assert destination.lists[name] == wanted - destination.opted_out
            destination.given.clear()
            execute(sender, people, day(number))
            assert destination.given == [], "the same again costs nothing"
