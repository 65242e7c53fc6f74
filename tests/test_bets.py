"""Bets: the answer stays hidden until somebody commits; then it, the reason and the picture appear."""

import json
from types import SimpleNamespace

import pytest
from ipywidgets import HTML, Widget

from handshake.labs import bet, bets

QUESTION = "Which state is the server in after the first segment?"
OPTIONS = ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"]
SECRET = "it has answered and waits for the acknowledgment"
PICTURE = "<svg>the ladder</svg>"


def make(**changes):
    settings = {"answer": 1, "because": SECRET, "reveal": SimpleNamespace(_repr_mimebundle_=picture)}
    return bet(QUESTION, OPTIONS, **{**settings, **changes})


def picture(**_):
    return {"text/html": PICTURE, "text/plain": "the ladder"}


def everything_sent(widget):
    """All that the browser is told of a widget and of those inside it, as one text."""
    state = {key: value for key, value in widget.get_state().items() if not isinstance(value, bytes)}
    inside = [everything_sent(child) for child in getattr(widget, "children", ())]
    return json.dumps(state, default=str) + "".join(inside)


def html_of(widget):
    inside = "".join(html_of(child) for child in getattr(widget, "children", ()))
    return (widget.value if isinstance(widget, HTML) else "") + inside


def controls(b):
    return b._choices, b._sure, b._button


@pytest.fixture(autouse=True)
def nothing_remembered():
    bets.forget()
    yield
    bets.forget()


# Before.


def test_before_it_is_committed_the_answer_is_nowhere_to_be_found():
    b = make(reveal=lambda: pytest.fail("revealed too early"))
    told = everything_sent(b) + json.dumps(b._repr_mimebundle_()) + str(b) + repr(b)
    assert QUESTION in told
    assert SECRET not in told
    assert "the ladder" not in told
    other = make(answer=2)  # nothing but model ids may depend on the answer
    assert (str(other), repr(other), html_of(other)) == (str(b), repr(b), html_of(b))
    assert other._repr_mimebundle_()["text/html"] == b._repr_mimebundle_()["text/html"]


def test_nothing_is_chosen_at_first_and_the_button_waits_for_a_choice():
    choices, _, button = controls(make())
    assert choices.value is None
    assert button.disabled
    choices.value = 2
    assert not button.disabled


def test_a_bet_nobody_makes_stops_nothing():
    b = make()
    assert (b.outcome, b.choice, b.confidence) == (None, None, None)
    assert repr(b) == "Bet('Which state is the server in after the first segment?': not committed yet)"


# After.


@pytest.mark.parametrize(("choice", "outcome"), [(1, True), (2, False)])
def test_committing_tells_the_answer_the_reason_and_the_picture(choice, outcome):
    b = make()
    b.commit(choice, "certain")
    assert (b.choice, b.confidence, b.outcome) == (choice, "certain", outcome)
    page = html_of(b)
    assert SECRET in page
    assert PICTURE in page
    assert OPTIONS[choice] in b.verdict()
    assert OPTIONS[1] in b.verdict()


def test_the_button_does_what_commit_does():
    by_hand, by_call = make(), make()
    choices, sure, button = controls(by_hand)
    choices.value, sure.value = 0, "fairly sure"
    button.click()
    by_call.commit(0, "fairly sure")
    assert by_hand.outcome is False
    assert (str(by_hand), html_of(by_hand)) == (str(by_call), html_of(by_call))


def test_a_committed_bet_is_locked():
    b = make()
    b.commit(1)
    choices, sure, button = controls(b)
    assert choices.disabled
    assert sure.disabled
    assert choices.value == 1
    before = html_of(b)
    button.click()
    assert (button.description, html_of(b)) == ("Committed", before)
    with pytest.raises(ValueError, match="already"):
        b.commit(0)


def test_a_question_of_opinion_has_no_outcome():
    b = make(answer=None, because="both are used")
    b.commit(0)
    assert b.outcome is None
    assert b.verdict() == 'You bet "LISTEN" (guess). There is no one right answer: both are used.'


