"""The command line: flags in, one library call, text out.

- `verbs`: The verbs of the command line.
- `mistakes`: Explain mistakes in a command line, and what was probably meant.
- `parser`: Read a command line, or exit with a line about what is wrong in it.
- `spelling`: Spell what is typed or read in the characters that a model knows.
- `texts`: Read the texts that a verb is given, in the form that its model
  knows.
- `outputs`: Check what a verb is to write, and say what it wrote.
- `options`: Flags that several verbs share, and the types of their values.
- `outcome`: Say what came of a training, and what to do next.
- `train_flags`: The flags of `charrnn train`: the settings of a run, with their
  defaults.
- `train`: Train a network on a text.
- `corpora`: List the corpora that charrnn knows by name.
- `compare`: Train kinds of cells on the same text, in turns, and compare them.
- `generate_flags`: The flags of `charrnn generate`.
- `generate`: Write text with a trained network.
- `score_rows`: The rows of a score: for a table on the screen, or for JSON.
- `score`: Score texts: bits per character, the lower the likelier.
- `surprise`: Show what surprises a model in a text, on the screen or as a web
  page.
- `context`: Measure how far back a model remembers: its loss with a short
  context.
- `gradients`: Measure how gradients vanish in SimpleRNN, LSTM and GRU.
- `neurons`: Find the units of a model that track something readable, and show
  them.
- `entry`: Run a verb of the command line, and turn what goes wrong into one
  line.
"""

from charrnn.commands.entry import main

__all__ = ["main"]
