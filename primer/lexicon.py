"""The concepts as the package ships them, for the simulated annotator: `python primer/lexicon.py` writes concepts.json.

Misconceptions are not in it: what is wrong with a program is found by comparing it with the right forms.
"""

import json
from pathlib import Path

from concept import Concept
from family import VARIABLES, families, filters, maps, reduces

FILE = Path(__file__).resolve().parent.parent / "src" / "errata" / "tasks" / "primer_data" / "concepts.json"


def entry(concept: Concept) -> dict[str, object]:
    """A concept in words and in its right form."""
    made: dict[str, object] = {"name": concept.name, "phrases": concept.phrases, "right": concept.right}
    if concept.choices:
        made["choices"] = concept.choices
    if concept.gives:
        made["gives"] = concept.gives
    return made


def lexicon() -> dict[str, object]:
    """Families with their own concepts, and the reduces by the kind of what they are given."""
    return {
        "families": {
            family.name: {
                "argument": family.argument,
                "variable": VARIABLES[family.kind],
                "noun": family.noun,
                "where": family.where,
                "source": entry(family.source),
                "filter": [entry(each) for each in filters(family.kind)],
                "map": [entry(each) for each in maps(family.kind)],
            }
            for family in families()
        },
        "reduce": {kind: [entry(each) for each in reduces(kind)] for kind in ("int", "word")},
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(lexicon(), ensure_ascii=False, indent=1) + "\n")
