"""Loading a causal language model and its tokenizer: device, dtype, the control tokens, text <-> token ids.

Below `policies` and `training`, so that what is sampled and what is trained are the same ids. Imports torch only
inside functions.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import math
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from errata.errors import UsageError
from errata.prompts import CONTROL_TOKENS, FEEDBACK_BEGIN
from errata.types import Text

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
"""`auto`: bfloat16 where the device is made for it, else float32."""

BLOCK = 1 << 20
HUB = ("HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Where one of these is set, the Hub is reached in another way than by its name."""


def patient() -> None:
    """Let torch's threads sleep while they wait, where nothing else is asked for. Before torch is loaded.

    They spin by default, which on cores that others use too (tests beside a run, two runs at once) cost a factor of 7
    to 70 in time when measured; on idle cores sleeping costs next to nothing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet() -> None:
    """Keep transformers from drawing bars and from advice; our own progress and errors say what there is to say."""
    patient()
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def device(name: str = "auto") -> torch.device:
    """The named device, or the best one here: cuda, mps, cpu."""
    patient()
    import torch

    if name != "auto":
        try:
            return torch.device(name)
        except RuntimeError as error:
            raise UsageError(f"no device {name!r}: cuda, cuda:1, mps, cpu or auto") from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def dtype(on: torch.device, precision: Precision = "auto", *, training: bool = False) -> torch.dtype:
    """The number format to compute in.

    A processor with bfloat16 products of its own trains 1.5 times as fast in it, but generates no faster: there
    the time goes into reading keys and values and into small operations, and float32 repeats better.
    """
    import torch

    match precision:
        case "float32":
            return torch.float32
        case "bfloat16":
            return torch.bfloat16
        case "float16":
            return torch.float16
        case "auto":
            good = on.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
            if training and on.type == "cpu":
                has = cast("dict[str, object]", getattr(torch.cpu, "get_capabilities", dict)())
                good = bool(has.get("avx512_bf16") or has.get("amx_bf16"))
            return torch.bfloat16 if good else torch.float32


def load_tokenizer(model: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or of a name on the Hub, padding on the left.

    Without a pad token of its own it pads with the end-of-text token; that changes nothing else, since padding is
    always masked and never bears loss, and a real end-of-text token is told from padding by the mask.
    """
    patient()
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(str(model), local_files_only=not reachable(model))
    except (OSError, ValueError) as error:
        raise missing(model) from error
    tokenizer = cast("PreTrainedTokenizerBase", loaded)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(model: str | Path, *, on: torch.device | None = None, precision: Precision = "auto") -> PreTrainedModel:
    """The causal language model of a folder or of a name on the Hub, in evaluation mode.

    Adapters that training left in the folder's `adapter` are merged in.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    on = on or device()
    try:
        here = not reachable(model)
        made = AutoModelForCausalLM.from_pretrained(str(model), dtype=dtype(on, precision), local_files_only=here)
    except (OSError, ValueError) as error:
        raise missing(model) from error
    loaded = cast("PreTrainedModel", made)
    adapter = Path(model) / "adapter"
    if (adapter / "adapter_config.json").is_file():
        from peft import PeftModel

        loaded = cast("PreTrainedModel", PeftModel.from_pretrained(loaded, str(adapter)).merge_and_unload())
    cast("torch.nn.Module", loaded).to(on)
    return loaded.eval()


def check(folder: Path) -> None:
    """Raises UsageError for a folder that is no whole model: of the weights only the tables of contents are read."""
    from safetensors import SafetensorError, safe_open
    from transformers import AutoConfig

    quiet()
    try:
        AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise missing(folder) from error
    weights = [path for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", ".bin")]
    if not weights:
        raise UsageError(f"the folder {folder} has a config.json, but no weights, such as model.safetensors")
    for path in weights:
        try:
            if path.suffix == ".safetensors":
                with safe_open(path, "pt"):
                    pass
        except SafetensorError as error:
            raise UsageError(f"{path}: no whole file of weights ({error})") from error
    none = f"the folder {folder} has weights, but no tokenizer that transformers can load"
    try:
        words = load_tokenizer(folder)
    except UsageError as error:
        raise UsageError(none) from error
    # Without its files transformers makes an empty one for some architectures (CodeGen's), which knows no letter.
    if not target_ids(words, "def f(x):\n"):
        raise UsageError(none)


def numbers(folder: Path) -> int:
    """How many numbers the weights in a folder are, from their tables of contents; 0 where these are no safetensors."""
    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as opened:
            total += sum(math.prod(opened.get_slice(name).get_shape()) for name in list(opened.keys()))
    return total


def reachable(model: str | Path) -> bool:
    """Whether a model may come from the Hub: asked first, since the Hub's client tries for most of a minute."""
    if Path(model).is_dir() or any(os.environ.get(name) for name in HUB):
        return True
    try:
        socket.getaddrinfo("huggingface.co", 443)
    except OSError:
        return False
    return True


def missing(model: str | Path) -> UsageError:
    """What to say of a model that does not load."""
    folder = Path(model)
    if (folder / "config.json").is_file():
        return UsageError(
            f"the folder {model} has a config.json, but no causal language model that transformers can load"
        )
    if folder.is_dir():
        return UsageError(f"no model at {model}: the folder has no config.json")
    if not reachable(model):
        return UsageError(
            f"no model at {model}: it is no folder, was not loaded from the Hub before, and the Hub cannot be reached"
        )
    return UsageError(f"no model at {model}: neither a folder with config.json nor a name the Hub knows")


