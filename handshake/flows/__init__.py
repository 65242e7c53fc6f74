"""From frames to conversations: which frame belongs to which connection, what the segments mean in it,
what was sent again or got lost, and through which states both ends must have gone.

Sources use it, simulated or captured alike, so that both are told in the same words.
"""

from __future__ import annotations

from handshake.flows.carried import Secure, secure
from handshake.flows.infer import infer_steps
from handshake.flows.observe import Observed, observe
from handshake.flows.streams import plaintext, received
from handshake.flows.table import Flow, FlowTable

__all__ = [
    "Flow",
    "FlowTable",
    "Observed",
    "Secure",
    "infer_steps",
    "observe",
    "plaintext",
    "received",
    "secure",
]
