"""The verbs of the command line."""

# The verbs, and their descriptions in `charrnn --help`.
VERBS = {
    "train": "Train a network on a text, or resume a run that stopped.",
    "generate": "Write text with a trained network.",
    "next": "Show the likeliest next words after a prompt, and their "
    "probabilities.",
    "compare": "Train kinds of cells, or units, on a text, and compare them.",
    "score": "Score texts or their lines: bits per character, the lower the "
    "likelier; compare with n-grams and xz.",
    "surprise": "Show what surprises a model in a text: in colours, as a web "
    "page of what was expected, or as a list of likely typos.",
    "copied": "Show how much of a text, or of what a model writes, is copied "
    "from a source.",
    "context": "Measure how far back a model remembers: its loss with a short "
    "context. (Formerly `charrnn memory`, which still works.)",
    "unroll": "Show a network unrolled in time over a short text: states, "
    "expectations and the loss of each step.",
    "gates": "Show the gates and the cell state of some units over a sentence.",
    "connections": "Show which earlier characters each prediction of a text "
    "depends on: in colours, as a web page, or as a picture of one.",
    "gradients": "Measure how gradients vanish in SimpleRNN, LSTM and GRU.",
    "neurons": "Find the units of a model that track something readable, and "
    "show them.",
    "export": "Write a model in a form that needs no charrnn: a web page that "
    "writes, ONNX, or a folder for NumPy.",
    "card": "Print a model card in Markdown, to publish a model with.",
    "corpora": "List the corpora that charrnn knows by name.",
}
# Earlier names of verbs, which still work.
FORMER_NAMES = {"memory": "context"}
