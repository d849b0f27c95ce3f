"""Recurrent layers whose loops each process runs on its own rows.

XLA could split the loop of a recurrent layer by itself. But the gradient of its weights is a sum over the rows, and XLA
would exchange that sum after every step of the sequence. Here, each process sums over its rows and all steps first.
"""

from typing import Any

import jax
import keras
from jax.sharding import Mesh, PartitionSpec


def split_loop(layer: Any, mesh: Mesh) -> None:
    """Makes a recurrent layer run the rows of each device by themselves, with the same results.

    Layers that draw random numbers in the loop, such as for `recurrent_dropout`, are left to XLA: what they draw
    depends on the number of rows.

    Args:
        layer: a `keras.layers.RNN`.
        mesh: the devices, along one axis.
    """
    run, (axis,) = layer.inner_loop, mesh.axis_names
    spec: Any = PartitionSpec  # It is not typed.
    rows, shared = spec(axis), spec()

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        rates = [getattr(layer.cell, name, 0.0) for name in ("dropout", "recurrent_dropout")]
        random = training and any(rates)
        if random or sequences.shape[0] % mesh.size:
            return run(sequences, initial_state, mask, training=training)
        variables, changed = layer.variables, False

        def own_rows(batched: Any, values: Any) -> Any:
            nonlocal changed
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
                before = [scope.get_current_value(variable) for variable in variables]
                results = run(*batched, training=training)
                after = [scope.get_current_value(variable) for variable in variables]
            changed = any(old is not new for old, new in zip(before, after, strict=True))
            return results

        # `check_vma` would exchange the gradients where the loop reads the weights, which is in every step.
        split = jax.shard_map(own_rows, mesh=mesh, in_specs=(rows, shared), out_specs=rows, check_vma=False)
        results = split((sequences, initial_state, mask), [variable.value for variable in variables])
        return run(sequences, initial_state, mask, training=training) if changed else results

    object.__setattr__(layer, "inner_loop", inner_loop)  # Keras would track an attribute that is set.
