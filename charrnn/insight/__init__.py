"""See what a network does.

- `surprise`: Read a text with a network: what surprised it, and what it
  expected.
- `context`: Measure how far back a network remembers: its loss with a short
  context.
- `gradients`: Measure how far back a loss reaches: its gradient at earlier
  states.
- `probes`: Follow through a text what a reader can name: quotes, lines, words.
- `neurons`: Find units of a network that track something a reader can name.
- `comparison`: Measure finished runs of several cells, and draw them side by
  side.
- `pages`: Write a reading as a self-contained HTML page: it makes no requests.
- `neurons_page`: Write what units of a network track as a web page with heat
  maps.
- `vanishing`: Compare how gradients vanish in each kind of cell, before and
  after training.
- `pictures`: Draw what was measured: losses over context, gradients, gates of
  units.
"""
