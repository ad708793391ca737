"""The Keras model, its file, and the same network in NumPy.

- `backend`: Import Keras, without what TensorFlow writes to the terminal
  meanwhile.
- `dataset`: Feed windows of ids to Keras's `fit`, with any backend.
- `layers`: Know the networks that charrnn builds: layers, settings, weights'
  shapes.
- `portable`: Make the config of a Keras model one that older versions of Keras
  read.
- `model`: Build the network: a plain `keras.Sequential` of built-in layers.
- `hdf5`: Read arrays from HDF5 files of the layout that Keras writes, and no
  other.
- `weights`: Read a network's arrays from the HDF5 file in which Keras stores
  them.
- `model_file`: Save and read a model: one .keras file with the vocabulary
  inside.
- `engine`: Run the same network in NumPy: the textbook's step equations.
- `loading`: Take a model in any form: a path, a name, an engine, a Keras model.
"""
