"""Notebook 01, layers and bytes: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from handshake import show
from handshake.errors import count_bytes
from handshake.labs.lab import Lab, Outcome, choice, slider, switch, whole
from handshake.labs.layers.frames import KINDS, NETWORKS, REQUEST, changed, frame, hop
from handshake.labs.layers.sums import bit_of
from handshake.peel import onion


def peeling(
    kind: str = REQUEST, network: str = "IPv4", peeled: int = 0, length: int = 1, timestamps: bool = True,
    key: bool = True,
) -> Outcome:  # fmt: skip
    """One frame, and how many of its layers are taken off.

    kind: one of KINDS.   network: "IPv4" or "IPv6".   peeled: how many layers, from the outside.
    length: how many characters the path has that the request asks for.   timestamps: a TCP option.
    key: whether we have the key that opens the record.
    """
    peeled, length = whole("peeled", peeled, 0, 4), whole("length", length, 1, 400)
    made = frame(kind, network, "/" + "x" * (length - 1), timestamps)
    shown = made.onion if key else made.sealed
    names = [skin.name for skin in shown.skins if skin.name != "padding"]
    at = names[min(peeled, len(names) - 1)]
    core = shown.skins[-1]
    said = core.adds if core.layer.osi.startswith("7") else shown.carried
    more = len(made.frame) - said
    what = shown[at].words
    words = [f"{at}: {what if len(what) <= 70 else what[:67] + '...'}. Read by {shown[at].layer.read_by}."]
    if said:
        what = "The program's own words are" if core.layer.osi.startswith("7") else "Sealed are"
        words.append(
            f"{what} {count_bytes(said)}; {more} more carry them, "
            f"{100 * more / len(made.frame):.0f} % of the {len(made.frame)} bytes of the frame."
        )
    else:
        words.append(f"Nothing is said yet: all {len(made.frame)} bytes of the frame are headers.")
    if peeled >= len(names):
        words.append(f"There are only {len(names)} layers here: the innermost is reached.")
    if not key and made.opens is None:
        words.append("Nothing is sealed here: no key is needed.")
    own = shown.fields(at)
    first = min(span.start for span in own)
    last = max(span.end for span in own)
    spans = [span.shifted(-first) for span in shown.spans if first <= span.start and span.end <= last]
    title = f"{at}, from its first own byte to its last"
    inside = show.bytes(shown.clear[first:last], spans=spans, title=title)
    return Outcome("\n".join(words), (show.onion(shown, at=at), inside))


def peeling_lab() -> Lab:
    """`peeling`, with controls."""
    return Lab(
        "One frame, layer by layer", peeling,
        kind=choice("frame", KINDS, REQUEST),
        network=choice("over", list(NETWORKS), "IPv4"),
        peeled=slider("layers taken off", 0, 0, 4, tip="from the outside"),
        length=slider("length of /xxx asked for", 1, 1, 400),
        key=switch("we have the key", True),
        timestamps=switch("TCP carries timestamps", True),
    )  # fmt: skip


# A hop.


def hopping(kind: str = REQUEST, network: str = "IPv4", nat: bool = False, hops: int = 1) -> Outcome:
    """The frame before a router and behind it: which fields are others.

    nat: whether the first router puts its own address in the place of the client's.   hops: how many routers.
    """
    hops = whole("hops", hops, 1, 20)
    if nat and network == "IPv6":
        raise ValueError("IPv6 has addresses enough: no NAT is needed there, and none is shown. Choose IPv4.")
    before = frame(kind, network).frame
    after = before
    for n in range(hops):
        after = hop(after, nat and n == 0)
    rows = changed(before, after)
    layers = list(dict.fromkeys(row[0] for row in rows))
    same = [skin.name for skin in onion(before).skins if skin.name not in layers]
    words = (
        f"Changed: fields of {', '.join(layers)}. As before: every byte of {', '.join(same) or 'nothing'}."
    )
    if nat:
        words += " NAT reaches into the transport layer: a port is changed there, and the checksum with it."
    columns = ("layer", "field", "at the client", f"behind router {hops}")
    table = show.table(columns, rows, title="What the routers have changed", code=(2, 3))
    bits = [8 * n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    marked = {bit + k for bit in bits for k in range(8) if bit_of(before, bit + k) != bit_of(after, bit + k)}
    spans = [span for span in onion(before).spans if span.path[0] in (*layers, "TCP", "UDP")]
    end = max(span.end for span in spans)
    picture = show.ruler(
        after[:end], spans=spans, flipped=marked, title="The headers; changed bits are marked"
    )
    return Outcome(words, (table, picture))


def hopping_lab() -> Lab:
    """`hopping`, with controls."""
    return Lab(
        "On the way", hopping,
        hops=slider("routers", 1, 1, 20),
        network=choice("over", list(NETWORKS), "IPv4"),
        nat=switch("the first router does NAT", False),
    )  # fmt: skip
