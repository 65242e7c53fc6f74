"""handshake: TCP and TLS handshakes, byte by byte, for learning.

It is made to be read and broken, not to protect traffic.

Whatever happened, simulated or captured on a real network, becomes the same `Trace`, and every picture,
table and byte view is drawn from a Trace.  Where to start reading:

===========  =================================================================================
`wire`       a cursor over bytes that remembers name and place of every field it read
`trace`      what happened: bytes that travelled, what they meant, what each end did
`net`        Ethernet, IPv4, IPv6, UDP
`tcp`        segments, the state diagram as data, the machine that runs it       (notebook 03)
`tls`        records, messages, keys, both ends of a handshake                  (notebook 07)
`pki`        certificates, and every check of them by its name                  (notebook 06)
`peel`       one frame into its layers
`sim`        two ends and a link on one clock                                    (notebook 03)
`capture`    pcap and pcapng files, in and out
`article`    the blog article that the course examines: its claims, its flows
`live`       real peers: OpenSSL in this process, sockets on the loopback
`show`       the pictures: timeline, bytes, states, stepper
===========  =================================================================================

Nothing is imported here, so that ``import handshake`` costs nothing.
"""

__version__ = "0.1.0"
