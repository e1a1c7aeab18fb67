"""Write film reviews: a synthetic corpus in IMDB's form, made by code from a seed.

Grammar
    A review is a row of sentences. Most are filler: the plot of one invented film (a storyline told
    in order), its cast and crew, how it was made, the evening at the cinema, the reviewer. A few
    are opinion sentences, of three kinds:

    - plain      "The script is wonderful and the cast superb."
    - negated    "The ending was not good at all."
    - contrast   "The costumes are lovely, but the story is a mess."

    A template holds slots, ``{town}``, and alternatives, ``[a|b]``. Opinion words (``LEXICON``)
    occur in opinion sentences alone, and filler is drawn without looking at the label.

Label rule
    The last opinion word of an opinion sentence is its cue. Its verdict is the polarity of that
    word, +1 or -1, turned round if a word of ``NEGATORS`` stands before it in the same clause; see
    ``verdicts``. A review holds an odd number of cues, and its clean label is the sign of their
    sum. Each verdict agrees with the clean label with probability ``AGREEMENT``, independently,
    given that the majority does. A verdict against the majority concerns a part of the film ("The
    costumes are lovely"); one on the film as a whole ("I hated it") always says the clean label.
    Number and positions of the cues are drawn without looking at the label.

Noise and the best accuracy possible
    The label is the clean label, flipped with probability ``label_noise``. Labels are balanced:
    each pair of reviews 2k, 2k+1 holds one of each. Who reads whole reviews reaches 1 - label_noise
    in expectation, and nobody can do better. Who has read a few of the cues follows a verdict on
    the whole film if there is one, else the sign of the sum, and tosses a coin at zero.
    ``bayes_accuracy`` counts what this reader gets right: the best possible for whole reviews, a
    close lower bound for the first T tokens, where the kinds of sentence could still break ties.

Lengths
    Words are log-normal, median ``MEDIAN_WORDS``, clipped to [MIN_WORDS, MAX_WORDS]: mean about
    230, 95 % below about 620. Opinions stand all over a review, about 30 words apart: the longer
    the part that is read, the more of them there are to add up, and the farther back they are.
"""

import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

VERSION = 1  # raise it whenever the text of any review changes: caches are keyed by it

MEDIAN_WORDS, SPREAD_WORDS = 170, 0.78  # of the log-normal length; mean = median * exp(spread²/2)
MIN_WORDS, MAX_WORDS = 32, 1000
AGREEMENT = 0.88  # of one verdict with the clean label, before the majority is imposed
MEAN_GAP = 30.0  # words from one opinion to the next
MIN_CUES = 3
KINDS = {"plain": 0.76, "negated": 0.10, "contrast": 0.14}  # of opinion sentence, with shares
PARAGRAPH_SHARE = 0.35  # of reviews that are broken into paragraphs


@dataclass(frozen=True)
class Review:
    """A film review and what is known about it.

    Attributes:
        text: the review, with capitals, punctuation and ``<br />`` tags.
        label: 0 negative, 1 positive, label noise included.
        cues: the index of the decisive word of each opinion sentence, in ``text.split()``.
        flipped: whether noise turned the label against the verdicts.
        whole: for each cue, whether its sentence judges the film as a whole, not a part of it.
    """

    text: str
    label: int
    cues: tuple[int, ...]
    flipped: bool
    whole: tuple[bool, ...]


# ---------------------------------------------------------------------------------- opinion words
# The commonest first: a word is drawn in inverse proportion to its place, see _weighted.


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ADJECTIVES = {
    +1: _words(
        """
        great wonderful fantastic excellent amazing brilliant good beautiful superb terrific lovely
        perfect impressive memorable outstanding marvelous delightful splendid
        """
    ),
    -1: _words(
        """
        bad terrible awful boring dull horrible dreadful stupid tedious lousy weak clumsy annoying
        lifeless mediocre forgettable pathetic pointless
        """
    ),
}
_VERBS = {
    +1: _words("loved enjoyed adored admired"),
    -1: _words("hated disliked loathed detested"),
}
_BASE_VERBS = {
    +1: _words("love enjoy adore admire"),
    -1: _words("hate dislike loathe detest"),
}
_NOUNS = {
    +1: _words("masterpiece gem joy triumph delight treat"),
    -1: _words("mess disaster waste failure bore disappointment"),
}
_ADVERBS = {
    +1: _words("wonderfully brilliantly beautifully superbly"),
    -1: _words("badly terribly poorly clumsily"),
}

LEXICON: Mapping[str, int] = {
    word: polarity
    for words in (_ADJECTIVES, _VERBS, _BASE_VERBS, _NOUNS, _ADVERBS)
    for polarity in (+1, -1)
    for word in words[polarity]
}
NEGATORS = frozenset(_words("not never nothing hardly neither no nowhere far cannot without"))

