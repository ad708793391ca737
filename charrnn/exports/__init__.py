"""Give a model to people and programs that have no charrnn.

- `destination`: Check where an export goes, and find its kind from its ending.
- `contents`: Name a network's weights, and describe it, for other programs.
- `onnx_step`: Write a network as ONNX: one step, its state passed in and out.
- `sample`: Write and score texts with the network of a folder, with NumPy
  alone.
- `folder`: Write a network as a folder that needs nothing but NumPy.
- `javascript`: Translate a regular expression of Python into one of JavaScript.
- `respellings`: List characters that a model lacks, and how to read them.
- `page`: Write a network as a web page that writes: one file, without requests.
- `card`: Describe a model for those who find it published: a model card.
- `export`: Write a model in a form that needs no charrnn, as its ending says.
"""
