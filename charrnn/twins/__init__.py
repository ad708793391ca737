"""The same network for training: states carried, and its loops fused for speed.

- `precision`: Choose what the matrix products of training take: float32 or
  bfloat16.
- `stateful`: Carry states from batch to batch: the twin that trains a model.
- `equations`: The equations of SimpleRNN, LSTM and GRU, with their gradients by
  hand.
- `kernels`: Compile what stands between two matrix products into one program
  each.
- `tiles`: Divide a layer's weights into tiles, one small product each.
- `dropout`: Keras's dropout masks, drawn several times as fast.
- `loops`: The fused TensorFlow loops that run the equations there and back.
- `logits`: Compute logits and their cross-entropy faster, where characters are
  many.
- `twin`: The same recurrences computed faster: twins of a model for training.
"""