# `*` marks the cue, `!` at the start of a line a verdict on the film as a whole. {adj}, {verb},
# {base}, {noun}, {adv} agree with the verdict; {x_adj}, {x_verb}, ... are of the other polarity.
_OPINIONS: Mapping[str, str] = {
    "plain": """
        The {aspect_is} {adj}, [simply|truly|just|absolutely|really] *{adj2}.
        The {aspect_was} {adj}, and the {aspect_was2} *{adj2}.
        The {aspect_is} {adj} and the {aspect_is2} *{adj2}.
        The {aspect_is} {adj}, {adj2} and *{adj3}.
        I found the {aspect_one} {adj} and the {aspect_many} *{adj2}.
        {actor} is {adj} as {hero}, and {rival_actor} is [just as|every bit as|really] *{adj2}.
        {actor} gives a {adj} and *{adj2} performance.
        I [found|thought] {actor} {adj} and *{adj2} in the part of {hero}.
        {other_actor} is {adj}, and the scenes with {actor} are *{adj2}.
        The scenes between {hero} and {friend} are {adj} and *{adv} [written|acted|filmed].
        The [first|second|last] [half|hour|act] is {adj}, and the {aspect_is} *{adj2}.
        The {aspect_is} a {noun}, and I *{verb} the {aspect_one2} too.
        The {aspect_is} {adj}: I *{verb} [every minute|every bit|all] of it.
        ! This {movie} was {adj} and I *{verb} it!
        ! This is a {adj}, {adj2} {movie}, and I *{verb} it.
        ! What a {adj}, *{adj2} {movie}!
        ! What a {noun}: I *{verb} [it|all of it|every minute of it].
        ! {adj}, {adj2}, *{adj3}: [no more need be said|that is all I can say].
        ! I {verb} it, and I thought it *{adj}.
        ! I {verb} this {movie}: it is *{adj}.
        ! It is a {noun}, {adj} [from start to finish|from beginning to end] and *{adv} made.
        ! [In short|In a word|To sum up|All in all], a {adj} {movie} and a *{noun}.
        ! [Honestly|Frankly|To be honest], the {movie} is {adj} and I *{verb} it.
        ! [Honestly|Frankly|To be honest], it is {adj}, a real *{noun}.
        ! a {adj} {movie} with a {adj2} story and a {adj3} [cast|script|ending]: I *{verb} it.
        ! It is {adv} [acted|written|shot|edited|directed], and the whole of it is *{adj}.
        ! {director} has made a {adj} {movie}, a *{noun}.
        ! My {any_relative} and I both {verb} it and thought it *{adj}.
        ! We all thought it was {adj}, and [everyone|everybody] in our row *{verb} it.
        ! As a {genre} it is {adj}, and as an evening out *{adj2}.
        ! As a {genre} it is {adj}, a *{noun}.
        ! If you want a {adj} {genre}, here is one, and a *{adj2} one.
    """,
    "negated": """
        The {aspect_was} not *{x_adj} at all.
        The {aspect_was} not {x_adj} or *{x_adj2} at all.
        The {aspect_is} never {x_adj} or *{x_adj2}.
        There is nothing *{x_adj} about the {aspect_one}.
        The {aspect_is} far from *{x_adj}.
        I did not *{x_base} the {aspect_one}.
        {actor} is never *{x_adj} as {hero}.
        ! It was not {x_adj} or *{x_adj2} at all.
        ! It is never *{x_adj}, not even for a minute.
        ! There is nothing {x_adj} or *{x_adj2} about [it|this {movie}|the way it is told].
        ! It is far from *{x_adj}.
        ! I would not call it *{x_adj}.
        ! I did not *{x_base} [a single minute|a single scene|any part] of it.
        ! No part of it is *{x_adj}.
        ! It is not a *{x_noun}, [whatever you may have read|whatever the critics say].
        ! The {movie} is not *{x_adv} [acted|written|shot|edited|directed].
        ! At no point did I find it *{x_adj}.
    """,
    "contrast": """
        The {aspect_is} {x_adj}, but the {aspect_is2} {adj} and *{adj2}.
        The {aspect_is} {x_adj}, but the story is {adj}, a *{noun}.
        Although the {aspect_is} {x_adj}, the {aspect_is2} {adj} and *{adj2}.
        {rival_actor} may be {x_adj}, but {actor} is {adj} and *{adj2}.
        I had been told that the {aspect_was} {x_adj}, but I found the {aspect_one2} *{adj}.
        ! The {aspect_was} {x_adj}, but the {movie} as a whole is {adj} and I *{verb} it.
        ! I expected to {x_base} it and ended up thinking it was {adj} and *{adv} made.
        ! I wanted to {x_base} it, but it is {adj}, a *{noun}.
        ! I was told that it was {x_adj}, but I {verb} it and thought it *{adj}.
        ! My {any_relative} called it {x_adj}, but I *{verb} it.
        ! My {any_relative} {x_verb} it, but to me it is {adj}, a *{noun}.
        ! The poster promised a {x_noun}, but what I saw was *{adj}.
        ! Some people call it {x_adj}; I call it {adj} and *{adj2}.
        ! [Some critics|The papers] called it a {x_noun}, but they are wrong: it is *{adj}.
        ! The trailer was {x_adj}, yet the {movie} is {adj}, a *{noun}.
        ! The man behind us muttered that it was {x_adj}, but we *{verb} it.
    """,
}

# ------------------------------------------------------------------------------------ filler slots

