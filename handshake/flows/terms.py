"""What a reading calls things.  Whoever goes on from a reading looks for these words, and for no others."""

from __future__ import annotations

# Of a segment, in the light of those before it.

RETRANSMISSION = "retransmission"
KEEP_ALIVE = "keep-alive"
ZERO_WINDOW = "zero window"
ZERO_WINDOW_PROBE = "zero-window probe"
OUTSIDE = "outside the window"
NOT_CAPTURED = "not captured"

# Of what a capture does to a packet.

NOT_FILLED_IN = "not filled in"
CUT_BY_CARD = "the network card cuts"
NO_LENGTH = "the IP header says length 0"
KEPT = "the capture kept"
WRONG_CHECKSUM = "checksum is wrong"
UNREADABLE = "could not be read to its end"
