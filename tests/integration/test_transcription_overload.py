"""A recogniser that cannot keep up: guesses go first, then the seat, then the caller; nothing waits."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.tasks import TaskGroup
from core.vocabulary import Speaker
from tests.fakes.waiting import until
from transcription.live import LiveLeg, LiveLegs
from transcription.recognizer import Guess, Settled, Word

NOISE = bytes((n * 7919 >> 3) & 0xFF for n in range(8000 * 2))  # half a second at 16 kHz that counts as voice


class Turns:
    """A semaphore that serves whoever came first: with a plain one a leg can take the other's turn too."""

    def __init__(self):
        self.lock, self.free, self.line = threading.Lock(), 0, deque()

    def acquire(self, timeout):
        with self.lock:
            if self.free and not self.line:
                self.free -= 1
                return True
            mine = threading.Event()
            self.line.append(mine)
        return mine.wait(timeout)

    def release(self, turns):
        with self.lock:
            for _ in range(turns):
                if self.line:
                    self.line.popleft().set()
                else:
                    self.free += 1


class Slow:
    """Hears a piece only when the test lets it."""

    def __init__(self, turns, asked):
        self.turns, self.asked = turns, asked

    def feed(self, pcm, *, guess=True):
        self.asked.append(guess)
        assert self.turns.acquire(timeout=20)
        return Guess(f"guess {len(self.asked)}") if guess else None

    def finish(self):
        return Settled("line", "line", (Word("line", 0.0, 0.1, 1.0),))


class House:
    def __init__(self, threads):
        self.turns, self.asked, self.told = Turns(), [], []
        self.tasks, self.threads = TaskGroup(), ThreadPoolExecutor(threads)
        make = lambda: Slow(self.turns, self.asked)  # noqa: E731 - one line says it
        self.legs = LiveLegs(make, self.threads, self.tasks, 3, self.told.append)

    def leg(self, name, speaker):
        self.legs.expect(LiveLeg(leg=name, call_id="c1", speaker=speaker, offset_s=0.0))
        return self.legs.admit(name)

    def said(self, kind, leg):
        return [one for one in self.told if one["kind"] == kind and one["leg"] == leg]


@pytest.fixture
async def house():
    made = House(threads=2)
    yield made
    made.turns.release(10_000)
    await until("no leg is left", lambda: made.legs.count == 0 or not made.turns.release(50))
    await made.tasks.close()
    made.threads.shutdown()


def speak(leg, seconds):
    for _ in range(int(seconds * 2)):
        leg.sound(NOISE, 16000)


async def test_guesses_are_dropped_before_anything_else(house):
    leg = house.leg("caller", Speaker.CALLER)
    speak(leg, 0.5)
    await until("a guess is asked for", lambda: house.asked == [True])
    speak(leg, 4)
    house.turns.release(1)
    await until("guessing has stopped", lambda: False in house.asked)
    assert not house.said("guess", "caller")
    house.turns.release(100)
    await until("it caught up", lambda: leg.waiting_s == 0)
    speak(leg, 0.5)
    await until("it guesses again", lambda: house.said("guess", "caller"))
    leg.ended()
    await until("the leg ends", lambda: house.said("leg_ended", "caller"))
    assert house.said("settled", "caller")
    assert not house.said("shed", "caller")


async def test_the_seat_is_given_up_before_the_caller_and_the_caller_last(house):
    caller, seat = house.leg("caller", Speaker.CALLER), house.leg("seat", Speaker.SEAT)
    speak(caller, 0.5)
    speak(seat, 0.5)
    await until("both are being heard", lambda: len(house.asked) == 2)
    speak(caller, 8)
    speak(seat, 8)
    house.turns.release(2)
    await until("the seat is given up", lambda: house.said("shed", "seat"))
    assert not house.said("shed", "caller")
    await until("the caller is heard on", lambda: len(house.asked) == 3)
    speak(caller, 2 * caller.limit_s + 1)
    house.turns.release(1)
    await until("the caller is given up too", lambda: house.said("shed", "caller"))
    assert [one["reason"] for one in house.told if one["kind"] == "shed"] == ["overload"] * 2
    assert house.legs.count == 0


async def test_sound_never_waits_and_never_grows_without_bound(house):
    leg = house.leg("caller", Speaker.CALLER)
    speak(leg, 0.5)
    await until("the engine is stuck", lambda: len(house.asked) == 1)
    speak(leg, 600)
    assert leg.waiting_s <= 2 * leg.limit_s + 1
    house.turns.release(1)
    await until("the leg is given up", lambda: house.said("shed", "caller"))
    assert house.said("leg_ended", "caller")


async def test_more_legs_than_admitted_are_refused_with_a_reason(house):
    for number in range(3):
        assert house.leg(f"leg{number}", Speaker.SEAT) is not None
    assert house.leg("fourth", Speaker.SEAT) is None
    assert house.said("shed", "fourth")[0]["reason"] == "limit"
    assert house.said("leg_ended", "fourth")
    for number in range(3):
        house.legs.forget(f"leg{number}")
    await until("all have ended", lambda: house.legs.count == 0)


async def test_an_engine_that_raises_ends_its_leg_and_says_so(house):
    def broken():
        raise MemoryError

    house.legs._make = broken
    leg = house.leg("caller", Speaker.CALLER)
    speak(leg, 1)
    await until("the leg has ended", lambda: house.said("leg_ended", "caller"))
    assert house.said("shed", "caller")[0]["reason"] == "failed"
    speak(leg, 1)
    assert not leg.waiting


async def test_a_leg_that_never_came_is_forgotten(house):
    house.legs.expect(LiveLeg(leg="late", call_id="c1", speaker=Speaker.CALLER, offset_s=0.0))
    house.legs.forget("late")
    assert house.said("leg_ended", "late")
    assert house.legs.admit("late") is None


async def test_at_the_limit_a_seat_makes_room_for_a_party_and_a_party_for_a_caller(house):
    for number in range(3):
        assert house.leg(f"seat{number}", Speaker.SEAT) is not None
    assert house.leg("party", Speaker.OUTSIDE) is not None
    assert house.leg("another", Speaker.OUTSIDE) is not None
    assert house.leg("caller", Speaker.CALLER) is not None
    assert house.leg("second", Speaker.CALLER) is not None
    await until("the latest party goes last", lambda: house.said("shed", "another"))
    gone = {one["leg"] for one in house.told if one["kind"] == "shed"}
    assert gone == {"seat2", "seat1", "seat0", "another"}
    assert {one["reason"] for one in house.told if one["kind"] == "shed"} == {"limit"}
    assert house.leg("third", Speaker.SEAT) is None


async def test_overload_gives_up_the_seat_then_a_party_then_the_caller(house):
    legs = [house.leg(one, Speaker(one)) for one in ("caller", "outside")]
    for leg in legs:
        speak(leg, 0.5)
    await until("both are being heard", lambda: len(house.asked) == 2)
    for leg in legs:
        speak(leg, 0.7 * leg.limit_s + 1)
    house.turns.release(2)
    await until("the party is given up", lambda: house.said("shed", "outside"))
    assert not house.said("shed", "caller")