def add_control_tokens(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel | None = None) -> list[int]:
    """Make each control token one id; the ids of all four, in the order of `CONTROL_TOKENS`.

    The embedding grows only when the tokenizer has outgrown it: CodeGen's is padded beyond its tokenizer, and cutting
    it to size would also lose the bias of its head's last rows. Rows that were never trained, new or padded, are drawn
    around the mean of the trained rows with their spread: within the cloud a new token gets about the average logit
    (Hewitt 2021, "Initializing new word embeddings for pretrained language models"), and no two are alike, since a
    model that reads good and bad as one token takes long to tell them apart. The draw is always the same.
    """
    import torch

    known = len(tokenizer)
    vocabulary = tokenizer.get_vocab()
    new = [token for token in CONTROL_TOKENS if token not in vocabulary]
    if new:
        tokenizer.add_special_tokens({"additional_special_tokens": new}, replace_extra_special_tokens=False)
    ids = cast("list[int]", tokenizer.convert_tokens_to_ids(list(CONTROL_TOKENS)))
    if model is not None:
        end_replies(model, tokenizer, ids[CONTROL_TOKENS.index(FEEDBACK_BEGIN)])
    if model is None or not new:
        return ids
    if len(tokenizer) > embedding(model).shape[0]:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    rows = torch.tensor([token for token in ids if token >= known], device=model.device)
    head = cast("torch.nn.Linear", model.get_output_embeddings())
    with torch.no_grad():
        for matrix in {id(matrix): matrix for matrix in (embedding(model), head.weight)}.values():
            trained = matrix[:known].float()
            noise = torch.randn(len(rows), trained.shape[1], generator=torch.Generator().manual_seed(0))
            matrix[rows] = (trained.mean(0) + trained.std(0) * noise.to(matrix.device)).to(matrix.dtype)
        if cast("torch.Tensor | None", head.bias) is not None:
            head.bias[rows] = head.bias[:known].float().mean().to(head.bias.dtype)
    return ids


def end_replies(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, token: int) -> None:
    """Let a token end replies too, here and wherever the saved model is asked: words about a program that stand behind
    it are no part of the program."""
    config = model.generation_config
    listed = cast("list[int] | int | None", config.eos_token_id)
    ends = listed if isinstance(listed, list) else [tokenizer.eos_token_id if listed is None else listed]
    config.eos_token_id = [*(end for end in ends if end not in (None, token)), token]


def embedding(model: PreTrainedModel) -> torch.Tensor:
    """The embedding matrix (tokens, width), padding included."""
    return cast("torch.nn.Embedding", model.get_input_embeddings()).weight


def is_chat(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the model has a chat template."""
    return bool(tokenizer.chat_template)


def context_ids(tokenizer: PreTrainedTokenizerBase, text: Text) -> list[int]:
    """The ids that a text is put to the model as: what begins a text before it, nothing that ends one after it."""
    if isinstance(text, str):
        ids = cast("list[int]", tokenizer(text)["input_ids"])
        if ids and ids[-1] == tokenizer.eos_token_id and not text.endswith(str(tokenizer.eos_token)):
            ids = ids[:-1]
        return ids
    if not is_chat(tokenizer):
        raise UsageError("these prompts are chats, and the model has no chat template; use another prompt style")
    turns = [{"role": turn.role, "content": turn.content} for turn in text]
    rendered = cast("str", tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    return cast("list[int]", tokenizer(rendered, add_special_tokens=False)["input_ids"])


def target_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The ids of a text that goes on after a context, by itself: no token spans the seam, as none does in sampling.

    Tokenizers that put a space before every text (SentencePiece) are asked for the text behind a line end, whose ids
    are then dropped, so that no space is added.
    """
    bare = cast("list[int]", tokenizer(text, add_special_tokens=False)["input_ids"])
    if not text or cast("str", tokenizer.decode(bare, clean_up_tokenization_spaces=False)) == text:
        return bare
    behind = cast("list[int]", tokenizer("\n" + text, add_special_tokens=False)["input_ids"])
    line = cast("list[int]", tokenizer("\n", add_special_tokens=False)["input_ids"])
    return behind[len(line) :] if behind[: len(line)] == line else bare


def positions(model: PreTrainedModel) -> int | None:
    """How many tokens the model can see at once, where its config says so."""
    return _positions(model.config)


def room(folder: str | Path) -> int | None:
    """The same of a model in a folder, whose weights are not loaded for it."""
    from transformers import AutoConfig

    return _positions(AutoConfig.from_pretrained(str(folder), local_files_only=True))


def _positions(config: PretrainedConfig) -> int | None:
    most = getattr(config.get_text_config(), "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None


def use_cores() -> None:
    """Compute on all cores that this process may use, unless OMP_NUM_THREADS says how many."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def free(on: torch.device) -> int:
    """Free memory of a device in bytes."""
    import torch

    if on.type == "cuda":
        return torch.cuda.mem_get_info(on)[0]
    if on.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says, in one of its ways, that memory ran out."""
    import torch

    said = str(error).lower()
    told = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in said for words in told)


def digest(folder: Path) -> str:
    """What the model in a folder is: a hash of the names, sizes and bytes of its weights, config and tokenizer, and of
    adapters that lie beside them."""
    total = hashlib.sha256()
    kinds = {".json", ".safetensors", ".bin", ".model", ".jinja", ".txt"}
    beside = (folder / "adapter").iterdir() if (folder / "adapter").is_dir() else ()
    for path in sorted(path for path in (*folder.iterdir(), *beside) if path.is_file() and path.suffix in kinds):
        if path.name == "training.json":
            continue
        total.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                total.update(block)
    return total.hexdigest()
