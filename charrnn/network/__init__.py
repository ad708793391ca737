"""The Keras model, its file, and the same network in NumPy.

- `steps`: Compute one step of a SimpleRNN, an LSTM or a GRU in NumPy.
- `cells`: The one table of the cells: what is known of SimpleRNN, LSTM and GRU.
- `backend`: Import Keras, without what TensorFlow writes to the terminal
  meanwhile.
- `layers`: Check that a network is one that charrnn builds: its layers and
  settings.
- `shapes`: Work out the shapes of a network's weights from its layers'
  settings.
- `arguments`: Check the arguments of `build_model`, and what follows from them.
- `dataset`: Feed windows of ids to Keras's `fit`, with any backend.
- `portable`: Make the config of a Keras model one that older versions of Keras
  read.
- `model`: Build the network: a plain `keras.Sequential` of built-in layers.
- `hdf5_headers`: Read the messages of an object header in an HDF5 file.
- `hdf5_groups`: Find a name in a group of an HDF5 file: in its B-tree and its
  heap.
- `hdf5`: Read arrays from HDF5 files of the layout that Keras writes, and no
  other.
- `facts`: What a model file tells besides its network: the member charrnn.json.
- `weights`: Read a network's arrays from the HDF5 file in which Keras stores
  them.
- `model_file`: Save and read a model: one .keras file with the vocabulary
  inside.
- `recurrent`: Run recurrent layers in NumPy, each by its step in the table of
  cells.
- `engine`: Run the same network in NumPy: layer after layer, step after step.
- `loading`: Take a model in any form: a path, a name, an engine, a Keras model.
"""
