"""Spoken requests with their slots marked, from a grammar."""

import functools
from typing import TYPE_CHECKING

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

if TYPE_CHECKING:
    import random

SIZES = {"train": 5000, "validation": 500, "test": 500}
SEED = 1990

# In a pattern, (a|b|) draws one of its parts, of which the last one here is empty, and <slot> or <slot=kind> stands for
# a value of that kind.
WHEN = "(<date=near>|on <date=day>)"
ASK = "(|please|can you|could you|i want you to)"
REQUESTS = {
    "flights": (
        f"{ASK} (book|find) (me|) a (cheap|direct|) flight from <from_city=city> to <to_city=city> ({WHEN}|)",
        f"{ASK} (book|get me) <count=number> (seats|tickets) to <to_city=city> from <from_city=city> (in <cabin>|)",
        f"{ASK} show me (all|the) flights to <to_city=city> leaving <from_city=city> {WHEN} (after|before|at) <time>",
        f"{ASK} show me <from_city=city> to <to_city=city> flights (on <airline>|in <cabin>|) ({WHEN}|)",
        f"{ASK} find a connection to <to_city=city> with a stop in <stop_city=city> ({WHEN}|)",
        f"{ASK} fly me out of <from_city=city> into <to_city=city> (via|through) <stop_city=city> ({WHEN}|)",
        f"{ASK} list (all|) <airline> flights between <from_city=city> and <to_city=city> ({WHEN}|)",
        f"i (have|need) to be in <to_city=city> {WHEN} and i am (leaving|flying) from <from_city=city>",
        f"i live in <from_city=city> and (want|have) to (fly|go) to <to_city=city> ({WHEN}|) (at <time>|)",
        "how (long|far|expensive) is (it|the flight) from <from_city=city> to <to_city=city> (with <airline>|)",
        f"does <airline> fly to <to_city=city> (from <from_city=city>|) ({WHEN}|)",
        f"is there a <cabin> seat (left|) to <to_city=city> {WHEN} (at <time>|)",
    ),
    "restaurants": (
        f"{ASK} (book|get) (us|me|) a table for <party_size=number> at <restaurant> ({WHEN}|) (at <time>|)",
        f"{ASK} reserve a table at <restaurant> for <party_size=number> people at <time> ({WHEN}|)",
        f"{ASK} (book|reserve) a table at <time> for <party_size=number> (in <city>|) ({WHEN}|)",
        f"{ASK} book a table for <time> for <party_size=number> people (in <city>|)",
        f"{ASK} find a good <cuisine> (place|restaurant) in <city> for <party_size=number> (people|of us)",
        f"{ASK} change my booking at <restaurant> from <party_size=number> to <party_size=number> people",
        f"{ASK} move my table at <restaurant> from <time> to <time> ({WHEN}|)",
        f"where can i (eat|find) <cuisine> food in <city> ({WHEN}|)",
        f"we are <party_size=number> and (want|would like) to (eat|have lunch) at <restaurant> ({WHEN}|)",
        f"is there a table (left|free) at <restaurant> (in <city>|) for <party_size=number> {WHEN}",
        "(how many|which) <cuisine> (places|restaurants) are there in <city>",
    ),
    "music": (
        f"{ASK} play (the song|the track|) <song> by <artist>",
        f"{ASK} play the (song|track) <song> (again|for <duration>|)",
        f"{ASK} play (something|some music|the latest album) by <artist>",
        f"{ASK} play (<count=number>|the first <count=number>) songs by <artist>",
        f"{ASK} put on some <genre> (music|) for <duration>",
        f"{ASK} add (<song> by <artist>|the track <song>|this song) to my <playlist> playlist",
        f"{ASK} (skip <count=number> songs|play <count=number> <genre> songs) (from|in) my <playlist> playlist",
        f"{ASK} repeat the song <song> <count=number> times",
        f"{ASK} get <count=number> tickets for <artist> in <city> ({WHEN}|)",
        f"i (want|would like) to hear (the song <song>|<song> by <artist>|some <genre>) ({WHEN}|)",
        f"(when|where) is <artist> playing in <city> ({WHEN}|)",
        "who (wrote|sings) (the song|) <song>",
    ),
    "weather": (
        f"(what is the weather|how is the weather|what is the forecast) (in|for) <city> ({WHEN}|)",
        f"(will there|is there going to) be <condition> in <city> ({WHEN}|) (at <time>|)",
        f"is it (warmer|colder) in <city> than in <city> ({WHEN}|)",
        "(how cold|how warm|how windy) will it be in <city> in <duration>",
        "(how cold|how warm|how windy) will it be in <duration> in <city>",
        f"do i need (an umbrella|a coat) in <city> ({WHEN}|) (at <time>|)",
        f"{ASK} (show|give) me the forecast for <city> for the next <count=number> days",
        f"{ASK} tell me if (there will be|they expect) <condition> (at <time>|{WHEN}) in <city>",
    ),
    "alarms": (
        f"{ASK} wake me (up|) at <time> ({WHEN}|)",
        f"{ASK} wake me (up|) in <duration>",
        f"{ASK} set an alarm for <time> ({WHEN}|)",
        f"{ASK} set <count=number> alarms <duration> apart (from <time>|starting {WHEN}|)",
        f"{ASK} (move|change) my alarm from <time> to <time> ({WHEN}|)",
        f"{ASK} set a timer for <duration> (and play some <genre> then|)",
        f"{ASK} remind me to <errand> (at <time>|in <duration>|{WHEN})",
        f"{ASK} remind me (at <time>|in <duration>|{WHEN}) to <errand>",
        f"{ASK} (delete|cancel) the reminder to <errand> ({WHEN}|)",
        "how (long|many minutes) (is it|do i have) until (my <time> alarm|<time>)",
    ),
}

