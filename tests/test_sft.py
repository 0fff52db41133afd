import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from checkpoints import ARCHITECTURES, checkpoint, tokenizer
from errata import jsonl, models
from errata.errors import Fault, UsageError
from errata.policies import Sampling
from errata.policies.local import Local
from errata.prompts import BAD, FEEDBACK_BEGIN, FEEDBACK_END, GOOD
from errata.training import Objective, fit, launch, rows, sft
from errata.types import Demo, Message, Prompt

# peft 0.21 asks transformers 5.23 whether it checkpoints activations by the name that goes away in version 6.
pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing. is deprecated:FutureWarning")

TOY = Objective(learning_rate=1e-2, warmup_steps=0, epochs=2, batch_size=4, precision="float32")


def demo(context="", target="def f():\n    return 1\n", weight=1.0, id="d") -> Demo:
    return Demo(id=id, of=("s",), context=context, target=target, weight=weight)


def toys(many: int = 16) -> list[Demo]:
    head = (GOOD, BAD + FEEDBACK_BEGIN + "NameError" + FEEDBACK_END)
    return [demo(target=head[at % 2] + f"def f{at}():\n    return {at}\n", id=f"d{at}") for at in range(many)]


def trained(folder: Path, model: Path, examples, objective=TOY, at_once: int = 0) -> Path:
    """What the training process does, in this one: TRL takes seconds to load and is loaded once so."""
    folder.mkdir(exist_ok=True)
    jsonl.write_whole(folder / launch.EXAMPLES, (jsonl.dump(example) for example in examples))
    job = launch.Job(model=str(model), objective=objective, at_once=at_once)
    jsonl.write_whole(folder / launch.JOB, [jsonl.dump(job)])
    sft.train(folder, io.StringIO())
    return folder


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: checkpoint(tmp_path_factory.mktemp(kind), kind) for kind in ARCHITECTURES}


def test_only_the_target_and_the_end_token_bear_loss():
    words = tokenizer()
    context, target = words('"""\nadd\n"""\n').input_ids, words("def f():\n").input_ids
    made = rows.row(words, demo('"""\nadd\n"""\n', "def f():\n"), end_token=True)
    assert made.ids == (*context, *target, words.eos_token_id)
    assert made.labels == (*[-100] * len(context), *target, words.eos_token_id)


def test_without_the_end_token_and_without_a_context_all_text_bears_loss_and_nothing_else_is_there():
    words = tokenizer()
    made = rows.row(words, demo(target="def f():\n"), end_token=False)
    assert made.ids == made.labels == tuple(words("def f():\n").input_ids)


def test_a_target_is_trained_on_the_ids_that_the_sampler_would_continue_with(bases):
    policy = Local(str(bases["llama"]))
    turns = (Message(role="user", content="add"),)
    policy.tokenizer.chat_template = tokenizer(chat=True).chat_template
    for text in ("def f():\n   ", turns):
        (one,) = policy.asked([Prompt(id="t#0", task="t", text=text)], Sampling())
        made = rows.row(policy.tokenizer, demo(text, " return 1"), end_token=False)
        assert made.ids[: len(one.row.ids)] == one.row.ids
        assert set(made.labels[: len(one.row.ids)]) == {-100}


def test_an_example_that_is_too_long_is_left_out_whole_and_counted():
    kept, left_out = rows.tokenised(tokenizer(), [demo(), demo(target="x = 1\n" * 200)], end_token=True, longest=64)
    assert (len(kept), left_out) == (1, 1)
    assert kept[0] == rows.row(tokenizer(), demo(), end_token=True)


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ([], "^no example to train on: there is none$"),
        (
            [demo(target="x" * 999)],
            "^no example to train on: all 1 are empty or longer than 64 tokens, which max_length or the model sets$",
        ),
        ([demo(weight=0.5)], r"^d: has weight 0\.5; this objective trains every example alike$"),
    ],
)
def test_examples_that_cannot_be_trained_on_are_refused(examples, said):
    with pytest.raises(UsageError, match=said):
        rows.tokenised(tokenizer(), examples, end_token=True, longest=64)


def test_every_epoch_sees_every_example_once_and_only_the_last_step_is_small():
    steps = rows.order(10, epochs=3, batch_size=4, max_steps=0, shuffle=True, seed=1)
    seen = [at for step in steps for at in step]
    assert [sorted(seen[at : at + 10]) for at in (0, 10, 20)] == [list(range(10))] * 3
    assert [len(step) for step in steps] == [4] * 7 + [2]
    assert seen[:10] != seen[10:20]


def test_steps_of_like_length_hold_the_same_examples_and_differ_less_in_length():
    every = [rows.Row(ids=(0,) * (1 + 7 * at % 23), labels=(0,) * (1 + 7 * at % 23)) for at in range(50)]
    steps = rows.order(50, epochs=1, batch_size=4, max_steps=0, shuffle=True, seed=1)
    made = rows.alike(every, steps, seed=1)
    assert sorted(at for step in made for at in step) == list(range(50))
    assert [len(step) for step in made] == [4] * 12 + [2]

    def spread(steps):
        return sum(max(len(every[at].ids) for at in step) - min(len(every[at].ids) for at in step) for step in steps)

    assert spread(made) < spread(steps) / 2