@pytest.mark.parametrize(
    ("reveal", "page"),
    [
        (lambda: SimpleNamespace(_repr_mimebundle_=picture), PICTURE),
        (SimpleNamespace(_repr_mimebundle_=lambda: (picture(), {})), PICTURE),
        ("<plain text>", "<pre>&lt;plain text&gt;</pre>"),
        (lambda: 42, "<pre>42</pre>"),
    ],
)
def test_anything_can_be_revealed(reveal, page):
    b = make(reveal=reveal)
    b.commit(1)
    assert page in html_of(b)


def test_a_widget_is_revealed_alive():
    inner = HTML("inside")
    b = make(reveal=lambda: inner)
    b.commit(1)
    assert inner in b.children[-1].children


# As text.


def test_printed_it_shows_question_and_options_and_later_the_verdict():
    b = make()
    assert str(b).splitlines() == [
        QUESTION,
        "  a) LISTEN",
        "  b) SYN-RECEIVED",
        "  c) ESTABLISHED",
        'Not committed yet: choose, or call .commit("a"), or .commit("a", "certain").',
    ]
    b.commit(2, "certain")
    assert str(b).splitlines() == [
        QUESTION,
        "  a) LISTEN",
        "  b) SYN-RECEIVED",
        "> c) ESTABLISHED",
        f'Not so. You bet "ESTABLISHED" (certain); it is "SYN-RECEIVED", because {SECRET}.',
    ]


def test_its_repr_is_short_and_the_same_each_time():
    question = "long " * 60
    b = bet(question, OPTIONS, answer=0, because="")
    assert len(repr(b)) <= 110
    assert repr(b) == repr(bet(question, OPTIONS, answer=0, because=""))
    b.commit(0)
    assert repr(b).endswith(": committed a, right)")
    assert len(repr(b)) <= 110


def test_a_page_without_a_kernel_shows_the_question():
    bundle = make()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "<li>SYN-RECEIVED</li>" in bundle["text/html"]


def test_question_and_reason_may_hold_code_but_no_markup():
    b = bet("What does `a < b` <i>mean</i>?", ["x", "y"], answer=0, because="`<b>`")
    b.commit(0)
    page = html_of(b) + b._repr_mimebundle_()["text/html"]
    assert "<code>a &lt; b</code> &lt;i&gt;mean" in page
    assert "<code>&lt;b&gt;</code>" in page


# Again.


def test_run_again_a_bet_starts_anew():
    make().commit(1)
    assert make().choice is None


def test_with_a_key_it_is_remembered_until_forgotten():
    make(key="03/1").commit(2, "certain")
    again = make(key="03/1")
    assert (again.choice, again.confidence, again.outcome) == (2, "certain", False)
    assert SECRET in html_of(again)
    assert make(key="03/2").choice is None
    bets.forget()
    assert make(key="03/1").choice is None


def test_a_remembered_bet_on_another_question_does_not_count():
    make(key="03/1").commit(2)
    assert bet(QUESTION, ["yes", "no"], answer=0, because="", key="03/1").choice is None


# Mistakes.


@pytest.mark.parametrize(
    ("options", "answer", "words"),
    [
        (OPTIONS, 3, "answer 3 is none of the options 0 to 2"),
        (OPTIONS, -1, "answer -1"),
        (["only one"], 0, "at least two options"),
        ("ab", 0, "list of strings"),
    ],
)
def test_a_bet_that_makes_no_sense_is_refused(options, answer, words):
    with pytest.raises(ValueError, match=words):
        bet(QUESTION, options, answer=answer, because="")


@pytest.mark.parametrize(
    ("choice", "confidence", "words"),
    [(3, "guess", "choice 3"), (-1, "guess", "choice -1"), (0, "maybe", "guess, fairly sure, certain")],
)
def test_a_choice_that_is_none_is_refused_and_leaves_the_bet_open(choice, confidence, words):
    b = make()
    with pytest.raises(ValueError, match=words):
        b.commit(choice, confidence)
    assert b.choice is None
    assert isinstance(b, Widget)
    b.commit(1)
