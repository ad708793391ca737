"""Analyse what a network has learnt.

- `alignment`: Align the characters of a text with the words or bytes that a
  model reads.
- `places`: Rank the words of a text by how much they surprised a network.
- `surprise`: Read a text with a network: what surprised it, and what it
  expected.
- `context`: Measure how far back a network remembers: its loss with a short
  context.
- `gradients`: Measure how far back a loss reaches: its gradient at earlier
  states.
- `selection`: Choose which units of a network to show, and name what it reads.
- `unroll`: Read a short text step by step: states, expectations and the loss.
- `gates`: Record the gates, the candidate and the state of a layer over a text.
- `jacobians`: Measure how a layer's state depends on its earlier ones: singular
  values.
- `first_character`: Train tiny networks to remember a first character: which
  cells can.
- `connections`: Find which earlier characters each prediction depends on.
- `layout`: Lay out the steps of a network as columns of a picture.
- `unroll_picture`: Draw a network unrolled in time over a short text.
- `gates_picture`: Draw the gates and the state of units as heat maps over a
  text.
- `connections_picture`: Draw which earlier characters one prediction depends
  on.
- `connected_pieces`: Pack the connections of a text for a page, between the
  pieces shown there.
- `probes`: Compute features of a text that a reader can name: quotes, lines,
  words.
- `neurons`: Find units of a network that track features a reader can name.
- `comparison`: Measure finished runs of several cells and units, and plot them
  together.
- `templates`: Fill in the templates of HTML pages, which share one stylesheet.
- `pages`: Write a reading as a self-contained HTML page: it makes no requests.
- `neurons_page`: Write an HTML page of heat maps that show what units track.
- `vanishing`: Compare how gradients vanish in each kind of cell, before and
  after training.
- `pictures`: Plot measurements: loss over context, gradients, gates of units.
"""
