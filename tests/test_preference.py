"""Training on pairs: the tokens, the loss against one computed by hand, resuming, and what is never trained on."""

import io
import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from checkpoints import checkpoint, tokenizer
from errata import jsonl, models
from errata.errors import UsageError
from errata.policies import Sampling
from errata.policies.local import Local
from errata.training import Objective, Preference, fit_pairs, launch, preference, rows
from errata.types import Demo, Message, Pair, Prompt

pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing. is deprecated:FutureWarning")

STEP = Objective(learning_rate=1e-2, warmup_steps=0, schedule="constant", epochs=1, batch_size=4, precision="float32")
TOY = Preference(beta=0.5, objective=STEP)


def pair(context="def f():\n", chosen="    return 1\n", rejected="    pass\n", id="p") -> Pair:
    return Pair(id=id, of=("s", "t"), context=context, chosen=chosen, rejected=rejected)


def toys(many: int = 8) -> list[Pair]:
    return [pair(f"def f{at}():\n", f"    return {at}\n", "    pass\n" * (1 + at % 3), f"p{at}") for at in range(many)]


def with_(goal: Preference = TOY, **changed: object) -> Preference:
    settings = {name: getattr(STEP, name) for name in STEP.__slots__}
    shaped = {name: changed.pop(name) for name in list(changed) if name in settings}
    whole = {name: getattr(goal, name) for name in ("beta", "loss", "nll")}
    return Preference(**{**whole, **changed, "objective": Objective(**{**settings, **shaped})})


def trained(folder: Path, model: Path, pairs, goal: Preference = TOY, at_once: int = 0) -> Path:
    """What the training process does, in this one."""
    folder.mkdir(exist_ok=True)
    jsonl.write_whole(folder / launch.EXAMPLES, (jsonl.dump(one) for one in pairs))
    job = launch.Job(model=str(model), objective=goal.objective, preference=goal, at_once=at_once)
    jsonl.write_whole(folder / launch.JOB, [jsonl.dump(job)])
    preference.train(folder, io.StringIO())
    return folder


def report(folder: Path) -> dict:
    return json.loads((folder / "training.json").read_text())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("base"), "llama")


def logp(model, context, reply) -> torch.Tensor:
    """The log-probability of a reply's tokens behind a context, the plain way."""
    ids = torch.tensor([[*context, *reply]])
    scores = model(ids).logits[0, len(context) - 1 : -1].log_softmax(-1)
    return scores.gather(1, torch.tensor(reply)[:, None]).sum()


def by_hand(model, reference, pairs, goal: Preference) -> torch.Tensor:
    """Rafailov et al. 2023, equation 7, and RPO's term: the mean negative log-likelihood of the chosen tokens."""
    words, total, likely, tokens = models.load_tokenizer(reference.name_or_path), 0.0, 0.0, 0
    for one in pairs:
        context = words(one.context).input_ids
        chosen, rejected = ([*words(text).input_ids, words.eos_token_id] for text in (one.chosen, one.rejected))
        with torch.no_grad():
            before = logp(reference, context, chosen) - logp(reference, context, rejected)
        mine = logp(model, context, chosen)
        margin = goal.beta * (mine - logp(model, context, rejected) - before)
        total, likely, tokens = total - torch.nn.functional.logsigmoid(margin), likely - mine, tokens + len(chosen)
    return total / len(pairs) + goal.nll * likely / tokens


@pytest.mark.parametrize("nll", [0.0, 0.2])
def test_one_step_moves_the_weights_as_the_loss_that_is_written_out_by_hand(base, tmp_path, nll):
    goal = with_(nll=nll, batch_size=8)
    made = load_file(trained(tmp_path / "model", base, toys(), goal) / "model.safetensors")
    model, reference = models.load_model(base), models.load_model(base)
    grouped = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": STEP.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(grouped, lr=STEP.learning_rate, betas=STEP.betas)
    by_hand(model, reference, toys(), goal).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    state = model.state_dict()
    before = reference.state_dict()
    assert all(torch.allclose(made[name], state[name], atol=2e-4) for name in made)
    assert sum(float((made[name] - before[name]).abs().mean()) > 1e-3 for name in made) > len(made) / 2


def test_the_loss_begins_at_log_two_and_is_later_the_one_computed_by_hand(base, tmp_path):
    first, second = toys()[:4], toys()[4:]
    goal = with_(shuffle=False)
    after_one = trained(tmp_path / "one", base, first, goal)
    told = report(trained(tmp_path / "two", base, toys(), goal))
    assert told["loss"][0] == pytest.approx(math.log(2), abs=1e-4)
    with torch.no_grad():
        wanted = by_hand(models.load_model(after_one), models.load_model(base), second, goal)
    assert told["loss"][1] == pytest.approx(float(wanted), abs=1e-3)
    assert abs(told["loss"][1] - math.log(2)) > 0.01


