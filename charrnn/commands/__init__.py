"""The command line: flags in, one library call, text out.

- `verbs`: The verbs of the command line.
- `mistakes`: Explain mistakes in a command line, and suggest what was meant.
- `parser`: Parse a command line, or exit with a one-line error.
- `spelling`: Convert what is typed or read to the characters that a model
  knows.
- `texts`: Read the texts of a verb in the form that its model was trained on.
- `outputs`: Check the output paths of a verb, and report what was written.
- `options`: Flags that several verbs share, and the types of their values.
- `source`: Read the source that a text may have copied from.
- `prompt`: The flags of a prompt: text to continue, typed or in a file.
- `cells`: Print values as coloured cells, or as signs where there are no
  colours.
- `picture_flags`: The flags of pictures of a network: a text, units, and a file
  to write.
- `mix_flags`: The flags that mix several models.
- `state_flags`: The flags that save a state, and go on from one.
- `outcome`: Report the outcome of a training, and what to do next.
- `train_flags`: The flags of `charrnn train`: a run's settings and their
  defaults.
- `train`: Train a network on a text.
- `corpora`: List the corpora that charrnn knows by name.
- `compare_flags`: The flags of `charrnn compare`.
- `compare_tables`: Print the samples and the figures of a comparison as tables.
- `compare`: Train kinds of cells, and units, on one text in turns, and compare
  them.
- `control_flags`: The flags of `charrnn generate` for texts that keep to a
  form.
- `best_flags`: The flags of `charrnn generate` that choose among texts: ranks
  and a beam.
- `copy_flags`: The flags of `charrnn generate` against copying and repetition.
- `generate_flags`: The flags of `charrnn generate`.
- `samples`: Lay out samples: one after another, or each as a line of JSON.
- `documents`: Draw documents that are new, and tell how many others were drawn.
- `generate`: Write text with a trained network.
- `next`: Show the likeliest next words after a prompt.
- `score_rows`: Format scores as rows, for a table or for JSON.
- `score`: Score texts: bits per character, the lower the likelier.
- `surprise`: Show what surprises a model in a text, on the screen or as a web
  page.
- `copied_runs`: Print the runs of a text that are copied: a list, in colours,
  or as JSON.
- `copied`: Show how much of a text is copied from a source, and from where.
- `context`: Measure how far back a model remembers: its loss with a short
  context.
- `unroll`: Show a network unrolled in time over a short text, step by step.
- `gates`: Show the gates and the state of units over a sentence, as heat maps.
- `connections`: Show which earlier characters each prediction of a text depends
  on.
- `gradients`: Measure how gradients vanish in SimpleRNN, LSTM and GRU.
- `neurons`: Find and show the units of a model that track something readable.
- `export`: Write a model in a form that needs no charrnn.
- `card`: Print a model card: what a published model should say of itself.
- `entry`: Run a verb of the command line, and turn errors into one line.
"""

from charrnn.commands.entry import main

__all__ = ["main"]