def test_the_mix_puts_a_step_of_plain_text_before_each_step_on_examples(tmp_path):
    words = tokenizer()
    (tmp_path / "c.jsonl").write_text("".join(json.dumps({"text": f"x = {at}\n"}) + "\n" for at in range(40)))
    blocks = rows.packed(words, str(tmp_path / "c.jsonl"), 16, seed=0)
    examples = [[rows.row(words, demo(), end_token=True)]] * 3
    steps = rows.mixed(examples, blocks, 4)
    assert [len(step) for step in steps] == [4, 1] * 3
    assert all(len(row.ids) == 16 and row.labels == row.ids for step in steps[::2] for row in step)
    text = words.decode([token for block in blocks for token in block.ids])
    assert set(text.split("<|endoftext|>")[:-1]) <= {f"x = {at}\n" for at in range(40)}
    assert text.count("<|endoftext|>") > 30


def test_a_bad_line_of_the_mix_is_named(tmp_path):
    (tmp_path / "c.jsonl").write_text('{"text": 1}\n')
    with pytest.raises(UsageError, match=r"c\.jsonl:1: text: "):
        rows.packed(tokenizer(), str(tmp_path / "c.jsonl"), 16, seed=0)


@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_sampling_training_and_sampling_again_with_control_tokens(bases, tmp_path, kind, lora):
    base = bases[kind]
    prompt = Prompt(id="t#0", task="t", text="def f():\n")
    (sample,) = Local(str(base)).sample(Sampling(max_new_tokens=8))([prompt])
    objective = Objective(learning_rate=1e-2, warmup_steps=0, epochs=1, batch_size=4, lora=lora, precision="float32")
    made = trained(tmp_path / "model", base, [demo(target=GOOD + prompt.text + sample.text), *toys(7)], objective)

    words, model = models.load_tokenizer(made), models.load_model(made)
    (token,) = words(GOOD).input_ids
    fresh = models.load_model(base)
    models.add_control_tokens(models.load_tokenizer(base), fresh)
    assert not torch.equal(models.embedding(model)[token], models.embedding(fresh)[token])
    assert not torch.equal(model.lm_head.weight[token], fresh.lm_head.weight[token])
    assert models.embedding(model).shape[0] == max(models.embedding(models.load_model(base)).shape[0], len(words))
    if kind == "codegen":
        assert model.lm_head.bias.abs().max() > 0
    again = Local(str(made))
    steered = Prompt(id="t#1", task="t", text=GOOD + prompt.text)
    (asked,) = again.asked([steered], Sampling())
    assert asked.row.ids == (token, *words(prompt.text).input_ids)
    assert len(list(again.sample(Sampling(max_new_tokens=8))([steered]))) == 1


def test_tied_embeddings_stay_tied_under_adapters_and_the_control_tokens_are_trained(tmp_path):
    base = checkpoint(tmp_path / "base", "llama", tied=True)
    made = trained(tmp_path / "model", base, toys(), Objective(**{**vars_of(TOY), "lora": True}))
    model = models.load_model(made)
    assert model.lm_head.weight is models.embedding(model)
    good, bad = models.load_tokenizer(made).convert_tokens_to_ids([GOOD, BAD])
    assert not torch.equal(models.embedding(model)[good], models.embedding(model)[bad])


def vars_of(objective: Objective) -> dict[str, object]:
    return {name: getattr(objective, name) for name in objective.__slots__}


def test_an_adapter_beside_its_base_samples_as_the_merged_model_does(bases, tmp_path):
    merged, beside = (
        trained(
            tmp_path / name, bases["llama"], toys(), Objective(**{**vars_of(TOY), "lora": True, "lora_merge": merge})
        )
        for name, merge in (("merged", True), ("beside", False))
    )
    assert (beside / "adapter" / "adapter_config.json").is_file()
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        outputs = [models.load_model(folder)(ids).logits for folder in (merged, beside)]
    assert torch.allclose(*outputs, atol=1e-4)


def test_training_twice_with_one_seed_ends_in_equal_weights_whatever_goes_through_at_once(bases, tmp_path):
    first, second, split = (
        trained(tmp_path / name, bases["qwen2"], toys(), at_once=at_once)
        for name, at_once in (("a", 4), ("b", 4), ("c", 2))
    )
    one, two, three = (load_file(folder / "model.safetensors") for folder in (first, second, split))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert all(torch.allclose(one[name], three[name], atol=1e-3) for name in one)
    assert json.loads((split / "training.json").read_text())["at_once"] == 2


def test_the_end_token_is_trained_and_padding_with_it_does_not_enter_the_config(bases, tmp_path):
    made = trained(tmp_path / "model", bases["llama"], toys())
    assert json.loads((made / "config.json").read_text())["pad_token_id"] is None
    before, after = (models.embedding(models.load_model(folder))[0] for folder in (bases["llama"], made))
    head = [models.load_model(folder).lm_head.weight[0] for folder in (bases["llama"], made)]
    assert not torch.equal(*head)
    assert before.shape == after.shape


