"""Chooses the tokens of a vocabulary by how often they occur in the training texts, and writes them on lines.

Imports no framework.
"""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping

_MAX_SPELLED_OUT_COUNT = 1
"""Pieces that occur at most this often are spelled out, so that the model learns to spell rare words."""

LONGEST = 16
"""Maximum number of characters of a subword."""
RAREST = 10
"""A subword occurs at least this often in the training texts. The model sees too little of rarer ones to learn them."""
_MOST_CHUNKS = 300_000
"""Subwords are learned from this many chunks, the most frequent ones, in which nearly all of any text is written."""
_LONGEST_CHUNK = 64
"""Longer chunks, such as a page without a space, are learned from in parts of this many characters."""

ASCII = tuple(map(chr, range(0x80)))
BYTES = {f"<0x{byte:02X}>": bytes([byte]) for byte in (*range(0x80, 0xC0), *range(0xC2, 0xF5))}
"""The other bytes of UTF-8, which spell characters that are not in the vocabulary, by their names in it."""
BASE = (*ASCII, *BYTES)
"""The subwords of every vocabulary, in which any text can be written."""


def most_frequent(counts: Mapping[str, int], size: int | None = None) -> list[str]:
    """Returns up to `size` tokens sorted by frequency, then by name, so that the order of the data does not matter."""
    return sorted(counts, key=lambda token: (-counts[token], token))[:size]


def with_characters(counts: Counter[str], size: int) -> list[str]:
    """Returns up to `size` tokens sorted by frequency: all characters if possible, then the most frequent pieces."""
    chosen = most_frequent(_characters(counts), size)
    pieces = {piece: count for piece, count in counts.items() if len(piece) > 1 and count > _MAX_SPELLED_OUT_COUNT}
    chosen += most_frequent(pieces, size - len(chosen))
    return most_frequent({token: counts[token] for token in chosen})


def _characters(counts: Mapping[str, int]) -> Counter[str]:
    characters: Counter[str] = Counter()
    for token, count in counts.items():
        for character in token:
            characters[character] += count
    return characters


def learn_subwords(counts: Mapping[str, int], size: int) -> list[str]:
    """Learns the subwords of texts by byte-pair encoding (Sennrich et al. 2016).

    The vocabulary starts with characters. Then the most frequent pair of neighbors is merged to a new subword, again
    and again, until the vocabulary is full or all pairs are rare.

    Args:
        counts: the chunks of texts, such as words, and how often each occurs. No subword extends over several chunks.
        size: maximum number of subwords, at least as many as `BASE` has.

    Returns:
        `BASE`, the other frequent characters, and the merged pairs, each in the order in which they were chosen.

    Example:
        >>> learn_subwords({"low": 20, "lower": 15, "new": 12}, 300)[len(BASE) :]
        ['lo', 'low', 'er', 'lower', 'ne', 'new']
    """
    words: Counter[str] = Counter()
    for chunk in most_frequent(counts, _MOST_CHUNKS):
        for start in range(0, len(chunk), _LONGEST_CHUNK):
            words[chunk[start : start + _LONGEST_CHUNK]] += counts[chunk]
    room = size - len(BASE)
    frequent = {character: count for character, count in _characters(words).items() if count >= RAREST}
    characters = [character for character in most_frequent(frequent) if character not in ASCII][: room // 2]
    return [*BASE, *characters, *_merges(words, {*ASCII, *characters}, room - len(characters))]


def _merges(words: Mapping[str, int], characters: set[str], most: int) -> list[str]:
    """Returns the subwords that are made by merging pairs; characters that are not in the vocabulary are in none."""
    symbols = [[character if character in characters else "" for character in word] for word in words]
    occurrences = list(words.values())
    counts: Counter[tuple[str, str]] = Counter()
    places: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for index, word in enumerate(symbols):
        for pair in itertools.pairwise(word):
            counts[pair] += occurrences[index]
            places[pair].add(index)
    heap = [(-count, pair) for pair, count in counts.items() if _mergeable(pair, count)]
    heapq.heapify(heap)
    merged: dict[str, None] = {}
    while heap and len(merged) < most:
        count, pair = heapq.heappop(heap)
        if -count != counts[pair]:  # Another merge has taken some of its occurrences since.
            if _mergeable(pair, counts[pair]):
                heapq.heappush(heap, (-counts[pair], pair))
            continue
        merged["".join(pair)] = None  # Two pairs may give the same subword.
        changed: set[tuple[str, str]] = set()
        for index in places.pop(pair):
            symbols[index], gone, new = _merged(symbols[index], pair)
            for neighbors in gone:
                counts[neighbors] -= occurrences[index]
            for neighbors in new:
                counts[neighbors] += occurrences[index]
                places[neighbors].add(index)
            changed.update(new)
        del counts[pair]
        for neighbors in changed:
            if _mergeable(neighbors, counts[neighbors]):
                heapq.heappush(heap, (-counts[neighbors], neighbors))
    return list(merged)


def _mergeable(pair: tuple[str, str], count: int) -> bool:
    return count >= RAREST and "" not in pair and len(pair[0]) + len(pair[1]) <= LONGEST


def _merged(word: list[str], pair: tuple[str, str]) -> tuple[list[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """Returns the symbols of a word in which a pair is one symbol, the neighbors that are gone, and the new ones."""
    first, second = pair
    both = first + second
    result: list[str] = []
    gone, new = [], []
    index, size, last = 0, 1, len(word) - 1
    while index <= last:
        symbol, follows_pair, size = word[index], size == 2, 1
        if symbol == first and index < last and word[index + 1] == second:
            gone.append(pair)
            symbol, size = both, 2
            if result:  # What stood to the left of the pair may itself have been merged just now.
                gone.append((word[index - 1], first))
                new.append((result[-1], both))
        elif follows_pair:
            gone.append((second, symbol))
            new.append((both, symbol))
        result.append(symbol)
        index += size
    return result, gone, new


def escaped(token: str) -> str:
    """Returns a token as it stands on a line of a vocabulary's file."""
    # Python's text files end lines at \r, too, so it must be escaped.
    return token.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def unescaped(line: str) -> str:
    """Returns the token that stands on a line of a vocabulary's file."""
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in line.split("\\\\"))
