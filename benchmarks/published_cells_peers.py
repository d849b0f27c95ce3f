"""Runs published code of a cell on the inputs and weights of `published_cells.py`, in an environment of its own."""

import sys
import sysconfig
import types

import numpy as np


def _without_init(code, *packages):
    """Makes packages importable without their `__init__`, which import kernels for GPUs or what else is not needed."""
    for name in packages:
        module = types.ModuleType(name)
        module.__path__ = [f"{code}/{name.replace('.', '/')}"]
        sys.modules[name] = module


def mamba(x, w):
    """The module `Mamba` of state-spaces/mamba, by its reference scan, as its kernels need a GPU."""
    import torch

    sys.modules["selective_scan_cuda"] = types.ModuleType("selective_scan_cuda")
    _without_init(sys.path[0], "mamba_ssm")
    from mamba_ssm.modules import mamba_simple
    from mamba_ssm.ops.selective_scan_interface import selective_scan_ref

    mamba_simple.selective_scan_fn = selective_scan_ref
    block = mamba_simple.Mamba(x.shape[2], use_fast_path=False)
    given = {
        "in_proj.weight": w["kernel"].T,
        "conv1d.weight": w["conv_kernel"].T[:, None],
        "conv1d.bias": w["conv_bias"],
        "x_proj.weight": w["select_kernel"].T,
        "dt_proj.weight": w["step_kernel"].T,
        "dt_proj.bias": w["step_bias"],
        "A_log": w["rate"],
        "D": w["skip"],
        "out_proj.weight": w["output_kernel"].T,
    }
    block.load_state_dict({name: torch.tensor(np.ascontiguousarray(value)) for name, value in given.items()})
    return block(x)


def rglru(x, w):
    """The module `RGLRU` of google-deepmind/recurrentgemma, with one block, behind the linear map of our layer.

    Positions begin with 1: at a position 0, a document begins there, and its first input is not scaled.
    """
    import torch

    _without_init(sys.path[0], "recurrentgemma", "recurrentgemma.torch")
    from recurrentgemma.torch import layers

    unit = layers.RGLRU(width=x.shape[2], num_heads=1)
    kernels, biases = np.split(w["gate_kernel"], 2, axis=1), np.split(w["gate_bias"], 2)
    given = {"a_param": -w["decay"]}
    for name, kernel, bias in zip(("a_gate", "input_gate"), kernels, biases, strict=True):
        given |= {f"{name}.w": kernel[None], f"{name}.b": bias[None]}
    unit.load_state_dict({name: torch.tensor(value) for name, value in given.items()})
    positions = torch.arange(1, x.shape[1] + 1).expand(x.shape[:2])
    return unit(x @ torch.tensor(w["kernel"]) + torch.tensor(w["bias"]), positions)[0]


def indrnn(x, w):
    """The module `IndRNN_onlyrecurrent` of Sunnydreamrain/IndRNN_pytorch, behind a linear map."""
    import torch
    from IndRNN_onlyrecurrent import IndRNN_onlyrecurrent

    network = IndRNN_onlyrecurrent(x.shape[2])
    network.load_state_dict({"indrnn_cell.weight_hh": torch.tensor(w["recurrent_kernel"])})
    sums = x @ torch.tensor(w["kernel"]) + torch.tensor(w["bias"])
    return network(sums.transpose(0, 1)).transpose(0, 1)


def lru(x, w):
    """The module `LRU` of NicolasZucchet/minimal-LRU, in JAX; the skip connection, there a vector, is added here."""
    import jax
    from lru.model import LRU

    units = len(w["nu"])
    real, imaginary = np.split(w["kernel"].T, 2)
    read_real, read_imaginary = np.split(w["output_kernel"].T, 2, axis=1)
    given = {"nu_log": w["nu"], "theta_log": w["theta"], "gamma_log": w["gamma"], "B_re": real, "B_im": imaginary}
    given |= {"C_re": read_real, "C_im": -read_imaginary, "D": np.zeros(units, "float32")}
    network = LRU(d_hidden=units, d_model=units)
    return jax.vmap(lambda row: network.apply({"params": given}, row))(x) + x @ w["skip_kernel"]


def mlstm(x, w):
    """The parallel form of the mLSTM in the package `xlstm` of its authors, between the maps of our layer."""
    import torch
    from xlstm.blocks.mlstm.backends import parallel_stabilized_simple

    w = _tensors(w)
    heads = len(w["gate_bias"]) // 2
    *qkv, output = (x @ w["kernel"] + w["bias"]).chunk(4, dim=-1)
    gates = (x @ w["gate_kernel"] + w["gate_bias"]).transpose(1, 2)[..., None].chunk(2, dim=1)
    found = parallel_stabilized_simple(*(_by_head(part, heads).transpose(1, 2) for part in qkv), *gates)
    return torch.sigmoid(output) * found.transpose(1, 2).reshape(x.shape)


