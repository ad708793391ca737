"""Recurrent layers that Keras does not have, as a user would write them."""

from keras import layers, ops, saving


class MinimalGatedUnitCell(layers.Layer):
    """Zhou et al. 2016: one gate and a candidate."""

    blocks, has_recurrent_bias = 2, False

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        columns = self.blocks * self.units
        self.kernel = self.add_weight(shape=(shape[-1], columns))
        self.recurrent_kernel = self.add_weight(shape=(self.units, columns))
        bias = (2, columns) if self.has_recurrent_bias else (columns,)
        self.bias = self.add_weight(shape=bias, initializer="zeros")

    def call(self, inputs, states, training=False):
        h, n = states[0], self.units
        x, U = inputs @ self.kernel + self.bias, self.recurrent_kernel
        f = ops.sigmoid(x[:, :n] + h @ U[:, :n])
        new = (1 - f) * h + f * ops.tanh(x[:, n:] + (f * h) @ U[:, n:])
        return new, [new]


class MinimalGatedUnit(layers.RNN):
    cell_class = MinimalGatedUnitCell

    def __init__(self, units, **kwargs):
        super().__init__(self.cell_class(units), **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return {**config, "units": self.cell.units}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class CIFGLayerCell(MinimalGatedUnitCell):
    """Greff et al. 2015: an LSTM whose input gate is 1 - f."""

    blocks, has_recurrent_bias = 3, True

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.state_size = [units, units]

    def call(self, inputs, states, training=False):
        h, c = states
        x = inputs @ self.kernel + self.bias[0]
        z = x + h @ self.recurrent_kernel + self.bias[1]
        f, g, o = ops.split(z, 3, axis=-1)
        f = ops.sigmoid(f)
        c = f * c + (1 - f) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


@saving.register_keras_serializable(package="tests")
class CIFGLayer(MinimalGatedUnit):
    cell_class = CIFGLayerCell