def test_training_goes_on_from_its_checkpoint_and_ends_as_if_never_stopped(bases, tmp_path, monkeypatch):
    from errata.training import trainer

    whole = trained(tmp_path / "whole", bases["llama"], toys())
    monkeypatch.setattr(trainer, "EVERY", -1.0)
    real = sft.say
    steps: list[int] = []

    def killed(out, **what):
        steps.append(what.get("step", 0))
        if what.get("step") == 5 and steps.count(5) == 1:
            raise KeyboardInterrupt
        real(out, **what)

    monkeypatch.setattr(sft, "say", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut", bases["llama"], toys())
    torn = tmp_path / "cut" / launch.CHECKPOINTS / "checkpoint-7"
    torn.mkdir()
    resumed = trained(tmp_path / "cut", bases["llama"], toys())
    assert min(steps[steps.index(5) + 2 :]) == 5
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(one[name], two[name]) for name in one)
    losses = [json.loads((folder / "training.json").read_text())["loss"] for folder in (whole, resumed)]
    assert losses[0] == losses[1]


def test_moments_are_handed_on_from_round_to_round(bases, tmp_path):
    kept = Objective(**{**vars_of(TOY), "keep_optimizer": True})
    first = trained(tmp_path / "first", bases["llama"], toys(), kept)
    with_moments, without = (
        trained(tmp_path / name, first, toys(), goal) for name, goal in (("with", kept), ("without", TOY))
    )
    one, two = (load_file(folder / "model.safetensors") for folder in (with_moments, without))
    assert any(not torch.equal(one[name], two[name]) for name in one)
    assert not (without / "optimizer.pt").exists()


def test_fit_lowers_the_loss_and_leaves_a_model_its_report_and_its_log(bases, tmp_path):
    heard: list[tuple[int, int, str]] = []
    objective = Objective(learning_rate=1e-2, warmup_steps=0, epochs=4, batch_size=8)
    fit(str(bases["llama"]), [*toys(15), demo(target="x" * 999)], objective)(
        tmp_path / "model", lambda *told: heard.append(told)
    )
    report = json.loads((tmp_path / "model" / "training.json").read_text())
    assert report["loss"][-1] < 0.7 * report["loss"][0]
    assert (report["examples"], report["left_out"], report["steps"]) == (15, 1, 8)
    assert [(done, of) for done, of, _ in heard][-1] == (8, 8)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
        "training.log",
    ]


def test_training_that_diverges_is_told_in_one_line_and_leaves_no_weights(bases, tmp_path):
    with pytest.raises(UsageError, match=r"training diverged: the loss of step \d of \d+ is nan at a learning rate of"):
        trained(tmp_path / "new", bases["llama"], toys(), replace(TOY, learning_rate=1e20))
    assert not list((tmp_path / "new").glob("*.safetensors"))


def test_the_training_process_ends_with_the_one_that_started_it(tmp_path):
    child = subprocess.Popen(
        [*launch.launcher(tmp_path)[:1], "-c", "from errata.training import sft; import threading, time;"
         "threading.Thread(target=sft.end_with_parent, daemon=True).start(); print('up', flush=True); time.sleep(60)"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"up\n"
    child.stdin.close()
    assert child.wait(timeout=20) == 1
    child.stdout.close()


def pretend(monkeypatch, source: str) -> None:
    """A training process that does what this source does; `job` is its job."""
    head = "import json, sys; job = json.loads(open(sys.argv[1] + '/job.jsonl').read());"
    monkeypatch.setattr(launch, "launcher", lambda folder, kind: [sys.executable, "-c", head + source, str(folder)])


def test_examples_at_once_are_halved_until_memory_holds_them(tmp_path, monkeypatch):
    tried = tmp_path / "tried"
    pretend(
        monkeypatch,
        f"now = job['at_once'] or 8; open({str(tried)!r}, 'a').write(f'{{now}} ');"
        "print(json.dumps({'at_once': now}), flush=True); sys.exit(12 if now > 2 else 0)",
    )
    fit("m", toys(), TOY)(tmp_path / "model", lambda *told: None)
    assert tried.read_text() == "8 4 2 "


def test_what_the_user_can_mend_comes_back_as_the_line_that_says_it(tmp_path, monkeypatch):
    pretend(monkeypatch, "print(json.dumps({'error': 'no model at m'})); sys.exit(2)")
    with pytest.raises(UsageError, match=r"^no model at m$"):
        fit("m", toys(), TOY)(tmp_path / "model", lambda *told: None)


def test_a_process_that_fails_is_a_fault_that_names_its_log(tmp_path, monkeypatch):
    pretend(monkeypatch, "sys.exit('it broke')")
    with pytest.raises(Fault, match=r"^training failed: it broke \(see .*training\.log\)$"):
        fit("m", toys(), TOY)(tmp_path / "model", lambda *told: None)


def test_settings_of_training_that_make_no_sense_are_refused_by_name():
    with pytest.raises(UsageError, match=r"^batch_size must be above 0, not 0$"):
        Objective(batch_size=0)