HOURS = "(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
WEEKDAYS = "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
MONTHS = "(january|february|march|april|may|june|july|august|september|october|november|december)"
NTH = "(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twentieth|thirtieth)"

VALUES = {
    "city": """boston|denver|tokyo|osaka|new york|san francisco|salt lake city|los angeles|paris|berlin|london|rome|
        madrid|chicago|seattle|dallas|mexico city|hong kong|kuala lumpur|rio de janeiro|santiago|lima|cairo|nairobi|
        mumbai|new delhi|st louis|fort worth|las vegas|vienna|prague|dublin|athens|oslo|phoenix|austin|orlando""",
    "airline": "united|delta|lufthansa|air france|qantas|all nippon airways|japan airlines|british airways|air canada",
    "cabin": "economy|premium economy|business class|first class",
    "number": "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
    "time": f"""{HOURS}|{HOURS} (am|pm)|{HOURS} o'clock|half past {HOURS}|quarter (to|past) {HOURS}|
        {HOURS} (fifteen|thirty|forty five)|{HOURS} in the (morning|evening)|noon|midnight""",
    "duration": """(two|three|four|five|six|eight|ten) (and a half|) hours|an hour|half an hour|an hour and a half|
        (two|three|five|ten|fifteen|twenty|thirty|forty five) minutes|a minute""",
    "near": f"today|tonight|tomorrow|tomorrow night|(this|next) (week|weekend|month)|{WEEKDAYS}|next {WEEKDAYS}",
    "day": f"{WEEKDAYS}|{WEEKDAYS} (morning|night)|{MONTHS} {NTH}|the {NTH} of {MONTHS}|the {NTH}",
    "cuisine": """thai|italian|french|korean|vegan|ethiopian|japanese|north indian|middle eastern|tex mex|greek|
        southern style|farm to table""",
    "restaurant": """the golden fork|casa luna|blue lantern|mario's|the old mill|tokyo garden|denver diner|four seasons|
        the night kitchen|river house|olive and thyme|la table|sunday's|chez paul|the first course|lucky seven|
        the red door|harbour grill|mama rosa|little athens""",
    "artist": """the velvet lanterns|anna bell|boston|paper tigers|the seven suns|marlow|dj cascade|berlin|the rivers|
        june hart|king of thursday|tom delgado|glass harbour|twelve stars|the new romans|ella may|stone garden|
        the night owls|sara lindqvist|forty winters|delta blue|echo park""",
    "song": """paper moon|rain on monday|seven cities|new york nights|the long way home|golden|berlin|one more hour|
        friday song|river of stars|to the moon|three wishes|snow|the last train|midnight sun|march of the owls|
        in the morning|nine lives|summer fog|home|dancing with thunder|table for one|fly away|the forecast""",
    "playlist": """workout|sunday morning|road trip|dinner|rainy day|top ten|deep sleep|jazz for cooking|first dance|
        summer in paris|focus|party""",
    "genre": "jazz|classical|hip hop|heavy metal|bossa nova|folk|indie rock|techno|blues|drum and bass",
    "condition": "rain|snow|fog|heavy rain|strong wind|freezing rain|thunder|a heat wave|black ice|hail",
    "errand": """call mum|water the plants|buy milk|walk the dog|book a table|pay the rent|take out the bins|
        check the weather|feed the cat|call the bank|renew my passport|pick up the tickets|do the laundry|
        charge the car|write to sara|stretch""",
}
NEW_VALUES = {
    "city": "helsinki|lisbon|san diego|new orleans|buenos aires|cape town|st petersburg|toronto|salt springs|warsaw",
    "restaurant": "the silver spoon|casa verde|chicago grill|the second kitchen|pepe's|golden dragon|the blue door",
    "artist": "the silver foxes|nora fields|dallas|paper birds|the eleven|lindgren|queen of may|oliver stone band",
    "song": "silver rain|tuesday in lisbon|two moons|yesterday's papers|the long night|vienna|amber|fly me home",
    "playlist": "gardening|monday blues|slow evening|top twenty|city lights",
    "errand": "mow the lawn|call grandma|buy stamps|book the flight|wash the car|practise the cello",
}
"""Values of the test split alone: that they are slots, and which, is to be told from the words around them."""
NEW_SHARE = 0.5


