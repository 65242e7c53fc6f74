"""Answers to 03.3."""

RIGHT = (
    """
SPACE = 2**32

def segment(flags, seq, ack=0):
    return {"flags": flags, "seq": seq % SPACE, "ack": ack % SPACE, "length": 0}

def refuse(seg, size):
    if "RST" in seg["flags"]:
        return None
    if "ACK" in seg["flags"]:
        return segment(["RST"], seg["ack"])
    return segment(["RST", "ACK"], 0, seg["seq"] + size)

def on_segment(tcb, seg):
    tcb = dict(tcb)
    syn, ack, rst = ("SYN" in seg["flags"], "ACK" in seg["flags"], "RST" in seg["flags"])
    size = seg["length"] + syn
    state = tcb["state"]
    if state == "CLOSED":
        return tcb, refuse(seg, size)
    if state == "LISTEN":
        if rst:
            return tcb, None
        if ack:
            return tcb, refuse(seg, size)
        if not syn:
            return tcb, None
        iss = tcb["ISS"]
        tcb.update({"state": "SYN-RECEIVED", "passive": True})
        tcb.update({"SND.UNA": iss, "SND.NXT": (iss + 1) % SPACE, "RCV.NXT": (seg["seq"] + 1) % SPACE})
        return tcb, segment(["SYN", "ACK"], iss, tcb["RCV.NXT"])
    good = 0 < (seg["ack"] - tcb["SND.UNA"]) % SPACE <= (tcb["SND.NXT"] - tcb["SND.UNA"]) % SPACE
    if state == "SYN-SENT":
        if ack and not good:
            return tcb, refuse(seg, size)
        if rst:
            if ack:
                tcb["state"] = "CLOSED"
            return tcb, None
        if not syn:
            return tcb, None
        tcb["RCV.NXT"] = (seg["seq"] + 1) % SPACE
        if ack:
            tcb.update({"state": "ESTABLISHED", "SND.UNA": seg["ack"]})
            return tcb, segment(["ACK"], tcb["SND.NXT"], tcb["RCV.NXT"])
        tcb["state"] = "SYN-RECEIVED"
        return tcb, segment(["SYN", "ACK"], tcb["ISS"], tcb["RCV.NXT"])
    answer = segment(["ACK"], tcb["SND.NXT"], tcb["RCV.NXT"])
    first = (seg["seq"] - tcb["RCV.NXT"]) % SPACE
    last = (first + max(size, 1) - 1) % SPACE
    known = state == "SYN-RECEIVED" and syn and ack and first == SPACE - 1
    if not known and first >= tcb["RCV.WND"] and last >= tcb["RCV.WND"]:
        return tcb, None if rst else answer
    if rst:
        if first != 0:
            return tcb, answer
        tcb["state"] = "LISTEN" if state == "SYN-RECEIVED" and tcb["passive"] else "CLOSED"
        return tcb, None
    if syn and not known:
        if state == "SYN-RECEIVED" and tcb["passive"]:
            tcb["state"] = "LISTEN"
            return tcb, None
        return tcb, answer
    if not ack:
        return tcb, None
    if state == "SYN-RECEIVED":
        if not good:
            return tcb, refuse(seg, size)
        tcb["state"] = "ESTABLISHED"
    elif (seg["ack"] - tcb["SND.NXT"]) % SPACE in range(1, SPACE // 2):
        return tcb, answer
    if good:
        tcb["SND.UNA"] = seg["ack"]
    if seg["length"] and first == 0:
        tcb["RCV.NXT"] = (tcb["RCV.NXT"] + seg["length"]) % SPACE
        return tcb, segment(["ACK"], tcb["SND.NXT"], tcb["RCV.NXT"])
    return tcb, None
""",
    """
MASK = 0xFFFFFFFF

class End:
    def __init__(self, tcb, seg):
        self.tcb, self.out = tcb.copy(), None
        self.seq, self.ack, self.size = seg["seq"], seg["ack"], seg["length"]
        self.flags = frozenset(seg["flags"])

    def send(self, names, seq, ack=0):
        self.out = {"flags": names.split(), "seq": seq & MASK, "ack": ack & MASK, "length": 0}

    def acknowledge(self):
        self.send("ACK", self.tcb["SND.NXT"], self.tcb["RCV.NXT"])

    def refuse(self):
        if "RST" in self.flags:
            return
        if "ACK" in self.flags:
            self.send("RST", self.ack)
        else:
            self.send("ACK RST", 0, self.seq + self.size + ("SYN" in self.flags))

    def fresh(self):
        sent = (self.tcb["SND.NXT"] - self.tcb["SND.UNA"]) & MASK
        return 1 <= (self.ack - self.tcb["SND.UNA"]) & MASK <= sent

    def inside(self, number):
        return (number - self.tcb["RCV.NXT"]) & MASK < self.tcb["RCV.WND"]

    def closed(self):
        self.refuse()

    def listen(self):
        if "RST" in self.flags:
            pass
        elif "ACK" in self.flags:
            self.refuse()
        elif "SYN" in self.flags:
            iss = self.tcb["ISS"]
            self.tcb |= {"state": "SYN-RECEIVED", "SND.UNA": iss, "SND.NXT": iss + 1 & MASK}
            self.tcb["RCV.NXT"] = self.seq + 1 & MASK
            self.send("ACK SYN", iss, self.seq + 1)

    def syn_sent(self):
        acknowledges = "ACK" in self.flags
        if acknowledges and not self.fresh():
            self.refuse()
        elif "RST" in self.flags:
            if acknowledges:
                self.tcb["state"] = "CLOSED"
        elif "SYN" in self.flags:
            self.tcb["RCV.NXT"] = self.seq + 1 & MASK
            if acknowledges:
                self.tcb |= {"state": "ESTABLISHED", "SND.UNA": self.ack}
                self.acknowledge()
            else:
                self.tcb["state"] = "SYN-RECEIVED"
                self.send("ACK SYN", self.tcb["ISS"], self.seq + 1)

    def others(self):
        opening = self.tcb["state"] == "SYN-RECEIVED"
        again = opening and self.flags == {"SYN", "ACK"} and self.seq + 1 & MASK == self.tcb["RCV.NXT"]
        if again:
            self.flags, self.seq = frozenset({"ACK"}), self.tcb["RCV.NXT"]
        length = self.size + ("SYN" in self.flags)
        ok = self.inside(self.seq) or (length > 0 and self.inside(self.seq + length - 1))
        back = "LISTEN" if opening and self.tcb["passive"] else "CLOSED"
        if not ok:
            if "RST" not in self.flags:
                self.acknowledge()
        elif "RST" in self.flags:
            if self.seq == self.tcb["RCV.NXT"]:
                self.tcb["state"] = back
            else:
                self.acknowledge()
        elif "SYN" in self.flags:
            if back == "LISTEN":
                self.tcb["state"] = back
            else:
                self.acknowledge()
        elif "ACK" in self.flags:
            self.text(opening)

    def text(self, opening):
        if opening and not self.fresh():
            return self.refuse()
        if not opening and 0 < (self.ack - self.tcb["SND.NXT"]) & MASK < 1 << 31:
            return self.acknowledge()
        if self.fresh():
            self.tcb |= {"state": "ESTABLISHED", "SND.UNA": self.ack}
        if self.size:
            self.tcb["RCV.NXT"] = self.seq + self.size & MASK
            self.acknowledge()

def on_segment(tcb, seg):
    end = End(tcb, seg)
    known = {"CLOSED": end.closed, "LISTEN": end.listen, "SYN-SENT": end.syn_sent}
    known.get(tcb["state"], end.others)()
    return [end.tcb, end.out]
""",
)

WRONG = {
    "RST answers RST": RIGHT[0].replace('    if "RST" in seg["flags"]:\n        return None\n', ""),
    "ack without the SYN": RIGHT[0].replace('(seg["seq"] + 1) % SPACE', 'seg["seq"]'),
    "bad ACK believed": RIGHT[0].replace(
        '    if state == "SYN-SENT":', '    good = True\n    if state == "SYN-SENT":'
    ),
    "listener closed": RIGHT[0].replace('"LISTEN" if state == "SYN-RECEIVED" and tcb["passive"] else ', ""),
    "both call": RIGHT[0].replace(
        "        if not syn:\n            return tcb, None\n        tcb[",
        "        if not (syn and ack):\n            return tcb, None\n        tcb[",
    ),
    "any reset believed": RIGHT[0].replace("        if first != 0:\n            return tcb, answer\n", ""),
    "no wrap": RIGHT[0].replace("SPACE = 2**32", "SPACE = 2**64"),
}