def slstm(x, w):
    """The step of the sLSTM in the package `xlstm`, between the products of our layer."""
    import torch
    from xlstm.blocks.slstm.src.vanilla.slstm import slstm_forward_pointwise

    w = _tensors(w)
    heads, size, _ = w["recurrent_kernel"].shape
    states, outputs = torch.zeros(4, len(x), heads * size), []
    for step in x.unbind(1):
        by_head = torch.einsum("bhi,hij->bhj", _by_head(states[0], heads), w["recurrent_kernel"])
        recurrent = _by_head(by_head, 4).transpose(1, 2).reshape(len(x), -1)  # By gate, then by head, as the kernel.
        states, _ = slstm_forward_pointwise(step @ w["kernel"], recurrent, w["bias"], states, {})
        outputs.append(states[0])
    return torch.stack(outputs, dim=1)


def deltanet(x, w):
    """The reference of the gated delta rule in `fla-core`, by an author of it, between the maps of our layer."""
    import torch
    from torch.nn import functional

    _without_init(sysconfig.get_path("purelib"), "fla", "fla.ops", "fla.ops.gated_delta_rule")
    from fla.ops.gated_delta_rule.naive import naive_recurrent_gated_delta_rule

    w = _tensors(w)
    heads = w["write_kernel"].shape[1]
    q, k, v, gate = functional.silu(x @ w["kernel"]).chunk(4, dim=-1)
    q, k = (
        part * torch.rsqrt((part**2).sum(-1, keepdim=True) + 1e-6) for part in (_by_head(q, heads), _by_head(k, heads))
    )
    decay = -torch.exp(w["log_rate"]) * functional.softplus(x @ w["decay_kernel"] + w["decay_bias"])
    write = torch.sigmoid(x @ w["write_kernel"])
    found, _ = naive_recurrent_gated_delta_rule(q, k, _by_head(v, heads), write, decay, scale=1.0)
    normal = found * torch.rsqrt((found**2).mean(-1, keepdim=True) + 1e-5) * w["scale"]
    return normal.reshape(x.shape) * gate


def sru(x, w):
    """The module `SRUCell` of the package `sru` of its authors."""
    import torch
    from sru.modules import SRUCell

    units = len(w["bias"]) // 2
    cell = SRUCell(x.shape[2], units, rescale=True)
    by_unit = np.stack(np.split(w["kernel"], 3, axis=1), axis=2).reshape(x.shape[2], 3 * units)
    given = {"weight": by_unit, "weight_c": w["recurrent_kernel"], "bias": w["bias"], "scale_x": [3**0.5]}
    cell.load_state_dict({name: torch.tensor(np.asarray(value, "float32")) for name, value in given.items()})
    return cell(x.transpose(0, 1))[0].transpose(0, 1)


def cfc(x, w):
    """The module `CfCCell` of the package `ncps` of its authors."""
    import torch
    from ncps.torch.cfc_cell import CfCCell

    units = w["head_kernel"].shape[1] // 4
    cell = CfCCell(x.shape[2], units, backbone_units=len(w["bias"]))
    given = {"backbone.0.weight": np.concatenate([w["kernel"], w["recurrent_kernel"]]).T, "backbone.0.bias": w["bias"]}
    heads = zip(np.split(w["head_kernel"], 4, axis=1), np.split(w["head_bias"], 4), strict=True)
    for name, (kernel, bias) in zip(("ff1", "ff2", "time_a", "time_b"), heads, strict=True):
        given |= {f"{name}.weight": kernel.T, f"{name}.bias": bias}
    cell.load_state_dict({name: torch.tensor(np.ascontiguousarray(value)) for name, value in given.items()})
    state, outputs = torch.zeros(len(x), units), []
    for step in x.unbind(1):
        output, state = cell(step, state, torch.ones(len(x), 1))
        outputs.append(output)
    return torch.stack(outputs, dim=1)


def _tensors(weights):
    import torch

    return {name: torch.tensor(value) for name, value in weights.items()}


def _by_head(x, heads):
    """Cuts the last axis into heads: `(..., heads, size)`."""
    return x.reshape(*x.shape[:-1], heads, -1)


def main():
    """Writes the outputs and the gradients of the inputs: CELL FOLDER INPUTS.npz OUTPUTS.npz."""
    cell, code, question, answer = sys.argv[1:]
    sys.path.insert(0, code)
    with np.load(question) as arrays:
        weights = {name.removeprefix("weight_"): arrays[name] for name in arrays if name.startswith("weight_")}
        x, weight = arrays["x"], arrays["weight"]
    if cell == "lru":
        import jax

        outputs = lru(x, weights)
        gradient = jax.grad(lambda x: (lru(x, weights) * weight).sum())(x)
    else:
        import torch

        inputs = torch.tensor(x, requires_grad=True)
        outputs = globals()[cell](inputs, weights)
        (outputs * torch.tensor(weight)).sum().backward()
        outputs, gradient = outputs.detach().numpy(), inputs.grad.numpy()
    np.savez(answer, outputs=outputs, gradient=gradient)


if __name__ == "__main__":
    main()
