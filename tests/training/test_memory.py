"""The memory estimate, held to real models; the distributed configurations, read by the library that takes them."""

from __future__ import annotations

import os

import pytest
import torch

import cmtmed
from cmtmed.training.memory import estimate
from cmtmed.training.memory.estimate import LLAMA_7B, LLAMA_13B, ModelShape
from cmtmed.training.memory.table import render_table

TINY = ModelShape(layers=2, hidden=64, heads=4, key_values=2, feed_forward=176, vocabulary=320)
CONFIGS = sorted(path.name for path in cmtmed.bundled("trainers/distributed").glob("*.yaml"))
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def make_config(shape, **fields):
    from transformers import LlamaConfig

    return LlamaConfig(
        num_hidden_layers=shape.layers, hidden_size=shape.hidden, num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_values, intermediate_size=shape.feed_forward, vocab_size=shape.vocabulary, **fields,
    )  # fmt: skip


@pytest.mark.parametrize("shape", [LLAMA_7B, LLAMA_13B, TINY, LLAMA_7B._replace(key_values=8)])
def test_parameters_are_those_of_the_real_model(shape):
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM, LlamaForSequenceClassification

    with torch.device("meta"):
        model = LlamaForCausalLM(make_config(shape))
        scorer = LlamaForSequenceClassification(make_config(shape, num_labels=1))
    assert estimate.count_parameters(shape) == sum(parameter.numel() for parameter in model.parameters())
    assert estimate.count_parameters(shape, scalar=True) == sum(parameter.numel() for parameter in scorer.parameters())
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    assert estimate.count_lora_parameters(shape, 8) == sum(
        parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad
    )


def test_states_are_those_of_a_real_step():
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM(make_config(TINY))
    optimizer = torch.optim.AdamW(model.parameters())
    model(input_ids=torch.arange(8)[None], labels=torch.arange(8)[None]).loss.backward()
    optimizer.step()

    def measure_bytes(tensors):
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    moments = [value for state in optimizer.state.values() for name, value in state.items() if name != "step"]
    state_bytes = estimate.estimate_states(estimate.count_parameters(TINY), 0, "fsdp", 1)
    assert state_bytes == (
        measure_bytes(model.parameters()),
        measure_bytes(parameter.grad for parameter in model.parameters()),
        measure_bytes(moments),
    )


