"""The holder keeps its contract, whatever the table does: by a clock of the test's own."""

import pytest

from rehearsal import lease


class Clock:
    """Time that passes when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def seconds(ttl, longest=0, drift=0):
    return lease.Terms.of(ttl, longest, drift)


class Item:
    """The lease's item, with a line that can be cut, slowed, or lose answers."""

    def __init__(self, clock):
        self.owner, self.epoch, self.renewals = "east", 1, 0
        self.terms = self.lowered_to = None
        self.cut = self.loses_answers = False
        self.takes_s = 0.0
        self._clock = clock

    def read(self):
        if self.cut:
            raise lease.Unreachable("cut")
        return lease.Item(self.owner, self.epoch, self.terms, self.lowered_to)

    def take_up(self, owner, epoch, terms):
        self._write(owner, epoch, terms, self.terms is None or self.terms.within(terms))
        self.terms = terms

    def renew(self, owner, epoch, own):
        self._write(owner, epoch, own, own.within(self.terms))

    def _write(self, owner, epoch, terms, covered):
        if self.cut:
            raise lease.Unreachable("cut")
        self._clock.now += self.takes_s
        capped = self.lowered_to is not None and not terms.within(self.lowered_to)
        if (owner, epoch) != (self.owner, self.epoch) or not covered or capped:
            raise lease.ConditionFailed("taken")
        self.renewals += 1
        if self.loses_answers:
            raise lease.Unreachable("answer lost")

    def move(self, owner):
        self.owner, self.epoch = owner, self.epoch + 1


@pytest.fixture
def world():
    clock = Clock()
    item = Item(clock)
    return clock, item, lease.Holder(item, "east", seconds(9.0), clock=clock)


def holds(holder):
    try:
        return holder.check().epoch
    except lease.NotTheWriter:
        return None


def test_it_counts_from_the_moment_the_renewal_was_sent(world):
    clock, item, holder = world
    item.takes_s = 2.0
    holder.step()
    clock.now = 108.9
    assert holds(holder) == 1
    clock.now = 109.0
    assert holds(holder) is None


def test_cut_off_from_the_table_it_stops_by_itself_and_not_before(world):
    clock, item, holder = world
    holder.step()
    item.cut = True
    for clock.now in (103.0, 106.0, 108.9):
        holder.step()
        assert holds(holder) == 1
    clock.now = 109.0
    assert holds(holder) is None, "expiry needs no step of the thread"
    holder.step()
    item.cut = False
    holder.step()
    assert holds(holder) == 1, "still the owner: it goes on after the line is back"


def test_a_renewal_of_unknown_fate_extends_nothing(world):
    clock, item, holder = world
    holder.step()
    item.loses_answers = True
    clock.now = 105.0
    holder.step()
    assert item.renewals == 2
    clock.now = 109.0
    assert holds(holder) is None


def test_a_failed_condition_stops_it_at_once(world):
    clock, item, holder = world
    holder.step()
    item.move("nobody")
    clock.now = 101.0
    holder.step()
    assert holds(holder) is None
    item.move("west")
    holder.step()
    assert holds(holder) is None


def test_a_grant_is_taken_up_under_its_own_epoch(world):
    _clock, item, holder = world
    item.move("nobody")
    holder.step()
    assert holds(holder) is None and not holder.granted.is_set()
    item.move("east")
    holder.step()
    assert holds(holder) == 3 and holder.granted.is_set()


def test_taken_and_given_back_between_two_renewals_is_a_new_epoch(world):
    _clock, item, holder = world
    holder.step()
    item.move("nobody")
    item.move("east")
    holder.step()
    assert holds(holder) is None, "epoch 1 is over, whoever owns the next one"
    holder.step()
    assert holds(holder) == 3


def test_the_item_says_the_largest_terms_of_all_its_holders(world):
    clock, item, holder = world
    other = lease.Holder(item, "east", seconds(60.0, 2.0, 0.5), clock=clock)
    short = lease.Holder(item, "east", seconds(3.0, 5.0, 0.1), clock=clock)
    for one in (holder, other, short, holder, other, short):
        one.step()
        assert holds(one) == 1
    assert item.terms == seconds(60.0, 5.0, 0.5)


def test_an_item_that_does_not_cover_a_holder_stops_it_until_it_does(world):
    _clock, item, holder = world
    holder.step()
    item.terms = seconds(3.0)
    holder.step()
    assert holds(holder) is None, "nobody would wait for it"
    holder.step()
    assert holds(holder) == 1 and item.terms == seconds(9.0)


def test_while_the_terms_are_lowered_a_holder_of_longer_ones_neither_renews_nor_takes_up(world):
    clock, item, holder = world
    short = lease.Holder(item, "east", seconds(3.0), clock=clock)
    for one in (holder, short):
        one.step()
    item.lowered_to = seconds(3.0)
    item.terms = None
    for _ in range(3):
        holder.step()
        assert holds(holder) is None
    item.terms, item.lowered_to = seconds(9.0), seconds(3.0)
    short.step()
    assert holds(short) == 1, "the old terms still stand, and cover it"
