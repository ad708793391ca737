"""A Keras layer of logits that is faster for large vocabularies."""

from typing import TYPE_CHECKING, Any

from charrnn.network.backend import keras
from charrnn.twins.fused_layers import Shape

if TYPE_CHECKING:
    import tensorflow as tf


@keras.saving.register_keras_serializable(package="charrnn")
class FusedLogits(keras.layers.Layer):
    """A dense layer for the logits of many characters.

    Its products take operands of a given precision, as those of `Fused` do.
    `charrnn.loss` computes the cross-entropy in compiled passes.

    Args:
        dense: A `keras.layers.Dense` with a bias and without activation.
        precision: `"float32"` or `"bfloat16"`.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> layer = FusedLogits(keras.layers.Dense(300), "bfloat16")
    >>> layer(keras.ops.ones((2, 3, 5))).shape
    TensorShape([2, 3, 300])
    """

    def __init__(
        self, dense: keras.layers.Dense, precision: str, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.dense = dense
        self.precision = precision
        self.supports_jit = False  # its kernels are compiled on their own

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dense": keras.saving.serialize_keras_object(self.dense),
            "precision": self.precision,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FusedLogits":
        dense = keras.saving.deserialize_keras_object(config["dense"])
        return cls(**{**config, "dense": dense})

    def build(self, shape: Shape) -> None:
        if not self.dense.built:
            self.dense.build(shape)

    def compute_output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.dense.units)

    def call(self, outputs: "tf.Tensor") -> "tf.Tensor":
        """Computes float32 logits, `(B, T, V)`, of outputs `(B, T, H)`."""
        from charrnn.twins.logits import logits

        kernel, bias = self.dense.kernel, self.dense.bias
        return logits(outputs, kernel, bias, self.precision)
