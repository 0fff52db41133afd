"""AutoIF where the model is its own supervisor: one process of its own writes verifiers, answers, scores and learns.

A model that can do this is far larger than what a test can hold. So a tiny one is first made to know by heart what a
supervisor would say of one instruction; everything behind it is the real thing, with no reply recorded anywhere.
"""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from checkpoints import tokenizer
from errata import jsonl
from errata.evaluation.measure import Measuring
from errata.policies import Sampling
from errata.prompts import posed
from errata.recipes import autoif, autoif_prompts
from errata.recipes.autoif_settings import Autoif, Supervisor
from errata.runs import Run
from errata.training import Objective, Preference, launch, sft
from errata.types import Demo, Functions, Pair, Task, Verdict

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing. is deprecated:FutureWarning"),
]
INSTRUCTION, QUERIES = "Use capitals.", ("Name one.", "Name it.")
FUNCTION = "def evaluate(response):\n    return response.isupper()"
CASES = [{"input": "A", "output": True}, {"input": "a", "output": False}]
ANSWERS = ("RED", "red")


def known() -> list[Demo]:
    """What is learnt by heart: prompt and reply."""
    first, *_ = FUNCTION.split("\n\n")
    said = [
        (autoif_prompts.verifying(INSTRUCTION, chat=False), json.dumps({"func": FUNCTION, "cases": CASES})),
        (autoif_prompts.translating(first, chat=False), INSTRUCTION),
        (autoif_prompts.relating(INSTRUCTION, INSTRUCTION, chat=False), "entailment"),
    ]
    for query in QUERIES:
        for answer in ANSWERS:
            said.append((autoif_prompts.answering(INSTRUCTION, query, "", chat=False), answer))
            said.append((posed(autoif_prompts.joined(INSTRUCTION, query, first=True)), answer))
            said.append((autoif_prompts.scoring(INSTRUCTION, query, answer, 1, chat=False), "Score: 9"))
    return [Demo(id=str(at), of=(), context=asked, target=reply) for at, (asked, reply) in enumerate(said)]


@pytest.fixture
def short(monkeypatch):
    """The same questions in few words, which a tiny model can read."""
    forms = {
        "VERIFIER": "V: {instruction}",
        "BACK": "B: {function}",
        "RELATION": "R: {first} {second}",
        "ANSWER": "A: {instruction} {query}",
        "QUALITY": "Q: {query} {response}",
    }
    for name, text in forms.items():
        monkeypatch.setattr(autoif_prompts, name, text)


@pytest.fixture
def taught(tmp_path: Path, short) -> Path:
    folder, base = tmp_path / "taught", tmp_path / "base"
    folder.mkdir()
    words = tokenizer()
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, bos_token_id=None, eos_token_id=0,
        )
    ).save_pretrained(base)  # fmt: skip
    words.save_pretrained(base)
    objective = Objective(
        learning_rate=2e-3, warmup_steps=20, schedule="linear", epochs=700, batch_size=len(known()), precision="float32"
    )
    jsonl.write_whole(folder / launch.EXAMPLES, (jsonl.dump(demo) for demo in known()))
    jsonl.write_whole(folder / launch.JOB, [jsonl.dump(launch.Job(model=str(base), objective=objective))])
    sft.train(folder, io.StringIO())
    return folder


def test_a_model_that_is_its_own_supervisor_goes_all_the_way_to_online_dpo(tmp_path, taught):
    (tmp_path / "seeds.txt").write_text(INSTRUCTION + "\n")
    (tmp_path / "queries.txt").write_text("\n".join(QUERIES) + "\n")
    task = Task(id="held/0", instruction="Name. Use capitals.", check=Functions(functions=(FUNCTION,)))
    (tmp_path / "held.jsonl").write_text(jsonl.dump(task) + "\n")
    small = Objective(learning_rate=1e-4, warmup_steps=0, epochs=1, batch_size=4, precision="float32")
    config = Autoif(
        model=str(taught),
        seeds=str(tmp_path / "seeds.txt"),
        queries=str(tmp_path / "queries.txt"),
        held_out=str(tmp_path / "held.jsonl"),
        rewriting="none",
        verifiers=1,
        nli="judge",
        queries_each=2,
        responses=8,
        chat=False,
        supervisor=Supervisor(
            chat=False,
            writing=Sampling(temperature=0.0, max_new_tokens=256),
            answering=Sampling(temperature=1.0, max_new_tokens=16),
        ),
        objective=small,
        rounds=1,
        draws=8,
        sampling=Sampling(temperature=1.0, max_new_tokens=16),
        preference=Preference(objective=small),
        measuring=Measuring(draws=2, temperature=0.0, max_new_tokens=16, ks=(1,)),
    )
    with Run.open(tmp_path / "run", config, autoif.identity(config)) as run:
        model = autoif.autoif(config, run)
    assert model == str(tmp_path / "run" / "online" / "00" / "model")
    verdicts = jsonl.read(tmp_path / "run" / "online" / "00" / "verdict.jsonl", Verdict)
    assert {verdict.passed for verdict in verdicts} >= {True, False}
    for folder in ("dpo", "online/00"):
        for pair in jsonl.read(tmp_path / "run" / folder / "example.jsonl", Pair):
            assert pair.chosen.isupper()
            assert not pair.rejected.isupper()
    again = replace(config, rounds=2)
    with Run.open(tmp_path / "run", again, autoif.identity(again)) as run:
        assert autoif.autoif(again, run) == str(tmp_path / "run" / "online" / "01" / "model")