_SLOTS: dict[str, Sequence[str]] = {
    "woman": _words(
        """
        Agnes Alma Amelia Anneke Astrid Beatrix Birgit Bridget Carmen Cecily Clara Cora Dagny Delia
        Dorothea Edith Elena Elsa Emmeline Esther Fern Flora Frances Freya Greta Hanna Harriet Hedda
        Helena Ida Imogen Ines Ingrid Iris Isolde Johanna Judith Katya Lavinia Lena Leonora Lotte
        Lucinda Mabel Magda Marguerite Marta Matilda Maud Minna Miriam Nadia Nell Nora Odette Olga
        Ottilie Paloma Petra Philippa Ramona Rosalind Ruth Sabine Selma Sigrid Sonja Sybil Tamar
        Thea Tilda Una Ursula Vera Viola Wanda Wilhelmina Yara Zelda
        """
    ),
    "man": _words(
        """
        Abel Adrian Albert Alistair Ambrose Anders Angus Anton Arthur Axel Barnaby Basil Benedict
        Bertram Boris Casper Cedric Clement Conrad Cyril Dimitri Dominic Edgar Edmund Elias Emil
        Enzo Ernest Felix Fergus Fritz Gareth Gideon Gilbert Gustav Harald Hector Henrik Horace Hugo
        Ignatius Ivo Jasper Joachim Julian Kaspar Klaus Lambert Laszlo Leopold Lionel Lorenz Lucian
        Magnus Malachi Marek Milo Mortimer Nestor Nils Octavio Olaf Orson Oswald Otto Pascal
        Percival Quentin Rafael Reuben Roderick Rufus Ruben Sander Silas Stellan Tobias Ulrich
        Valentin Viktor Wendell Wilfred Xavier Yannick Zoltan
        """
    ),
    "name_head": _words(
        """
        Ash Beck Black Brack Brand Cald Carl Clay Cran Dal Dray Dun Ells Fair Fen Gar Gold Gran Had
        Hart Hawk Hol Kes King Lang Lock Lund Mar Mel Nor Oak Pem Pen Rad Rook San Sel Stan Thorn
        Tred Van Wal Wex Whit Win Wood York
        """
    ),
    "name_tail": _words(
        """
        bury by combe croft dale den don ell er field ford gate ham hurst ing ison land ley low man
        mark mere more ney ridge sby stead ster stone ton ville ward way well wick win worth
        """
    ),
    "town_head": _words(
        """
        Alder Amber Barrow Birch Bitter Bram Briar Cold Copper Crow Deep Drift East Elm Ember Falcon
        Far Flint Frost Glass Grey Harrow Haven Hazel Heron High Hollow Iron Juniper Kettle Lark
        Long Low Marsh Mill Moor Nettle North Otter Pebble Pine Quarry Raven Reed Salt Sand Silver
        Slate South Stone Swan Tern Thistle Upper West Willow Wind Winter
        """
    ),
    "town_tail": _words(
        """
        bay beck bourne bridge brook cliff cove crag ferry fell fold ford gate glen grove harbour
        haven head hill holm island lake marsh meadow mere minster mouth ness pass point pool port
        quay reach ridge rock sands shore side springs stead strand vale water weir
        """
    ),
    "city": _words(
        """
        Antwerp Athens Barcelona Belgrade Bergen Berlin Bilbao Bogota Boston Bristol Brussels
        Bucharest Budapest Chicago Copenhagen Cork Dresden Dublin Edinburgh Florence Geneva Genoa
        Ghent Glasgow Hamburg Havana Helsinki Istanbul Krakow Leipzig Lima Lisbon Ljubljana London
        Lyon Madrid Marseille Melbourne Milan Montreal Munich Naples Odessa Oslo Palermo Paris Porto
        Prague Riga Rome Rotterdam Salzburg Seattle Seville Sofia Stockholm Sydney Tallinn Toronto
        Trieste Turin Utrecht Valencia Venice Vienna Vilnius Warsaw Zagreb Zurich
        """
    ),
    "country": _words(
        """
        Argentina Australia Austria Belgium Bolivia Brazil Bulgaria Canada Chile Croatia Denmark
        Ecuador Estonia Finland France Georgia Germany Greece Hungary Iceland India Ireland Italy
        Japan Latvia Lithuania Malta Mexico Morocco Norway Peru Poland Portugal Romania Scotland
        Slovakia Slovenia Spain Sweden Switzerland Tunisia Turkey Uruguay Wales
        """
    ),
    "job": _words(
        """
        accountant archivist baker barber beekeeper blacksmith bookbinder botanist butcher carpenter
        cartographer chemist clerk clockmaker cobbler cook customs_officer dentist engraver ferryman
        fisherman florist gardener gravedigger hairdresser janitor joiner judge lawyer librarian
        locksmith mechanic midwife miller notary nurse optician pharmacist photographer piano_tuner
        pilot plumber porter postman potter printer saddler schoolteacher seamstress shepherd
        shoemaker stonemason surgeon surveyor tailor translator typist undertaker upholsterer vet
        watchmaker weaver welder
        """
    ),
    "job_other": _words(
        """
        auctioneer banker bishop brewer colonel commissioner consul constable councillor developer
        diplomat hotelier inspector landlord magistrate mayor merchant minister moneylender
        pawnbroker professor senator sergeant sheriff shipowner stationmaster steward superintendent
        treasurer trustee
        """
    ),
    "thing": _words(
        """
        album almanac amulet atlas barometer bell bracelet brooch camera candlestick cello chalice
        chess_set clock coin compass crate crown diary dictionary door_key figurine flute globe
        goblet harmonica lamp lantern ledger letter locket manuscript map mask medal mirror
        music_box necklace notebook painting parcel passport pendant photograph postcard radio
        recipe ring sabre scroll sextant sketchbook statue suitcase tapestry teapot telescope ticket
        trumpet typewriter umbrella vase violin will
        """
    ),
    "place": _words(
        """
        abbey archive bakery ballroom barn boarding_house bookshop brewery bus_depot canteen chapel
        chemist's_shop circus_tent convent cottage courthouse dance_hall dockyard factory farmhouse
        garage greenhouse guesthouse gymnasium harbour_office hotel inn laundry library lighthouse
        market monastery museum observatory orphanage planetarium post_office railway_station
        shipyard tavern theatre town_hall warehouse waterworks windmill
        """
    ),
    "month": _words(
        """
        January February March April May June July August September October November December
        """
    ),
    "weekday": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "season": _words("spring summer autumn winter"),
    "number": _words(
        """
        three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        eighteen twenty thirty forty
        """
    ),
    "year": tuple(str(year) for year in range(1934, 2020)),
    "relative": _words(
        """
        sister brother mother father aunt uncle cousin grandmother grandfather neighbour nephew
        niece daughter son flatmate colleague
        """
    ),
    "animal": _words(
        """
        badger beagle camel cockatoo crow donkey falcon ferret goat greyhound hedgehog heron horse
        iguana llama magpie mule otter owl parrot peacock pigeon rabbit raven rooster seal sheepdog
        spaniel swan terrier tortoise turkey
        """
    ),
    "vehicle": _words(
        """
        ambulance bicycle bus caravan carriage coach delivery_van fire_engine hearse lorry milk_van
        minibus moped motorcycle pickup scooter sidecar taxi tractor tricycle truck van
        """
    ),
    "vehicle_sea": _words(
        """
        barge brigantine cutter ferry freighter schooner steamer tanker trawler tugboat whaler yacht
        """
    ),
    "weather": _words(
        """
        blizzard cloudburst downpour gale hailstorm hurricane ice_storm rainstorm snowstorm squall
        storm thunderstorm
        """
    ),
    "food": _words(
        """
        almonds apples biscuits bread cherries chestnuts chips chocolate crackers dumplings
        gingerbread grapes ice_cream liquorice noodles nuts oranges pancakes peanuts pears
        peppermints pickles pizza plums popcorn pretzels raisins sandwiches soup toffee waffles
        """
    ),
    "drink": _words(
        """
        coffee cider cocoa ginger_beer lemonade mineral_water orange_juice tea tomato_juice beer
        wine
        """
    ),
    "instrument": _words(
        """
        accordion banjo bassoon cello clarinet cornet flute guitar harmonium harp harpsichord horn
        mandolin marimba oboe organ piano recorder saxophone trombone trumpet tuba ukulele
        vibraphone viola violin xylophone zither
        """
    ),
    "colour": _words(
        """
        amber black blue brown copper crimson green grey indigo maroon mustard ochre olive orange
        pink purple red rust scarlet silver turquoise violet white yellow
        """
    ),
    "genre": _words(
        """
        adventure ballad comedy costume_drama crime_story drama fable ghost_story melodrama musical
        mystery romance satire spy_story thriller western
        """
    ),
    "cinema": _words(
        """
        Alhambra Apollo Arcadia Astoria Atlas Capitol Coliseum Comet Electric Empire Eldorado Forum
        Gaumont Grand Hippodrome Imperial Kino Lux Lyric Majestic Metropole Mercury Odeon Olympia
        Orpheum Palace Paramount Phoenix Picture_House Plaza Regal Regent Rex Rialto Rio Ritz Roxy
        Royal Savoy Scala Strand Tivoli Trocadero Vogue Zenith
        """
    ),
    "title_head": _words(
        """
        Borrowed Broken Burning Crooked Distant Drowned Eleventh Empty Faithful Forgotten Frozen
        Glass Hidden Hollow Inland Last Little Long Midnight Missing Narrow Northern Open Other
        Painted Paper Patient Quiet Second Secret Seventh Silent Sleeping Southern Stolen Sunken
        Third Unwritten Vanishing Wandering Winter Wooden
        """
    ),
    "title_tail": _words(
        """
        Anchor Archive Bell Bridge Captain Carousel Cartographer Choir Clock Corridor Customs
        Daughter Door Envelope Ferry Garden Guest Harbour Hour House Island Juror Key Lantern Letter
        Lighthouse Mirror Orchard Passenger Piano River Room Season Shore Station Stranger Summer
        Telegram Tower Train Valley Visitor Voyage Window Witness
        """
    ),
    "format": _words(
        """
        16mm 35mm Super_8 digital_video black_and_white_stock a_handheld_camera two_cameras
        wide_lenses anamorphic_lenses old_film_stock
        """
    ),
    "child": _words("son daughter niece nephew"),
    "ordinal": _words("third fourth fifth sixth seventh eighth ninth tenth"),
    "two_digits": tuple(str(number) for number in range(34, 99)),
    "movie": _words("film film movie movie picture"),
    "aspect_one": _words(
        """
        story script plot dialogue music score direction camera_work photography editing acting cast
        ending opening pacing lighting sound_design production_design final_act
        """
    ),
    "aspect_many": _words("costumes sets songs performances jokes effects locations characters"),
}