@registry.dataset(
    task="tagging",
    size="5,000 train, 500 validation, 500 test",
    license="Apache-2.0, as this project",
    model_options={"input": "text", "num_classes": 39, "vocabulary_size": 427},
    defaults={"dropout": 0.5, "word_dropout": 0.6, "epochs": 30, "patience": 30},
)
def slots(data_dir: str | None, seed: int) -> Examples:
    """Made-up spoken requests with BIO slots: flights, restaurants, music, weather and alarms.

    The same words fill different slots: a city is where a flight starts or ends, a number counts people, hours or
    songs. The test split has values that training never shows. No sentence stands in two splits, and all are the same
    whatever the seed of the training.
    """
    import hashlib

    parts = generate()
    tags = {tag for rows in parts.values() for _, row in rows for tag in row.split()}
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(parts).encode()).hexdigest(),
        input="text",
        classes=("O", *sorted(tags - {"O"})),
        splits={name: functools.partial(as_dataset, rows) for name, rows in parts.items()},
    )


def generate(seed: int = SEED) -> dict[str, list[tuple[str, str]]]:
    """Returns distinct requests and their tags, both joined by spaces, for each split."""
    import random

    draw = random.Random(seed)
    parts: dict[str, dict[str, str]] = {name: {} for name in SIZES}
    # The test split first: the split drawn last lacks the short requests, of which there are few, that others took.
    for name in ("test", "validation", "train"):
        rows = parts[name]
        while len(rows) < SIZES[name]:
            text, tags = _request(draw, NEW_SHARE if name == "test" else 0.0)
            if not any(text in part for part in parts.values()):
                rows[text] = tags
    return {name: list(rows.items()) for name, rows in parts.items()}


def _request(draw: "random.Random", new_share: float) -> tuple[str, str]:
    """A request and its tags; of its values that can be new ones, a share are. None comes twice."""
    tokens: list[str] = []
    tags: list[str] = []
    values = []
    for part in _expand(draw, draw.choice(REQUESTS[draw.choice(list(REQUESTS))])):
        if part.startswith("<"):
            slot, _, kind = part.strip("<>").partition("=")
            value = _value(draw, kind or slot, new_share)
            while value in values:
                value = _value(draw, kind or slot, new_share)
            values.append(value)
            tokens += value
            tags += [f"B-{slot}"] + [f"I-{slot}"] * (len(value) - 1)
        else:
            tokens.append(part)
            tags.append("O")
    return " ".join(tokens), " ".join(tags)


def _value(draw: "random.Random", kind: str, new_share: float) -> list[str]:
    new = kind in NEW_VALUES and draw.random() < new_share
    return _expand(draw, f"({(NEW_VALUES if new else VALUES)[kind]})")


def _expand(draw: "random.Random", pattern: str) -> list[str]:
    """The words of a pattern, with one part of every (a|b) drawn, the inner ones first."""
    import re

    while "(" in pattern:
        pattern = re.sub(r"\(([^()]*)\)", lambda parts: draw.choice(parts[1].split("|")), pattern)
    return pattern.split()
