"""Answers to 01.3."""

RIGHT = (
    """
def checksum(src, dst, segment):
    addresses = bytes(int(part) for part in (src + "." + dst).split("."))
    zeroed = segment[:16] + b"\\0\\0" + segment[18:]
    data = addresses + b"\\0\\x06" + len(segment).to_bytes(2, "big") + zeroed
    if len(data) % 2:
        data = data + b"\\0"
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2], "big")
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
""",
    """
import ipaddress
import struct

def checksum(src, dst, segment):
    segment = bytearray(segment)
    segment[16:18] = bytes(2)
    ends = [ipaddress.IPv4Address(each).packed for each in (src, dst)]
    row = struct.pack("!4s4sBBH", *ends, 0, 6, len(segment)) + segment
    row += b"\\0" * (len(row) & 1)
    total = sum(struct.unpack(f"!{len(row) // 2}H", row)) % 65535
    return 65535 - (total or 65535)
""",
)

WRONG = {
    "no complement": RIGHT[0].replace("~total & 0xFFFF", "total"),
    "carry not folded": RIGHT[0].replace("while total > 0xFFFF", "while False"),
    "folded once": RIGHT[0].replace("while total > 0xFFFF", "if total > 0xFFFF"),
    "odd byte on the wrong side": RIGHT[0].replace('data + b"\\0"', 'data[:-1] + b"\\0" + data[-1:]'),
    "no pseudo-header": RIGHT[0].replace('addresses + b"\\0\\x06" + len(segment).to_bytes(2, "big") + ', ""),
    "old checksum counted": RIGHT[0].replace('segment[:16] + b"\\0\\0" + segment[18:]', "segment"),
    "length of the header only": RIGHT[0].replace(
        "len(segment).to_bytes", "(segment[12] // 16 * 4).to_bytes"
    ),
    "little-endian": RIGHT[0].replace('at + 2], "big")', 'at + 2], "little")'),
}
