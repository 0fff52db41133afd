"""The annotators' pages in a real browser."""

import time

import pytest

from asked_run import RIGHT, WRONG
from errata import jsonl
from errata.types import Answer

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}

FIXED = ("best = 0", "best = xs[0]")
WORDS = "It starts from 0. Start from the first number of the list instead."


def answers(served) -> list[dict]:
    path = served.run / "00/refine/answer.jsonl"
    return [dict(jsonl.plain(answer)) for answer in jsonl.iterate(path, Answer)] if path.exists() else []


def mend(page) -> None:
    page.fill("#refinement", page.input_value("#refinement").replace(*FIXED))


def test_feedback_is_written_the_program_mended_tested_and_submitted_and_the_next_comes(serve, sit):
    served = serve()
    ada = sit(served)
    page = ada.page
    page.get_by_label("What is wrong, and how to fix it").fill(WORDS)
    page.get_by_text("logic", exact=True).click()
    mend(page)
    page.get_by_role("button", name="Run tests").click()
    page.wait_for_selector("#result .chip.passed")
    assert "3 of 3 tests pass" in page.inner_text("#status")
    assert page.inner_text(".diff .new code") == "    best = xs[0]"
    ada.wait_for_next(lambda: page.get_by_role("button", name="Submit").click())
    assert page.inner_text(".far").startswith("1 done")
    (answer,) = answers(served)
    assert (answer["text"], answer["refinement"], answer["category"], answer["passed"]) == (
        WORDS,
        RIGHT,
        ["logic"],
        True,
    )


def test_tests_are_run_in_under_a_second(serve, sit):
    page = sit(serve()).page
    mend(page)
    started = time.monotonic()
    page.click("#run")
    page.wait_for_selector("#result .verdict")
    assert time.monotonic() - started < 1


def test_two_browsers_at_once_get_different_questions(serve, sit):
    served = serve()
    ada, bo = sit(served, "Ada"), sit(served, "Bo")
    assert ada.page.url != bo.page.url
    for person in (ada, bo):
        person.page.fill("#text", "words")
        person.page.click("#submit")
        person.wait_for_next(lambda person=person: person.page.click("#confirm-yes"))
    assert sorted(answer["id"] for answer in answers(served)) == ["toy/0@Ada", "toy/1@Bo"]


def test_a_reload_in_mid_draft_loses_nothing(serve, sit):
    page = sit(serve()).page
    page.click("#tab-1")
    page.fill("#text", WORDS)
    page.fill("#refinement", RIGHT)
    page.get_by_text("algebra").click()
    page.reload()
    assert page.input_value("#text") == WORDS
    assert page.input_value("#refinement") == RIGHT
    assert page.is_checked("[value=algebra]")
    assert page.get_attribute("#tab-1", "aria-selected") == "true"


def test_a_draft_outlives_the_server_and_the_browsers_storage(serve, sit):
    served = serve()
    ada = sit(served)
    ada.page.fill("#text", WORDS)
    ada.page.wait_for_timeout(1200)
    served.kill()
    served.start()
    ada.page.evaluate("localStorage.clear()")
    ada.page.reload()
    assert ada.page.input_value("#text") == WORDS


def test_who_writes_while_the_server_is_away_is_told_and_the_draft_is_saved_when_it_is_back(serve, sit):
    served = serve()
    ada = sit(served, "Ada", viewport=PHONE)
    served.kill()
    ada.page.fill("#text", WORDS)
    ada.page.locator("#status", has_text="is kept in this browser").wait_for()
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    served.start()
    ada.page.wait_for_selector("#status:empty", state="attached")
    ada.page.evaluate("localStorage.clear()")
    ada.page.reload()
    assert ada.page.input_value("#text") == WORDS
    ada.errors.clear()


def test_a_second_tab_on_the_same_question_is_told_of(serve, sit):
    page = sit(serve()).page
    other = page.context.new_page()
    other.goto(page.url)
    other.fill("#text", WORDS)
    page.wait_for_selector("#others:not([hidden])")
    assert "open in another tab" in page.inner_text("#others")
    other.click("#submit")
    other.click("#confirm-yes")
    page.locator("#others", has_text="You have answered").wait_for()


