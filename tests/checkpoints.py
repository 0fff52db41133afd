"""Tiny randomly initialised checkpoints with a byte-level tokenizer, as folders that the real loading code loads."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

END = "<|endoftext|>"
ARCHITECTURES = ("llama", "qwen2", "codegen")
CHAT = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
CORPUS = [
    "def add(a, b):\n    return a + b\n\n\ndef total(items):\n    out = 0\n    for x in items:\n",
    "        out += x\n    return out\n",
    '"""\nWrite a function to add two numbers.\nassert add(1, 2) == 3\n"""\n',
    'Traceback (most recent call last):\n  File "<string>", line 7, in <module>\nAssertionError\n',
]


def tokenizer(size: int = 320, chat: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level BPE of at most `size` tokens whose only special token is the end of text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        CORPUS * 4,
        trainers.BpeTrainer(vocab_size=size, special_tokens=[END], initial_alphabet=alphabet, show_progress=False),
    )
    made = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, clean_up_tokenization_spaces=False)
    if chat:
        made.chat_template = CHAT
    return made


def model(architecture: str, tokens: int, seed: int = 0, tied: bool = False, positions: int = 256) -> PreTrainedModel:
    """A model of about 50 thousand parameters. CodeGen's vocabulary is padded by 32 rows and its head has a bias."""
    torch.manual_seed(seed)
    if architecture == "codegen":
        config = CodeGenConfig(
            vocab_size=tokens + 32, n_embd=32, n_layer=2, n_head=4, rotary_dim=4, n_positions=positions,
            n_ctx=positions, bos_token_id=0, eos_token_id=0, tie_word_embeddings=tied,
        )  # fmt: skip
        made = CodeGenForCausalLM(config)
        torch.nn.init.normal_(made.lm_head.bias, std=0.5)
        return made
    shape = {
        "vocab_size": tokens, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": positions,
        "bos_token_id": None, "eos_token_id": 0, "tie_word_embeddings": tied,
    }  # fmt: skip
    if architecture == "llama":
        return LlamaForCausalLM(LlamaConfig(**shape))
    return Qwen2ForCausalLM(Qwen2Config(**shape))


def checkpoint(
    folder: Path,
    architecture: str = "llama",
    *,
    seed: int = 0,
    tied: bool = False,
    chat: bool = False,
    positions: int = 256,
) -> Path:
    """A checkpoint on disk. Weights are scaled up, so that a random model has opinions and its argmax has no ties."""
    words = tokenizer(chat=chat)
    made = model(architecture, len(words), seed, tied, positions)
    with torch.no_grad():
        for weights in made.parameters():
            if weights.dim() == 2:
                weights.mul_(6.0)
    words.save_pretrained(folder)
    made.save_pretrained(folder)
    return folder
