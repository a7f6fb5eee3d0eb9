"""Lines of EyeLink ASC text: where each begins and ends, and the numbers and flags of those that are samples."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel

MAX_NUMBERS = 24
"""Numbers kept of a sample; the longest line that edf2asc writes has 19."""

NUMBER, MISSING, FLAGS, FAULTY = 0, 1, 2, 3
"""What a word of a sample line may be."""

# A quotient of whole numbers below 2^53 and a power of ten up to 10^22 is rounded once, as Python's float() does it.
_MAX_DIGITS, _MAX_EXPONENT = 15, 22
_POWERS = 10.0 ** np.arange(_MAX_EXPONENT + 1)
_TAB, _LINE_FEED, _RETURN, _SPACE, _PLUS, _MINUS, _POINT = 9, 10, 13, 32, 43, 45, 46
_ZERO, _NINE, _A, _E, _Z, _SMALL_E = 48, 57, 65, 69, 90, 101
_INTERPOLATED, _LOST, _RECOVERING = 73, 67, 82


class Lines(NamedTuple):
    """Lines of a text, without their ends.

    Attributes
    ----------
    starts, stops : int64, shape (lines,)
        Places of bytes.
    rows : int64, shape (lines,)
        Row of a sample line in `Samples`; -1 for any other line.
    """

    starts: np.ndarray
    stops: np.ndarray
    rows: np.ndarray


class Samples(NamedTuple):
    """Sample lines: those that begin with a digit.

    Attributes
    ----------
    lines : int64, shape (samples,)
        Place among the lines.
    numbers : float64, shape (samples, MAX_NUMBERS)
        Time stamp first; NaN for a lone point. What lies beyond `counts` isn't set.
    counts : int64, shape (samples,)
        Numbers and lone points of the line, also those beyond `MAX_NUMBERS`.
    flag_lengths, target_lengths : int64, shape (samples,)
        Length of the first and of the second word of flags; 0 for none.
    flags : uint8, shape (samples,)
        Of the first word of flags: 1 interpolated; 2 the corneal reflection of the first eye is lost, 4 it is being
        recovered; 8 and 16 the same of the second eye.
    faults : int64, shape (samples,)
        Place of the first byte of a word that is neither number nor flags; -1 for none.
    """

    lines: np.ndarray
    numbers: np.ndarray
    counts: np.ndarray
    flag_lengths: np.ndarray
    target_lengths: np.ndarray
    flags: np.ndarray
    faults: np.ndarray


@kernel
def find_lines(text):
    """Find the lines of a text (uint8); the last one may lack its end. Returns `Lines` with `rows` numbered."""
    count = 0
    for byte in text:
        count += byte == _LINE_FEED
    count += len(text) > 0 and text[-1] != _LINE_FEED
    starts, stops, rows = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    start, line, row = 0, 0, 0
    for place in range(len(text) + 1):
        if place == len(text) and (place == 0 or start == place):
            break
        if place == len(text) or text[place] == _LINE_FEED:
            stop = place - 1 if place > start and text[place - 1] == _RETURN else place
            starts[line], stops[line] = start, stop
            rows[line] = row if stop > start and _ZERO <= text[start] <= _NINE else -1
            row += rows[line] >= 0
            start, line = place + 1, line + 1
    return Lines(starts, stops, rows)


@kernel
def parse_samples(text, lines):
    """Numbers and flags of the sample lines among `lines` of a text (uint8)."""
    count = 0
    for row in lines.rows:
        count += row >= 0
    found = Samples(
        np.empty(count, np.int64),
        np.empty((count, MAX_NUMBERS)),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.uint8),
        np.full(count, -1),
    )
    for line in range(len(lines.rows)):
        row = lines.rows[line]
        if row >= 0:
            found.lines[row] = line
            _parse(text, lines.starts[line], lines.stops[line], found, row)
    return found


@inlined
def _parse(text, start, stop, found, row):
    """Word by word; the first one that means nothing ends it."""
    place = start
    while place < stop:
        if text[place] == _SPACE or text[place] == _TAB:
            place += 1
            continue
        end = place
        while end < stop and text[end] != _SPACE and text[end] != _TAB:
            end += 1
        kind, value = _word(text, place, end)
        if kind == FAULTY:
            found.faults[row] = place
            return
        if kind == FLAGS:
            if found.flag_lengths[row] == 0:
                found.flag_lengths[row] = end - place
                found.flags[row] = _flags(text, place, end)
            else:
                found.target_lengths[row] = end - place
        else:
            if found.counts[row] < MAX_NUMBERS:
                found.numbers[row, found.counts[row]] = value
            found.counts[row] += 1
        place = end


@inlined
def _flags(text, start, stop):
    """Bits of a word of flags: I, then C and R of each eye."""
    bits = np.uint8(text[start] == _INTERPOLATED)
    for eye in range(2):
        place = start + 1 + 2 * eye
        if place < stop and text[place] == _LOST:
            bits |= np.uint8(2 << (2 * eye))
        if place + 1 < stop and text[place + 1] == _RECOVERING:
            bits |= np.uint8(4 << (2 * eye))
    return bits


@inlined
def _word(text, start, stop):
    """Kind and value of one word."""
    if text[start] == _POINT and stop - start == 1:
        return MISSING, np.nan
    first = text[start]
    if first == _POINT or _A <= first <= _Z:
        second = text[start + 1] if stop > start + 1 else first
        if first != _POINT or not _ZERO <= second <= _NINE:
            return _kind_of_flags(text, start, stop), np.nan
    return _number(text, start, stop)


@inlined
def _kind_of_flags(text, start, stop):
    """FLAGS where a word has three or more letters or points and nothing else."""
    for place in range(start, stop):
        if text[place] != _POINT and not _A <= text[place] <= _Z:
            return FAULTY
    return FLAGS if stop - start >= 3 else FAULTY


@inlined
def _number(text, start, stop):
    """Kind and value of a decimal number such as -12.5 or 2.3e+06, to the last bit."""
    place = start
    negative = text[place] == _MINUS
    if negative or text[place] == _PLUS:
        place += 1
    whole, digits, seen, scale, after_point = 0, 0, 0, 0, False
    while place < stop:
        byte = text[place]
        if _ZERO <= byte <= _NINE:
            whole = whole * 10 + np.int64(byte - _ZERO)
            digits += whole > 0
            seen += 1
            scale -= after_point
        elif byte == _POINT and not after_point:
            after_point = True
        else:
            break
        if digits > _MAX_DIGITS:
            return FAULTY, np.nan
        place += 1
    if seen == 0:
        return FAULTY, np.nan
    if place < stop:
        if text[place] != _E and text[place] != _SMALL_E:
            return FAULTY, np.nan
        exponent = _exponent(text, place + 1, stop)
        if exponent < -_MAX_EXPONENT:
            return FAULTY, np.nan
        scale += exponent
    if scale > _MAX_EXPONENT or scale < -_MAX_EXPONENT:
        return FAULTY, np.nan
    value = whole * _POWERS[scale] if scale >= 0 else whole / _POWERS[-scale]
    return NUMBER, -value if negative else value


@kernel
def _exponent(text, start, stop):
    """Whole number after the e; far below any that is allowed where there is none."""
    none = -2 * _MAX_EXPONENT
    place = start
    negative = place < stop and text[place] == _MINUS
    if place < stop and (negative or text[place] == _PLUS):
        place += 1
    if not 1 <= stop - place <= 3:
        return none
    value = 0
    while place < stop:
        if not _ZERO <= text[place] <= _NINE:
            return none
        value = value * 10 + np.int64(text[place] - _ZERO)
        place += 1
    return -value if negative else value
