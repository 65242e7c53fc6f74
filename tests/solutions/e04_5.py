"""Answers to 04.5."""

RIGHT = (
    """
class Heartbeat:
    def __init__(self, interval, limit, step, now):
        self.interval, self.limit, self.step = interval, limit, step
        self.last = now
        self.silent = self.unasked = 0
        self.dead = False

    def passes(self, now):
        passed, self.last = now - self.last, now
        if 0 <= passed <= self.step:
            self.silent += passed
            self.unasked += passed

    def heard(self, now):
        self.passes(now)
        self.silent = self.unasked = 0

    def tick(self, now):
        self.passes(now)
        if self.silent > self.limit:
            self.dead = True
        if self.dead:
            return "dead"
        if self.unasked >= self.interval:
            self.unasked = 0
            return "ping"
        return "wait"
""",
    """
class Heartbeat:
    def __init__(self, interval, limit, step, now):
        self.interval, self.limit, self.step = interval, limit, step
        self.before = self.heard_at = self.asked_at = now
        self.over = False

    def set(self, now):
        if not self.before <= now <= self.before + self.step:
            jump = now - self.before
            self.heard_at += jump
            self.asked_at += jump
        self.before = now

    def heard(self, now):
        self.set(now)
        self.heard_at = now

    def tick(self, now):
        self.set(now)
        self.over = self.over or now - self.heard_at >= self.limit + 1
        if self.over:
            return "dead"
        if now - max(self.heard_at, self.asked_at) < self.interval:
            return "wait"
        self.asked_at = now
        return "ping"
""",
)

GOOD = RIGHT[0]

WRONG = {
    "killed too early": GOOD.replace("self.silent > self.limit", "self.silent > 2 * self.interval"),
    "found out too late": GOOD.replace(
        "            self.unasked = 0", "            self.unasked = self.silent = 0"
    ),
    "not asked in time": GOOD.replace('return "ping"', 'return "wait"'),
    "asked too often": GOOD.replace("            self.unasked = 0\n", ""),
    "word not counted": GOOD.replace(
        "self.silent = self.unasked = 0\n\n    def tick", "self.silent = 0\n\n    def tick"
    ),
    "clock set forward": GOOD.replace("0 <= passed <= self.step", "0 <= passed"),
    "clock set back": GOOD.replace("0 <= passed <= self.step", "passed <= self.step"),
    "risen again": GOOD.replace("            self.dead = True", '            return "dead"'),
    "answers in other words": GOOD.replace('return "wait"', "return None"),
}
