import random
from collections import Counter
from pathlib import Path

import pytest
import torch

from checkpoints import ARCHITECTURES, checkpoint
from errata.errors import UsageError
from errata.models import add_control_tokens, load_model, load_tokenizer
from errata.policies import Sampling, local, seed_of, serve
from errata.policies.decoding import Batch, Row, generated, shelves
from errata.policies.local import Local
from errata.policies.noise import choose, narrowed
from errata.prompts import CONTROL_TOKENS, FEEDBACK_BEGIN
from errata.types import Message, Prompt

PROMPTS = (
    "def add(a, b):\n",
    "for x",
    '"""\nWrite a function to add two numbers.\n"""\n',
    "return total(items) + 1\n    out",
)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: checkpoint(tmp_path_factory.mktemp(kind), kind) for kind in ARCHITECTURES}


def asked(texts=PROMPTS, draws: int = 1) -> list[Prompt]:
    return [Prompt(id=f"t/{i}#{k}", task=f"t/{i}", text=text) for i, text in enumerate(texts) for k in range(draws)]


def greedy_by_generate(folder: Path, text: str, most: int) -> str:
    tokenizer, model = load_tokenizer(folder), load_model(folder, precision="float32")
    rows = model.get_output_embeddings().weight.shape[0]
    ids = tokenizer(text, return_tensors="pt").input_ids
    padded = list(range(len(tokenizer), rows)) or None
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=most,
        suppress_tokens=padded,
        pad_token_id=0,
    )
    return tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.fixture(scope="session")
def policies(folders) -> dict[str, Local]:
    return {kind: Local(str(folder), precision="float32") for kind, folder in folders.items()}


def replies(policy: Local, sampling: Sampling, prompts: list[Prompt]) -> dict[str, str]:
    return {sample.id: sample.text for sample in policy.sample(sampling)(prompts)}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_greedy_replies_in_a_padded_batch_are_those_of_generate_one_by_one(folders, policies, kind):
    made = replies(policies[kind], Sampling(temperature=0, max_new_tokens=24), asked())
    assert made == {one.id: greedy_by_generate(folders[kind], one.text, 24) for one in asked()}
    assert len(set(made.values())) > 1


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_a_draw_is_the_same_in_any_order_and_any_batch(policies, kind, monkeypatch):
    policy, prompts, sampling = policies[kind], asked(draws=5), Sampling(max_new_tokens=20)
    together = replies(policy, sampling, prompts)
    monkeypatch.setattr(policy, "batch_size", 3)
    random.Random(0).shuffle(prompts)
    assert replies(policy, sampling, prompts) == together
    assert replies(policy, sampling, prompts[7:8]).items() <= together.items()
    assert len(set(together.values())) > 15


def test_another_seed_is_another_set_of_draws(policies):
    first, second = (replies(policies["llama"], Sampling(max_new_tokens=12, seed=seed), asked()) for seed in (0, 1))
    assert all(first[id] != second[id] for id in first)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_way_through_generate_makes_the_same_replies(policies, kind):
    policy, sampling = policies[kind], Sampling(max_new_tokens=16, stop=("e",))
    rows = [one.row for one in policy.asked(asked(draws=2), sampling)]
    ends = policy.ends(sampling)
    own = {
        reply.row: policy.text(rows[reply.row].ids, reply.ids)
        for reply in Batch(policy.model, shelves(policy.model), rows, sampling, ends).run()
    }
    slow = {
        reply.row: policy.text(rows[reply.row].ids, reply.ids)
        for reply in generated(policy.model, rows, sampling, ends)
    }
    assert {row: text.split("e")[0] for row, text in own.items()} == {
        row: text.split("e")[0] for row, text in slow.items()
    }


def test_draws_at_temperature_one_have_the_frequencies_of_the_softmax():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -4.0])
    many = 40_000
    seeds = torch.tensor([seed_of(Sampling(), f"t#{draw}") for draw in range(many)])
    drawn = choose(logits.expand(many, -1), Sampling(), seeds, 3)
    expected = logits.softmax(-1) * many
    seen = torch.bincount(drawn, minlength=5)
    statistic = ((seen - expected) ** 2 / expected).sum()
    assert statistic < 18.5  # chi-square with 4 degrees of freedom exceeds this once in a thousand times


def test_noise_of_two_positions_is_not_the_same():
    seeds = torch.tensor([seed_of(Sampling(), f"t#{draw}") for draw in range(1000)])
    flat = torch.zeros(1000, 50)
    same = (choose(flat, Sampling(), seeds, 0) == choose(flat, Sampling(), seeds, 1)).sum()
    assert same < 50


def test_top_k_and_top_p_leave_only_the_likeliest():
    scores = torch.tensor([[0.1, 0.5, 0.25, 0.15]]).log()
    assert narrowed(scores, Sampling(top_k=2)).isfinite().tolist() == [[False, True, True, False]]
    assert narrowed(scores, Sampling(top_p=0.7)).isfinite().tolist() == [[False, True, True, False]]
    assert narrowed(scores, Sampling(top_p=0.4)).isfinite().tolist() == [[False, True, False, False]]


