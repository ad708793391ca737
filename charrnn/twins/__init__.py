"""The same network for training: stateful, its loops fused for speed.

A twin shares the layers and the variables of its model, and computes them in
another way: `stateful` with Keras's own layers, `fused` in faster loops.

Where is an LSTM step computed in training? `LSTM` in `equations` has its
equations and their gradient; `kernels` compiles them; `loops` runs them for
every step of a window, between the products with the recurrent weights. From
`charrnn.fused(model)` the calls lead through `fused` and `fused_layers` to
`loops.run`, or to `unrolled.run` for a small layer. With JAX they lead through
`scanned_layers` to `scans.run`, and `jax_steps` does many training steps in
one call.

- `precision`: Choose the precision of training's matrix products: float32 or
  bfloat16.
- `batch_size`: Explain which batch size a twin needs when it gets another.
- `twin`: The base of all twins: a model's own layers, computed another way.
- `stateful`: Carry states from batch to batch: the twin that trains a model.
- `equations`: Compute one training step of SimpleRNN, LSTM or GRU, and its
  gradient.
- `kernels`: Compile the element-wise work of a step, between two matrix
  products.
- `products`: Multiply matrices in the memory layout that is fastest in oneDNN.
- `tiles`: Divide a layer's weights into tiles that fit one core's cache.
- `tape`: Store the results of each time step in a loop that TensorFlow runs.
- `deferred`: Compute the gradients of a layer's weights and inputs after its
  loop.
- `keeping`: Keep or reset the state of each row before each step of a loop.
- `recurrent_masks`: Drop units of the state before the products of a step:
  recurrent dropout.
- `backward_start`: Prepare a backward loop: its products, and the gradients it
  begins with.
- `loops`: Run a recurrent layer over a window of steps, forward and backward.
- `unrolled`: Run a small recurrent layer over a window, without a loop in
  TensorFlow.
- `dropout`: Draw Keras's dropout masks, several times faster.
- `logits`: Compute logits and cross-entropy faster for large vocabularies.
- `fused_layers`: Keras layers that run a model's own layers in the fused loops.
- `fused_logits`: A Keras layer of logits that is faster for large vocabularies.
- `resets`: Reset the state of a row before each document, exactly.
- `scan_products`: Multiply in a scan of JAX, also what recurrent dropout leaves
  of the state.
- `scans`: Run a recurrent layer over a window of steps in JAX, forward and
  backward.
- `scanned_layers`: Keras layers that run a model's own layers in the scans of
  JAX.
- `fused`: Make a twin of a model that trains it faster: the function `fused`.
- `surprise`: Score rows of text with the layers of a twin, in its precision.
- `devices`: Divide the streams of a batch over the devices of JAX.
- `jax_text`: Keep the text of JAX's steps on the devices, or send what a call
  reads.
- `jax_steps`: Do many training steps of a twin in one compiled call of JAX.
"""