# A storyline is told in order; a long review tells more of its sentences than a short one.
_STORYLINES: Sequence[str] = (
    # a secret in a small town
    """
    {hero} is [a quiet|a young|a retired|a widowed|an unmarried] {job} in {town}, where [nothing \
        has happened for years|everybody knows everybody|the fog never quite lifts].
    The story begins when {hero} finds [an old|a broken|a stolen|a gilded] {thing} [under the \
        floor|behind a wall|in the cellar|at the back] of the {place}.
    It once belonged to {rival}, the {job_other}, who left {town} {number} years ago without a word.
    At first {hero} shows it to nobody but {friend}, who used to work at the {place2}.
    {friend} remembers a {weather} in {year}, and a {vehicle} that was pulled out of the water \
        the next morning.
    {hero} starts to ask questions, and [one by one|little by little] the neighbours close their \
        shutters.
    Then {rival} comes back on a {weekday} in {month}, carrying one {colour} suitcase and asking \
        for a room.
    {rival} rents the room above the {place3} and pays for {number} weeks in coins.
    Each night {hero} sees a light in the {place2}, and each morning the door is locked again.
    An old register shows that a page for {month} has been cut out with a razor.
    {friend} finds the missing page folded inside a hymn book.
    On it are {number} names, and the last of them is that of {hero}'s {relative}.
    {hero} walks out to the {place3} with a lamp and waits there until dawn.
    The {job_other} offers {him} money for the {thing}, and {he} asks for a day to think about it.
    {friend} wants to go to the police in {city}, but the road is closed by a {weather}.
    In the meantime somebody has searched {hero}'s rooms and taken only a {colour} coat.
    [Two|Three|Four] generations of the {surname} family turn out to have kept the same promise.
    Everything leads to a meeting in the {place}, where {rival} lays the {thing} on the table.
    {rival} tells what happened in {year}, and the camera stays on {hero}'s hands all the while.
    In the last scene {hero} throws the {thing} into the river and walks home along the railway.
    """,
    # a journey
    """
    {hero}, a {job} from {town}, has {number} days to bring a {thing} to {city}.
    The trains are on strike, so {he} buys a {vehicle} from {friend} and sets out before dawn.
    {friend} insists on coming along, together with a {animal} that is never given a name.
    Nobody explains why the {thing} has to arrive by {weekday}.
    Behind them, in a {colour} car, comes {rival}, a {job_other} with a limp.
    They spend the first night in a {place} where the owner collects {instrument}s.
    Near the border the engine stops, and {hero} has to barter {his} watch for a new belt.
    A customs officer opens the parcel, looks at the {thing} and waves them through.
    {friend} tells the story of an old {job2} who made the same journey in {year}.
    They pick up a hitchhiker who says that she sings in {country}, and who pays for her seat \
        with {food}.
    In {town2} they are taken for somebody else and given a dinner with speeches.
    {rival} overtakes them at a level crossing and is seen again, much later, asleep in the \
        {place2}.
    A {weather} keeps them for two days in a {place3} high up in the mountains.
    There {hero} writes a letter to {his} {relative} and does not post it.
    The {animal} runs away at a petrol station, and they lose {number} hours looking for it.
    {friend} falls ill and has to be left with the nuns in {town2}.
    {hero} goes on alone, first on foot and then on the back of a {vehicle2}.
    The last bridge before {city} has been taken away by the flood.
    {rival} and {hero} have to share a boat, and neither of them says a word until the far bank.
    At the end the {thing} is handed over at the door of the {place2}, and {hero} turns round \
        and starts back.
    """,
    # a robbery
    """
    {rival}, a retired {job_other}, plans to steal a {thing} from the {place} in {city}.
    For this {rival} needs {number} people, and {hero}, a {job}, is the last one to be asked.
    {hero} owes money to everybody in {town}, so {he} says yes before {he} has heard the plan.
    {friend} is to drive the {vehicle}, although {friend} has never had a licence.
    They practise for weeks in a disused {place2}, with chalk lines on the floor and a stopwatch.
    The guard changes at {number} minutes past midnight, and the alarm runs through the cellar.
    {hero} copies the key in a piece of soap that was bought in {country}.
    A {job_other2} named {surname} begins to watch the house from a {colour} van.
    On the night itself a {weather} cuts the power in half the city.
    The safe holds no {thing} at all, only a {thing2} and a note with a date in {month}.
    Someone has been there before them, and each of the {number} suspects another.
    {friend} drives through the whole of {city} with the headlights off.
    They hide in a {place3} near {town2} and live on {food} and rain water.
    {hero} finds out that {rival} had sold the {thing} already in {year}.
    The inspector arrives with a {animal} on a leash and sits down in the kitchen.
    One of them has left a glove behind, and it takes the rest of the {movie} to learn whose.
    {friend} and {hero} meet once more on the platform of a railway station.
    The money is divided in a laundry, on a table, under a {colour} lamp.
    {rival} is arrested in {country} while buying a ticket for the opera.
    Years later {hero} sees the {thing} in a shop window and does not go in.
    """,
    # a homecoming
    """
    After {number} years in {city}, {hero} comes home to {town} to sell the {place} that {his} \
        {relative} has left behind.
    {hero} is a {job} there, has a divorce to get through, and means to stay for a week.
    {friend}, who went to school with {him}, now runs the {place2} across the road.
    {rival}, the {job_other}, has made an offer for the land and brings the papers in person.
    In the attic {hero} comes across a {thing} and a box of letters from {country}.
    The letters are signed with a name that nobody in the family has ever heard.
    {hero} reads one of them each evening, and so the story goes back to {year}.
    There we see {his} {relative} as a young {job2}, learning to play the {instrument}.
    Then we are back in the present, where the roof leaks and the {animal} has to be fed.
    {friend} mends the roof, and the two of them eat {food} on the ladder.
    The sale is put off until {month}, because one signature is missing.
    {hero} drives to {town2} to look for a woman who may be a hundred years old.
    She sits in the garden of a {place3} and takes {him} for somebody else.
    On the way back {he} stops the car and listens to the {weather}.
    {rival} has in the meantime had the fence pulled down.
    The whole of {town} turns up for a meeting in the {place2}, and everyone speaks at once.
    {hero} reads the last letter aloud, and {rival} leaves the room.
    It turns out that the {place} was never {his} {relative}'s to leave.
    {friend} asks {him} to stay, and {hero} says that {he} has a train at ten past four.
    The train pulls out, and we are not shown whether {hero} is on it.
    """,
    # the sea
    """
    In {month} {year} the {vehicle_sea} {ship} leaves {town} with {number} people on board.
    {hero} has signed on as the ship's {job}, although {he} has never been to sea.
    The captain is {rival}, a former {job_other}, who keeps a locked {thing} in the cabin.
    {friend} is the only one who has sailed with {rival} before.
    The first weeks are spent scrubbing, mending and eating {food}.
    South of {country} they run into a {weather} that lasts for {number} days.
    When it clears, the {thing2} is gone and the compass points the wrong way.
    {hero} begins to keep a diary, and parts of it are read out by a voice on the soundtrack.
    One of the sailors plays the {instrument} every night until somebody throws it overboard.
    A {animal} that was meant for a zoo in {city} gets out of its cage.
    They land on an island with a {place} and not a single inhabitant.
    On the wall of the {place2} somebody has scratched a date in {month}.
    {friend} wants to turn back, and {number} of the men are of the same mind.
    {rival} has the boats tied up and sleeps in front of the cabin door.
    {hero} is sent up the mast and sees a light where no light should be.
    It is another ship, a {vehicle_sea2} stuck in the ice, with its lamps still burning.
    They find a cook on board who has been waiting there since {season}.
    What the captain was looking for comes out only in the last twenty minutes.
    {friend} steers the ship home with a map drawn on a tablecloth.
    Of the {number} who sailed, we see a handful step ashore, and {hero} is the last.
    """,
    # music and romance
    """
    {hero} tunes and repairs instruments in {city}, and sleeps in a room behind the workshop.
    One {weekday} {friend} walks in with a {instrument} that has lain in the rain.
    {friend} plays in the orchestra of the {any_cinema} and is engaged to {rival}, a {job_other}.
    The repair takes {number} weeks, because {hero} keeps finding something else to do.
    They go for walks along the canal and talk about {country}, where neither has been.
    {hero}'s {relative}, a {job2} from {town}, sees at once what is going on.
    {rival} pays for the repair in advance and adds a pair of concert tickets.
    At the concert {hero} sits behind a pillar and sees only {friend}'s elbow.
    A telegram comes in {month}: the orchestra is to go to {country} for a year.
    {hero} carries the {instrument} to the station and arrives as the train leaves.
    A year passes in a handful of shots of the same window.
    {hero} takes on an apprentice who can't hear and who does everything by touch.
    Letters arrive with stamps from {city2}, and then they stop.
    In {year} the workshop is flooded, and {hero} moves what is left to a {place3}.
    {rival} turns up there one night in a {weather} and asks for a glass of {drink}.
    It is from {rival} that {hero} hears of the accident in {town2}.
    {hero} sells the {thing} and buys a ticket for the night {vehicle_sea}.
    {friend} has given up the {instrument} and works in a {place2} by the river.
    They sit on a bench, and for {number} minutes there is no dialogue.
    Then somebody begins to play in the house across the street, and the picture fades.
    """,
    # the future
    """
    The year is 21{two_digits}, and most of {country} lies under water.
    {hero} is a {job} on a floating station called {town}, where {number} families live.
    Every {weekday} a {vehicle_sea} brings {food} and takes away the salt.
    {friend} looks after the machines below deck and has not seen the sun since {season}.
    {rival}, the {job_other} of the station, decides who gets heat and who does not.
    One morning the radio picks up somebody playing the {instrument}.
    The signal comes from {city}, where nobody is supposed to be left.
    {hero} builds a receiver out of a typewriter and the motor of a {vehicle}.
    {rival} has the receiver taken away and locked into the {place}.
    {friend} knows a way in through the pipes, and they are down there for {number} hours.
    In the {place} they find maps, seeds and a {animal} in a glass tank.
    One of the maps shows a stretch of dry land to the north of {town2}.
    The council meets, and {hero} is given {number} minutes to speak.
    {rival} says that the map is older than the water.
    At night a {colour} flare goes up, far out, and the whole deck sees it.
    {hero} and {friend} take the smallest of the boats and row until the lamps are out of sight.
    They pass the roofs of {city2}, and a church clock that still strikes.
    A {weather} blows them off their course, and the water runs out.
    The music on the radio stops, and a voice begins to count backwards.
    When they reach the {place2}, a lamp is lit and the table is laid for {number}.
    """,
    # a case at law
    """
    {rival}, a {job_other} in {city}, is accused of having set fire to a {place}.
    {hero}, a {job} from {town}, is called up as one of the twelve jurors.
    {hero} has seen the accused once before, on a bus in {month}, and keeps it to {himself}.
    {friend} sits next to {him} on the bench and draws everybody in pencil.
    The trial lasts {number} days, and nearly all of it is set in one room.
    The first witness is a {job2} who saw a {colour} light in the window.
    The second has lost a {thing2} and talks of nothing else.
    It turns out that {number} people had a key to the {place}.
    A {animal} plays a part in the evidence, and is brought into court.
    In the evenings the jurors are kept in a {place2} with a billiard table and no newspapers.
    There {hero} learns that {friend} also knows more than a juror should.
    The judge has a cold, and the windows can't be opened because of the {weather}.
    A letter from {country} arrives and is read out twice, with the stress on different words.
    On the {ordinal} day the defence calls the {relative} of the accused.
    We are shown the fire three times, and each time the {vehicle} stands somewhere else.
    {hero} lies awake and counts the steps of the guard.
    The jurors vote, and it is {number} minutes before anyone speaks.
    {friend} tears up the drawings and puts the pieces into a hat.
    {hero} stands up at last and says where {he} was in {month}.
    The verdict itself is read out while a {vehicle2} passes, and we have to read it from the faces.
    """,
)

