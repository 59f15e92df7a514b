"""One language, ready to read sentences with: who commits to what (gates), what takes it back (vetoes), and by when.

The time that belongs to a gate is the one behind it; where there is none, the one with which the sentence begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .promise_files import every_language
from .promise_language import respelled
from .promise_phrases import Phrases, folded, pattern
from .promise_sentences import without_quotations
from .promise_times import MASK, PAST_MASK, TimeWords

if TYPE_CHECKING:
    from .promise_language import Language, Languages, Saying
    from .promise_times import Time

_ANY = "[^ ,():]{1,40}"
_BREAKS = re.compile(r"; | - | -- ")
"""Where a sentence is always parted."""


SENTENCES = 10_000
"""How many sentences are remembered with what they say: agents write most of them again and again."""
GATE_SLOTS = ("act", "any", "time")
"""The slots of gates and vetoes."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A commitment with the time that belongs to it; ``gate`` is the id of the gate that matched."""

    gate: str
    time: Time


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence says: what it commits to; where that is nothing, ``why``, in words."""

    bound: tuple[Bound, ...] = ()
    why: str = ""


class _Gate(NamedTuple):
    """Where a gate matched: from where its times count, where the match begins and ends."""

    here: int
    start: int
    end: int
    name: str


class Grammar:
    """The grammar of one language.

    Raises:
        PhraseError: a phrase of the language is not well-formed.
    """

    def __init__(self, language: Language) -> None:
        self.code = language.code
        self._language = language = respelled(language)
        words = language.words
        phrases = self._phrases = phrases_of(language)
        self.machine = pattern(phrases, words.get("machine", ()))
        self.sign_off = re.compile(phrases.either(words.get("sign_off", ())))
        listed = (word for phrase in words.get("abbreviation", ()) for word in phrase.split("|"))
        self.abbreviations = frozenset(listed)
        self.marker = re.compile(_tight(words.get("marker", ())))
        self.no_promise = re.compile(phrases.either(words.get("no_promise", ())))
        self.moved = re.compile(phrases.either(words.get("moved", ())))
        self.read = lru_cache(SENTENCES)(self._read)

    @cached_property
    def times(self) -> TimeWords:
        """How times are written. Like all that only sentences need, it is made when the first one is read."""
        return TimeWords(self._language)

    @cached_property
    def _joint(self) -> re.Pattern[str]:
        return self._listed("joint")

    @cached_property
    def _lead(self) -> re.Pattern[str]:
        return self._listed("lead")

    @cached_property
    def _and(self) -> re.Pattern[str]:
        return self._listed("and")

    @cached_property
    def _glue(self) -> re.Pattern[str]:
        return self._listed("glue", "due")

    @cached_property
    def _act(self) -> re.Pattern[str]:
        return pattern(self._phrases, ["<act>"])

    def _listed(self, *classes: str) -> re.Pattern[str]:
        words = self._language.words
        return pattern(self._phrases, [phrase for name in classes for phrase in words.get(name, ())])

    @cached_property
    def _gates(self) -> list[tuple[str, re.Pattern[str]]]:
        gates = self._language.gates.items()
        return [(name, pattern(self._phrases, gate.says)) for name, gate in gates if gate.says]

    @cached_property
    def _vetoes(self) -> list[tuple[str, re.Pattern[str], re.Pattern[str] | None]]:
        vetoes = self._language.vetoes.items()
        return [(name, *_veto(self._phrases, veto)) for name, veto in vetoes if veto.says]

    def prepare(self) -> None:
        """Make ready what is otherwise made when the first sentence is read.

        Raises:
            PhraseError: a phrase is not well-formed.
        """
        _ = self.times, self._joint, self._lead, self._and, self._glue, self._act, self._gates, self._vetoes

    def _read(self, sentence: str) -> Reading:
        """What a sentence commits its author to."""
        plain = folded(without_quotations(sentence, PAST_MASK))
        times = list(self.times.find(plain))
        if not any(_may_be_due(time) for time in times):
            return Reading(why="no time words")
        masked = _masked(plain, times)
        bound: list[Bound] = []
        why = ""
        for start, end in self._pieces(masked):
            found = self._piece(masked, plain, start, end, [time for time in times if start <= time.start < end])
            bound += found.bound
            why = found.why or why
        return Reading(tuple(bound), "" if bound else why)

    def _pieces(self, masked: str) -> list[tuple[int, int]]:
        """Where the parts of a sentence begin and end that are judged alone."""
        cuts = {0, len(masked)}
        cuts |= {found.end() for found in _BREAKS.finditer(masked)}
        cuts |= {found.start(found.lastindex or 0) for found in self._joint.finditer(masked)}
        return list(pairwise(sorted(cuts)))

    def _piece(self, masked: str, plain: str, start: int, end: int, times: list[Time]) -> Reading:
        piece = masked[start:end]
        gates = [gate for gate in self._matched(piece, start) if gate.here < end]
        due = [time for time in times if _may_be_due(time)]
        if not gates:
            return Reading(why="nobody commits to anything" if due else "")
        vetoed = self._vetoed(piece)
        if vetoed:
            return Reading(why=f"{self.code}.{vetoed}")
        bound: list[Bound] = []
        for number, gate in enumerate(gates):
            until = gates[number + 1].here if number + 1 < len(gates) else end
            behind = [time for time in due if gate.here <= time.start < until]
            ahead = self._ahead(plain, start, gate, due) if number == 0 else None
            bound += [Bound(f"{self.code}.{gate.name}", time) for time in self._chosen(plain, behind, ahead)]
        return Reading(tuple(bound), "" if bound else "the time words belong to something else")

    def _matched(self, piece: str, offset: int) -> list[_Gate]:
        """The gates that match, by where they begin; of those that overlap the first."""
        found = [
            _Gate(match.start(match.lastindex or 0) + offset, match.start() + offset, match.end() + offset, name)
            for name, gate in self._gates
            for match in gate.finditer(piece)
        ]
        kept: list[_Gate] = []
        for gate in sorted(found, key=lambda gate: gate.here):
            if not kept or gate.here >= kept[-1].end:
                kept.append(gate)
        return kept

    def _vetoed(self, piece: str) -> str | None:
        for name, says, but_not in self._vetoes:
            looked_at = but_not.sub(lambda found: PAST_MASK * len(found[0]), piece) if but_not else piece
            if says.search(looked_at):
                return name
        return None

    # --- which time ---------------------------------------------------------------------------------------------------

    def _ahead(self, plain: str, start: int, gate: _Gate, times: list[Time]) -> Time | None:
        """The time with which a piece begins, in front of its gate: *By noon tomorrow, I will ...*."""
        for time in reversed([time for time in times if time.end <= gate.start]):
            before, between = plain[start : time.start], plain[time.end : gate.start]
            if self._only(self._lead, before) and len(between.split()) <= 3:
                return time
        return None

    def _only(self, words: re.Pattern[str], text: str) -> bool:
        """Whether a text holds nothing but such words, or ends with a comma and such words."""
        last = text.rpartition(",")[2] if len(text) < 200 else text
        return not re.search(r"\w\w", words.sub(" ", last))

    def _chosen(self, plain: str, behind: list[Time], ahead: Time | None) -> list[Time]:
        """The times that a gate commits to: one for each act behind it."""
        if not behind:
            return [ahead] if ahead else []
        acts: list[list[Time]] = [[behind[0]]]
        for last, time in pairwise(behind):
            between = plain[last.end : time.start]
            another = self._behind_and(between)
            if another and not self._act.match(another):
                break
            if another:
                acts.append([])
            acts[-1].append(time)
        chosen = [self._one(plain, times) for times in acts]
        if ahead and "day" in ahead.roles and "clock" not in ahead.roles and chosen[0].roles == {"clock"}:
            chosen[0] = ahead.with_(chosen[0])
        elif ahead and ahead.roles == {"clock"} and "day" in chosen[0].roles and "clock" not in chosen[0].roles:
            chosen[0] = chosen[0].with_(ahead)
        return chosen

    def _behind_and(self, between: str) -> str:
        """What stands behind an *and* between two times, but for small words: another act, or what others do."""
        found = self._and.search(between)
        rest = between[found.end() :].strip(" ,") if found is not None else ""
        return rest if re.search(r"\w", self._glue.sub(" ", rest)) else ""

    def _one(self, plain: str, times: list[Time]) -> Time:
        """The time of an act among several: the one with *by* or the like in front, else the first; a day gets its hour."""
        dated = [time for time in times if "soon" not in time.roles] or times
        best = next((time for time in dated if self.times.is_due(plain, time.start)), dated[0])
        if "clock" not in best.roles and "day" in best.roles:
            clock = next((time for time in dated if time.start > best.end and "clock" in time.roles), None)
            if clock is not None and "day" not in clock.roles:
                return best.with_(clock)
        return best


def _may_be_due(time: Time) -> bool:
    return not time.roles & {"past", "other"} and time.roles != {"zone"}


def _masked(plain: str, times: list[Time]) -> str:
    """The sentence with its times as single words that gates can name."""
    text = list(plain)
    for time in times:
        if time.roles == {"soon"}:
            continue
        text[time.start : time.end] = (MASK if _may_be_due(time) else PAST_MASK) * (time.end - time.start)
    return "".join(text)


def phrases_of(language: Language) -> Phrases:
    """The phrases of gates, vetoes and the grammar's own classes."""
    plain = Phrases(language.words, {"any": _ANY, "time": f"{MASK}+"})
    no_act = plain.either(language.words.get("no_act", ()))
    act = rf"(?!(?:{no_act})(?![\w{MASK}]))[^\W\d_][\w'-]{{1,30}}"
    return Phrases(language.words, {"any": _ANY, "time": f"{MASK}+", "act": act})


def _veto(phrases: Phrases, veto: Saying) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    return pattern(phrases, veto.says), pattern(phrases, veto.but_not) if veto.but_not else None


def _tight(markers: tuple[str, ...]) -> str:
    """Markers with spaces, hyphens or nothing between their words, as behind ``#``."""
    return "|".join(r"[ _-]?".join(_either_word(word) for word in re.split(r"[ -]", marker)) for marker in markers)


def _either_word(words: str) -> str:
    return f"(?:{'|'.join(re.escape(word) for word in words.split('|'))})"


@lru_cache(maxsize=8)
def grammars(languages: Languages) -> dict[str, Grammar]:
    """The grammar of every language, by its code."""
    return {language.code: Grammar(language) for language in every_language(languages)}