def test_an_answer_sent_while_the_server_is_away_is_sent_again_and_written_once(serve, sit):
    served = serve()
    ada = sit(served)
    ada.page.fill("#text", WORDS)
    mend(ada.page)
    served.kill()
    ada.page.click("#submit")
    ada.page.wait_for_selector("#trouble:not([hidden])")
    assert "is kept in this browser" in ada.page.inner_text("#trouble")
    served.start()
    ada.wait_for_next(lambda: ada.page.click("#submit"))
    assert [answer["text"] for answer in answers(served)] == [WORDS]
    ada.errors.clear()


def test_a_refinement_that_fails_is_asked_about(serve, sit):
    served = serve()
    ada = sit(served)
    page = ada.page
    page.fill("#text", WORDS)
    page.fill("#refinement", WRONG[1])
    page.click("#submit")
    page.wait_for_selector("#confirm:not([hidden])")
    assert "1 of 3 tests pass" in page.inner_text("#confirm-words")
    page.click("#confirm-back")
    assert page.evaluate("document.activeElement.id") == "refinement"
    assert answers(served) == []
    page.click("#submit")
    page.wait_for_selector("#confirm:not([hidden])")
    ada.wait_for_next(lambda: page.click("#confirm-yes"))
    assert answers(served)[0]["passed"] is False


def test_a_question_is_answered_by_keyboard_alone(serve, sit):
    served = serve()
    ada = sit(served)
    page, keys = ada.page, ada.page.keyboard
    keys.press("?")
    assert page.is_visible("#keys")
    keys.press("Enter")
    assert page.is_hidden("#keys")
    keys.press("Alt+2")
    assert page.is_visible("#offer-1")
    keys.press("Alt+1")
    keys.press("Alt+w")
    keys.type(WORDS)
    keys.press("Tab")
    keys.press("Space")
    assert page.is_checked("[value=logic]")
    keys.press("Alt+e")
    keys.press("Control+a")
    keys.type("def largest(xs):\nreturn max(xs)")
    assert page.input_value("#refinement") == "def largest(xs):\n    return max(xs)"
    keys.press("Alt+r")
    page.wait_for_selector("#result .chip.passed")
    ada.wait_for_next(lambda: keys.press("Control+Enter"))
    assert answers(served)[0]["passed"] is True


def test_tab_indents_in_the_editor_and_leaves_it_after_escape(serve, sit):
    page = sit(serve()).page
    page.focus("#refinement")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    assert page.input_value("#refinement").startswith("    def")
    page.keyboard.press("Shift+Tab")
    assert page.input_value("#refinement") == WRONG[0]
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "refinement"


def test_a_skip_and_a_later_by_their_buttons(serve, sit):
    served = serve()
    ada = sit(served)
    first = ada.page.url
    ada.wait_for_next(lambda: ada.page.click("#later"))
    ada.page.click("#skip")
    ada.page.fill("#reason", "the tests are wrong")
    ada.wait_for_next(lambda: ada.page.click("#skip-yes"))
    assert [answer["skip"] for answer in answers(served)] == ["the tests are wrong"]
    assert ada.page.url != first


def test_an_earlier_answer_is_edited_from_the_list(serve, sit):
    served = serve()
    ada = sit(served)
    ada.page.fill("#text", "first")
    mend(ada.page)
    ada.wait_for_next(lambda: ada.page.click("#submit"))
    ada.page.click("text=Mine")
    ada.page.click("text=toy/0")
    ada.page.wait_for_selector("#refinement")
    assert ada.page.input_value("#text") == "first"
    assert FIXED[1] in ada.page.input_value("#refinement")
    ada.page.fill("#text", "second")
    ada.wait_for_next(lambda: ada.page.click("#submit"))
    assert [answer["text"] for answer in answers(served)] == ["first", "second"]


def test_changes_to_one_program_are_kept_while_another_is_looked_at(serve, sit):
    page = sit(serve()).page
    mend(page)
    mended = page.input_value("#refinement")
    page.click("#tab-2")
    assert page.is_visible("#offer-2")
    assert page.input_value("#refinement") == mended
    page.click("#reset")
    assert page.input_value("#refinement") == WRONG[2]


def test_the_changes_show_line_by_line_what_is_other(serve, sit):
    page = sit(serve()).page
    page.fill(
        "#refinement", WRONG[0].replace("best = 0", "best = xs[0]").replace("for x", "for y").replace("x >", "y >")
    )
    page.wait_for_selector(".diff .gone code")  # It is drawn with the next frame.
    assert page.locator(".diff .gone code").all_inner_texts() == [
        "    best = 0",
        "    for x in xs:",
        "        if x > best:",
    ]
    assert page.locator(".diff .new mark").all_inner_texts() == ["xs", "[", "]", "y", "y"]


