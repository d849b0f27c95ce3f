"""The recurrences of the zoo's gated cells in NumPy, written from the papers, one step at a time.

They share nothing with the layers: numbers have double precision, matrices stay matrices, exponential gates are not
stabilized, and a masked step is one that is not taken. A step is a function of the input `x`, `(batch, features)`, the
state, and the weights by name.
"""

import numpy as np


def run(step, x, state, weights, *, mask=None, backwards=False):
    """Runs a step over `x`, `(batch, time, features)`, each row by itself.

    Returns:
        The outputs `(batch, time, units)` in reading order, where a masked step repeats the output before it and is 0
        if there is none; and the final state, the parts of which have a first axis for the rows.
    """
    rows, finals = [], []
    for number in range(len(x)):
        now, output, outputs = [part[number : number + 1] for part in state], np.zeros((1, 1)), []
        times = range(x.shape[1])
        for time in reversed(times) if backwards else times:
            if mask is None or mask[number, time]:
                output, now = step(x[number : number + 1, time], now, weights)
            outputs.append(output)
        rows.append(np.concatenate(np.broadcast_arrays(*outputs)))
        finals.append(now)
    outputs = np.stack(np.broadcast_arrays(*rows))
    return outputs, [np.concatenate(parts) for parts in zip(*finals, strict=True)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def heads(x, number):
    """Cuts `(batch, units)` into `(batch, heads, units / heads)`."""
    return x.reshape(len(x), number, -1)


def mlstm(x, state, w):
    """Beck et al. 2024, equations 19 to 27, with several heads; `C` is `(batch, heads, values, keys)`."""
    c, n = state
    number, size = n.shape[1:]
    q, k, v, o = np.split(x @ w["kernel"] + w["bias"], 4, axis=-1)
    i, f = np.split(x @ w["gate_kernel"] + w["gate_bias"], 2, axis=-1)  # (batch, heads)
    q, k, v = heads(q, number), heads(k, number) / np.sqrt(size), heads(v, number)
    i, f = np.exp(i), sigmoid(f)
    c = f[:, :, None, None] * c + i[:, :, None, None] * np.einsum("bhv,bhk->bhvk", v, k)
    n = f[:, :, None] * n + i[:, :, None] * k
    read = np.einsum("bhvk,bhk->bhv", c, q)
    scale = np.maximum(np.abs(np.einsum("bhk,bhk->bh", n, q)), 1)
    return sigmoid(o) * (read / scale[:, :, None]).reshape(o.shape), [c, n]


def slstm(x, state, w):
    """Beck et al. 2024, equations 8 to 14, with a block of recurrent weights for each head."""
    h, c, n = state
    blocks = w["recurrent_kernel"]  # (heads, units / heads, 4 * units / heads)
    number, size = blocks.shape[:2]
    recurrent = np.zeros((4, *h.shape))
    for block in range(number):
        part = slice(block * size, (block + 1) * size)
        for gate in range(4):
            recurrent[gate][:, part] = h[:, part] @ blocks[block][:, gate * size : (gate + 1) * size]
    i, f, z, o = (a + b for a, b in zip(np.split(x @ w["kernel"] + w["bias"], 4, axis=-1), recurrent, strict=True))
    c = sigmoid(f) * c + np.exp(i) * np.tanh(z)
    n = sigmoid(f) * n + np.exp(i)
    h = sigmoid(o) * c / n
    return h, [h, c, n]


def indrnn(x, state, w):
    """Li et al. 2018, section 3, with the rectified linear unit."""
    h = np.maximum(x @ w["kernel"] + w["recurrent_kernel"] * state[0] + w["bias"], 0)
    return h, [h]


def sru(x, state, w):
    """Lei et al. 2018 (EMNLP), equations 1 to 4; the highway projects an input that has not the size of the state."""
    (c,) = state
    candidate, f, r = (x @ part for part in np.split(w["kernel"][:, : 3 * c.shape[1]], 3, axis=1))
    v_f, v_r = np.split(w["recurrent_kernel"], 2)
    b_f, b_r = np.split(w["bias"], 2)
    f, r = sigmoid(f + v_f * c + b_f), sigmoid(r + v_r * c + b_r)
    c = f * c + (1 - f) * candidate
    highway = np.sqrt(3) * x if w["kernel"].shape[1] == 3 * c.shape[1] else x @ w["kernel"][:, 3 * c.shape[1] :]
    return r * c + (1 - r) * highway, [c]


def delta(x, state, w):
    """Yang et al. 2024 (Gated Delta Networks), equation 10; `S` is `(batch, heads, values, keys)`."""
    (s,) = state
    number, size = s.shape[1], s.shape[3]
    q, k, v, gate = (a * sigmoid(a) for a in np.split(x @ w["kernel"], 4, axis=-1))
    q, k = (a / np.sqrt(np.sum(a**2, axis=-1, keepdims=True) + 1e-6) for a in (heads(q, number), heads(k, number)))
    v = heads(v, number)
    b = sigmoid(x @ w["write_kernel"]) * w.get("strongest", 1)
    a = np.ones_like(b)
    if "log_rate" in w:
        a = np.exp(-np.exp(w["log_rate"]) * np.log1p(np.exp(x @ w["decay_kernel"] + w["decay_bias"])))
    a, b = a[:, :, None, None], b[:, :, None, None]
    erased = np.eye(size) - b * np.einsum("bhk,bhl->bhkl", k, k)
    s = a * s @ erased + b * np.einsum("bhv,bhk->bhvk", v, k)
    found = np.einsum("bhvk,bhk->bhv", s, q)
    found = found / np.sqrt(np.mean(found**2, axis=-1, keepdims=True) + 1e-5) * w["scale"]
    return found.reshape(gate.shape) * gate, [s]


def cfc(x, state, w):
    """Hasani et al. 2022, the closed-form solution with both gates; the last of the input is the elapsed time."""
    x, elapsed = x[:, :-1], x[:, -1:]
    joined = np.concatenate([x, state[0]], axis=1) @ np.concatenate([w["kernel"], w["recurrent_kernel"]]) + w["bias"]
    inner = 1.7159 * np.tanh(0.666 * joined)
    inner = 1.7159 * np.tanh(0.666 * (inner @ w["kernel_2"] + w["bias_2"]))
    early, late, rate, offset = np.split(inner @ w["head_kernel"] + w["head_bias"], 4, axis=-1)
    share = sigmoid(rate * elapsed + offset)
    h = (1 - share) * np.tanh(early) + share * np.tanh(late)
    return h, [h]
