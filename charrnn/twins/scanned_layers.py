"""Keras layers that run a model's own layers in the scans of JAX."""

from typing import TYPE_CHECKING, Any

from charrnn.network.backend import keras
from charrnn.twins.fused_layers import (
    Fused,
    equations_of,
    is_recurrent,
    recurrent_masks,
)

if TYPE_CHECKING:
    import jax


@keras.saving.register_keras_serializable(package="charrnn")
class Scanned(Fused):
    """Consecutive recurrent and dropout layers, computed by scans of JAX.

    The counterpart of `Fused` for the JAX backend; see there for the
    arguments and for the layout of sequences between the layers. On a GPU, too,
    they are faster than cuDNN, which Keras's LSTM layer would call
    (benchmark: "cuDNN by way of Keras's LSTM layer").
    """

    def unmasked(
        self,
        sequences: "jax.Array",
        training: bool,
        starts: "jax.Array | None",
    ) -> "jax.Array":
        """Computes the outputs, float32, `(B, T, H)`, and new states."""
        import jax.numpy as jnp

        kept = None if starts is None else 1 - starts.T

        x = jnp.swapaxes(jnp.asarray(sequences, self.precision), 0, 1)
        for layer in self.layers:
            if is_recurrent(layer):
                x = self._scan(layer, x, training, kept)
            elif training and layer.rate:
                x = layer(x, training=True).astype(self.precision)
        return jnp.swapaxes(x, 0, 1).astype("float32")

    def _scan(
        self,
        layer: Any,
        x: "jax.Array",
        training: bool,
        kept: "jax.Array | None",
    ) -> "jax.Array":
        """Runs a layer over all steps, and stores its final states."""
        import jax.numpy as jnp

        from charrnn.twins import equations, scans

        cell = layer.cell
        of_cell = getattr(equations, str(equations_of(cell)))
        recurrent_kernel = self.recurrent_kernel(cell, training)
        bias = jnp.zeros((of_cell.products, recurrent_kernel.shape[1]))
        if cell.bias is not None:
            bias = jnp.reshape(cell.bias.value, bias.shape)
        outputs, last = scans.run(
            of_cell,
            x,
            cell.kernel.value,
            recurrent_kernel,
            bias,
            [state.value for state in layer.states],
            kept,
            recurrent_masks(layer) if training else None,
        )
        for state, value in zip(layer.states, last, strict=True):
            state.assign(value)
        return outputs