def test_a_pair_has_the_context_that_the_sampler_puts_and_replies_as_demonstrations_have_them(base):
    policy = Local(str(base))
    policy.tokenizer.chat_template = tokenizer(chat=True).chat_template
    for text in ("def f():\n   ", (Message(role="user", content="add"),)):
        (asked,) = policy.asked([Prompt(id="t#0", task="t", text=text)], Sampling())
        one = pair(text, " return 1", "  pass")
        made = preference.pair_row(policy.tokenizer, one, end_token=True)
        assert made.context == asked.row.ids
        for ids, reply in ((made.chosen, one.chosen), (made.rejected, one.rejected)):
            demo = Demo(id="d", of=(), context=text, target=reply)
            assert (*made.context, *ids) == rows.row(policy.tokenizer, demo, end_token=True).ids
            assert ids[-1] == policy.tokenizer.eos_token_id


def test_no_token_spans_the_seam_where_the_tokenizer_would_make_one():
    words = tokenizer()
    joined = words("    return 1\n").input_ids
    made = preference.pair_row(words, pair("    re", "turn 1\n"), end_token=False)
    assert [*made.context, *made.chosen] != joined
    assert words.decode([*made.context, *made.chosen]) == "    return 1\n"


def test_the_trainer_is_given_these_very_tokens(base, tmp_path, monkeypatch):
    from errata.training import dpo

    seen: list[dict] = []
    real = dpo.Trainer.compute_loss

    def watched(self, model, inputs, *args, **kwargs):
        seen.append({name: tensor.clone() for name, tensor in inputs.items()})
        return real(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(dpo.Trainer, "compute_loss", watched)
    one = pair("def f():\n   ", " return 1\n", "  pass\n")
    trained(tmp_path / "model", base, [one], with_(batch_size=1))
    made = preference.pair_row(models.load_tokenizer(base), one, end_token=True)
    (inputs,) = seen
    for at, reply in enumerate((made.chosen, made.rejected)):
        there = inputs["attention_mask"][at].bool()
        assert inputs["input_ids"][at][there].tolist() == [*made.context, *reply]
        assert inputs["completion_mask"][at][there].tolist() == [0] * len(made.context) + [1] * len(reply)


def test_pairs_that_are_too_long_are_left_out_whole_and_ties_are_never_trained_on(base, tmp_path):
    odd = [pair(chosen="x = 1\n" * 200, id="long"), pair(rejected="    return 1\n", id="tie")]
    told = report(trained(tmp_path / "model", base, [*toys(), *odd]))
    assert (told["examples"], told["left_out"], told["ties"]) == (8, 1, 1)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "^no pair to train on: there is none$"),
        (
            [pair(chosen="x" * 999), pair(rejected="    return 1\n")],
            "^no pair to train on: 1 are longer than 64 tokens, 1 are ties$",
        ),
    ],
)
def test_nothing_to_train_on_is_said(pairs, said):
    with pytest.raises(UsageError, match=said):
        preference.tokenised(tokenizer(), pairs, end_token=True, longest=64)


def test_training_goes_on_from_its_checkpoint_and_ends_as_if_never_stopped(base, tmp_path, monkeypatch):
    from errata.training import sft, trainer

    goal = with_(epochs=3)
    whole = trained(tmp_path / "whole", base, toys(), goal)
    monkeypatch.setattr(trainer, "EVERY", -1.0)
    real = sft.say
    steps: list[int] = []

    def killed(out, **what):
        steps.append(what.get("step", 0))
        if what.get("step") == 4 and steps.count(4) == 1:
            raise KeyboardInterrupt
        real(out, **what)

    monkeypatch.setattr(sft, "say", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut", base, toys(), goal)
    resumed = trained(tmp_path / "cut", base, toys(), goal)
    assert min(steps[steps.index(4) + 2 :]) == 4
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert report(whole)["loss"] == report(resumed)["loss"]


def test_what_goes_through_at_once_does_not_change_the_weights(base, tmp_path):
    whole, split = (trained(tmp_path / str(many), base, toys(), TOY, at_once=many) for many in (4, 2))
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, split))
    assert report(split)["at_once"] == 2
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)


def test_adapters_are_merged_and_their_reference_is_the_model_without_them(base, tmp_path):
    made = trained(tmp_path / "model", base, toys(), with_(lora=True, epochs=2))
    told = report(made)
    assert told["loss"][0] == pytest.approx(math.log(2), abs=1e-4)
    assert told["loss"][-1] < told["loss"][0]
    before, after = (load_file(folder / "model.safetensors") for folder in (base, made))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_preferences_are_learnt_in_a_process_of_its_own_that_leaves_a_model_and_its_report(base, tmp_path):
    heard: list[tuple[int, int, str]] = []
    goal = with_(epochs=6)
    fit_pairs(str(base), toys(), goal)(tmp_path / "model", lambda *told: heard.append(told))
    told = report(tmp_path / "model")
    assert told["accuracy"][-1] == 1.0
    assert told["margin"][-1] > told["margin"][0]
    assert heard[-1][:2] == (12, 12)
    assert not (tmp_path / "model" / launch.EXAMPLES).exists()
    assert models.load_model(tmp_path / "model").config.pad_token_id is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"beta": 0.0}, "^beta must be above 0, not 0.0$"),
        ({"nll": -1.0}, "^nll must be 0 or more, not -1.0$"),
        ({"objective": Objective(pretrain_mix="primer")}, "^pretrain_mix and keep_optimizer are of"),
    ],
)
def test_settings_of_preference_that_make_no_sense_are_refused_by_name(settings, said):
    with pytest.raises(UsageError, match=said):
        Preference(**settings)
