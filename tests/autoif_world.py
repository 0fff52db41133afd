"""A small recorded supervisor: three seeds, one instruction made of each, verifiers right and wrong, responses."""

import json
from dataclasses import replace
from pathlib import Path

from errata.recipes.autoif_settings import Autoif, Supervisor

SEEDS = ("Write in capital letters only", "Use no commas", "End with the word done")
MADE = ("Write in lower case letters only", "Use no full stops", "End with a question mark")
QUERIES = ("what do cows eat", "Where is the dog?", "Name a fruit.")
RIGHT = {
    "Write in capital letters only": "return response.isupper()",
    "Use no commas": "return ',' not in response",
    "End with the word done": "return last(response) == 'done'\n\ndef last(text):\n    return text.split()[-1]",
    "Write in lower case letters only": "return response.islower()",
    "Use no full stops": "return '.' not in response",
    "End with a question mark": "return response.endswith('?')",
}
CASES = {
    "Write in capital letters only": (("COWS", True), ("Cows", False), ("NO", True)),
    "Use no commas": (("a b", True), ("a, b", False), ("c", True)),
    "End with the word done": (("I am done", True), ("done it", False), ("well done", True)),
    "Write in lower case letters only": (("cows", True), ("Cows", False), ("no", True)),
    "Use no full stops": (("a b", True), ("a. b", False), ("c", True)),
    "End with a question mark": (("why?", True), ("why", False), ("how?", True)),
}
FOLLOWING = {
    "Write in capital letters only": ("GRASS", "Grass", "HAY", "grass"),
    "Use no commas": ("grass and hay", "grass, hay", "a, b", "grass"),
    "End with the word done": ("grass done", "done grass", "hay done", "hay"),
    "Write in lower case letters only": ("grass", "Grass", "hay", "HAY"),
    "Use no full stops": ("grass", "grass.", "hay", "hay."),
    "End with a question mark": ("grass?", "grass", "hay?", "hay"),
}
WRONG = "return len(response) > 1000"
VERIFIERS = 3


def verifier(instruction: str, draw: int) -> str:
    """Draws 0 and 1 are right (1 with what models get wrong in JSON), 2 is wrong."""
    body = WRONG if draw == 2 else RIGHT[instruction]
    cases = [{"input": text, "output": truth} for text, truth in CASES[instruction]]
    if draw == 1:
        cases = [{"input": text, "output": str(truth)} for text, truth in CASES[instruction]]
    reply = json.dumps({"func": f"def evaluate(response):\n    {body}\n# {draw}", "cases": cases})
    return f"Here it is:\n```json\n{reply}\n```\n"


def replies() -> dict[str, str]:
    """Every reply by the id of its draw; instruction `End with the word done` is put into words wrongly."""
    found: dict[str, str] = {}
    for at, text in enumerate(MADE):
        # The second line says a seed once more, in other clothes.
        found[f"autoif/seed/{at}#0"] = f"Sure:\n- {text}\n- {SEEDS[at].upper()}.\n"
    for at, text in enumerate((*SEEDS, *MADE)):
        for draw in range(VERIFIERS):
            found[f"autoif/{at}/verifier#{draw}"] = verifier(text, draw)
        for function in range(VERIFIERS):
            said = "Do not use the word done at the end" if text == "End with the word done" else text
            found[f"autoif/{at}/back#{function}"] = f"- {said}."
            found[f"autoif/{at}/nli#{function}"] = "Contradiction." if said != text else "It is an entailment."
        for query in range(len(QUERIES)):
            for draw, response in enumerate(FOLLOWING[text]):
                found[f"autoif/{at}/query/{query}#{draw}"] = f"\n{response} "
                found[f"autoif/{at}/query/{query}/quality#{draw}"] = f"Fine.\n\nScore: {9 if draw < 2 else 7}"
    return found


def settings(folder: Path, **changes: object) -> Autoif:
    """Files of the world in a folder, and settings that use them."""
    (folder / "seeds.txt").write_text("\n".join(SEEDS) + "\n")
    (folder / "queries.jsonl").write_text("".join(json.dumps({"query": text}) + "\n" for text in QUERIES))
    lines = (json.dumps({"id": id, "text": text}) for id, text in replies().items())
    (folder / "recorded.jsonl").write_text("\n".join(lines) + "\n")
    made = Autoif(
        model="a-base",
        seeds=str(folder / "seeds.txt"),
        queries=str(folder / "queries.jsonl"),
        supervisor=Supervisor(backend=f"recorded:{folder / 'recorded.jsonl'}"),
        rewrites=2,
        verifiers=VERIFIERS,
        nli="judge",
        queries_each=2,
        responses=4,
        chat=False,
    )
    return replace(made, **changes)


def main(folder: Path) -> None:
    """All data stages of a run, to be killed: `python autoif_world.py FOLDER`, which `settings` has filled."""
    from errata.recipes import autoif
    from errata.runs import Run

    config = settings(folder)
    print("ready", flush=True)
    with Run.open(folder / "run", config, {}) as run:
        autoif.data(run, config)


if __name__ == "__main__":
    import sys

    main(Path(sys.argv[1]))