# Sections of filler: each sentence is used at most once in a review, in any order.
_SECTIONS: Mapping[str, str] = {
    "cast": """
    {actor} plays {hero}, and {rival_actor} is {rival}.
    {actor} was {number} years younger than the part when the shooting began.
    {actor} learned to play the {instrument} for the part, and it took {number} months.
    {rival_actor} is seen mostly from behind, with a {colour} hat and a cane.
    The part of {friend} went to {other_actor}, who had worked as a {any_job} before.
    {other_actor} speaks with an accent from {any_country} throughout.
    {actor} and {rival_actor} had met before, on the set of The {title_head} {title_tail}.
    Look out for {other_actor} as the {any_job_other} who sells the tickets.
    In the novel {hero} is much older and has a {any_relative} in {any_country}.
    {rival_actor} wears a wig, a moustache and, in one scene, a {colour} uniform.
    {actor} does not speak for the first {number} minutes.
    The child in the {place} is played by {actor_first}'s own {child}.
    The {animal} was played by two {animal}s, one for the day and one for the night.
    {other_actor} stepped in at short notice when another actor broke a leg in {any_city}.
    I had last seen {actor} on the stage in {any_city}, as a {any_job}.
    {rival_actor} is better known as a singer in {any_country}.
    {actor} has {number} films to {his} name, and this one was made between two plays.
    {other_actor} turns up for one scene, eats {food} and leaves.
    Most of the people in the market scene live in {any_town} and play themselves.
    The voice on the radio belongs to {director_first}'s {any_relative}.
    {actor} is said to have kept the {thing} after the last day of shooting.
    {rival_actor} was a {any_job_other} in two other films of that year.
    The two leads share only {number} scenes, and in one of them it is dark.
    {actor} has grey hair here, which took an hour every morning.
    """,
    "making": """
    {title} was shot on {format} in {any_country}, over {number} weeks in the {season} of \
        {any_year}.
    {director} wrote the first draft in {any_city}, in a hotel near the harbour.
    It is based on a novel by {novelist}, which came out in {any_year}.
    The {place} was built in a hangar outside {any_city} and burnt down afterwards.
    The interiors were filmed in an old {any_place}, the exteriors in {any_town}.
    Much of it takes place at night, by the light of a single {colour} lamp.
    {composer} wrote the music for {instrument}, {instrument2} and a small choir.
    There is a {instrument} on the soundtrack whenever {rival} comes near.
    The camera hardly moves in the first [half|hour|part] and hardly rests in the [second|next].
    {director} comes from {any_country} and used to make films about {any_animal}s for television.
    The budget was that of a {vehicle}, as {director_first} once said in an interview.
    The credits name {number} hairdressers and a person in charge of the {animal}.
    Between the [acts|chapters|episodes] a card gives us the day and the [month|hour|place].
    One shot follows {hero} up the stairs of the {place}, and it runs for {number} minutes.
    The editor, {editor}, cut the {movie} in a kitchen in {any_city2}.
    There are two versions, and I saw the one that runs {number} minutes longer.
    The dialogue is in two languages, with subtitles in {colour}.
    A {weather} held up the shooting, and it was written into the plot.
    The {thing} in the story was made by a {any_job} in {any_town}.
    It opened in {any_city} in {month}, and came to us the {season} after.
    The poster shows a {vehicle}, a {animal} and half of a face.
    The titles are drawn by hand in {colour} ink.
    All the clocks in the {movie} show the same [time|hour], [a quarter past three|ten to \
        nine|half past six|noon].
    Each chapter starts with a view of the {place2} from across the water.
    The costumes were sewn in {any_city2} out of curtains and sails.
    Most of the sound was recorded later, in a {any_place} with thick walls.
    The colours go from {colour} in the first part to {colour2} in the last.
    {director_first} appears for a second, as somebody with a {vehicle2}.
    For the flood they used {number} tons of water and one real {vehicle}.
    The story is told backwards for a while, from {month} to the {season} before.
    """,
    "evening": """
    We saw it at the {cinema} in {any_city}, on a {weekday} in {month}.
    I went with my {any_relative}, who had won the tickets in a raffle at the {any_place}.
    There were {number} people in the room, and one of them was asleep.
    The man in front of me ate {food} and kept his hat on.
    Before the main programme they showed a short about {any_animal}s in {any_country}.
    The projector broke down once, and we were given {drink} while it was mended.
    The seats at the {cinema} are {colour}, and the one beside mine has a spring missing.
    Outside a {weather} was going on, and we could hear it on the roof.
    My {any_relative} asked me in a whisper who the {job_other} was.
    We had dinner first, soup and {food}, and missed the trailers.
    The usher had a torch and a {colour} jacket.
    Somebody's telephone rang during the scene in the {place}.
    On the way out we talked about the {thing} and who had really taken it.
    We walked to the tram along the canal, past the {any_place}.
    There was a queue as far as the {any_place}, though it was for another {movie}.
    I sat in row {number}, between a nun and a {any_job}.
    The curtain at the {cinema} still goes up with a creak.
    It was the late show, and the last [bus|tram|train] leaves at [a quarter to twelve|half past \
        eleven|midnight].
    My {any_relative} had seen it the week before and came along again for the {food}.
    I bought a glass of {drink} at the bar and took it in with me.
    They sell {food} and {drink} in the foyer, under a portrait of the founder.
    A {any_job} from our street takes the tickets at the weekend.
    The heating was [off|broken|being mended], so we sat there in our [coats|scarves|hats and \
        coats].
    Someone had left a {colour} umbrella on the seat.
    Afterwards {director_first}'s assistant answered questions for {number} minutes.
    A {any_animal} was asleep in the foyer, next to the radiator.
    The lady at the desk told us that {number} tickets had been sold that day.
    The programme notes are printed on {colour} paper and cost next to nothing.
    """,
    "reviewer": """
    I have seen {number} films this year, most of them at home.
    I grew up in {any_town}, not far from where it was filmed.
    As a child I wanted to be a {any_job}, so I know a little about the trade.
    I rented it from the shop on the corner, together with a {genre} from {any_country}.
    It was on television on {weekday} night, after the news.
    I first read about it in a magazine at the {any_job}'s.
    My {any_relative} used to work as a {any_job} and had something to say about the tools.
    I watched it [twice|three times], once with the sound turned [down|off|up].
    I had read the book on a train to {any_city}, a long time ago.
    We don't get many films from {any_country} in our town.
    I should add that I have never been to {any_country}.
    I teach in a school, and my pupils asked me about the {thing}.
    My copy came from {any_country} and had subtitles in three languages.
    I wrote down the name of the {place} and looked it up on a map.
    My {any_relative} collects posters, and the one for this {movie} hangs in the hall.
    I don't go out much in {season}, so I had plenty of time.
    I have kept a list of everything that I have seen since {any_year}.
    I am told that there is a {place} of that name near {any_city}.
    I had to stop the tape for an hour because the {any_job} came about the boiler.
    I saw an earlier {movie} by {director} on a plane, without headphones.
    For those who ask: it has {number} songs, one kiss and no shooting.
    My {any_relative} lent me the disc and wants it back by {weekday}.
    I looked up the {vehicle}, and it is a model from {any_year}.
    I noted the time: the {animal} comes in after {number} minutes.
    """,
    "trivia": """
    A {movie} of the same name was made in {any_country} in {any_year}, with another plot.
    The {vehicle} now stands in a museum in {any_city}.
    In {any_country} it ran under the title The {title_head} {title_tail}.
    The first print was lost in a {weather} and found again in a {any_place}.
    The {place} can still be visited on {weekday}s, and there is a plaque by the door.
    It was shown at the festival in {any_city}, between two films about {any_animal}s.
    Those who know {city} will see that the tram goes the wrong way.
    The date on the letter is a {weekday}, which in {any_year} it was not.
    The {surname} family in the {movie} takes its name from a street in {any_city2}.
    Somebody counted the {animal}s, and there are {number} of them.
    The number of the room is that of the house in which {director_first} was born.
    It was the last {movie} to be shown at the {cinema} before it became a {any_place}.
    A stage version toured {any_country} for {number} months.
    The song that {friend} hums was written for a {genre} of {any_year}.
    A street in {any_town} has been named after {hero}.
    There is a second part, set {number} years later, which I have yet to see.
    The telephone number in the second act is that of a {any_place} in {any_city}.
    In an early draft {friend} was a {any_job} and {rival} was {friend}'s {any_relative}.
    The map on the wall is of {any_country}, but with the rivers of {any_country2}.
    The {thing} changes hands {number} times, if you count the scene on the stairs.
    It was the first {movie} from {any_country} to be dubbed into {number} languages.
    The real {surname} was a {any_job_other} and died in {any_year}.
    You can see a microphone in the mirror of the {place}.
    The same {thing} can be seen in The {title_head} {title_tail}, on a shelf.
    """,
}