HOSTILE = {
    "a tag": 'x = \'</script><script>document.title="owned"</script><img src=x onerror="document.title=1">\'\n',
    "one endless line": "x = '" + "a" * 1_000_000 + "'\n",
    "a turned direction": "access = 'user\u202e \u2066# admin\u2069 \u2066'\n",
    "a null": "x = '\0'\n",
    "the page's own marks": "{{ 7 * 7 }} {% raw %} ${7*7}\n",
    "no line end at all": "x = 1",
    "line ends of all kinds": "x = 1\r\ny = 2\rz = 3\u2028\x0b\n",
}


@pytest.mark.parametrize("program", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_program_is_shown_and_does_nothing(serve, sit, program):
    served = serve(program=program)
    ada = sit(served)
    page = ada.page
    assert page.title() == "toy/0 · errata"
    assert page.locator("#offer-0 .code").inner_text().strip()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#tab-1")
    page.fill("#text", program[:200].replace("\0", "") + WORDS)
    page.click("#reset")
    page.fill("#refinement", RIGHT)
    ada.wait_for_next(lambda: page.click("#submit"))
    assert answers(served)[0]["sample"] == "toy/0#1"


def test_what_cannot_be_seen_is_named(serve, sit):
    page = sit(serve(program=HOSTILE["a turned direction"])).page
    assert "\\u202e" in page.inner_text("#offer-0 .code")
    assert "U+202E" in page.inner_text("#offer-0 .banner")


def test_a_program_too_long_to_edit_says_so(serve, sit):
    page = sit(serve(program=HOSTILE["one endless line"])).page
    assert page.input_value("#refinement") == ""
    assert "too long to be edited" in page.get_attribute("#refinement", "placeholder")


UNNAMED = """() => [...document.querySelectorAll('button, input, textarea, a, [role=tab], [tabindex="0"]')]
  .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
    || e.textContent.trim() || e.closest('datalist')))
  .map((e) => e.outerHTML.slice(0, 90))"""
FAINT = """() => {
  const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const behind = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || e.closest('script, style, [aria-hidden=true]')) continue;
    if (!e.checkVisibility()) continue;
    const back = behind(e);
    const [a, b] = [light(over(parse(getComputedStyle(e).color), back)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push([e.textContent.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_every_field_has_a_name_and_every_text_enough_contrast(serve, sit, scheme, width):
    settings = {"color_scheme": scheme} | ({"viewport": PHONE} if width == "phone" else {})
    ada = sit(serve("--votes", "1"), **settings)
    page = ada.page
    page.fill("#text", WORDS)
    page.get_by_text("logic", exact=True).click()
    page.fill("#refinement", WRONG[1])
    page.click("#run")
    page.wait_for_selector("#result .verdict")
    page.click("#skip")
    for path in ("", "/questions", "/mine", "/nothing"):
        if path:
            page.goto(ada.address + path)
        assert page.evaluate(UNNAMED) == []
        # Programs have the colours of their highlighter, as in the report.
        assert page.evaluate(FAINT.replace("script, style,", "script, style, pre.code,")) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no page scrolls sideways"
    ada.errors.clear()


def test_the_order_of_focus_is_the_order_of_the_work(serve, sit):
    page = sit(serve()).page
    page.focus("#tab-0")
    seen = []
    for _ in range(40):
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.value || ''"))
    wanted = ["text", "logic", "refinement", "submit", "run", "later", "skip"]
    places = [seen.index(name) for name in wanted]
    assert places == sorted(places)


def test_on_a_phone_what_is_done_stays_in_sight(serve, sit):
    page = sit(serve(), viewport=PHONE).page
    page.locator("#text").scroll_into_view_if_needed()
    box = page.locator("#submit").bounding_box()
    assert box["y"] + box["height"] <= PHONE["height"]


def test_time_is_counted_while_somebody_is_at_work(serve, sit):
    served = serve()
    ada = sit(served)
    ada.page.fill("#text", WORDS)
    ada.page.keyboard.press("Shift")
    ada.page.wait_for_timeout(2200)
    mend(ada.page)
    ada.wait_for_next(lambda: ada.page.click("#submit"))
    assert 1 <= answers(served)[0]["seconds"] <= 10