@pytest.mark.parametrize("shape", [TINY, TINY._replace(key_values=4, feed_forward=128)])
def test_activations_of_a_layer_are_those_that_autograd_keeps(shape):
    from transformers import LlamaModel

    rows, length = 2, 96

    def measure_kept_bytes(layers):
        model = (
            LlamaModel(make_config(shape._replace(layers=layers), attn_implementation="sdpa"))
            .to(torch.bfloat16)
            .train()
        )
        parameter_storages = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        kept_bytes = {}

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in parameter_storages:
                kept_bytes[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            out = model(input_ids=torch.zeros(rows, length, dtype=torch.long), use_cache=False).last_hidden_state
        assert out.requires_grad
        return sum(kept_bytes.values())

    assert (measure_kept_bytes(3) - measure_kept_bytes(1)) / 2 / (rows * length) == pytest.approx(
        estimate.estimate_layer_activations(shape), rel=0.01
    )


def test_sharding_divides_what_zero_says():
    unsharded = estimate.estimate_states(1000, 0, "zero2", 1)
    assert unsharded == estimate.estimate_states(1000, 0, "zero3", 1) == (2000, 2000, 12000)
    assert estimate.estimate_states(1000, 0, "zero2", 8) == (2000, 250, 1500)
    assert estimate.estimate_states(1000, 0, "zero3", 8) == (250, 250, 1500)
    assert sum(estimate.estimate_states(1000, 0, "fsdp", 8)) == sum(estimate.estimate_states(1000, 0, "zero3", 8))
    # Rajbhandari et al. 2020, figure 1: 7.5 billion weights on 64 GPUs.
    gigabytes = [sum(estimate.estimate_states(7_500_000_000, 0, engine, 64)) / 1e9 for engine in ("zero2", "zero3")]
    assert gigabytes == [pytest.approx(16.6, abs=0.05), pytest.approx(1.9, abs=0.05)]


def test_more_gpus_checkpointing_and_adapters_take_less():
    def estimate_total(**changes):
        options = {"engine": "zero3", "gpus": 8, "tokens": 8192, "rank": 32, "checkpointing": True, **changes}
        return estimate.estimate_supervised(LLAMA_7B, **options).total

    assert (
        estimate_total(gpus=32)
        < estimate_total()
        < estimate_total(rank=None)
        < estimate_total(rank=None, checkpointing=False)
    )
    adapter_total = estimate.estimate_ppo(LLAMA_7B, rank=32, reward="adapter").total
    assert (
        adapter_total
        < estimate.estimate_ppo(LLAMA_7B, rank=32, reward="model").total
        < estimate.estimate_ppo(LLAMA_7B, rank=None, reward="model").total
    )


def test_the_table_has_every_stage_and_engine():
    lines = render_table().splitlines()
    for stage, count in (("| pretrain, sft |", 6), ("| reward |", 6), ("| ppo |", 4)):
        assert sum(line.startswith(stage) for line in lines) == count
    widths = {line.count("|") for line in lines if line.startswith("|")}
    assert widths == {8}


# --- configurations --------------------------------------------------------------------------------------------


def build_environment(name):
    """Return what accelerate's own launcher makes of a file."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    nodes = ["--machine_rank", "1", "--main_process_ip", "10.0.0.1", "--main_process_port", "29500"]
    path = str(cmtmed.bundled(f"trainers/distributed/{name}"))
    words = ["--config_file", path, *(nodes if "4x8" in name else []), "sft.py", "--config", "my.yaml"]
    args, defaults, _ = _validate_launch_command(launch_command_parser().parse_args(words))
    if not args.use_deepspeed:
        return args, prepare_multi_gpu_env(args)
    args.deepspeed_fields_from_accelerate_config = ",".join([*defaults.deepspeed_config, "mixed_precision"])
    return args, prepare_deepspeed_cmd_env(args)[1]


def test_all_configurations_are_there():
    assert (
        sorted(f"{engine}_{size}.yaml" for engine in ("fsdp", "zero2", "zero3") for size in ("1x8", "4x8")) == CONFIGS
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_accelerate_takes_the_configuration(name, monkeypatch):
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin

    path = cmtmed.bundled(f"trainers/distributed/{name}")
    launch_config = load_config_from_file(str(path))
    gpus = {"1x8": 8, "4x8": 32}[name[-8:-5]]
    assert (launch_config.num_processes, launch_config.num_machines, launch_config.mixed_precision) == (
        gpus,
        gpus // 8,
        "bf16",
    )
    args, variables = build_environment(name)
    assert args.machine_rank == (1 if gpus == 32 else 0)
    for key, value in variables.items():
        monkeypatch.setitem(os.environ, key, value)
    if name.startswith("fsdp"):
        plugin = FullyShardedDataParallelPlugin()
        assert plugin.fsdp_version == 2
        assert plugin.reshard_after_forward is True
        assert not plugin.activation_checkpointing
        assert type(plugin.cpu_offload).__name__ == "OffloadPolicy"  # the one that leaves all where it is
    else:
        content = DeepSpeedPlugin().deepspeed_config
        stage = int(name[4])
        assert content["zero_optimization"]["stage"] == stage
        assert content["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] is (stage == 3)
        assert content["gradient_accumulation_steps"] == "auto"
        assert content["train_micro_batch_size_per_gpu"] == "auto"
        zero = pytest.importorskip("deepspeed.runtime.zero.config", reason="deepspeed is not installed")
        assert zero.DeepSpeedZeroConfig(**content["zero_optimization"]).stage == stage


@pytest.mark.parametrize("name", CONFIGS)
def test_the_command_stands_in_the_file(name):
    text = cmtmed.bundled(f"trainers/distributed/{name}").read_text(encoding="utf-8")
    assert f"accelerate launch --config_file $(cmtmed path trainers/distributed/{name})" in text
    assert ("--main_process_ip" in text) == ("4x8" in name)