def test_a_reply_ends_before_the_first_stop_string(policies):
    free = replies(policies["qwen2"], Sampling(max_new_tokens=30), asked(draws=3))
    stop = Counter("".join(free.values())).most_common(1)[0][0]
    made = list(policies["qwen2"].sample(Sampling(max_new_tokens=30, stop=(stop,)))(asked(draws=3)))
    assert {one.id: one.text for one in made} == {id: text.split(stop)[0] for id, text in free.items()}
    assert {one.finish for one in made if stop in free[one.id]} == {"stop"}


def test_the_end_token_ends_a_reply_and_is_not_in_it(folders):
    policy = Local(str(folders["codegen"]), precision="float32")
    with torch.no_grad():
        policy.model.lm_head.bias[0] += 50
    made = list(policy.sample(Sampling(max_new_tokens=20))(asked(draws=2)))
    assert {(one.text, one.finish) for one in made} == {("", "stop")}


def test_words_about_a_program_end_the_reply_of_a_model_that_learnt_to_write_them_behind_it(folders, tmp_path):
    words, model = load_tokenizer(folders["codegen"]), load_model(folders["codegen"], precision="float32")
    ids = dict(zip(CONTROL_TOKENS, add_control_tokens(words, model), strict=True))
    with torch.no_grad():
        model.lm_head.bias[ids[FEEDBACK_BEGIN]] += 50
    for part in (words, model):
        part.save_pretrained(tmp_path)
    made = list(Local(str(tmp_path), precision="float32").sample(Sampling(max_new_tokens=20))(asked(draws=2)))
    assert {(one.text, one.finish) for one in made} == {("", "stop")}
    assert load_model(tmp_path).generation_config.eos_token_id == [words.eos_token_id, ids[FEEDBACK_BEGIN]]


def test_a_reply_is_cut_off_where_the_model_has_no_more_positions(policies):
    prompt = Prompt(id="t#0", task="t", text="\t\x01" * 125)
    (sample,) = policies["llama"].sample(Sampling(max_new_tokens=50, temperature=5.0))([prompt])
    assert sample.finish == "length"
    assert policies["llama"].speed.tokens > 0
    (row,) = (one.row for one in policies["llama"].asked([prompt], Sampling(max_new_tokens=50)))
    assert row.limit == 256 - len(row.ids) == 6


def test_a_prompt_that_is_too_long_is_refused_by_name_and_never_cut(policies):
    with pytest.raises(UsageError, match=r"^mbpp/11#3: the prompt has 300 tokens, and .* takes 256 with the reply$"):
        list(policies["llama"].sample(Sampling())([Prompt(id="mbpp/11#3", task="mbpp/11", text="\t\x01" * 150)]))


def test_rows_of_the_vocabulary_that_no_text_has_are_never_drawn(policies):
    policy = policies["codegen"]
    ends = policy.ends(Sampling(temperature=50.0, max_new_tokens=40))
    rows = [Row(ids=(5,), seed=seed, limit=40) for seed in range(50)]
    drawn = {
        token
        for reply in Batch(policy.model, shelves(policy.model), rows, Sampling(temperature=50.0), ends).run()
        for token in reply.ids
    }
    assert max(drawn) < policy.known < policy.model.lm_head.out_features
    assert len(drawn) > policy.known / 2


def test_a_batch_that_memory_does_not_hold_is_halved_and_nothing_is_asked_twice(policies, monkeypatch):
    sizes: list[int] = []

    def tight(model, rows, sampling, ends):
        sizes.append(len(rows))
        for at, reply in enumerate(decode(model, rows, sampling, ends)):
            if len(rows) > 3 and at == 1:
                raise torch.OutOfMemoryError("out of memory")
            yield reply

    decode = local.decode
    whole = replies(policies["llama"], Sampling(max_new_tokens=10), asked(draws=4))
    monkeypatch.setattr(local, "decode", tight)
    monkeypatch.setattr(policies["llama"], "batch_size", 8)
    made = [sample.id for sample in policies["llama"].sample(Sampling(max_new_tokens=10))(asked(draws=4))]
    assert sorted(made) == sorted(whole)
    assert max(sizes[-3:]) < 8


def test_a_chat_model_is_asked_through_its_template(tmp_path):
    policy = Local(str(checkpoint(tmp_path, "qwen2", chat=True)), precision="float32")
    turns = (Message(role="user", content="add"),)
    (one,) = policy.asked([Prompt(id="t#0", task="t", text=turns)], Sampling())
    assert policy.tokenizer.decode(one.row.ids) == "<user>add\n<assistant>"
    (sample,) = policy.sample(Sampling(max_new_tokens=4))([Prompt(id="t#0", task="t", text=turns)])
    assert sample.prompt == turns


def test_an_unknown_backend_is_refused_with_those_there_are():
    with (
        pytest.raises(UsageError, match=r"^no backend 'vllm': there are local, server:URL and recorded:FILE$"),
        serve("m", "vllm"),
    ):
        pass


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"stop": ("",)}, "stop"),
    ],
)
def test_settings_of_sampling_that_make_no_sense_are_refused_by_name(wrong, said):
    with pytest.raises(UsageError, match=f"^{said} "):
        Sampling(**wrong)