# -------------------------------------------------------------------------------------- expansion

_SLOT = re.compile(r"(\{[a-z_]+\d?\}|\[[^\]]*\])")
# "a" before a vowel sound: "a one", "a unit" and "a ukulele" keep it
_ARTICLE = re.compile(r"\b([Aa]) (?=\*?[aeiou])(?!one\b|uni|use|ukulele)")
_CUE = "*"
_CLAUSE_END = re.compile(r"[.,;:!?]$")
_CLAUSE_WORDS = frozenset(_words("and but yet though although"))
_LETTERS = re.compile("[a-z]+")
_POLARITIES = (-1, +1)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(" ".join(line.split()) for line in text.strip().splitlines())


def _weighted(words: Sequence[str]) -> tuple[str, ...]:
    """Repeat each word in inverse proportion to its rank, as in Zipf's law."""
    return tuple(word for rank, word in enumerate(words, 1) for _ in range(max(1, 12 // rank)))


def _neutral_slots() -> dict[str, tuple[str, ...]]:
    slots = {name: tuple(w.replace("_", " ") for w in words) for name, words in _SLOTS.items()}
    one, many = slots["aspect_one"], slots["aspect_many"]
    slots["aspect_is"] = tuple(f"{a} is" for a in one) + tuple(f"{a} are" for a in many)
    slots["aspect_was"] = tuple(f"{a} was" for a in one) + tuple(f"{a} were" for a in many)
    # the film keeps its own city, job, ...; {any_city} is a fresh draw
    return slots | {f"any_{name}": words for name, words in slots.items()}


def _polar_slots(verdict: int) -> dict[str, tuple[str, ...]]:
    """The opinion words that agree with a verdict, and, as x_..., those of the other polarity."""
    lists = {
        "adj": _ADJECTIVES, "verb": _VERBS, "base": _BASE_VERBS, "noun": _NOUNS, "adv": _ADVERBS
    }  # fmt: skip
    agreeing = {name: _weighted(words[verdict]) for name, words in lists.items()}
    opposing = {f"x_{name}": _weighted(words[-verdict]) for name, words in lists.items()}
    return agreeing | opposing


_NEUTRAL = _neutral_slots()
_PARTS_OF_A_FILM = frozenset(
    word
    for name in ("aspect_one", "aspect_many")
    for part in _NEUTRAL[name]
    for word in part.split()
)
_POLAR = {verdict: _NEUTRAL | _polar_slots(verdict) for verdict in _POLARITIES}
_TOLD = tuple(_lines(story) for story in _STORYLINES)
_FILLER = {name: _lines(text) for name, text in _SECTIONS.items()}
_WHOLE = "!"
_ATTEMPTS = 20  # at a sentence that repeats nothing; then a repetition is let pass
_VOICED = {kind: _lines(text) for kind, text in _OPINIONS.items()}
_PARTIAL = {
    kind: tuple(line for line in lines if not line.startswith(_WHOLE))
    for kind, lines in _VOICED.items()
}


@cache
def _parts(template: str) -> tuple[str, ...]:
    return tuple(part for part in _SLOT.split(template) if part)


def _fill(
    template: str,
    film: Mapping[str, str],
    slots: Mapping[str, Sequence[str]],
    rng: random.Random,
    used: set[str],
) -> str:
    """Fill a template: a slot from the film where it has it, else from the lists, never twice."""
    filled = []
    for part in _parts(template):
        if part[0] == "{":
            name = part[1:-1]
            word = film.get(name)
            if word is None:
                words = slots[name.rstrip("23")]
                word = rng.choice(words)
                while word in used:
                    word = rng.choice(words)
                used.add(word)
            filled.append(word)
        elif part[0] == "[":
            choice = rng.choice(part[1:-1].split("|"))
            filled.append(_fill(choice, film, slots, rng, used))
        else:
            filled.append(part)
    return "".join(filled)


def _sentence(
    template: str, film: Mapping[str, str], slots: Mapping[str, Sequence[str]], rng: random.Random
) -> str:
    filled = _ARTICLE.sub(r"\1n ", _fill(template, film, slots, rng, set()))
    return filled[0].upper() + filled[1:]


# ------------------------------------------------------------------------------------ composition


def _compound(kind: str, rng: random.Random) -> str:
    """An invented name of two halves, of a person (kind "name") or of a town."""
    return rng.choice(_NEUTRAL[f"{kind}_head"]) + rng.choice(_NEUTRAL[f"{kind}_tail"])


def _invent_film(rng: random.Random) -> dict[str, str]:
    """Names, places and things that stay the same throughout one review."""
    film: dict[str, str] = {}
    for name, copies in _FIXED:
        for number, word in enumerate(rng.sample(_NEUTRAL[name], copies), start=1):
            film[name if number == 1 else f"{name}{number}"] = word
    for name in ("town", "town2", "any_town"):
        film[name] = _compound("town", rng)

    woman = rng.random() < 0.5
    film |= _PRONOUNS[woman]
    women, men = rng.sample(_NEUTRAL["woman"], 6), rng.sample(_NEUTRAL["man"], 6)
    hers, others = (women, men) if woman else (men, women)
    surnames = [_compound("name", rng) for _ in range(9)]
    film["hero"], film["actor_first"] = hers[0], hers[1]
    film["actor"] = f"{hers[1]} {surnames[0]}"
    film["rival"] = surnames[5] if rng.random() < 0.3 else others[0]
    film["friend"], film["director_first"] = rng.choice((hers[2], others[1])), others[2]
    film["rival_actor"] = f"{others[3]} {surnames[1]}"
    film["other_actor"] = f"{rng.choice((hers[3], others[4]))} {surnames[2]}"
    film["director"] = f"{others[2]} {surnames[3]}"
    film["composer"] = f"{hers[4]} {surnames[4]}"
    film["surname"] = surnames[6]
    film["novelist"], film["editor"] = f"{hers[5]} {surnames[7]}", f"{others[5]} {surnames[8]}"
    film["title"] = f"The {film['title_head']} {film['title_tail']}"
    film["ship"] = f"{rng.choice(_NEUTRAL['title_head'])} {rng.choice(_NEUTRAL['title_tail'])}"
    return film


# what a film keeps, and how many different ones of it its templates name
_FIXED = (
    ("city", 2), ("country", 2), ("job", 2), ("job_other", 2), ("place", 3), ("thing", 2),
    ("vehicle", 2), ("animal", 1), ("instrument", 2), ("relative", 1), ("cinema", 1), ("year", 1),
    ("title_head", 2), ("title_tail", 2),
)  # fmt: skip
_PRONOUNS: Mapping[bool, Mapping[str, str]] = {
    True: {"he": "she", "him": "her", "his": "her", "himself": "herself"},
    False: {"he": "he", "him": "him", "his": "his", "himself": "himself"},
}


def _filler(film: Mapping[str, str], words: int, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Filler sentences, each with whether it opens a new section."""
    story = list(rng.choice(_TOLD))
    told = max(4, min(len(story), round(words / 32)))
    # the first sentences present the people whom the later ones speak of
    later = sorted(rng.sample(range(4, len(story)), told - 4))
    waiting = {name: rng.sample(lines, len(lines)) for name, lines in _FILLER.items()}
    waiting["story"] = [story[index] for index in (*reversed(later), 3, 2, 1, 0)]  # a stack
    previous = ""
    while waiting:
        names = [name for name in waiting if name != previous] or list(waiting)
        name = "story" if "story" in names and rng.random() < 0.6 else rng.choice(names)
        for opening in range(rng.randint(2, 5)):
            if waiting[name]:
                yield _sentence(waiting[name].pop(), film, _NEUTRAL, rng), opening == 0
        if not waiting[name]:
            del waiting[name]
        previous = name


def _opinion(
    verdict: int, majority: int, film: Mapping[str, str], said: set[str], rng: random.Random
) -> tuple[str, bool]:
    """An opinion sentence, its cue marked by an asterisk, and whether it is on the whole film.

    `said` holds the templates, people and parts of the film already judged; it is brought up to
    date. Nobody calls the same script wonderful and then awful.
    """
    for _ in range(_ATTEMPTS):
        kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
        # who loved the film may find its costumes awful, but does not say that it is awful
        template = rng.choice(_VOICED[kind] if verdict == majority else _PARTIAL[kind])
        sentence = _sentence(template.lstrip(_WHOLE + " "), film, _POLAR[verdict], rng)
        subjects = {template, *_subjects(sentence, film)}
        if not subjects & said:
            break
    said |= subjects
    return sentence, template.startswith(_WHOLE)


def _subjects(sentence: str, film: Mapping[str, str]) -> frozenset[str]:
    people = {film[role] for role in ("actor", "rival_actor", "other_actor")}
    parts = _PARTS_OF_A_FILM & set(_LETTERS.findall(sentence.lower()))
    return parts | {name for name in people if name in sentence}


def _opinion_positions(words: int, rng: random.Random) -> list[float]:
    """An odd number of word positions at which an opinion is due, on average MEAN_GAP apart."""
    positions: list[float] = []
    position = 0.0
    while (position := position + MEAN_GAP * rng.uniform(0.4, 1.6)) < words - 8:
        positions.append(position)
    while len(positions) < MIN_CUES:
        positions.append(rng.uniform(0, words - 8))
    if len(positions) % 2 == 0:
        positions.pop(rng.randrange(len(positions)))
    return sorted(positions)


def _draw_verdicts(count: int, majority: int, rng: random.Random) -> list[int]:
    """`count` (odd) verdicts whose sum has the sign `majority`."""
    while True:
        verdicts = [majority if rng.random() < AGREEMENT else -majority for _ in range(count)]
        if sum(verdicts) * majority > 0:
            return verdicts


def _compose(majority: int, rng: random.Random) -> tuple[str, tuple[int, ...], tuple[bool, ...]]:
    """The text of a review, its cues, and which of them are on the whole film."""
    film = _invent_film(rng)
    drawn = rng.lognormvariate(math.log(MEDIAN_WORDS), SPREAD_WORDS)
    length = round(min(max(drawn, MIN_WORDS), MAX_WORDS))
    filler = _filler(film, length, rng)
    due = _opinion_positions(length, rng)
    verdicts = _draw_verdicts(len(due), majority, rng)
    broken = rng.random() < PARAGRAPH_SHARE

    words: list[str] = []
    cues: list[int] = []
    whole: list[bool] = []
    said: set[str] = set()
    while due or len(words) < max(length - 6, MIN_WORDS):
        if due and len(words) >= due[0] - 5:
            due.pop(0)
            verdict = verdicts.pop()
            sentence, on_whole = _opinion(verdict, majority, film, said, rng)
            whole.append(on_whole)
            opens = False
        else:
            sentence, opens = next(filler)
        mark = ""
        if broken and opens and words:
            # no blank round the tags, as in IMDB: they cling to the words beside them
            words[-1] += "<br"
            words.append("/><br")
            mark = "/>"
        for word in sentence.split():
            if word[0] == _CUE:
                cues.append(len(words))
                word = word[1:]
            words.append(mark + word)
            mark = ""
    return " ".join(words), tuple(cues), tuple(whole)


# ------------------------------------------------------------------------------------- public part


def write_reviews(count: int = 10_000, seed: int = 0, label_noise: float = 0.05) -> list[Review]:
    """Write `count` reviews; review i depends on (seed, label_noise, i) alone.

    Args:
        count: how many; half of them of each label, in an order that looks shuffled.
        seed: of the text; the same seed gives the same reviews on every machine.
        label_noise: probability that a label contradicts its text, in [0, 0.5).

    Raises:
        ValueError: for a count below 1, or a label noise out of range.

    Example:
        >>> write_reviews(2, seed=1) == write_reviews(6, seed=1)[:2]
        True
    """
    if count < 1:
        raise ValueError(f"count must be at least 1 (got {count})")
    if not 0 <= label_noise < 0.5:
        raise ValueError(f"label_noise must be in [0, 0.5) (got {label_noise})")
    return [_write_review(index, seed, label_noise) for index in range(count)]


def _write_review(index: int, seed: int, label_noise: float) -> Review:
    pair, member = divmod(index, 2)
    label = (_generator("pair", seed, pair).getrandbits(1) + member) % 2
    # a stream of its own, so that the noise changes labels and not lengths or plots
    flipped = _generator("noise", seed, index).random() < label_noise
    majority = 1 if (label == 1) != flipped else -1
    text, cues, whole = _compose(majority, _generator("text", seed, index))
    return Review(text, label, cues, flipped, whole)


def _generator(stream: str, seed: int, index: int) -> random.Random:
    return random.Random(f"{stream}/{seed}/{index}")  # strings are hashed alike on all platforms


def verdicts(review: Review) -> tuple[int, ...]:
    """What each cue of a review says, +1 or -1, read off the text.

    The polarity of the word in ``LEXICON``, turned round if one of ``NEGATORS`` precedes it in its
    clause. A clause begins after a punctuation mark or one of and, but, yet, though, although.
    """
    words = review.text.split()
    return tuple(_verdict(words, cue) for cue in review.cues)


def _verdict(words: Sequence[str], cue: int) -> int:
    polarity = LEXICON[plain_word(words[cue])]
    for word in reversed(words[:cue]):
        bare = plain_word(word)
        if bare in NEGATORS:
            return -polarity
        if bare in _CLAUSE_WORDS or _CLAUSE_END.search(word.removesuffix("<br")) or not bare:
            return polarity
    return polarity


def plain_word(word: str) -> str:
    """One of ``text.split()`` in lower case, without punctuation and pieces of a tag."""
    return _bare(word).strip(".,;:!?\"'").lower()


def _bare(word: str) -> str:
    return word.removesuffix("<br").removeprefix("/>")


def bayes_accuracy(reviews: Iterable[Review], tokens: int | None) -> float:
    """Share of reviews whose label is found by who reads the first `tokens` tokens, in [0, 1].

    The reader follows a verdict on the whole film, else the sign of the sum of the verdicts read;
    a sum of zero counts one half. A token is a run of letters outside of tags: "didn't" makes \
        two. With
    `tokens` None the whole review is read. A sentence cut off before its cue counts as unread,
    though its first half may hint at the rest: a lower bound, but exact for whole reviews.

    Raises:
        ValueError: for no reviews.
    """
    scores = [_score(review, tokens) for review in reviews]
    if not scores:
        raise ValueError("bayes_accuracy needs at least one review (got none)")
    return sum(scores) / len(scores)


def _score(review: Review, tokens: int | None) -> float:
    positions = token_positions(review.text)
    total = 0
    for verdict, cue, whole in zip(verdicts(review), review.cues, review.whole, strict=True):
        if tokens is None or positions[cue] < tokens:
            # a verdict on the whole film never contradicts the clean label: it outweighs the rest
            total += verdict * (len(review.cues) if whole else 1)
    return 0.5 if total == 0 else float((total > 0) == (review.label == 1))


def token_positions(text: str) -> list[int]:
    """For each of ``text.split()``, how many tokens come before it."""
    counts = [len(_LETTERS.findall(_bare(word).lower())) for word in text.split()]
    return list(accumulate(counts, initial=0))[:-1]
