"""Training by several processes, on one machine or several: data parallelism on the JAX backend."""
