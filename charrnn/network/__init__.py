"""The Keras model, its file, and the same network in NumPy.

- `steps`: Compute one step of a SimpleRNN, an LSTM or a GRU in NumPy.
- `step_gradients`: Compute what a step keeps inside, and its gradient, in
  NumPy.
- `cells`: The table of cells: the properties of SimpleRNN, LSTM and GRU.
- `choice`: Choose the backend that Keras computes with, before Keras is
  imported.
- `backend`: Import Keras and its backend without their startup messages.
- `layers`: Check that a network has only layers and settings that charrnn
  builds.
- `shapes`: Compute the shapes of a network's weights from its layers' settings.
- `growth`: Add rows and columns to a network's weights for new characters or
  words.
- `arguments`: Check the arguments of `build_model`, and derive sizes from them.
- `dataset`: Feed windows of ids to Keras's `fit`, with any backend.
- `portable`: Make a Keras model's config readable by older versions of Keras.
- `model`: Build the network: a plain `keras.Sequential` of built-in layers.
- `hdf5_headers`: Read the messages of an object header in an HDF5 file.
- `hdf5_groups`: Look up a name in a group of an HDF5 file: in its B-tree and
  heap.
- `hdf5`: Read arrays from HDF5 files, in the one layout that Keras writes.
- `facts`: Read and check a model file's metadata: its member charrnn.json.
- `weights`: Read a network's weights from the HDF5 file that Keras stores them
  in.
- `model_file`: Save and read a model: one .keras file with the vocabulary
  inside.
- `recurrent`: Run recurrent layers in NumPy, with the step functions of
  `cells`.
- `engine`: Run the same network in NumPy: layer by layer, step by step.
- `tracing`: Record all steps of a network over a text, and go back through
  them.
- `loading`: Accept a model in any form: a path, a name, an engine, a Keras
  model.
- `mixing`: Average or multiply the probabilities that several models predict.
- `translated`: Run a model on ids of a larger vocabulary, that of a mixture.
- `mixture`: Run several models as one: average or multiply what they predict.
- `fingerprint`: Tell models apart: a hash of the weights and the vocabulary.
"""
